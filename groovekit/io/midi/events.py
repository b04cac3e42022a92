"""The events of a Standard MIDI File, each with its time and its place in the file.

One loop goes over the bytes and notes where events begin; everything else is made of
whole columns. Time and memory are linear in the size of the file.

The reader is as tolerant as a sequencer. It takes formats 0, 1 and 2, a RIFF wrapper
(``.rmi``), chunks that it does not know, headers that miscount the tracks, tracks whose
length is wrong, tracks without an end or with events behind it, running status across
meta and system exclusive events, values out of range, and files that end too early:
what is there is read. A :class:`~groovekit.io.remarks.Remark` tells what it mends and
what it leaves out.

No byte is lost: the rows of a track tile its content, so that copying them one after
the other gives the file back. Bytes that are no event are rows, too, with status 0.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import re
from array import array
from collections import Counter

import numpy as np

from groovekit.errors import DataError
from groovekit.io.remarks import Remark, remarks_of

NOTE_OFF, NOTE_ON, AFTERTOUCH, CONTROL = 0x80, 0x90, 0xA0, 0xB0
PROGRAM, CHANNEL_AFTERTOUCH, PITCH_BEND = 0xC0, 0xD0, 0xE0
META, SYSEX, SYSEX_MORE = 0xFF, 0xF0, 0xF7

# Kinds of meta events.
TRACK_NAME, INSTRUMENT_NAME, PORT, END_OF_TRACK = 0x03, 0x04, 0x21, 0x2F
TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x51, 0x58, 0x59

#: Frames a second that a division may count in; 29 stands for 30000/1001.
FRAME_RATES = (24, 25, 29, 30)

_END = bytes((META, END_OF_TRACK, 0))
_STATUS_BYTE = re.compile(rb"[\x80-\xff]")
_END_OF_SYSEX = re.compile(rb"\xf7")
_CHUNK_NAME = re.compile(rb"[ -~]{4}")
# More are more than a header can say.
_MAX_TRACKS = 0xFFFF

# Data bytes behind each status byte, -1 for events that say their length themselves.
_SIZES = [0] * 128 + [2] * 64 + [1] * 32 + [2] * 16 + [0] * 16
_SIZES[0xF1] = _SIZES[0xF3] = 1
_SIZES[0xF2] = 2
_SIZES[SYSEX] = _SIZES[SYSEX_MORE] = _SIZES[META] = -1
# Bytes from a channel's status byte to the end of its event; 0 for other bytes.
_SPANS = bytes(128) + bytes(size + 1 for size in _SIZES[128:SYSEX]) + bytes(16)
_HAS_FIRST = np.array([size > 0 for size in _SIZES[:META]] + [True], np.uint8)
_HAS_SECOND = np.array([size > 1 for size in _SIZES], np.uint8)
# What has no status, and what no delta time either.
_REST = ("long_delta", "cut_event")
_NO_EVENT = ("no_status", *_REST)

# What is said of each kind, and what is counted.
_WORDS: dict[str, tuple[str, ...]] = {
    "before_header": ("{} before the header passed over", "byte"),
    "format": ("unknown format: {} read as format 1", "track"),
    "format_0": ("format 0 with {}: read as format 1", "track"),
    "track_count": ("{} read, though the header says another number", "track"),
    "unknown_chunk": ("{} of unknown kinds passed over", "chunk"),
    "no_track": ("{} outside all tracks passed over", "byte"),
    "another_file": ("{} of another file behind this one left out", "byte"),
    "track_length": ("{} with a wrong length read to the end", "track"),
    "truncated": ("the file ends {} too early: what is there is read", "byte"),
    "no_end_of_track": ("{} without an end of track", "track"),
    "after_end_of_track": ("{} behind the end of a track read all the same", "event"),
    "no_status": ("{} without a status passed over", "byte"),
    "long_delta": (
        "{} from a delta time of more than 4 bytes to the end of its track left out",
        "byte",
    ),
    "cut_event": ("{} cut off by the end of a track left out", "event"),
    "sysex_length": (
        "{} with a wrong length read to the end",
        "system exclusive message",
    ),
    "out_of_range": ("{} above 127 read as 127", "value"),
}


@dataclasses.dataclass(frozen=True)
class Track:
    """Where a track lies. Its head, ``MTrk`` and a length of 4 bytes, lies before it.

    Attributes:
      start: position in the file of the first byte of its content.
      end: position behind the last; not always where its head says.
      rows: its rows of the table of events.
      end_tick: tick of its end: of the end-of-track event, or, where that is missing,
        of its last event.
    """

    start: int
    end: int
    rows: slice
    end_tick: int


@dataclasses.dataclass(frozen=True, eq=False)
class MidiEvents:
    """The events of a file, one row each, in the order of the file.

    Attributes:
      data: contents of the file; positions count from its begin.
      format: 0, 1 or 2; 1 for unknown formats and for format 0 with several tracks.
      division: ticks a quarter, 1 to 32,767; for times in frames 0.
      tick_seconds: seconds a tick where times are in frames, else 0.
      tracks: in the order of the file.
      remarks: what was mended or left out.
      track: ``(events,)`` int32, number of the track from 0.
      tick: ``(events,)`` int64, ticks from the begin of the track.
      status: ``(events,)`` int32, the status byte with its channel, also where the
        running status holds; 0 for bytes that are no event.
      start: ``(events,)`` int32, position of the first byte, that of the delta time.
      body: ``(events,)`` int32, position behind the delta time: of the status byte, or,
        where the running status holds (``data[body] < 0x80``), of the first data byte.
      end: ``(events,)`` int32, position behind the last byte, which is the ``start`` of
        the next row of the track or the ``end`` of the track.
      first: ``(events,)`` int32, the first data byte (pitch, control number, program);
        the kind of a meta event; 0 where there is none.
      second: ``(events,)`` int32, the second data byte (velocity, value); 0 where there
        is none. Both are 0 to 127: what is above was read as 127.
    """

    data: bytes
    format: int
    division: int
    tick_seconds: float
    tracks: tuple[Track, ...]
    remarks: tuple[Remark, ...]
    track: np.ndarray
    tick: np.ndarray
    status: np.ndarray
    start: np.ndarray
    body: np.ndarray
    end: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def __len__(self) -> int:
        return len(self.tick)

    @functools.cached_property
    def kind(self) -> np.ndarray:
        """``(events,)`` int32, the status without its channel, e.g. ``NOTE_ON``."""
        return np.where(self.status < SYSEX, self.status & 0xF0, self.status)

    def rows_of(self, kind: int, rows: slice) -> np.ndarray:
        """Rows of a kind of channel events, among some, rising, ``(events,)`` int64."""
        if not self._counts[kind >> 4]:
            return np.empty(0, np.int64)
        found: np.ndarray = (self.status[rows] & 0xF0 == kind).nonzero()[0]
        found += rows.start
        return found

    @functools.cached_property
    def _counts(self) -> list[int]:
        """How many events each upper half of a status byte has."""
        counts: list[int] = np.bincount(self.status >> 4, minlength=16).tolist()
        return counts

    def metas_of(self, kind: int, rows: slice) -> list[int]:
        """Rows of a kind of meta events, among some, rising."""
        found = self._metas.get(kind, [])
        first, last = (
            bisect.bisect_left(found, row) for row in (rows.start, rows.stop)
        )
        return found[first:last]

    @functools.cached_property
    def _metas(self) -> dict[int, list[int]]:
        """Rows of meta events by kind."""
        rows = (self.status == META).nonzero()[0]
        found: dict[int, list[int]] = {}
        for row, kind in zip(rows.tolist(), self.first[rows].tolist(), strict=True):
            found.setdefault(kind, []).append(row)
        return found

    def content(self, row: int) -> bytes:
        """What a meta or system exclusive event holds, without kind and length."""
        begin = int(self.body[row]) + 1 + (self.status[row] == META)
        _, begin = _number(self.data, begin)
        return self.data[begin : self.end[row]]


def read_events(data: bytes) -> MidiEvents:
    """Reads the events of a MIDI file.

    Args:
      data: contents of the file.

    Raises:
      DataError: it holds no MIDI, no tracks, or no division to tell times by. The
        message is a reason, without a name.
    """
    return _Reader(data).events()


class _Reader:
    """A file on its way from bytes to columns."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._found: Counter[str] = Counter()
        # Of each byte, how far an event of a channel reaches that has its status there.
        self._spans = data.translate(_SPANS)
        # Where the event of each row begins.
        self._marks = array("i")
        # Start, end and first row of each track, and its end-of-track row, or -1.
        self._tracks: list[tuple[int, int, int, int]] = []
        # Rows that something is to be said of.
        self._odd: list[tuple[int, str]] = []

    # From bytes to places -------------------------------------------------------

    def events(self) -> MidiEvents:
        """Reads the file."""
        header, stop = self._header()
        form, count, division = (
            int.from_bytes(self._data[at : at + 2], "big")
            for at in (header + 8, header + 10, header + 12)
        )
        division, tick_seconds = _timing(division)
        self._chunks(header, stop)
        tracks = len(self._tracks)
        if not tracks:
            raise DataError("the MIDI file holds no tracks")
        if tracks != count:
            self._found["track_count"] = tracks
        if form > 2:
            self._found["format"] = tracks
            form = 1
        elif form == 0 and tracks > 1:
            self._found["format_0"] = tracks
            form = 1
        return self._columns(form, division, tick_seconds)

    def _header(self) -> tuple[int, int]:
        """Where the header begins, and where the MIDI data end."""
        data = self._data
        if not data:
            raise DataError("the file is empty")
        start, stop = riff_data(data)
        header = data.find(b"MThd", start, stop)
        if header < 0:
            raise DataError("not a MIDI file (it holds no header MThd)")
        if header + 14 > stop:
            raise DataError("the MIDI data end in the header (truncated or corrupt)")
        self._found["before_header"] = header - start
        return header, stop

    def _chunks(self, header: int, stop: int) -> None:
        """Goes through the chunks behind the header."""
        data = self._data
        size = int.from_bytes(data[header + 4 : header + 8], "big")
        position = header + 8 + size
        if size < 6 or not self._ends(position, stop):
            position = header + 14
        while position + 8 <= stop and len(self._tracks) < _MAX_TRACKS:
            name = data[position : position + 4]
            end = (
                position + 8 + int.from_bytes(data[position + 4 : position + 8], "big")
            )
            if name == b"MTrk":
                position = self._track(position + 8, end, stop)
            elif name == b"MThd":
                self._found["another_file"] += stop - position
                return
            elif _CHUNK_NAME.fullmatch(name) and self._ends(end, stop):
                self._found["unknown_chunk"] += 1
                position = end
            else:
                found = data.find(b"MTrk", position, stop)
                found = found if found >= 0 else stop
                self._found["no_track"] += found - position
                position = found
        self._found["no_track"] += stop - position

    def _ends(self, position: int, stop: int) -> bool:
        """Whether a chunk may end at a position: the next one or nothing follows."""
        if position >= stop:
            return position == stop
        return bool(_CHUNK_NAME.match(self._data, position, stop))

    def _track(self, start: int, declared: int, stop: int) -> int:
        """Reads a track; where it ends.

        Where its head says something impossible, it goes to its end-of-track event or
        to the next track.

        Args:
          start: where its content begins.
          declared: where it ends by its head.
          stop: where the MIDI data end.
        """
        data, row = self._data, len(self._marks)
        certain = self._ends(declared, stop) or (
            declared <= stop and data.endswith(_END, start, declared)
        )
        if certain:
            last, end = self._scan(start, declared, on=True)
        else:
            limit = data.find(b"MTrk", start, stop)
            limit = limit if limit >= 0 else stop
            last, end = self._scan(start, limit, on=False)
            if last < 0 and self._cut(row, declared):
                # Its head was right, and what follows is no chunk.
                end = declared
            if end == stop < declared and last < 0:
                self._found["truncated"] += declared - stop
            elif end != declared:
                self._found["track_length"] += 1
        self._tracks.append((start, end, row, last))
        return end

    def _scan(self, position: int, limit: int, *, on: bool) -> tuple[int, int]:
        """Marks the events of a track.

        Args:
          position: where the first one begins.
          limit: where the last one ends.
          on: whether to go on behind the end-of-track event.

        Returns:
          The row of the first end-of-track event, or -1, and where reading ended.
        """
        data, marks, spans = self._data, self._marks, self._spans
        mark = marks.append
        last = -1
        running = 0  # bytes of an event with the running status; 0: there is none
        try:
            while position < limit:
                mark(position)
                if data[position] > 0x7F:
                    position += 1
                    if data[position] > 0x7F:
                        position += 1
                        if data[position] > 0x7F:
                            position += 1
                            if data[position] > 0x7F:
                                self._note_odd("long_delta")
                                return last, limit
                position += 1
                span = spans[position]
                if span:
                    position += span
                    running = span
                    continue
                status = data[position]
                if status < 0x80 and running:
                    position += running - 1
                elif status < 0x80:
                    self._note_odd("no_status")
                    found = _STATUS_BYTE.search(data, position, limit)
                    # The byte before a status byte is its delta time, or the end of it.
                    position = found.start() - 1 if found else limit
                elif status == META:
                    kind = data[position + 1]
                    size, position = _number(data, position + 2)
                    position += size
                    if kind == END_OF_TRACK and last < 0:
                        last = len(marks) - 1
                        if not on and position <= limit:
                            return last, position
                        # What goes on behind it has to say what it is.
                        running = 0
                elif status in (SYSEX, SYSEX_MORE):
                    size, position = _number(data, position + 1)
                    if position + size > limit and (
                        found := _END_OF_SYSEX.search(data, position, limit)
                    ):
                        self._note_odd("sysex_length")
                        position = found.end()
                    else:
                        position += size
                else:
                    position += _SIZES[status] + 1
        except IndexError:
            position = limit + 1
        if position > limit:
            self._note_odd("cut_event")
            last = -1 if last == len(marks) - 1 else last
        return last, limit

    def _note_odd(self, kind: str) -> None:
        """Something is to be said of the latest row."""
        self._odd.append((len(self._marks) - 1, kind))

    def _cut(self, row: int, end: int) -> bool:
        """Drops the rows of a track from a position on, if one begins just there."""
        count = bisect.bisect_left(self._marks, end, row)
        if count in (row, len(self._marks)) or self._marks[count] != end:
            return False
        del self._marks[count:]
        self._odd = [odd for odd in self._odd if odd[0] < count]
        return True

    # From places to columns -----------------------------------------------------

    def _columns(self, form: int, division: int, tick_seconds: float) -> MidiEvents:
        # The rest of the file may be looked at behind its end.
        data = np.frombuffer(self._data + bytes(5), np.uint8)
        start = np.frombuffer(self._marks, np.int32).copy()
        odd = [row for row, kind in self._odd if kind in _NO_EVENT]
        delta, body = _delta_times(data, start)
        if rest := [row for row, kind in self._odd if kind in _REST]:
            delta[rest], body[rest] = 0, start[rest]
        status = _statuses(data[body], odd)
        first, second, above = _data_bytes(data, body, status)
        tick = np.cumsum(delta)
        end, track = np.empty_like(start), np.zeros_like(start)
        end[:-1] = start[1:]
        tracks = []
        bounds = [row for _, _, row, _ in self._tracks[1:]] + [len(start)]
        before = 0
        for number, ((begin, stop, row, last), behind) in enumerate(
            zip(self._tracks, bounds, strict=True)
        ):
            end_tick = 0
            if behind > row:
                end[behind - 1] = stop
                latest = int(tick[behind - 1])
                if number:
                    track[row:behind] = number
                    tick[row:behind] -= before
                before = latest
                end_tick = int(tick[last if last >= 0 else behind - 1])
            self._count_ends(status, last, behind)
            tracks.append(Track(begin, stop, slice(row, behind), end_tick))
        for row, kind in self._odd:
            bytes_too = kind in ("no_status", "long_delta")
            self._found[kind] += int(end[row] - start[row]) if bytes_too else 1
        self._found["out_of_range"] += above
        return MidiEvents(
            data=self._data,
            format=form,
            division=division,
            tick_seconds=tick_seconds,
            tracks=tuple(tracks),
            remarks=tuple(remarks_of(self._found, _WORDS)),
            track=track,
            tick=tick,
            status=status,
            start=start,
            body=body,
            end=end,
            first=first,
            second=second,
        )

    def _count_ends(self, status: np.ndarray, last: int, behind: int) -> None:
        """Counts what is wrong with the end of a track.

        Args:
          status: of all rows.
          last: its end-of-track row, or -1.
          behind: the row behind its last.
        """
        if last < 0:
            self._found["no_end_of_track"] += 1
        elif last + 1 < behind:
            after = int(np.count_nonzero(status[last + 1 : behind]))
            self._found["after_end_of_track"] += after


