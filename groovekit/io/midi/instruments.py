"""Who plays in a MIDI file: which program sounds where, and what goes to whom."""

from __future__ import annotations

import bisect
import dataclasses

import numpy as np

from groovekit.io.midi.events import (
    CONTROL,
    INSTRUMENT_NAME,
    PITCH_BEND,
    PORT,
    PROGRAM,
    TRACK_NAME,
    MidiEvents,
)
from groovekit.io.midi.strokes import Strokes
from groovekit.io.notes import DRUM_CHANNEL

_NONE = np.empty(0, np.int64)
_LAST = 2**31


@dataclasses.dataclass(frozen=True, eq=False)
class Instrument:
    """One program on one channel of one track.

    Attributes:
      program: MIDI program from 0.
      is_drum: whether it plays on channel 10.
      name: of its track, as far as known when its first note ends.
      notes: ``(notes,)`` which of the notes it plays.
      bends: ``(bends,)`` rows of its pitch bends.
      controls: ``(controls,)`` rows of its control changes.
    """

    program: int
    is_drum: bool
    name: str
    notes: np.ndarray
    bends: np.ndarray
    controls: np.ndarray


def decoded(content: bytes) -> str:
    """A text of a MIDI file: UTF-8 where it is that, else Latin-1, MIDI's default."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def encoded(text: str) -> bytes:
    """The bytes for a text: Latin-1, if it comes back from that, else UTF-8."""
    content = text.encode("latin-1", "replace")
    return content if decoded(content) == text else text.encode("utf-8")


def read_instruments(
    events: MidiEvents, rows: slice, strokes: Strokes
) -> list[Instrument]:
    """Shares out notes, pitch bends and control changes.

    A note has the program that is in force when it ends. What comes before the first
    note of a channel belongs to every instrument that begins there.

    Args:
      events: of the file.
      rows: of the sequence's tracks.
      strokes: its notes.

    Returns:
      The instruments, in the order in which their first notes end.
    """
    ends = np.where(strokes.off < 0, strokes.on, strokes.off)
    silent, bends = events.rows_of(CONTROL, rows), events.rows_of(PITCH_BEND, rows)
    if len(bends):
        silent = np.sort(np.concatenate([silent, bends]))
    programs = _Programs(events, rows)
    place = _places(events, ends)
    player = place << 7 | programs.at(ends)
    players = _grouped(player)
    # Of each place, the instruments as (program, row of the end of the first note).
    begun: dict[int, list[tuple[int, int]]] = {}
    for found, notes in players:
        begin = int(ends[notes[0]])
        begun.setdefault(found >> 7, []).append((found & 0x7F, begin))
    shared = _Shared(begun, silent, _places(events, silent), programs.at(silent))
    names = _Names(events, rows)
    instruments = []
    for found, notes in players:
        where, program = found >> 7, found & 0x7F
        own = shared.rows(where, program)
        bend = events.status[own] >= PITCH_BEND
        instruments.append(
            Instrument(
                program=program,
                is_drum=where & 0x0F == DRUM_CHANNEL,
                name=names.before(where >> 4, int(ends[notes[0]])),
                notes=notes,
                bends=own[bend],
                controls=own[~bend],
            )
        )
    return instruments


def _grouped(values: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Values with their places, in the order in which they occur first."""
    if not len(values):
        return []
    if not np.count_nonzero(values != values[0]):
        return [(int(values[0]), np.arange(len(values)))]
    found, first, of_value = np.unique(values, return_index=True, return_inverse=True)
    places = np.argsort(of_value, kind="stable")
    ends = np.cumsum(np.bincount(of_value)).tolist()
    groups = zip(found.tolist(), [0, *ends[:-1]], ends, strict=True)
    parts = [(value, places[begin:end]) for value, begin, end in groups]
    return [parts[index] for index in np.argsort(first).tolist()]


def _places(events: MidiEvents, row: np.ndarray) -> np.ndarray:
    """A number for track and channel of each event."""
    places: np.ndarray = events.track[row].astype(np.int64) << 4
    places |= events.status[row] & 0x0F
    return places


