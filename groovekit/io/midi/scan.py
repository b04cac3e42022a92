"""A fast way to read the MIDI files that hold nothing unusual.

note_seq reads MIDI through two libraries that make an object of each event. Here
one loop goes over the bytes and collects numbers; times and notes are made of
whole columns. What comes out equals what note_seq gives, to the last bit and in
the same order. Whatever the loop does not know for certain (damage, rare events,
tempos outside the first track) it leaves to those libraries
(:mod:`groovekit.io.midi.unusual`), whose reasons and remarks people see then.
"""

from __future__ import annotations

import bisect
import dataclasses
import struct
from typing import Any

import numpy as np

from groovekit.io.midi.note_rows import control_rows, note_rows
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence
from groovekit.io.tempo import DEFAULT_QPM

_NOTE_OFF, _NOTE_ON, _CONTROL, _PROGRAM = 0x80, 0x90, 0xB0, 0xC0
_CHANNEL_PRESSURE, _PITCH_BEND = 0xD0, 0xE0
_META, _SYSEX = 0xFF, (0xF0, 0xF7)
_TRACK_NAME, _TEMPO, _TIME_SIGNATURE, _KEY = 0x03, 0x51, 0x58, 0x59
# Metas that say nothing about the notes, and the bytes that each has at least.
_IGNORED = {0x01: 0, 0x02: 0, 0x04: 0, 0x05: 0, 0x06: 0, 0x07: 0, 0x09: 0}
_IGNORED |= {0x20: 1, 0x21: 0, 0x2F: 0, 0x7F: 0}
_MAX_MESSAGE = 1_000_000
# The largest power of two that the field for it holds is 2**30.
_MAX_DENOMINATOR_POWER = 30


class UnusualError(Exception):
    """Something that is left to the thorough way of reading."""


@dataclasses.dataclass
class _Instrument:
    """Numbers of the events of one instrument, flat lists.

    Attributes:
      program: MIDI program.
      is_drum: whether it plays on channel 10.
      name: of its track, as far as known when it began.
      notes: pitch, velocity, first and last tick of one note after another.
      bends: tick and value of each pitch bend.
      controls: tick, number and value of each control change.
    """

    program: int
    is_drum: bool
    name: str
    notes: list[int]
    bends: list[int]
    controls: list[int]


@dataclasses.dataclass
class _Clock:
    """Ticks to seconds.

    Attributes:
      resolution: ticks a quarter.
      ticks: first tick of each stretch with one tempo, rising from 0.
      scales: seconds a tick in each.
      seconds: when each begins.
    """

    resolution: int
    ticks: list[int] = dataclasses.field(default_factory=lambda: [0])
    scales: list[float] = dataclasses.field(default_factory=list)
    seconds: list[float] = dataclasses.field(default_factory=lambda: [0.0])

    def __post_init__(self) -> None:
        self.scales.append(60.0 / (DEFAULT_QPM * self.resolution))

    def change(self, tick: int, microseconds: int) -> None:
        """Sets the tempo from a tick on, none of those so far being later."""
        # The order of operations matters: other rounding is another number.
        scale = 60.0 / ((6e7 / microseconds) * self.resolution)
        if tick == 0:
            self.scales[:] = [scale]
        elif scale != self.scales[-1]:
            self.seconds.append(self.time(tick))
            self.ticks.append(tick)
            self.scales.append(scale)

    def time(self, tick: int) -> float:
        """The time of one tick."""
        index = bisect.bisect_right(self.ticks, tick) - 1
        return self.seconds[index] + self.scales[index] * (tick - self.ticks[index])

    def times(self, ticks: np.ndarray) -> np.ndarray:
        """The times of many."""
        if len(self.ticks) == 1:
            return 0.0 + self.scales[0] * ticks
        index = np.searchsorted(self.ticks, ticks, side="right") - 1
        found: np.ndarray = np.array(self.seconds)[index] + np.array(self.scales)[
            index
        ] * (ticks - np.array(self.ticks)[index])
        return found


def read_plain(data: bytes, *, max_ticks: int) -> NoteSequence:
    """Reads a MIDI file as note_seq does, if it holds nothing unusual.

    Args:
      data: contents of the file.
      max_ticks: a track that lasts longer is unusual.

    Returns:
      The sequence that note_seq gives.

    Raises:
      UnusualError: the file is damaged, or the thorough way must say what it means.
    """
    try:
        return _Scan(data, max_ticks).sequence()
    except (IndexError, struct.error) as error:
        raise UnusualError("the data end too early") from error


