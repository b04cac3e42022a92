"""Cutting a section of a sequence into windows of several instruments' events."""

from __future__ import annotations

import contextlib
from typing import NamedTuple

import numpy as np

from groovekit.converters.base import Reason, UnusableError
from groovekit.converters.events.vocabulary import (
    CellNotes,
    Events,
    Vocabulary,
    pair_first_in_first_out,
    write_events,
)
from groovekit.converters.grid.quantize import MAX_BARS, to_steps
from groovekit.converters.harmony.chords import ChordEncoding
from groovekit.converters.harmony.harmony import Harmony
from groovekit.errors import UsageError
from groovekit.io.columns import NoteColumns

# Why each window cannot be used, None where it can.
Obstacles = list[UnusableError | None]


class Form(NamedTuple):
    """What windows look like and what goes into them.

    Attributes:
      vocabulary: numbers of events.
      chunks: chunks of a window.
      chunk_steps: steps of the grid in a chunk.
      min_instruments: instruments of a window at least.
      max_instruments: instruments of a window at most.
      min_events: events of a window at least, programs and ends left out.
      max_events: events of a segment at most, program and end included.
    """

    vocabulary: Vocabulary
    chunks: int
    chunk_steps: int
    min_instruments: int
    max_instruments: int
    min_events: int
    max_events: int

    @property
    def steps(self) -> int:
        """Steps of the grid in a window."""
        return self.chunks * self.chunk_steps


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


def window_bounds(total_seconds: float, window_seconds: float) -> np.ndarray:
    """Where windows begin, and the end of the last one, in seconds.

    Args:
      total_seconds: where the section's last note ends.
      window_seconds: length of a window.

    Returns:
      ``(windows + 1,)`` float64.

    Raises:
      UnusableError: there are too many.
    """
    if total_seconds > MAX_BARS * window_seconds:
        bars = total_seconds / window_seconds
        raise UnusableError(Reason.TOO_LONG, f"{bars:.0f} bars")
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


def events_of(cut: Cut, chosen: np.ndarray, form: Form) -> CellEvents:
    """The events of some windows.

    A note ends at the latest with its chunk, and its rest is left out.

    Args:
      cut: all windows.
      chosen: ``(windows,)`` bool.
      form: what windows look like.
    """
    chunks, steps, vocabulary = form.chunks, form.chunk_steps, form.vocabulary
    tracks = np.flatnonzero(chosen[cut.window_of])
    number = np.full(len(cut.window_of), -1)
    number[tracks] = np.arange(len(tracks))
    # A note so late that it belongs to the next window has no place in this one.
    used = np.flatnonzero((number[cut.track] >= 0) & (cut.start < form.steps))
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


# Obstacles ---------------------------------------------------------------------


def free_windows(obstacles: Obstacles) -> np.ndarray:
    """``(windows,)`` bool: which have no obstacle."""
    return np.array([obstacle is None for obstacle in obstacles], np.bool_)


def _enter(obstacles: Obstacles, window: int, reason: Reason, detail: str) -> None:
    """The first obstacle of a window stays."""
    if obstacles[window] is None:
        obstacles[window] = UnusableError(reason, detail)


def note_obstacles(cut: Cut, form: Form) -> Obstacles:
    """Windows with pitches out of range, or too few or many instruments."""
    obstacles: Obstacles = [None] * cut.windows
    low, high = form.vocabulary.min_pitch, form.vocabulary.max_pitch
    wrong = (cut.pitch < low) | (cut.pitch > high)
    for window in np.unique(cut.window()[wrong]).tolist():
        detail = f"pitches outside {low} to {high}"
        _enter(obstacles, window, Reason.NO_MATERIAL, detail)
    instruments = np.bincount(cut.window_of, minlength=cut.windows)
    few, many = form.min_instruments, form.max_instruments
    for window in np.flatnonzero((instruments < few) | (instruments > many)).tolist():
        detail = f"{instruments[window]} in a window, not {few} to {many}"
        _enter(obstacles, window, Reason.INSTRUMENTS, detail)
    return obstacles


