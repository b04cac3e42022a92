"""Arrays of drum notes to a note sequence."""

from __future__ import annotations

import numpy as np

from groovekit.notes import NoteSequence

DRUM_INSTRUMENT = 9
_TICKS_PER_QUARTER = 220


def drum_sequence(
    pitch: np.ndarray,
    velocity: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    *,
    qpm: float,
    numerator: int,
    duration: float,
) -> NoteSequence:
    """Makes a sequence of drum notes.

    Args:
      pitch: ``(notes,)`` MIDI pitches.
      velocity: ``(notes,)`` MIDI velocities.
      start: ``(notes,)`` seconds.
      end: ``(notes,)`` seconds.
      qpm: tempo.
      numerator: quarters of a bar.
      duration: seconds; the sequence lasts at least as long.

    Returns:
      A sequence with tempo, metre, resolution and ``total_time``.
    """
    sequence = NoteSequence(ticks_per_quarter=_TICKS_PER_QUARTER)
    sequence.tempos.add(qpm=qpm)
    sequence.time_signatures.add(numerator=numerator, denominator=4)
    add = sequence.notes.add
    rows = (pitch.tolist(), velocity.tolist(), start.tolist(), end.tolist())
    for note_pitch, note_velocity, note_start, note_end in zip(*rows, strict=True):
        add(
            pitch=note_pitch,
            velocity=note_velocity,
            start_time=note_start,
            end_time=note_end,
            instrument=DRUM_INSTRUMENT,
            is_drum=True,
        )
    sequence.total_time = max(duration, float(end.max()) if len(end) else 0.0)
    return sequence
