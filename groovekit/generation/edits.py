"""What a task does to the notes of a sequence, and the writer that does it."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from groovekit.converters.grid.notes_out import add_notes
from groovekit.io.notes import NoteSequence


class NewDrums(NamedTuple):
    """Drum notes of one track.

    Attributes:
      pitch: ``(notes,)`` MIDI pitches.
      velocity: ``(notes,)`` MIDI velocities.
      start: ``(notes,)`` seconds.
      end: ``(notes,)`` seconds.
      instrument: number of the track.
      program: MIDI program of the track, from 0.
      is_drum: whether notes of the track are marked as drums.
    """

    pitch: np.ndarray
    velocity: np.ndarray
    start: np.ndarray
    end: np.ndarray
    instrument: int
    program: int = 0
    is_drum: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Edits:
    """Edits of the notes of one sequence, named by their positions in it.

    What is None, and every note that is not named, stays as it was; so does everything
    that is no note.

    Attributes:
      notes: ``(notes,)`` positions of those that change.
      start: ``(notes,)`` their new onsets, in seconds.
      end: ``(notes,)`` their new ends, in seconds.
      velocity: ``(notes,)`` their new MIDI velocities.
      pitch: ``(notes,)`` their new MIDI pitches.
      removed: positions of notes that go.
      added: notes that are new; they come behind the others.
    """

    notes: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, int))
    start: np.ndarray | None = None
    end: np.ndarray | None = None
    velocity: np.ndarray | None = None
    pitch: np.ndarray | None = None
    removed: np.ndarray | None = None
    added: NewDrums | None = None

    def applied_to(self, sequence: NoteSequence) -> NoteSequence:
        """A copy with the edits, which lasts at least to the end of its last note."""
        changed = NoteSequence()
        changed.CopyFrom(sequence)
        notes = [changed.notes[position] for position in self.notes.tolist()]
        for field, values in (
            ("start_time", self.start),
            ("end_time", self.end),
            ("velocity", self.velocity),
            ("pitch", self.pitch),
        ):
            if values is not None:
                for note, value in zip(notes, values.tolist(), strict=True):
                    setattr(note, field, value)
        if self.removed is not None:
            gone = set(self.removed.tolist())
            kept = [note for i, note in enumerate(sequence.notes) if i not in gone]
            del changed.notes[:]
            changed.notes.extend(kept)
        if self.added is not None:
            pitch, velocity, start, end, instrument, program, is_drum = self.added
            add_notes(
                changed,
                pitch,
                velocity,
                start,
                end,
                instrument=instrument,
                program=program,
                is_drum=is_drum,
            )
        last = max((note.end_time for note in changed.notes), default=0.0)
        changed.total_time = max(changed.total_time, last)
        return changed