class _Programs:
    """Which program is in force.

    On a channel whose track changes no program before, that is the latest one that
    another track sets for the channel (and port).
    """

    def __init__(self, events: MidiEvents, rows: slice) -> None:
        self._events = events
        row = events.rows_of(PROGRAM, rows)
        self._any = bool(len(row))
        if not self._any:
            return
        self._ports = _ports(events, rows)
        own = _places(events, row) << 32 | row
        # Rows and so ticks of one track rise; those of several are to be sorted.
        shared = self._channels(row) << 40 | events.tick[row]
        by_own, by_tick = np.argsort(own), np.argsort(shared, kind="stable")
        self._own, self._own_program = own[by_own], events.first[row][by_own]
        self._shared = shared[by_tick]
        self._shared_program = events.first[row][by_tick]

    def _channels(self, row: np.ndarray) -> np.ndarray:
        """A number for port and channel of each event."""
        events = self._events
        channels: np.ndarray = self._ports[events.track[row]] << 4
        channels |= events.status[row] & 0x0F
        return channels

    def at(self, row: np.ndarray) -> np.ndarray:
        """Programs at events, ``(events,)`` int64."""
        if not self._any or not len(row):
            return np.zeros(len(row), np.int64)
        own = _places(self._events, row) << 32 | row
        index = np.searchsorted(self._own, own) - 1
        has_own = (index >= 0) & (self._own[index] >> 32 == own >> 32)
        shared = self._channels(row) << 40 | self._events.tick[row]
        other = np.searchsorted(self._shared, shared, side="right") - 1
        has_other = (other >= 0) & (self._shared[other] >> 40 == shared >> 40)
        programs: np.ndarray = np.where(
            has_own,
            self._own_program[index],
            np.where(has_other, self._shared_program[other], 0),
        ).astype(np.int64)
        return programs


def _ports(events: MidiEvents, rows: slice) -> np.ndarray:
    """The port of each track up to that of the last row."""
    ports = np.zeros(int(events.track[rows.stop - 1]) + 1, np.int64)
    for row in events.metas_of(PORT, rows):
        ports[events.track[row]] = events.content(row)[:1].ljust(1, b"\0")[0]
    return ports


class _Names:
    """Names of tracks as they become known."""

    def __init__(self, events: MidiEvents, rows: slice) -> None:
        self._events = events
        self._rows: dict[int, list[int]] = {}
        for row in events.metas_of(TRACK_NAME, rows):
            self._rows.setdefault(int(events.track[row]), []).append(row)
        # What some programs write instead: the name of the instrument.
        unnamed: dict[int, list[int]] = {}
        for row in events.metas_of(INSTRUMENT_NAME, rows):
            unnamed.setdefault(int(events.track[row]), []).append(row)
        self._rows = unnamed | self._rows

    def before(self, track: int, row: int) -> str:
        """The name that a track has at one of its events."""
        named = self._rows.get(track, [])
        count = bisect.bisect_left(named, row)
        return decoded(self._events.content(named[count - 1])) if count else ""


class _Shared:
    """Which control changes and pitch bends go to which instrument.

    Those that come before an instrument begins on their place wait. All instruments
    that begin later take what waits, and from then on share what any of them gets.

    Args:
      begun: of each place the instruments, program and row of their begin.
      row: ``(events,)`` rows of controls and bends.
      place: ``(events,)``.
      program: ``(events,)`` in force at each.
    """

    def __init__(
        self,
        begun: dict[int, list[tuple[int, int]]],
        row: np.ndarray,
        place: np.ndarray,
        program: np.ndarray,
    ) -> None:
        self._taken: dict[tuple[int, int], np.ndarray] = {}
        if not len(row):
            return
        if len(begun) > 1 or np.count_nonzero(place != place[0]):
            order = np.argsort(place, kind="stable")
            row, place, program = row[order], place[order], program[order]
        bounds = np.searchsorted(place, [[where, where + 1] for where in begun])
        for (where, players), (first, last) in zip(
            begun.items(), bounds.reshape(-1, 2).tolist(), strict=True
        ):
            if first < last:
                self._share(where, players, row[first:last], program[first:last])

    def _share(
        self,
        where: int,
        players: list[tuple[int, int]],
        row: np.ndarray,
        program: np.ndarray,
    ) -> None:
        if len(players) == 1 and not np.count_nonzero(program != players[0][0]):
            self._taken[where, players[0][0]] = row
            return
        own = {player: (program == player) & (row > begin) for player, begin in players}
        waiting = np.logical_not(np.logical_or.reduce(list(own.values())))
        begins = row[waiting].min(initial=_LAST)
        together = [player for player, begin in players if begin > begins]
        for player in together:
            waiting = waiting | own[player]
        for player, mask in own.items():
            taken = waiting if player in together else mask
            self._taken[where, player] = row[taken]

    def rows(self, where: int, program: int) -> np.ndarray:
        """Rows that go to an instrument, rising."""
        return self._taken.get((where, program), _NONE)
