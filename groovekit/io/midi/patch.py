"""Edited notes in the MIDI file that they were read from.

A sequence holds some of what a file holds: no texts, no system exclusive messages, no
channels. So that nothing is lost, an edited sequence is not written anew: its notes are
compared with those that were read, and what differs is changed in the file's own events
(:mod:`.rewriting`). With a note goes what belongs to it: its note-off, aftertouch and
the hi-hat pedal (:mod:`.companions`).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.errors import DataError
from groovekit.io.midi.companions import (
    Moved,
    aftertouch_rows,
    aftertouch_ticks,
    keep_pedal_between,
    pedal_rows,
    pedal_ticks,
)
from groovekit.io.midi.events import (
    AFTERTOUCH,
    META,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM,
    TEMPO,
)
from groovekit.io.midi.places import Places
from groovekit.io.midi.rewriting import (
    MOVED_FIRST,
    MOVED_LAST,
    STAYING,
    NewEvent,
    rewrite,
)
from groovekit.io.midi.sequences import ParsedMidi
from groovekit.io.midi.timing import read_timing
from groovekit.io.notes import NoteSequence

# New note-offs say nothing of how fast a key comes up.
_OFF_VELOCITY = 64
_MAX_TEMPO_MICROSECONDS = 2**24 - 1
_NEVER = 2**62


@dataclasses.dataclass(frozen=True, eq=False)
class _Notes:
    """Notes of a sequence as columns."""

    pitch: np.ndarray
    velocity: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, sequence: NoteSequence) -> _Notes:
        notes = list(sequence.notes)
        return cls(
            np.array([note.pitch for note in notes], np.int64),
            np.array([note.velocity for note in notes], np.int64),
            np.array([note.start_time for note in notes], np.float64),
            np.array([note.end_time for note in notes], np.float64),
        )


def patch_midi(
    parsed: ParsedMidi,
    before: NoteSequence,
    after: NoteSequence,
    source: np.ndarray,
    *,
    hats: frozenset[int],
) -> bytes:
    """The file that a sequence was read from, with the notes of an edited one.

    Args:
      parsed: the file.
      before: its first sequence with notes, in which drums may be marked.
      after: the edited one. Its tempos are those that were read, or all of them
        faster or slower by a factor.
      source: ``(notes,)`` for each of its notes, which of those read it is, -1 for a
        new one.
      hats: pitches whose sound the pedal (control 4) decides.

    Raises:
      DataError: times, pitches or tempos that the file cannot hold.
    """
    return _Patch(parsed, before, after, source, hats).written()


class _Patch:
    """One file on its way to another one.

    Strokes are the note-ons of the file, be they notes of the sequence or not, and
    behind them the notes that are new. A lane is what a note-off ends: the strokes of
    one track, channel and pitch.
    """

    def __init__(
        self,
        parsed: ParsedMidi,
        before: NoteSequence,
        after: NoteSequence,
        source: np.ndarray,
        hats: frozenset[int],
    ) -> None:
        events = parsed.events
        index = parsed.first_index
        first, last = 0, len(events.tracks) - 1
        if events.format == 2:
            first = last = index
        self._events = events
        self._tracks = range(first, last + 1)
        self._rows = slice(
            events.tracks[first].rows.start, events.tracks[last].rows.stop
        )
        self._before = before
        self._after = after
        self._links = parsed.links[index]
        self._end_tick = parsed.end_ticks[index]
        self._hats = hats
        self._clock = read_timing(events, self._rows).clock
        # Faster or slower by so much; seconds are those of the file times this.
        self._stretch = _stretch(before, after)
        self._data = bytearray(events.data)
        self._tick = events.tick.copy()
        self._rank = np.full(len(events), STAYING)
        self._kept = np.ones(len(events), np.bool_)
        self._new: list[NewEvent] = []
        self._lasting = [0] * len(events.tracks)
        self._read_strokes(source)

    # Strokes --------------------------------------------------------------------

    def _read_strokes(self, source: np.ndarray) -> None:
        """Strokes of the file, where they are, and new ones behind them."""
        events, rows, links = self._events, self._rows, self._links
        ons = (events.kind[rows] == NOTE_ON) & (events.second[rows] > 0)
        row = np.flatnonzero(ons) + rows.start
        count, added = len(row), np.flatnonzero(source < 0)
        none = np.full(len(added), -1)
        place = events.track[row].astype(np.int64) << 4 | events.status[row] & 0x0F
        # Of new ones there is no row, nor a tick at which they were.
        self._row = np.append(row, none)
        self._was = np.append(events.tick[row], none)
        self._now = self._was.copy()
        self._pitch = np.append(events.first[row], none).astype(np.int64)
        self._velocity = np.append(events.second[row], none)
        self._place = np.append(place, none)
        # Of notes that are left out there is neither.
        self._length, self._off = np.full((2, len(self._row)), -1)
        stroke = np.searchsorted(row, links[:, 1])
        self._off[stroke] = links[:, 2]
        self._alive = np.ones(len(self._row), np.bool_)
        self._alive[np.delete(stroke, source[source >= 0])] = False
        self._moved = np.arange(len(self._row)) >= count
        new = _Notes.of(self._after)
        if (new.pitch < 0).any() or (new.pitch > 127).any():
            raise DataError("Cannot write a pitch that is not 0 to 127.")
        new = dataclasses.replace(new, velocity=np.clip(new.velocity, 1, 127))
        start, end = self._ticks(new.start), self._ticks(new.end)
        self._edit(stroke, source, new, start, end)
        self._now[count:] = start[added]
        self._length[count:] = np.maximum(end[added] - start[added], 1)
        self._pitch[count:] = new.pitch[added]
        self._velocity[count:] = new.velocity[added]
        if len(added):
            self._place_new(added, count)

    def _edit(
        self,
        stroke: np.ndarray,
        source: np.ndarray,
        new: _Notes,
        start: np.ndarray,
        end: np.ndarray,
    ) -> None:
        """Says of the strokes of notes that stay where and how they are to be."""
        old = _Notes.of(self._before)
        kept = np.flatnonzero(source >= 0)
        was, own = source[kept], stroke[source[kept]]
        length = end[kept] - start[kept]
        had = self._clock.nearest(old.end[was]) - self._was[own]
        # Rounding at both ends makes no other length.
        length = np.where(abs(length - had) <= 1, had, length)
        self._now[own] = start[kept]
        self._length[own] = np.maximum(length, 1)
        self._moved[own] = (start[kept] != self._was[own]) | (length != had)
        changed = new.velocity[kept] != old.velocity[was]
        self._velocity[own[changed]] = new.velocity[kept][changed]
        changed = new.pitch[kept] != old.pitch[was]
        self._pitch[own[changed]] = new.pitch[kept][changed]

    def _ticks(self, seconds: np.ndarray) -> np.ndarray:
        if not np.isfinite(seconds).all():
            raise DataError("Cannot write notes at times that are no numbers.")
        return self._clock.nearest(seconds / self._stretch)

    # New notes ------------------------------------------------------------------

    def _place_new(self, added: np.ndarray, count: int) -> None:
        """Gives new notes a track and a channel."""
        places = Places(self._before, self._links, self._events, self._tracks)
        for stroke, index in enumerate(added.tolist(), start=count):
            track, channel, program = places.of(self._after.notes[index])
            if program is not None:
                self._new.append(
                    NewEvent(
                        track,
                        int(self._now[stroke]),
                        MOVED_FIRST,
                        bytes((PROGRAM | channel, program)),
                    )
                )
            self._place[stroke] = track << 4 | channel
        total = self._ticks(np.array([self._after.total_time]))[0]
        if self._now[count:].max() >= self._end_tick or not self._loops:
            for place in set(self._place[count:].tolist()):
                self._lasting[place >> 4] = int(total)

    @property
    def _loops(self) -> bool:
        """Whether the file ends on a beat, as loops do, and not where a note does."""
        division = self._events.division
        return division > 0 and self._end_tick % division == 0

    # Steps ----------------------------------------------------------------------

    def written(self) -> bytes:
        """The file."""
        if self._moved.any():
            self._stay_in_programs()
            # What keeps strokes apart may take one past another one of the pedal.
            for _ in range(2):
                self._keep_pedal()
                self._keep_apart()
        self._edit_bytes()
        self._move_strokes()
        self._move_members()
        self._move_companions()
        self._change_tempo()
        return rewrite(
            self._events,
            bytes(self._data),
            tick=self._tick,
            rank=self._rank,
            kept=self._kept,
            new=self._new,
            lasting=self._lasting,
        )

    def _stay_in_programs(self) -> None:
        """Keeps strokes on their side of a program change of their channel."""
        here = np.flatnonzero(self._moved & (self._row >= 0))
        before, after = self._programs_around(self._row[here])
        # There is room for a note-off.
        most = np.maximum(after - 2, self._was[here])
        self._now[here] = np.clip(self._now[here], before, most)

    def _programs_around(self, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ticks of the program changes of a channel before and behind events.

        They may be in other tracks. Where there is none, it is 0 or a tick far away.
        """
        events, rows = self._events, self._rows
        changes = np.flatnonzero(events.kind[rows] == PROGRAM) + rows.start
        if not len(changes):
            return np.zeros(len(row), np.int64), np.full(len(row), _NEVER)
        order = np.empty(len(events), np.int64)
        order[np.argsort(events.tick, kind="stable")] = np.arange(len(events))
        channel = (events.status & 0x0F).astype(np.int64)
        changes = changes[np.lexsort((order[changes], channel[changes]))]
        key = channel[changes] << 40 | order[changes]
        index = np.searchsorted(key, channel[row] << 40 | order[row])
        tick, own = np.append(events.tick[changes], 0), np.append(channel[changes], -1)
        # Those at the same tick in other tracks are in force.
        track = np.append(events.track[changes], -1)
        index += (
            (own[index] == channel[row])
            & (tick[index] == events.tick[row])
            & (track[index] != events.track[row])
        )
        return (
            np.where(own[index - 1] == channel[row], tick[index - 1], 0),
            np.where(own[index] == channel[row], tick[index], _NEVER),
        )

    def _channels(self) -> list[int]:
        """Channels on which something moves."""
        return sorted(set((self._place[self._moved] & 0x0F).tolist()))

    def _of_channel(self, channel: int, pitches: frozenset[int] | None) -> np.ndarray:
        """Strokes of the file on a channel that stay in it, in their order."""
        here = (self._place & 0x0F == channel) & self._alive & (self._row >= 0)
        if pitches is not None:
            first = np.append(self._events.first, 0)[self._row]
            here &= np.isin(first, list(pitches))
        found = np.flatnonzero(here)
        return found[np.lexsort((self._row[found], self._was[found]))]

    def _keep_pedal(self) -> None:
        """Hats do not overtake each other across a move of the pedal."""
        for channel in self._channels():
            row = pedal_rows(self._events, self._rows, channel)
            hats = self._of_channel(channel, self._hats)
            if len(row) and self._moved[hats].any():
                tick = self._events.tick[row]
                room = self._room(hats, row)
                now = keep_pedal_between(self._as_moved(hats), row, tick, room=room)
                self._moved[hats] |= now != self._now[hats]
                self._now[hats] = now

    def _lanes(self) -> np.ndarray:
        """A number for the lane of each stroke, by its new pitch."""
        return self._place << 7 | self._pitch

    def _keep_apart(self) -> None:
        """Strokes of a lane that were apart do not begin at one tick."""
        lane = np.where(self._alive, self._lanes(), -1 - np.arange(len(self._row)))
        order = np.lexsort((self._was, self._now, lane))
        lane, now = lane[order], self._now[order]
        apart = (np.diff(self._was[order]) != 0) | (self._row[order][1:] < 0)
        together = (np.diff(lane) == 0) & (np.diff(now) == 0) & apart
        if not together.any():
            return
        for at in np.flatnonzero(np.isin(lane, lane[1:][together])).tolist():
            before = order[at - 1]
            if at and lane[at - 1] == lane[at]:
                stroke = order[at]
                least = self._now[before]
                least += self._was[before] != self._was[stroke] or self._row[stroke] < 0
                if self._now[stroke] < least:
                    self._now[stroke] = least
                    self._moved[stroke] = True

    def _edit_bytes(self) -> None:
        """Writes velocities and pitches where they stand."""
        data = np.frombuffer(self._data, np.uint8)
        events = self._events
        here = np.flatnonzero(self._row >= 0)
        row = self._row[here]
        for place, values, read in (
            (1, self._velocity[here], events.second[row]),
            (2, self._pitch[here], events.first[row]),
        ):
            changed = values != read
            data[events.end[row[changed]] - place] = values[changed]

    def _move_strokes(self) -> None:
        here = np.flatnonzero(self._row >= 0)
        row = self._row[here]
        self._move(row, self._now[here], MOVED_LAST)
        self._kept[row[~self._alive[here]]] = False
        ends = self._ends(np.arange(len(self._row)), self._now + self._length)
        needed = self._moved & self._alive & (self._off < 0) & (self._length > 0)
        for stroke in np.flatnonzero(needed).tolist():
            track, channel = self._place[stroke] >> 4, self._place[stroke] & 0x0F
            pitch, velocity = self._pitch[stroke], self._velocity[stroke]
            if self._row[stroke] < 0:
                self._add(
                    track,
                    self._now[stroke],
                    MOVED_LAST,
                    NOTE_ON | channel,
                    pitch,
                    velocity,
                )
            self._add(
                track,
                ends[stroke],
                MOVED_FIRST,
                NOTE_OFF | channel,
                pitch,
                _OFF_VELOCITY,
            )

    def _add(self, track: int, tick: int, rank: int, *content: int) -> None:
        values = bytes(int(value) for value in content)
        self._new.append(NewEvent(int(track), int(tick), rank, values))

    def _ends(self, stroke: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Ends of strokes: not within the next one of the lane, nor behind a loop."""
        following = self._following()[stroke]
        if self._loops:
            inside = self._moved & (self._now < self._end_tick)
            fits = self._was + self._length <= self._end_tick
            inside &= fits | (self._row < 0)
            following = np.where(
                inside[stroke], np.minimum(following, self._end_tick), following
            )
        return np.asarray(np.minimum(end, following))

    def _following(self) -> np.ndarray:
        """The tick of the next later stroke in the lane of each."""
        alive = np.flatnonzero(self._alive)
        lane = self._lanes()[alive]
        order = np.lexsort((self._now[alive], lane))
        lane, now = lane[order], self._now[alive][order]
        starts = np.flatnonzero(np.diff(lane, prepend=-1) | np.diff(now, prepend=-1))
        place = np.searchsorted(starts, np.arange(len(lane)), side="right")
        place = np.append(starts, len(lane))[place]
        has = np.append(lane, -1)[place] == lane
        following = np.full(len(self._row), _NEVER)
        following[alive[order]] = np.where(has, np.append(now, 0)[place], _NEVER)
        return following

    def _move(self, row: np.ndarray, tick: np.ndarray, rank: np.ndarray | int) -> None:
        self._rank[row] = np.where(self._tick[row] != tick, rank, STAYING)
        self._tick[row] = tick

    def _move_members(self) -> None:
        """Note-offs and aftertouch of pitches go with the strokes that they follow."""
        events, rows = self._events, self._rows
        kind = events.kind[rows]
        off = (kind == NOTE_OFF) | ((kind == NOTE_ON) & (events.second[rows] == 0))
        row = np.flatnonzero(off | (kind == AFTERTOUCH)) + rows.start
        here = np.flatnonzero(self._row >= 0)
        if not len(row) or not len(here):
            return
        stroke, owned = self._owners(row, here)
        row, stroke = row[owned], stroke[owned]
        tick = events.tick[row]
        pressed = events.kind[row] == AFTERTOUCH
        shifted = tick + self._now[stroke] - self._was[stroke]
        ends = self._moved[stroke] & (self._off[stroke] == row)
        shifted = np.where(ends, self._now[stroke] + self._length[stroke], shifted)
        shifted = self._ends(stroke, shifted)
        # Aftertouch lies before the next stroke.
        last = np.maximum(self._following()[stroke] - 1, self._now[stroke])
        shifted = np.where(pressed, np.minimum(shifted, last), shifted)
        ends = self._moved[stroke] & ~pressed
        shifted[ends] = self._ends_in_programs(row[ends], shifted[ends])
        shifted[ends] = np.maximum(shifted[ends], self._now[stroke[ends]] + 1)
        gone = ~self._alive[stroke]
        # Other notes may end with it.
        needed = np.isin(row, self._off[self._alive])
        shifted = np.where(gone, tick, shifted)
        with_it = pressed & (tick == self._was[stroke])
        self._move(row, shifted, np.where(with_it, MOVED_LAST, MOVED_FIRST))
        self._kept[row[gone & ~needed]] = False
        changed = np.flatnonzero((self._pitch[stroke] != events.first[row]) & ~gone)
        data = np.frombuffer(self._data, np.uint8)
        data[events.end[row[changed]] - 2] = self._pitch[stroke[changed]]

    def _owners(
        self, row: np.ndarray, here: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of each event of a pitch the stroke of the file that it follows, if any.

        Aftertouch at the tick of a stroke belongs to it, wherever it stands.
        """
        events = self._events
        own = np.append(
            events.track.astype(np.int64) << 11
            | (events.status & 0x0F) << 7
            | events.first,
            -1,
        )
        key = own << 32 | np.arange(len(own))
        on = self._row[here]
        order = np.argsort(key[on])
        sorted_on = np.append(on[order], -1)
        index = np.searchsorted(key[on][order], key[row])
        following = sorted_on[index]
        at_once = (
            (events.kind[row] == AFTERTOUCH)
            & (own[following] == own[row])
            & (np.append(events.tick, -1)[following] == events.tick[row])
        )
        index = np.where(at_once, index, index - 1)
        owner = sorted_on[index]
        owned = (index >= 0) & (own[owner] == own[row])
        return here[order][np.minimum(index, len(here) - 1)], owned

    def _ends_in_programs(self, row: np.ndarray, tick: np.ndarray) -> np.ndarray:
        """Note-offs between the program changes around them.

        A note has the program that is in force when it ends.
        """
        before, after = self._programs_around(row)
        before = np.where(before > 0, before + 1, 0)
        return np.asarray(np.clip(tick, before, np.maximum(before, after - 1)))

    def _move_companions(self) -> None:
        """The pedal goes with the hats, channel aftertouch with all strokes."""
        events, rows = self._events, self._rows
        for channel in self._channels():
            pedal = pedal_rows(events, rows, channel)
            hats = self._of_channel(channel, self._hats)
            if len(pedal) and self._moved[hats].any():
                tick = events.tick[pedal]
                moved, room = self._as_moved(hats), self._room(hats, pedal)
                self._tick[pedal], self._rank[pedal] = pedal_ticks(
                    moved, pedal, tick, room=room
                )
            pressed = aftertouch_rows(events, rows, channel)
            strokes = self._of_channel(channel, None)
            if len(pressed) and self._moved[strokes].any():
                tick = events.tick[pressed]
                self._tick[pressed], self._rank[pressed] = aftertouch_ticks(
                    self._as_moved(strokes), tick
                )

    def _room(self, hats: np.ndarray, pedal: np.ndarray) -> int:
        """1 where hats and pedal are in several tracks."""
        tracks = np.append(self._place[hats] >> 4, self._events.track[pedal])
        return int(np.ptp(tracks) > 0)

    def _as_moved(self, stroke: np.ndarray) -> Moved:
        return Moved(self._row[stroke], self._was[stroke], self._now[stroke])

    def _change_tempo(self) -> None:
        """Makes everything faster or slower."""
        if self._stretch == 1:
            return
        events = self._events
        if not events.division:
            # Times are in seconds.
            self._tick = np.rint(self._tick * self._stretch).astype(np.int64)
            self._new = [
                dataclasses.replace(event, tick=round(event.tick * self._stretch))
                for event in self._new
            ]
            self._lasting = [round(tick * self._stretch) for tick in self._lasting]
            return
        metas = np.flatnonzero(events.kind[self._rows] == META) + self._rows.start
        tempos = metas[events.first[metas] == TEMPO]
        for row in tempos.tolist():
            content = events.content(row)
            if len(content) >= 3 and any(content[:3]):
                start = events.end[row] - len(content)
                self._data[start : start + 3] = self._tempo(
                    int.from_bytes(content[:3], "big")
                )
        if not len(tempos) or events.tick[tempos].min() > 0:
            content = bytes((META, TEMPO, 3)) + self._tempo(500_000)
            self._new.append(NewEvent(self._tracks[0], 0, STAYING, content))

    def _tempo(self, microseconds: int) -> bytes:
        changed = round(microseconds * self._stretch)
        if not 1 <= changed <= _MAX_TEMPO_MICROSECONDS:
            raise DataError(
                f"Cannot write a tempo of {6e7 / max(changed, 1):.2f} qpm: MIDI holds "
                "3.58 to 60,000,000."
            )
        return changed.to_bytes(3, "big")


def _stretch(before: NoteSequence, after: NoteSequence) -> float:
    """How much longer the edited sequence lasts than the other one.

    Raises:
      DataError: its tempos are changed in another way.
    """
    old, new = (
        np.array([(tempo.time, tempo.qpm) for tempo in item.tempos]).reshape(-1, 2)
        for item in (before, after)
    )
    if np.array_equal(old, new):
        return 1.0
    if len(old) == len(new) and (new[:, 1] > 0).all():
        stretch = float(old[0, 1] / new[0, 1])
        if np.allclose(new, np.stack([old[:, 0] * stretch, old[:, 1] / stretch], 1)):
            return stretch
    raise DataError(
        "Cannot write the sequence into the file that it was read from: its tempos "
        "are others, not only faster or slower by a factor. Write it anew: "
        "groovekit.write_midi."
    )
