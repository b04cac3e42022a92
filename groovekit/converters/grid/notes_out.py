"""Arrays of notes to note sequences."""

from __future__ import annotations

import itertools

import numpy as np

from groovekit.io.midi.note_rows import note_rows
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence

_TICKS_PER_QUARTER = 220
# From so many notes on their bytes are made at once.
_MANY = 16


def drum_sequences(
    pitch: np.ndarray,
    velocity: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    *,
    bounds: np.ndarray,
    qpm: float,
    time_signature: tuple[int, int],
    duration: np.ndarray | float,
) -> list[NoteSequence]:
    """Makes a sequence of drum notes of each run of notes.

    The bytes of all notes are made at once, and each sequence is parsed out of its
    share of them: adding notes one by one takes twenty times as long.

    Args:
      pitch: ``(notes,)`` MIDI pitches.
      velocity: ``(notes,)`` MIDI velocities.
      start: ``(notes,)`` seconds.
      end: ``(notes,)`` seconds.
      bounds: ``(sequences + 1,)`` number of the first note of each sequence, then
        the number of notes.
      qpm: tempo.
      time_signature: numerator and denominator.
      duration: seconds, of each sequence or of all; a sequence lasts at least as
        long.

    Returns:
      Sequences with tempo, time signature, resolution and ``total_time``.

    Raises:
      ValueError: pitches or velocities that MIDI has not.
    """
    rows = note_rows(pitch, velocity, start, end, instrument=DRUM_CHANNEL, is_drum=True)
    width, data = rows.shape[1], rows.tobytes()
    bare = empty_sequence(qpm=qpm, time_signature=time_signature, duration=0.0)
    head = bare.SerializeToString()
    totals = np.array(np.broadcast_to(duration, len(bounds) - 1), np.float64)
    filled = np.diff(bounds) > 0
    if filled.any():
        # Runs without notes between these are empty, so that each ends where the
        # next one begins.
        latest = np.maximum.reduceat(end, bounds[:-1][filled])
        totals[filled] = np.maximum(totals[filled], latest)
    sequences = []
    edges = (bounds * width).tolist()
    for (a, b), total in zip(itertools.pairwise(edges), totals.tolist(), strict=True):
        sequence = NoteSequence.FromString(head + data[a:b])
        sequence.total_time = total
        sequences.append(sequence)
    return sequences


def empty_sequence(
    *, qpm: float, time_signature: tuple[int, int], duration: float
) -> NoteSequence:
    """Makes a sequence without notes.

    Args:
      qpm: tempo.
      time_signature: numerator and denominator.
      duration: seconds, its ``total_time``.
    """
    sequence = NoteSequence(ticks_per_quarter=_TICKS_PER_QUARTER, total_time=duration)
    sequence.tempos.add(qpm=qpm)
    numerator, denominator = time_signature
    sequence.time_signatures.add(numerator=numerator, denominator=denominator)
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
    if len(pitch) >= _MANY:
        rows = note_rows(
            pitch,
            velocity,
            start,
            end,
            instrument=instrument,
            program=program,
            is_drum=is_drum,
        )
        sequence.MergeFromString(rows.tobytes())
    else:
        columns = (pitch.tolist(), velocity.tolist(), start.tolist(), end.tolist())
        for note_pitch, note_velocity, note_start, note_end in zip(
            *columns, strict=True
        ):
            sequence.notes.add(
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