class _Scan:
    """A file on its way from bytes to columns."""

    def __init__(self, data: bytes, max_ticks: int) -> None:
        name, size = struct.unpack_from(">4sL", data, 0)
        _, tracks, resolution = struct.unpack_from(">hhh", data, 8)
        if name != b"MThd" or size < 6 or tracks < 1 or resolution < 1:
            raise UnusualError("the header")
        self._data = data
        self._max_ticks = max_ticks
        self._clock = _Clock(resolution)
        self._instruments: list[_Instrument] = []
        self._time_signatures: list[
            tuple[int, int, int]
        ] = []  # tick, numerator, denominator
        self._keys: list[tuple[int, int, int]] = []  # tick, key, mode
        position = 8 + size
        for number in range(tracks):
            name, size = struct.unpack_from(">4sL", data, position)
            position += 8
            if name != b"MTrk" or not size:
                raise UnusualError("the head of a track, or an empty one")
            self._track(position, position + size, first=number == 0)
            position += size

    def _track(self, position: int, end: int, *, first: bool) -> None:
        data = self._data
        players = _Players(self._instruments)
        sounding: dict[int, list[tuple[int, int]]] = {}
        tick = running = 0
        while position < end:
            byte = data[position]
            position += 1
            if byte < 0x80:
                tick += byte
            else:
                delta, position = _number(data, position - 1)
                tick += delta
            status = data[position]
            if status < 0x80:
                status = running
            else:
                position += 1
                if status == _META:
                    position = self._meta(position, tick, players, first=first)
                    continue
                if status >= 0xF0:
                    position = _skip_sysex(data, position, status)
                    running = 0
                    continue
                running = status
            kind = status & 0xF0
            one = data[position]
            if kind in (_PROGRAM, _CHANNEL_PRESSURE):
                two = 0
                position += 1
            else:
                two = data[position + 1]
                position += 2
            if one > 0x7F or two > 0x7F or not status:
                raise UnusualError("a data byte, or events without a status")
            channel = status & 0x0F
            if kind == _CONTROL:
                players.controls(channel).extend((tick, one, two))
            elif kind in (_NOTE_ON, _NOTE_OFF):
                key = channel << 7 | one
                if kind == _NOTE_ON and two:
                    sounding.setdefault(key, []).append((tick, two))
                elif key in sounding:
                    _end_notes(sounding, key, tick, players)
            elif kind == _PROGRAM:
                players.change(channel, one)
            elif kind == _PITCH_BEND:
                bend = (two << 7 | one) - 8192
                players.bends(channel).extend((tick, bend))
        if position != end or tick > self._max_ticks:
            raise UnusualError("the end of a track")

    def _meta(self, position: int, tick: int, players: _Players, *, first: bool) -> int:
        """Reads a meta event; where the next event begins."""
        kind = self._data[position]
        size, position = _number(self._data, position + 1)
        content = self._data[position : position + size]
        if len(content) != size or size > _MAX_MESSAGE:
            raise UnusualError("the size of a meta event")
        if kind == _TRACK_NAME:
            players.track_name = content.decode("latin-1")
        elif kind in (_TEMPO, _TIME_SIGNATURE, _KEY):
            if not first:
                raise UnusualError("timing outside the first track")
            self._timing(kind, content, tick)
        elif kind == 0x54:
            if size != 5 or content[0] >> 5 > 3:
                raise UnusualError("an offset")
        elif size < _IGNORED.get(kind, size + 1):
            raise UnusualError("a meta event")
        return position + size

    def _timing(self, kind: int, content: bytes, tick: int) -> None:
        if kind == _TEMPO:
            tempo = int.from_bytes(content, "big")
            if len(content) != 3 or not tempo:
                raise UnusualError("a tempo")
            self._clock.change(tick, tempo)
        elif kind == _TIME_SIGNATURE:
            if (
                len(content) != 4
                or not content[0]
                or content[1] > _MAX_DENOMINATOR_POWER
            ):
                raise UnusualError("a time signature")
            self._time_signatures.append((tick, content[0], 1 << content[1]))
        else:
            sharps, mode = struct.unpack("bB", content)
            if not -7 <= sharps <= 7 or mode > 1:
                raise UnusualError("a key")
            # A sharp is a fifth up; the minor key lies a sixth above the major.
            self._keys.append((tick, (7 * sharps + 9 * mode) % 12, mode))

    # From columns to a sequence --------------------------------------------------

    def sequence(self) -> NoteSequence:
        """The sequence; note_seq's order of everything."""
        clock = self._clock
        sequence = NoteSequence(ticks_per_quarter=clock.resolution)
        source = sequence.source_info
        source.parser = source.PRETTY_MIDI
        source.encoding_type = source.MIDI
        for tick, numerator, denominator in self._time_signatures:
            sequence.time_signatures.add(
                time=clock.time(tick), numerator=numerator, denominator=denominator
            )
        for tick, key, mode in self._keys:
            sequence.key_signatures.add(time=clock.time(tick), key=key, mode=mode)
        for seconds, scale in zip(clock.seconds, clock.scales, strict=True):
            qpm = 60.0 / (scale * clock.resolution)
            sequence.tempos.add(time=seconds, qpm=qpm)
        rows: list[np.ndarray] = []
        for number, instrument in enumerate(self._instruments):
            if instrument.name:
                sequence.instrument_infos.add(name=instrument.name, instrument=number)
            rows += self._rows(sequence, instrument, number)
        sequence.MergeFromString(b"".join(row.tobytes() for row in rows))
        return sequence

    def _rows(
        self, sequence: NoteSequence, instrument: _Instrument, number: int
    ) -> list[np.ndarray]:
        clock = self._clock
        about: dict[str, Any] = {
            "instrument": number,
            "program": instrument.program,
            "is_drum": instrument.is_drum,
        }
        rows = []
        if instrument.notes:
            pitch, velocity, start, end = _columns(instrument.notes, 4)
            ends = clock.times(end)
            sequence.total_time = max(sequence.total_time, float(ends.max()))
            rows.append(note_rows(pitch, velocity, clock.times(start), ends, **about))
        # Bends are few and may be negative.
        for tick, bend in zip(*_columns(instrument.bends, 2), strict=True):
            sequence.pitch_bends.add(time=clock.time(int(tick)), bend=bend, **about)
        if instrument.controls:
            ticks, control, value = _columns(instrument.controls, 3)
            rows.append(control_rows(clock.times(ticks), control, value, **about))
        return rows


