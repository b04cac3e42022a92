"""The notes of a sequence as columns of numbers."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from groovekit.io.drum_tracks import drum_tracks
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM


@dataclasses.dataclass(frozen=True)
class NoteColumns:
    """The notes of a sequence, one array a property, in the sequence's order.

    Attributes:
      pitch: ``(notes,)`` int32, MIDI pitch.
      velocity: ``(notes,)`` uint8, 0..127.
      start: ``(notes,)`` float64, onset in seconds.
      end: ``(notes,)`` float64, seconds.
      is_drum: ``(notes,)`` bool: marked as drums, or found to be drums
        (:mod:`groovekit.io.drum_tracks`).
      program: ``(notes,)`` int32, MIDI program from 0.
      instrument: ``(notes,)`` int32, number of the track.
    """

    pitch: np.ndarray
    velocity: np.ndarray
    start: np.ndarray
    end: np.ndarray
    is_drum: np.ndarray
    program: np.ndarray
    instrument: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, index: Any) -> NoteColumns:
        """The notes at ``index`` (a mask or positions)."""
        return NoteColumns(
            self.pitch[index],
            self.velocity[index],
            self.start[index],
            self.end[index],
            self.is_drum[index],
            self.program[index],
            self.instrument[index],
        )


def read_columns(
    sequence: NoteSequence, *, onsets_only: bool = False, marked_only: bool = False
) -> NoteColumns:
    """Reads the notes once.

    A sequence that has steps but no times (every end is zero) gets its times
    from the steps, at its own tempo.

    Args:
      sequence: in seconds or in steps.
      onsets_only: leave the rest unread, which takes half of the time: notes end
        where they start, and programs and instruments are 0.
      marked_only: notes are drums where they are marked as such, and nowhere else.
    """
    notes = list(sequence.notes)
    count = len(notes)
    velocity = np.fromiter([n.velocity for n in notes], np.int32, count)
    start = np.fromiter([n.start_time for n in notes], np.float64, count)
    end, program = start, np.zeros(count, np.int32)
    instrument = program
    if not onsets_only:
        end = np.fromiter([n.end_time for n in notes], np.float64, count)
        program = np.fromiter([n.program for n in notes], np.int32, count)
        instrument = np.fromiter([n.instrument for n in notes], np.int32, count)
    rate = rate_of_steps(sequence)
    if rate:
        steps = np.fromiter([n.quantized_start_step for n in notes], np.float64, count)
        start = end = steps / rate
        if not onsets_only:
            steps = np.fromiter(
                [n.quantized_end_step for n in notes], np.float64, count
            )
            end = steps / rate
    is_drum = np.fromiter([n.is_drum for n in notes], np.bool_, count)
    if not marked_only and not is_drum.all():
        is_drum = drum_tracks(sequence).is_drum
    return NoteColumns(
        pitch=np.fromiter([n.pitch for n in notes], np.int32, count),
        velocity=np.clip(velocity, 0, 127).astype(np.uint8),
        start=start,
        end=end,
        is_drum=is_drum,
        program=program,
        instrument=instrument,
    )


def rate_of_steps(sequence: NoteSequence) -> float:
    """Steps in a second of a sequence that has steps and no times; 0 of others."""
    info = sequence.quantization_info
    rate = float(info.steps_per_second)
    if info.steps_per_quarter:
        qpm = sequence.tempos[0].qpm if sequence.tempos else DEFAULT_QPM
        rate = info.steps_per_quarter * qpm / 60.0
    if rate > 0 and not any(note.end_time for note in sequence.notes):
        return rate
    return 0.0
