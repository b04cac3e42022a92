"""Performances with everything that must survive, and what became of them."""

from __future__ import annotations

import numpy as np

from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import TempoMap
from helpers import tiny

#: What a model must not touch.
EVENTS = ("tempos", "time_signatures", "key_signatures", "text_annotations")


def rich(bars=5, seed=1):
    """A groove with a change of tempo, other instruments, a flam, an odd pitch."""
    straight = tiny.groove(seed, bars=bars, qpm=120.0)
    sequence = NoteSequence()
    sequence.CopyFrom(straight)
    sequence.tempos.add(time=4.0, qpm=80.0)
    sequence.key_signatures.add(time=0.0, key=2)
    sequence.text_annotations.add(time=1.0, text="verse")
    tempo_map = TempoMap.of(sequence)
    for note in sequence.notes:
        for field in ("start_time", "end_time"):
            quarter = getattr(note, field) * 2.0
            setattr(note, field, float(tempo_map.seconds(quarter)))
    add = sequence.notes.add
    # Before and on the third beat of bar 2: a flam of the snare.
    for late, velocity in ((-0.08, 40), (-0.02, 110)):
        start = float(tempo_map.seconds(6.0 + late))
        add(pitch=38, velocity=velocity, start_time=start, end_time=start + 0.1,
            is_drum=True, instrument=9)  # fmt: skip
    add(pitch=3, velocity=50, start_time=2.2, end_time=2.3, is_drum=True, instrument=9)
    add(pitch=48, velocity=70, start_time=1.13, end_time=3.3, program=33, instrument=1)
    sequence.total_time = max(note.end_time for note in sequence.notes)
    return sequence


def column(sequence, field):
    """One property of all notes."""
    return np.array([getattr(note, field) for note in sequence.notes])


def without(sequence, *fields):
    """A copy whose notes have lost some properties."""
    copy = NoteSequence()
    copy.CopyFrom(sequence)
    copy.ClearField("total_time")
    for note in copy.notes:
        for field in fields:
            note.ClearField(field)
    return copy
