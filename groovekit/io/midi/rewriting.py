"""The events of a MIDI file as bytes again: at other times, fewer or more of them.

What does not change comes back byte for byte: chunks of other kinds, wrapper, header,
heads of tracks, delta times written longer than need be, running status.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from groovekit.io.midi.events import END_OF_TRACK, META, SYSEX, MidiEvents, riff_data

# Order of the events of a tick; those of a rank are in the order of the file.
MOVED_FIRST, STAYING, MOVED_LAST, _END, _BEHIND_END = range(5)

_MAX_DELTA = 2**28 - 1
# A text without a letter.
_NOTHING = b"\xff\x01\x00"


@dataclasses.dataclass(frozen=True)
class NewEvent:
    """An event that the file has not.

    Attributes:
      track: number of its track.
      tick: from the begin of the track.
      rank: of the tick's order, e.g. ``MOVED_LAST``.
      content: status and data bytes.
    """

    track: int
    tick: int
    rank: int
    content: bytes


def rewrite(
    events: MidiEvents,
    data: bytes,
    *,
    tick: np.ndarray,
    rank: np.ndarray,
    kept: np.ndarray,
    new: Sequence[NewEvent] = (),
    lasting: Sequence[int] = (),
) -> bytes:
    """Writes a file anew.

    Args:
      events: of the file.
      data: its contents, with other data bytes where these change.
      tick: ``(events,)`` int64, where each is to be. An end of track lies behind all
        before it.
      rank: ``(events,)`` order of the events of a tick, e.g. ``STAYING``.
      kept: ``(events,)`` bool, which are written.
      new: events that come in.
      lasting: for each track, the tick to which it lasts at least; 0 for no wish.
    """
    own: list[list[NewEvent]] = [[] for _ in events.tracks]
    for event in new:
        own[event.track].append(event)
    out = bytearray()
    done = 0
    for number, track in enumerate(events.tracks):
        least = lasting[number] if lasting else 0
        content = _Track(events, data, number).written(
            tick, rank, kept, own[number], least
        )
        size = data[track.start - 4 : track.start]
        if len(content) != track.end - track.start:
            size = len(content).to_bytes(4, "big")
        out += data[done : track.start - 4] + size + content
        done = track.end
    out += data[done:]
    if len(out) != len(data):
        _resize_wrapper(out, data)
    return bytes(out)


def with_length(value: int) -> bytes:
    """A number of variable length."""
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([value & 0x7F | 0x80]) + out
    return out


class _Track:
    """One track on its way to bytes."""

    def __init__(self, events: MidiEvents, data: bytes, number: int) -> None:
        self._events = events
        self._data = data
        self._rows = events.tracks[number].rows
        rows = np.arange(self._rows.start, self._rows.stop)
        # What cannot be read, up to the end of the track, stays there.
        self._rest = b""
        if len(rows) and self._is_rest(int(rows[-1])):
            self._rest = data[events.start[rows[-1]] : events.end[rows[-1]]]
            rows = rows[:-1]
        self._all = rows
        ends = rows[
            (events.status[rows] == META) & (events.first[rows] == END_OF_TRACK)
        ]
        self._last = int(ends[0]) if len(ends) else -1

    def _is_rest(self, row: int) -> bool:
        events = self._events
        return bool(events.status[row] == 0 and events.start[row] == events.body[row])

    def written(
        self,
        tick: np.ndarray,
        rank: np.ndarray,
        kept: np.ndarray,
        new: list[NewEvent],
        least: int,
    ) -> bytes:
        """Its content; see :func:`rewrite`."""
        rows = self._all[kept[self._all]]
        ticks = tick[rows]
        ranks = rank[rows].astype(np.int64)
        if self._last >= 0:
            before = rows < self._last
            ranks[rows == self._last] = _END
            ranks[rows > self._last] = _BEHIND_END
            latest = max([*ticks[before].tolist(), *(e.tick for e in new), least])
            ticks[rows == self._last] = max(latest, int(tick[self._last]))
        count = len(rows)
        ticks = np.concatenate([ticks, np.array([e.tick for e in new], np.int64)])
        ranks = np.concatenate([ranks, np.array([e.rank for e in new], np.int64)])
        order = np.lexsort((np.arange(len(ticks)), ranks, ticks))
        ticks = ticks[order]
        # Numbers of rows; new events have negative ones.
        items = np.where(order < count, np.append(rows, 0)[np.minimum(order, count)], 0)
        items[order >= count] = -1 - (order[order >= count] - count)
        return self._joined(items, ticks, new) + self._rest

    def _joined(
        self, items: np.ndarray, ticks: np.ndarray, new: list[NewEvent]
    ) -> bytes:
        events, data = self._events, self._data
        deltas = np.diff(ticks, prepend=0)
        plain = self._plain(items, deltas)
        out = bytearray()
        # The status in force, and whether the event before is one of a channel.
        running, channel_before = 0, False
        at, size = 0, len(items)
        edges = np.append(np.flatnonzero(~plain), size).tolist()
        for edge in edges:
            if at < edge:
                first, last = int(items[at]), int(items[edge - 1])
                out += data[events.start[first] : events.end[last]]
                channels = np.flatnonzero(_of_channel(events.status[first : last + 1]))
                if len(channels):
                    running = int(events.status[first + channels[-1]])
                    channel_before = int(channels[-1]) == last - first
                else:
                    channel_before = False
            if edge == size:
                break
            item, delta = int(items[edge]), int(deltas[edge])
            at = edge + 1
            if item < 0:
                content = new[-1 - item].content
                out += _delta(delta) + content
                status = content[0]
            else:
                status = int(events.status[item])
                follows = edge > 0 and items[edge - 1] == item - 1
                implied = 0x80 <= status < SYSEX and data[events.body[item]] < 0x80
                known = running == status and (channel_before or follows)
                if delta == self._delta_of(item):
                    out += data[events.start[item] : events.body[item]]
                else:
                    out += _delta(delta)
                if implied and not known:
                    out.append(status)
                out += data[events.body[item] : events.end[item]]
            channel_before = 0x80 <= status < SYSEX
            if channel_before:
                running = status
            elif item == self._last:
                running = 0
        return bytes(out)

    def _plain(self, items: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """Which events follow the one that they followed, after the same time."""
        events = self._events
        before = np.append(self._rows.start - 1, items[:-1])
        plain = (items >= 0) & (before == items - 1) & (items != self._last)
        row = np.maximum(items, 0)
        previous = np.maximum(row - 1, 0)
        first = row == self._rows.start
        was = events.tick[row] - np.where(first, 0, events.tick[previous])
        plain &= deltas == was
        # Where the running status holds over other events it has to be seen to.
        body = np.frombuffer(self._data, np.uint8)[events.body[row]]
        implied = (body < 0x80) & (events.status[row] > 0)
        return np.asarray(plain & ~(implied & ~_of_channel(events.status[previous])))

    def _delta_of(self, row: int) -> int:
        tick = self._events.tick
        before = 0 if row == self._rows.start else int(tick[row - 1])
        return int(tick[row]) - before


def _of_channel(status: np.ndarray) -> np.ndarray:
    return (status >= 0x80) & (status < SYSEX)


def _delta(delta: int) -> bytes:
    """A delta time, with events that say nothing where it is too long for one."""
    out = b""
    while delta > _MAX_DELTA:
        out += with_length(_MAX_DELTA) + _NOTHING
        delta -= _MAX_DELTA
    return out + with_length(delta)


def _resize_wrapper(out: bytearray, data: bytes) -> None:
    """Corrects the sizes of a RIFF wrapper around MIDI data of another length."""
    start, stop = riff_data(data)
    if not start:
        return
    size = int.from_bytes(data[start - 4 : start], "little")
    grown = len(out) - len(data)
    end = stop + grown
    # Chunks begin at even places.
    if size % 2 and (size + grown) % 2 == 0 and stop < len(data):
        del out[end]
    elif size % 2 == 0 and (size + grown) % 2 and stop < len(data):
        out.insert(end, 0)
    whole = int.from_bytes(data[4:8], "little") + len(out) - len(data)
    out[start - 4 : start] = (size + grown).to_bytes(4, "little")
    out[4:8] = max(0, whole).to_bytes(4, "little")
