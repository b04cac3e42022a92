"""Arrays of notes to note sequences."""

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
    sequence = empty_sequence(qpm=qpm, numerator=numerator, duration=duration)
    add_notes(
        sequence,
        pitch,
        velocity,
        start,
        end,
        instrument=DRUM_INSTRUMENT,
        is_drum=True,
    )
    return sequence


def empty_sequence(*, qpm: float, numerator: int, duration: float) -> NoteSequence:
    """Makes a sequence without notes.

    Args:
      qpm: tempo.
      numerator: quarters of a bar.
      duration: seconds, its ``total_time``.
    """
    sequence = NoteSequence(ticks_per_quarter=_TICKS_PER_QUARTER, total_time=duration)
    sequence.tempos.add(qpm=qpm)
    sequence.time_signatures.add(numerator=numerator, denominator=4)
    return sequence


def add_notes(
    sequence: NoteSequence,
    pitch: np.ndarray,
    velocity: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    *,
    instrument: int = 0,
    program: int = 0,
    is_drum: bool = False,
) -> None:
    """Adds the notes of one instrument; the sequence lasts at least to their end.

    Args:
      sequence: what they are added to.
      pitch: ``(notes,)`` MIDI pitches.
      velocity: ``(notes,)`` MIDI velocities.
      start: ``(notes,)`` seconds.
      end: ``(notes,)`` seconds.
      instrument: number of the track.
      program: MIDI program from 0.
      is_drum: whether they are drums.
    """
    add = sequence.notes.add
    rows = (pitch.tolist(), velocity.tolist(), start.tolist(), end.tolist())
    for note_pitch, note_velocity, note_start, note_end in zip(*rows, strict=True):
        add(
            pitch=note_pitch,
            velocity=note_velocity,
            start_time=note_start,
            end_time=note_end,
            instrument=instrument,
            program=program,
            is_drum=is_drum,
        )
    if len(end):
        sequence.total_time = max(sequence.total_time, float(end.max()))
