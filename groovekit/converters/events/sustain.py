"""The sustain pedal: notes that sound on after their keys are let go."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np

from groovekit.converters.grid.sections import Section
from groovekit.io.columns import NoteColumns
from groovekit.io.notes import NoteSequence

_SUSTAIN = 64
# MIDI's controllers of pedals: down from this value on.
_DOWN = 64

# The order of what happens at one time.
_PEDAL_DOWN, _PEDAL_UP, _NOTE_ON, _NOTE_OFF = range(4)


@dataclasses.dataclass(frozen=True)
class Pedal:
    """One movement of an instrument's sustain pedal.

    Attributes:
      time: seconds from the section's start.
      instrument: number of the track.
      down: whether it goes down.
    """

    time: float
    instrument: int
    down: bool


def section_pedals(sequence: NoteSequence, section: Section) -> list[Pedal]:
    """The pedals' movements in a section, in order of time.

    A pedal that is down when the section begins goes down at its start.
    """
    changes = [c for c in sequence.control_changes if c.control_number == _SUSTAIN]
    held: dict[int, Pedal] = {}
    inside = []
    for change in sorted(changes, key=lambda change: change.time):
        time = change.time - section.start
        pedal = Pedal(max(time, 0.0), change.instrument, change.control_value >= _DOWN)
        if time <= 0:
            held[change.instrument] = pedal
        elif change.time < section.end:
            inside.append(pedal)
    before = [dataclasses.replace(pedal, time=0.0) for pedal in held.values()]
    return before + inside


def apply_sustain(notes: NoteColumns, pedals: list[Pedal]) -> NoteColumns:
    """Lengthens notes for as long as their instrument's pedal is down.

    A note ends where the pedal goes up, or where the same pitch begins anew; of
    notes of one pitch that begin together under the pedal the last one stays.
    Drums are left alone.

    Args:
      notes: of a section, times from its start.
      pedals: of the section, in order of time.

    Returns:
      The notes, in the same order, without those that have no duration left.
    """
    if not any(pedal.down for pedal in pedals):
        return notes
    start, until = notes.start.tolist(), notes.end.tolist()
    pitch, instrument = notes.pitch.tolist(), notes.instrument.tolist()
    played = np.flatnonzero(~notes.is_drum).tolist()
    events = [(start[i], _NOTE_ON, i) for i in played]
    events += [(until[i], _NOTE_OFF, i) for i in played]
    events += [
        (p.time, _PEDAL_DOWN if p.down else _PEDAL_UP, p.instrument) for p in pedals
    ]
    events.sort(key=lambda event: event[:2])

    active: defaultdict[int, list[int]] = defaultdict(list)
    down: defaultdict[int, bool] = defaultdict(bool)
    removed = []
    time = 0.0
    for time, kind, number in events:
        if kind == _PEDAL_DOWN:
            down[number] = True
        elif kind == _PEDAL_UP:
            down[number] = False
            for note in active[number]:
                until[note] = max(until[note], time)
            # Those that end later are still held by their keys.
            active[number] = [n for n in active[number] if until[n] > time]
        elif kind == _NOTE_ON:
            voices = active[instrument[number]]
            if down[instrument[number]]:
                same = [n for n in voices if pitch[n] == pitch[number]]
                for note in same:
                    until[note] = time
                removed += [n for n in same if start[n] == time]
                voices = [n for n in voices if pitch[n] != pitch[number]]
            active[instrument[number]] = [*voices, number]
        elif not down[instrument[number]] and number in active[instrument[number]]:
            active[instrument[number]].remove(number)
    for voices in active.values():
        for note in voices:
            until[note] = time
    ends = np.array(until, np.float64)
    kept = np.ones(len(notes), np.bool_)
    kept[removed] = False
    return dataclasses.replace(notes, end=ends).take(kept)