class _Players:
    """The instruments of one track: which plays on each channel.

    Controls and bends that come before the first note of their channel wait
    until an instrument begins there, and belong to every one that does.

    Args:
      instruments: of the whole file; those that begin are added.
    """

    def __init__(self, instruments: list[_Instrument]) -> None:
        self.track_name = ""
        self._all = instruments
        self._programs = [0] * 16
        self._begun: dict[tuple[int, int], _Instrument] = {}
        self._waiting: dict[int, _Instrument] = {}
        # Where the channel's next control and note go, as long as that is known.
        self._controls: list[list[int] | None] = [None] * 16
        self._notes: list[list[int] | None] = [None] * 16

    def change(self, channel: int, program: int) -> None:
        """Another program on a channel."""
        self._programs[channel] = program
        self._controls[channel] = self._notes[channel] = None

    def controls(self, channel: int) -> list[int]:
        """Where a control change goes."""
        found = self._controls[channel]
        if found is None:
            found = self._controls[channel] = self._silent(channel).controls
        return found

    def bends(self, channel: int) -> list[int]:
        """Where a pitch bend goes."""
        return self._silent(channel).bends

    def notes(self, channel: int) -> list[int]:
        """Where a note goes; an instrument begins where there is none."""
        found = self._notes[channel]
        if found is None:
            found = self._notes[channel] = self._sounding(channel).notes
        return found

    def _silent(self, channel: int) -> _Instrument:
        begun = self._begun.get((self._programs[channel], channel))
        if begun is not None:
            return begun
        if channel not in self._waiting:
            self._waiting[channel] = _Instrument(0, False, "", [], [], [])
        return self._waiting[channel]

    def _sounding(self, channel: int) -> _Instrument:
        program = self._programs[channel]
        begun = self._begun.get((program, channel))
        if begun is None:
            begun = _Instrument(
                program, channel == DRUM_CHANNEL, self.track_name, [], [], []
            )
            if channel in self._waiting:
                # The same lists, not copies: what waits later goes there, too.
                begun.bends = self._waiting[channel].bends
                begun.controls = self._waiting[channel].controls
            self._begun[program, channel] = begun
            self._all.append(begun)
            self._controls[channel] = begun.controls
        return begun


def _end_notes(
    sounding: dict[int, list[tuple[int, int]]], key: int, tick: int, players: _Players
) -> None:
    """Ends all notes of a key that did not begin at this very tick."""
    notes = sounding.pop(key)
    if len(notes) == 1:
        start, velocity = notes[0]
        if start != tick:
            players.notes(key >> 7).extend((key & 0x7F, velocity, start, tick))
        return
    ended = [note for note in notes if note[0] != tick]
    if not ended:
        return
    into = players.notes(key >> 7)
    for start, velocity in ended:
        into.extend((key & 0x7F, velocity, start, tick))
    if len(ended) < len(notes):
        sounding[key] = [note for note in notes if note[0] == tick]


def _columns(numbers: list[int], width: int) -> np.ndarray:
    """``(width, events)`` int64."""
    return np.array(numbers, np.int64).reshape(-1, width).T


def _number(data: bytes, position: int) -> tuple[int, int]:
    """A number of variable length, and the position after it."""
    value = 0
    while True:
        byte = data[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position


def _skip_sysex(data: bytes, position: int, status: int) -> int:
    """Passes over a system exclusive message; where the next event begins."""
    if status not in _SYSEX:
        raise UnusualError("a system message")
    size, position = _number(data, position)
    content = data[position : position + size]
    if len(content) != size or size > _MAX_MESSAGE:
        raise UnusualError("the size of a system message")
    # The first and the last byte may be its marks.
    if not content.removeprefix(b"\xf0").removesuffix(b"\xf7").isascii():
        raise UnusualError("the data of a system message")
    return position + size