def riff_data(data: bytes) -> tuple[int, int]:
    """Where the chunk ``data`` of a RIFF file lies; of another file, all of it."""
    position, end = 12, len(data)
    if data.startswith(b"RIFF") and data[8:12] == b"RMID":
        while position + 8 <= end:
            size = int.from_bytes(data[position + 4 : position + 8], "little")
            if data.startswith(b"data", position):
                return position + 8, min(end, position + 8 + size)
            # Chunks begin at even places.
            position += 8 + size + size % 2
    return 0, end


def _delta_times(data: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Delta times, ``(events,)`` int64, and where each ends, int32."""
    byte = data[start]
    body = start + 1
    delta = (byte & 0x7F).astype(np.int64)
    more = (byte > 0x7F).nonzero()[0]
    for _ in range(3):
        if not len(more):
            break
        byte = data[body[more]]
        delta[more] = delta[more] << 7 | byte & 0x7F
        body[more] += 1
        more = more[byte > 0x7F]
    return delta, body


def _statuses(byte: np.ndarray, odd: list[int]) -> np.ndarray:
    """Status bytes, ``(events,)`` int32; 0 for the rows that are ``odd``.

    Args:
      byte: ``(events,)`` uint8, the first one behind the delta time.
      odd: rows that are no events.
    """
    status = byte.astype(np.int32)
    if odd:
        status[odd] = 0
    running = (byte < 0x80).nonzero()[0]
    if len(running):
        # The scan lets no event through that has none before it in its track.
        own = ((status > 0x7F) & (status < SYSEX)).nonzero()[0]
        before = own.searchsorted(running) - 1
        status[running] = status[own.take(before, mode="clip")] if len(own) else 0
        if odd:
            status[odd] = 0
    return status


def _data_bytes(
    data: np.ndarray, body: np.ndarray, status: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """First and second data bytes, ``(events,)`` int32, and how many are above 127."""
    place = body + (data[body] > 0x7F)
    first = data[place] * _HAS_FIRST[status]
    second = data[place + 1] * _HAS_SECOND[status]
    above = 0
    if np.count_nonzero((first | second) > 127):
        # The kind of a meta event may be that.
        high = (first > 127) & (status != META)
        above = int(np.count_nonzero(high) + np.count_nonzero(second > 127))
        first[high] = 127
        second = np.minimum(second, 127)
    return first.astype(np.int32), second.astype(np.int32), above


def _number(data: bytes, position: int) -> tuple[int, int]:
    """A number of variable length, and the position behind it.

    One of more than 4 bytes is more than any file holds.
    """
    value = 0
    for _ in range(4):
        byte = data[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position
    return 1 << 31, position


def _timing(division: int) -> tuple[int, float]:
    """Ticks a quarter and seconds a tick, one of them 0, of a header's division."""
    if 0 < division < 0x8000:
        return division, 0.0
    frames, ticks = 256 - (division >> 8), division & 0xFF
    if frames not in FRAME_RATES or not ticks:
        raise DataError(
            f"its time division is {division}; expected 1 to 32767 ticks a quarter, or "
            f"SMPTE frames ({', '.join(map(str, FRAME_RATES))} a second)"
        )
    rate = 30_000 / 1001 if frames == 29 else frames
    return 0, 1.0 / (rate * ticks)
