"""Quantised melodies as labels: out of columns of notes, and back into notes.

A label stands for what begins on a step: :data:`NO_EVENT` (whatever sounds goes
on), :data:`NOTE_OFF`, or a note (:data:`FIRST_PITCH` for the lowest pitch of the
range, one more a semitone). A melody has one voice: of notes that begin on one
step the highest counts, and a note ends at the latest where the next begins.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np

from groovekit.converters.bar_grid import Grid
from groovekit.converters.grid.quantize import bars_until, to_steps
from groovekit.converters.grid.sections import Section
from groovekit.io.columns import NoteColumns

NO_EVENT = 0
NOTE_OFF = 1
FIRST_PITCH = 2
# The range of a piano, which the original models.
PIANO_MIN_PITCH = 21
PIANO_MAX_PITCH = 108
# Above every label of a note.
_HIGHEST_LABEL = 255


@dataclasses.dataclass(frozen=True)
class Melody:
    """One melody of one instrument.

    Attributes:
      labels: ``(steps,)`` uint8, whole bars.
      start: step of the sequence on which it begins: the first of a bar.
      instrument: number of its track.
      notes: how many notes it holds.
      merged: how many notes were left out for a higher one on the same step.
    """

    labels: np.ndarray
    start: int
    instrument: int
    notes: int
    merged: int

    def padded(self, steps: int) -> np.ndarray:
        """The labels from step 0 of the sequence on, for so many steps.

        A note that sounds to the melody's end is ended there.

        Returns:
          ``(steps,)`` uint8.
        """
        labels = np.zeros(max(steps, self.start + len(self.labels) + 1), np.uint8)
        end = self.start + len(self.labels)
        labels[self.start : end] = self.labels
        events = self.labels[self.labels != NO_EVENT]
        if len(events) and events[-1] >= FIRST_PITCH:
            labels[end] = NOTE_OFF
        return labels[:steps]


# Reading -----------------------------------------------------------------------


def quantize_notes(
    notes: NoteColumns, section: Section, grid: Grid
) -> tuple[np.ndarray, np.ndarray]:
    """The steps on which notes begin and end.

    Args:
      notes: of one section, times from its start.
      section: for its tempo.
      grid: whose steps they are.

    Returns:
      Two int64 arrays ``(notes,)``: first step (negative for notes before the
      start) and the step after the last; a note lasts at least one step.

    Raises:
      UnusableError: more than a day of music.
    """
    rate = grid.steps_per_second(section.qpm)
    start = to_steps(notes.start, rate)
    end = np.maximum(to_steps(notes.end, rate), start + 1)
    bars_until(int(end.max(initial=0)), grid.steps_per_bar)
    return start, end


def melodic_notes(
    notes: NoteColumns,
    *,
    programs: Collection[int] | None = None,
    min_pitch: int = PIANO_MIN_PITCH,
    max_pitch: int = PIANO_MAX_PITCH,
) -> np.ndarray:
    """Which notes can be part of a melody.

    Not those of drums, of velocity 0, of other programs or outside the range.

    Args:
      notes: of a sequence.
      programs: MIDI programs from 0; None for all.
      min_pitch: lowest MIDI pitch, included.
      max_pitch: highest MIDI pitch, included.

    Returns:
      ``(notes,)`` bool.
    """
    valid: np.ndarray = (notes.pitch >= min_pitch) & (notes.pitch <= max_pitch)
    valid = valid & ~notes.is_drum & (notes.velocity > 0)
    if programs is not None:
        valid &= np.isin(notes.program, list(programs))
    return valid


def extract_melodies(
    notes: NoteColumns,
    start: np.ndarray,
    end: np.ndarray,
    *,
    steps_per_bar: int = 16,
    gap_bars: float | None = 1.0,
    skip_polyphony: bool = False,
    max_bars: int | None = None,
    min_pitch: int = PIANO_MIN_PITCH,
) -> list[Melody]:
    """All melodies of all instruments.

    A melody begins with the bar of its first note, ends before ``gap_bars`` of
    silence and fills whole bars.

    Args:
      notes: those chosen by :func:`melodic_notes`.
      start: ``(notes,)`` first steps, not negative.
      end: ``(notes,)`` the steps after the last ones.
      steps_per_bar: grid.
      gap_bars: silence that ends a melody, at least 1 bar; None for no limit.
      skip_polyphony: an instrument's melodies end before the first one in which
        two notes begin on one step; otherwise the highest counts.
      max_bars: longer melodies are cut; None for no limit.
      min_pitch: the pitch of label :data:`FIRST_PITCH`.

    Returns:
      Melodies by rising instrument, then in order of time.
    """
    if not len(start):
        return []
    order = np.lexsort((-notes.pitch, start, notes.instrument))
    start, end = start[order], end[order]
    pitch, instrument = notes.pitch[order], notes.instrument[order]

    # The first of each step is its highest note.
    new_track = np.ones(len(start), np.bool_)
    new_track[1:] = instrument[1:] != instrument[:-1]
    leads = new_track.copy()
    leads[1:] |= start[1:] != start[:-1]
    lead = np.flatnonzero(leads)
    merged = np.diff(lead, append=len(start)) - 1
    start, end, pitch = start[lead], end[lead], pitch[lead]
    instrument, begins = instrument[lead], new_track[lead]
    if gap_bars is not None:
        begins[1:] |= start[1:] - end[:-1] >= gap_bars * steps_per_bar
    first = np.flatnonzero(begins)
    which = np.cumsum(begins) - 1
    last = np.append(first[1:], len(start)) - 1

    # All melodies behind each other in one array.
    origin = start[first] // steps_per_bar * steps_per_bar
    lengths = -(-(end[last] - origin) // steps_per_bar) * steps_per_bar
    places = np.cumsum(lengths) - lengths
    shift = (places - origin)[which]
    # A note that the next one cuts short, or that fills the last bar, has no end.
    until = np.append(start[1:], 0)
    until[last] = origin + lengths
    off = end < until
    labels = np.zeros(int(lengths.sum()), np.uint8)
    labels[end[off] + shift[off]] = NOTE_OFF
    labels[start + shift] = pitch - min_pitch + FIRST_PITCH

    if max_bars is not None:
        lengths = np.minimum(lengths, max_bars * steps_per_bar)
    inside = start - origin[which] < lengths[which]
    kept = np.bincount(which[inside], minlength=len(first))
    lost = np.add.reduceat(np.where(inside, merged, 0), first)
    used = np.ones(len(first), np.bool_)
    if skip_polyphony:
        polyphonic = np.add.reduceat(merged, first) > 0
        used = ~_from_first_of_each(polyphonic, instrument[first])
    return [
        Melody(
            labels=labels[places[i] : places[i] + lengths[i]],
            start=int(origin[i]),
            instrument=int(instrument[first[i]]),
            notes=int(kept[i]),
            merged=int(lost[i]),
        )
        for i in np.flatnonzero(used)
    ]


def _from_first_of_each(flags: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """True from the first True of each run of equal groups to the run's end."""
    total = np.cumsum(flags)
    begins = np.ones(len(groups), np.bool_)
    begins[1:] = groups[1:] != groups[:-1]
    before = (total - flags)[begins][np.cumsum(begins) - 1]
    result: np.ndarray = total > before
    return result


