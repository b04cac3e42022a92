"""Cutting a section of a sequence into windows of several instruments' events."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groovekit.converters.base import Reason
from groovekit.converters.melodies import NoteColumns
from groovekit.converters.performance_events import (
    CellNotes,
    Events,
    Vocabulary,
    pair_first_in_first_out,
    write_events,
)
from groovekit.converters.quantize import MAX_BARS, Obstacle, to_steps


class Cut(NamedTuple):
    """The notes of a section by window and instrument.

    An instrument is a track in each window in which notes of it begin; tracks are
    in order of window, drums last, then of program and instrument.

    Attributes:
      windows: number of windows, those without notes included.
      start: ``(notes,)`` int64: first step, from the window's start.
      end: ``(notes,)`` int64: the step after the last.
      pitch: ``(notes,)`` int32, MIDI pitch.
      velocity: ``(notes,)`` uint8.
      track: ``(notes,)`` int64: number of the track.
      window_of: ``(tracks,)`` int64: window of each track.
      is_drum: ``(tracks,)`` bool.
      program: ``(tracks,)`` int32: MIDI program from 0; 0 for drums.
      slot: ``(tracks,)`` int64: 0, 1, ... in each window.
    """

    windows: int
    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    track: np.ndarray
    window_of: np.ndarray
    is_drum: np.ndarray
    program: np.ndarray
    slot: np.ndarray

    def window(self) -> np.ndarray:
        """The window of each note."""
        of_note: np.ndarray = self.window_of[self.track]
        return of_note


def window_bounds(total_seconds: float, window_seconds: float) -> np.ndarray | Obstacle:
    """Where windows begin, and the end of the last one, in seconds.

    Args:
      total_seconds: where the section's last note ends.
      window_seconds: length of a window.

    Returns:
      ``(windows + 1,)`` float64, or that there are too many.
    """
    if total_seconds > MAX_BARS * window_seconds:
        return Obstacle(Reason.TOO_LONG, f"{total_seconds / window_seconds:.0f} bars")
    inner = np.arange(window_seconds, total_seconds, window_seconds)
    return np.concatenate([[0.0], inner[inner < total_seconds], [total_seconds]])


def cut_notes(notes: NoteColumns, bounds: np.ndarray, rate: float) -> Cut:
    """Sorts the notes of a section into windows and tracks.

    Notes end at the latest with their window.

    Args:
      notes: times from the section's start, not negative.
      bounds: from :func:`window_bounds`; notes after the last one are left out.
      rate: steps a second.

    Returns:
      The notes in order of their beginning.
    """
    notes = notes.take(np.argsort(notes.start, kind="stable"))
    window = np.searchsorted(bounds, notes.start, side="right") - 1
    inside = window < len(bounds) - 1
    notes, window = notes.take(inside), window[inside]
    start = to_steps(notes.start - bounds[window], rate)
    end = to_steps(np.minimum(notes.end, bounds[window + 1]) - bounds[window], rate)
    program = np.where(notes.is_drum, 0, notes.program)
    keys = np.stack([window, notes.is_drum, program, notes.instrument], axis=1)
    tracks, track = np.unique(keys.astype(np.int64), axis=0, return_inverse=True)
    first = np.searchsorted(tracks[:, 0], tracks[:, 0])
    return Cut(
        windows=len(bounds) - 1,
        start=start,
        end=np.maximum(end, start + 1),
        pitch=notes.pitch,
        velocity=notes.velocity,
        track=track.reshape(-1),
        window_of=tracks[:, 0],
        is_drum=tracks[:, 1] > 0,
        program=tracks[:, 2],
        slot=np.arange(len(tracks)) - first,
    )


class CellEvents(NamedTuple):
    """Events of chosen windows, cell by cell: a track in a chunk of its window.

    Attributes:
      events: of all cells.
      track: ``(cells,)`` number of the track.
      chunk: ``(cells,)`` number of the chunk in the window.
      sizes: ``(cells,)`` how many events each has.
    """

    events: Events
    track: np.ndarray
    chunk: np.ndarray
    sizes: np.ndarray


def events_of(
    cut: Cut, chosen: np.ndarray, *, chunks: int, steps: int, vocabulary: Vocabulary
) -> CellEvents:
    """The events of some windows.

    A note ends at the latest with its chunk, and its rest is left out.

    Args:
      cut: all windows.
      chosen: ``(windows,)`` bool.
      chunks: how many chunks a window has.
      steps: length of a chunk.
      vocabulary: numbers of events.
    """
    tracks = np.flatnonzero(chosen[cut.window_of])
    number = np.full(len(cut.window_of), -1)
    number[tracks] = np.arange(len(tracks))
    # A note so late that it belongs to the next window has no place in this one.
    used = np.flatnonzero((number[cut.track] >= 0) & (cut.start < chunks * steps))
    track, pitch = number[cut.track[used]], cut.pitch[used]
    start = cut.start[used]
    begins, end = pair_first_in_first_out(track, pitch, cut.end[used], used)
    rank = used[begins]
    start, pitch = start[begins], pitch[begins].astype(np.int64) - vocabulary.min_pitch
    chunk = start // steps
    cell = track[begins] * chunks + chunk
    order = np.lexsort((rank, pitch, start, cell))
    notes = CellNotes(
        cell=cell[order],
        start=(start - chunk * steps)[order],
        end=np.minimum(end - chunk * steps, steps)[order],
        pitch=pitch[order],
        velocity=vocabulary.velocity_bin(cut.velocity[rank[order]]),
    )
    cells = len(tracks) * chunks
    events = write_events(notes, cells=cells, steps=steps, vocabulary=vocabulary)
    return CellEvents(
        events,
        track=np.repeat(tracks, chunks),
        chunk=np.tile(np.arange(chunks), len(tracks)),
        sizes=np.bincount(events.cell, minlength=cells),
    )