def event_obstacles(
    cut: Cut, cells: CellEvents, form: Form, obstacles: Obstacles
) -> None:
    """Enters windows with too few events, or too many of an instrument."""
    window = cut.window_of[cells.track]
    most = form.max_events - 2
    for number in np.unique(window[cells.sizes > most]).tolist():
        found = cells.sizes[window == number].max()
        detail = f"{found} of an instrument in a window, at most {most}"
        _enter(obstacles, number, Reason.EVENTS, detail)
    sums = np.bincount(window, weights=cells.sizes, minlength=cut.windows)
    for number in np.unique(window[sums[window] < form.min_events]).tolist():
        detail = f"{sums[number]:.0f} in a window, at least {form.min_events}"
        _enter(obstacles, number, Reason.EVENTS, detail)


def commonest(obstacles: Obstacles, cut: Cut) -> UnusableError:
    """The obstacle that most windows with notes have, of equals the first."""
    windows: list[int] = np.unique(cut.window_of).tolist()
    found = [o for o in (obstacles[window] for window in windows) if o is not None]
    if not found:
        return UnusableError(Reason.NO_MATERIAL, "no notes in any window")
    reasons = [obstacle.reason for obstacle in found]
    first = reasons.index(max(reasons, key=reasons.count))
    return found[first]


# Arrays ------------------------------------------------------------------------


def event_chords(
    harmony: Harmony,
    encoding: ChordEncoding,
    cut: Cut,
    cells: CellEvents,
    form: Form,
    obstacles: Obstacles,
) -> np.ndarray:
    """The chord of each event.

    Args:
      harmony: of the section's steps.
      encoding: which labels.
      cut: all windows.
      cells: their events.
      form: what windows look like.
      obstacles: where windows with chords that have no label are entered.

    Returns:
      ``(events,)`` int64 labels, -1 where there is none.
    """
    labels = np.full(len(harmony.figures), -1)
    for index, figure in enumerate(harmony.figures):
        with contextlib.suppress(UsageError):
            labels[index] = encoding.encode(figure)
    last = np.zeros(cut.windows, np.int64)
    np.maximum.at(last, cut.window(), cut.end)
    cell = cells.events.cell
    window = cut.window_of[cells.track[cell]]
    step = cells.chunk[cell] * form.chunk_steps + cells.events.step
    # A chord that begins where the last note ends is not heard any more.
    step = np.minimum(step, np.minimum(last[window], form.steps) - 1)
    figures = harmony.chords[window * form.steps + step]
    chords: np.ndarray = labels[figures]
    unknown = np.flatnonzero(chords < 0)
    for number, first in zip(
        *np.unique(window[unknown], return_index=True), strict=True
    ):
        figure = harmony.figures[figures[unknown[first]]]
        detail = f"cannot use the chord {figure!r}"
        _enter(obstacles, number, Reason.HARMONY, detail)
    return chords


def compact_arrays(
    cut: Cut,
    cells: CellEvents,
    chords: np.ndarray | None,
    free: np.ndarray,
    form: Form,
) -> dict[str, np.ndarray]:
    """Labels and lengths of windows.

    Args:
      cut: all windows.
      cells: their events.
      chords: ``(events,)`` labels of chords; None for no chords.
      free: ``(windows,)`` bool: which are used.
      form: what windows look like.

    Returns:
      See :meth:`groovekit.converters.performance.PerformanceConverter.extract`.
    """
    words, count = form.vocabulary, int(np.count_nonzero(free))
    shape = (count, form.chunks * form.max_instruments, form.max_events)
    events = np.zeros(shape, np.uint16)
    lengths = np.ones(shape[:2], np.uint16)
    # What is not overwritten is the place of an instrument that is not there.
    events[:, :, 0] = words.end

    window = cut.window_of[cells.track]
    chosen = free[window]
    row = (np.cumsum(free) - 1)[window]
    segment = cells.chunk * form.max_instruments + cut.slot[cells.track]
    program = words.first_program + cut.program[cells.track]
    program = np.where(cut.is_drum[cells.track], words.drum_program, program)
    sizes = cells.sizes[chosen]
    at = row[chosen], segment[chosen]
    events[(*at, 0)] = program[chosen]
    events[(*at, sizes + 1)] = words.end
    lengths[at] = sizes + 2

    used = chosen[cells.events.cell]
    cell = cells.events.cell[used]
    where = row[cell], segment[cell], cells.events.place[used] + 1
    events[where] = cells.events.labels[used]
    arrays = {"events": events.reshape(count, -1), "lengths": lengths}
    if chords is not None:
        held = np.zeros(shape, np.uint8)
        held[where] = chords[used]
        # The end has the chord of the event before it.
        held[(*at, sizes + 1)] = held[(*at, sizes)]
        arrays["chords"] = held.reshape(count, -1)
    return arrays