def without_leading_offs(labels: np.ndarray) -> np.ndarray:
    """Windows without the note-offs before their first note.

    There is nothing to end there: what sounded began before the window.

    Args:
      labels: ``(windows, steps)`` labels.

    Returns:
      A new array of the same shape and type.
    """
    sounded = np.logical_or.accumulate(labels >= FIRST_PITCH, axis=-1)
    cleaned: np.ndarray = np.where(sounded, labels, labels.dtype.type(NO_EVENT))
    return cleaned


# Transposing -------------------------------------------------------------------


def label_range(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest note of each window, to draw transpositions.

    Args:
      labels: ``(windows, steps)``; parts that move together may follow each
        other on the second axis.

    Returns:
      Two int64 arrays ``(windows,)`` of labels; of a window without notes the
      first is above the second.
    """
    values = labels.astype(np.int64)
    sounds = values >= FIRST_PITCH
    lowest = np.min(values, axis=1, where=sounds, initial=_HIGHEST_LABEL)
    return lowest, np.max(values, axis=1, where=sounds, initial=NO_EVENT)


def transpose_labels(labels: np.ndarray, semitones: np.ndarray) -> np.ndarray:
    """Moves the notes of each window.

    Args:
      labels: ``(windows, steps)``.
      semitones: ``(windows,)`` such that no note leaves the range.

    Returns:
      A new array of the same shape and type.
    """
    moved = labels.astype(np.int64) + semitones[:, None]
    result: np.ndarray = np.where(labels >= FIRST_PITCH, moved, labels)
    return result.astype(labels.dtype)


# Writing -----------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class MelodyNotes:
    """Notes of a batch of melodies, by window and then in order of time.

    Attributes:
      window: ``(notes,)`` int64, index of the window.
      pitch: ``(notes,)`` int64, MIDI pitch.
      start: ``(notes,)`` int64, first step.
      end: ``(notes,)`` int64, the step after the last.
    """

    window: np.ndarray
    pitch: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def of(self, window: int) -> MelodyNotes:
        """The notes of one window."""
        a, b = np.searchsorted(self.window, [window, window + 1])
        return MelodyNotes(
            self.window[a:b], self.pitch[a:b], self.start[a:b], self.end[a:b]
        )


def labels_to_notes(
    labels: np.ndarray,
    lengths: np.ndarray | None = None,
    *,
    min_pitch: int = PIANO_MIN_PITCH,
) -> MelodyNotes:
    """The notes that labels stand for.

    Args:
      labels: ``(windows, steps)``.
      lengths: ``(windows,)`` steps in use; what follows is left out. None for all.
      min_pitch: the pitch of label :data:`FIRST_PITCH`.

    Returns:
      A note lasts to the next note or note-off, or to the end of its window.
    """
    windows, steps = labels.shape
    if lengths is None:
        lengths = np.full(windows, steps)
    column = np.arange(steps)
    used = column < lengths[:, None]
    window, start = np.nonzero((labels >= FIRST_PITCH) & used)
    # At each step the next event on it or later, else the window's end.
    events = np.where((labels != NO_EVENT) & used, column, lengths[:, None])
    following = np.minimum.accumulate(events[:, ::-1], axis=1)[:, ::-1]
    following = np.concatenate([following[:, 1:], lengths[:, None]], axis=1)
    pitch = labels[window, start].astype(np.int64) - FIRST_PITCH + min_pitch
    return MelodyNotes(window, pitch, start, following[window, start])
