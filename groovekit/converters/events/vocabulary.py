"""Performances as events: what each instrument of a bar does, one after another.

An event starts a note, ends one, shifts time or sets the velocity of what follows.
:func:`write_events` makes events of many notes at once;
:mod:`groovekit.converters.events.notes` makes notes of events.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

MIDI_PROGRAMS = 128
# Quarters that one time shift can span.
_MAX_SHIFT_QUARTERS = 4


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Numbers of all events: note-ons, note-offs, shifts, velocities, programs, end.

    Attributes:
      min_pitch: lowest MIDI pitch.
      max_pitch: highest MIDI pitch.
      max_shift: steps of the longest time shift.
      velocity_bins: velocities are told apart in so many; 0 for none.
    """

    min_pitch: int
    max_pitch: int
    max_shift: int
    velocity_bins: int

    @classmethod
    def of_grid(
        cls,
        *,
        min_pitch: int,
        max_pitch: int,
        steps_per_quarter: int,
        velocity_bins: int,
    ) -> Vocabulary:
        """The vocabulary for a grid."""
        max_shift = _MAX_SHIFT_QUARTERS * steps_per_quarter
        return cls(min_pitch, max_pitch, max_shift, velocity_bins)

    @property
    def pitches(self) -> int:
        """How many pitches there are."""
        return self.max_pitch - self.min_pitch + 1

    @property
    def first_off(self) -> int:
        """The note-off of the lowest pitch; note-ons begin at 0."""
        return self.pitches

    @property
    def first_shift(self) -> int:
        """The shift by one step."""
        return 2 * self.pitches

    @property
    def first_velocity(self) -> int:
        """The lowest velocity."""
        return self.first_shift + self.max_shift

    @property
    def first_program(self) -> int:
        """MIDI program 0; all events of time and notes are below."""
        return self.first_velocity + self.velocity_bins

    @property
    def drum_program(self) -> int:
        """What stands for drums in the place of a program."""
        return self.first_program + MIDI_PROGRAMS

    @property
    def end(self) -> int:
        """The end of an instrument's events."""
        return self.drum_program + 1

    @property
    def size(self) -> int:
        """Number of events."""
        return self.end + 1

    @property
    def _bin_size(self) -> int:
        return -(-127 // self.velocity_bins)

    def velocity_bin(self, velocity: np.ndarray) -> np.ndarray:
        """Bins from 0 of MIDI velocities from 1; zeros where there are no bins."""
        if not self.velocity_bins:
            return np.zeros(len(velocity), np.int64)
        bins: np.ndarray = (velocity.astype(np.int64) - 1) // self._bin_size
        return bins

    def velocity_of(self, velocity_bin: int) -> int:
        """The lowest MIDI velocity of a bin from 0."""
        return min(1 + velocity_bin * self._bin_size, 127)


class CellNotes(NamedTuple):
    """Notes by cell: one instrument in one section (a bar, as a rule).

    All arrays are ``(notes,)``; notes are in order of cell, first step and pitch.

    Attributes:
      cell: number of the cell.
      start: first step, from the cell's start.
      end: the step after the last, at most the cell's length.
      pitch: from the lowest pitch of the vocabulary.
      velocity: bin from 0.
    """

    cell: np.ndarray
    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray


class Events(NamedTuple):
    """Events of all cells, one after another.

    Attributes:
      labels: ``(events,)`` int64.
      step: ``(events,)`` int64: when it happens, from the cell's start; of a
        shift, when it begins.
      cell: ``(events,)`` int64, rising.
      place: ``(events,)`` int64: 0, 1, ... in each cell.
    """

    labels: np.ndarray
    step: np.ndarray
    cell: np.ndarray
    place: np.ndarray


def pair_first_in_first_out(
    track: np.ndarray,
    pitch: np.ndarray,
    end: np.ndarray,
    rank: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of notes once a note-off ends the earliest note of its pitch.

    Events do not say which of two overlapping notes of one pitch ends.

    Args:
      track: ``(notes,)`` numbers of tracks.
      pitch: ``(notes,)``.
      end: ``(notes,)`` steps after the last.
      rank: ``(notes,)`` order of the notes by their beginning.

    Returns:
      Positions of the notes by track, pitch and rank; and the new ends of these.
    """
    begins = np.lexsort((rank, pitch, track))
    ends = np.lexsort((rank, end, pitch, track))
    return begins, end[ends]


def write_events(
    notes: CellNotes, *, cells: int, steps: int, vocabulary: Vocabulary
) -> Events:
    """The events of notes, each cell filled up with shifts to its length.

    Within a step notes end and begin in the order in which they began.

    Args:
      notes: of all cells.
      cells: how many cells there are; some may be empty.
      steps: length of a cell.
      vocabulary: numbers of events.
    """
    count = len(notes.cell)
    number = np.arange(count)
    # One row for each beginning, each end, and the end of each cell.
    cell = np.concatenate([notes.cell, notes.cell, np.arange(cells)])
    step = np.concatenate([notes.start, notes.end, np.full(cells, steps)])
    note = np.concatenate([number, number, np.full(cells, count)])
    kind = np.repeat([0, 1, 2], [count, count, cells])
    order = np.lexsort((kind, note, step, cell))
    cell, step, note, kind = cell[order], step[order], note[order], kind[order]

    before = np.zeros_like(step)
    before[1:] = np.where(cell[1:] == cell[:-1], step[:-1], 0)
    gap = step - before
    shifts = -(-gap // vocabulary.max_shift)

    louder = np.zeros(len(cell), np.bool_)
    if vocabulary.velocity_bins and count:
        changed = np.ones(count, np.bool_)
        changed[1:] = (notes.cell[1:] != notes.cell[:-1]) | (
            notes.velocity[1:] != notes.velocity[:-1]
        )
        begins = kind == 0
        louder[begins] = changed[note[begins]]

    sizes = shifts + louder + (kind < 2)
    row = np.repeat(np.arange(len(cell)), sizes)
    within = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    is_shift = within < shifts[row]
    is_velocity = ~is_shift & (within == shifts[row]) & louder[row]
    # All shifts of a gap but the last are as long as can be.
    longest = vocabulary.max_shift
    rest = gap[row] - within * longest
    labels = np.where(
        is_shift, vocabulary.first_shift + np.minimum(rest, longest) - 1, 0
    )
    of_note = np.minimum(note[row], max(count - 1, 0))
    if count:
        is_note = ~is_shift & ~is_velocity
        velocity = vocabulary.first_velocity + notes.velocity[of_note]
        pitch = notes.pitch[of_note] + (kind[row] == 1) * vocabulary.first_off
        labels = np.where(is_velocity, velocity, labels)
        labels = np.where(is_note, pitch, labels)
    times = np.where(is_shift, before[row] + within * longest, step[row])
    cells_of = cell[row]
    first = np.searchsorted(cells_of, np.arange(cells))
    place = np.arange(len(row)) - first[cells_of]
    return Events(labels.astype(np.int64), times, cells_of, place)
