"""Performances of any length: cut into a model's windows and put together again.

A take is read on a grid of its own tempo map, so that it may change its tempo, and its
bars are laid out on the model's (:mod:`groovekit.generation.bar_layout`), so that they
may have another time signature. Its windows start on bar lines and overlap by half;
each bar of what a model makes of them is taken from the window in which it lies most
centrally. What is shorter than a window is a loop and repeated to fill it.
"""

from __future__ import annotations

import dataclasses
from typing import TypeGuard

import numpy as np

from groovekit.converters.base import (
    Converter,
    Counts,
    Reason,
    Skipped,
    UnusableError,
    Windows,
)
from groovekit.converters.grid.groove_inputs import TAP_CLASS
from groovekit.converters.grid.notes_out import drum_sequences
from groovekit.converters.grid.quantize import bars_until, to_steps
from groovekit.converters.grid.selection import (
    map_pitches,
    no_mapped_pitches,
    select_drums,
)
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import DataError, UsageError
from groovekit.generation.bar_layout import BarLayout
from groovekit.generation.bars import mark_bars
from groovekit.generation.refusals import refusal
from groovekit.io.columns import NoteColumns
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import TempoMap

# What is read of a groove converter: its grid must be even.
_OPTIONS = (
    *("bars", "hop_bars", "max_windows", "steps_per_quarter", "grid"),
    *("classes", "kit", "kit_map", "output_kit_map", "instruments", "unmapped"),
    *("read_notes", "suited_to", "kit_from", "keep_silence"),
    *("humanize", "hits_as_controls"),
)
# Windows are cut from a copy at this tempo.
_QPM = 60.0


@dataclasses.dataclass(frozen=True, eq=False)
class Take:
    """A performance on the grid, and its windows.

    Attributes:
      sequence: the performance, unchanged.
      converter: of the model, with the kit map that the notes are read with.
      tempo_map: of the sequence.
      notes: ``(notes,)`` positions in ``sequence.notes`` of those on the grid.
      classes: ``(notes,)`` drum class of each.
      velocities: ``(notes,)`` MIDI velocity.
      quarters: ``(notes,)`` onset in quarter notes.
      layout: of its bars on the grid.
      steps: ``(notes,)`` the nearest step; a hit shortly before a bar line lies on
        the step behind it.
      windows: compact windows with at least one hit, one at least.
      starts: ``(windows,)`` the bar that each begins with.
      bars: length in bars of the grid, up to the last hit's.
      counts: what happened to all notes of the sequence.
      pickup: hits in an incomplete bar before the first one, which stay as they are.
    """

    sequence: NoteSequence
    converter: GrooveConverter
    tempo_map: TempoMap
    notes: np.ndarray
    classes: np.ndarray
    velocities: np.ndarray
    quarters: np.ndarray
    layout: BarLayout
    steps: np.ndarray
    windows: Windows
    starts: np.ndarray
    bars: int
    counts: Counts
    pickup: int = 0

    @property
    def steps_per_bar(self) -> int:
        """Steps of the grid in a bar."""
        return self.converter.grid.steps_per_bar

    def grid(self) -> np.ndarray:
        """The hits, ``(steps, classes)`` bool, from the start of the sequence."""
        hits = np.zeros((self.bars * self.steps_per_bar, self.converter.classes), bool)
        hits[self.steps, self.classes] = True
        return hits

    def position(self, steps: np.ndarray, early: np.ndarray | float = 0) -> np.ndarray:
        """Where steps lie, ``early`` steps earlier, in quarter notes; not before 0."""
        return np.asarray(np.maximum(self.layout.position(steps, early), 0.0))

    def marked(self, bars: str, *, argument: str = "bars") -> np.ndarray:
        """The steps in bars of the performance that are named.

        Args:
          bars: such as ``"5-6"``, see :func:`groovekit.generation.bars.parse_bars`.
          argument: that holds them, for messages.

        Returns:
          ``(steps,)`` bool.

        Raises:
          UsageError: another form, or bars that there are not.
        """
        numbers = self.layout.numbers_of_steps(self.bars)
        last = int(numbers[self.steps].max())
        marks = mark_bars(bars, last + 1, name=self.name, argument=argument)
        return np.asarray(np.append(marks, False)[np.minimum(numbers, last + 1)])

    @property
    def remarks(self) -> list[str]:
        """What people should know of how its bars are read."""
        found = self.layout.remarks(self.bars)
        if self.pickup:
            found.append(f"{self.pickup} hits of the pickup stay as they are")
        return found

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.sequence.filename or self.sequence.id or "The sequence"

    @property
    def qpm(self) -> float:
        """Its mean tempo from the first hit to the last, quarter notes a minute."""
        ends = np.array([self.quarters.min(), self.quarters.max()])
        if ends[0] == ends[1]:
            # A single moment: the tempo of the beat that follows.
            ends[1] += 1.0
        first, last = self.tempo_map.seconds(ends).tolist()
        return float(60.0 * (ends[1] - ends[0]) / (last - first))

    def cells(self) -> np.ndarray:
        """What was played, from the start of the sequence.

        Returns:
          ``(steps, classes, 3)``: hits (0 or 1), velocities (0..1) and offsets.
        """
        arrays = self.windows.arrays
        hits = np.unpackbits(arrays["hits"], axis=-1, count=self.converter.classes)
        velocities = arrays["velocities"] / 127.0
        return self.stitch(np.stack([hits, velocities, arrays["offsets"]], axis=-1))

    def cut(self, grid: np.ndarray) -> np.ndarray:
        """The windows of something on the grid.

        Args:
          grid: ``(steps, ...)``; what lies beyond it is zero, but for loops.

        Returns:
          ``(windows, window steps, ...)``.
        """
        per_bar, own = self.steps_per_bar, self.converter.bars
        missing = (int(self.starts[-1]) + own) * per_bar - len(grid)
        padded = np.pad(grid, [(0, max(0, missing))] + [(0, 0)] * (grid.ndim - 1))
        bars = _bars_of_windows(self.starts, own, self.bars)
        rows = bars[:, :, None] * per_bar + np.arange(per_bar)
        return padded[rows.reshape(len(bars), -1)]

    def stitch(self, windows: np.ndarray) -> np.ndarray:
        """Joins what became of the windows, each bar from one of them.

        Of several windows that hold a bar, it is taken from the one in which it lies
        most centrally, of two such from the earlier one, in which it has more past.

        Args:
          windows: ``(windows, window steps, ...)``.

        Returns:
          ``(steps, ...)``; zero in bars of no window.
        """
        own, per_bar = self.converter.bars, self.steps_per_bar
        best = np.full(self.bars, np.inf)
        shape = (self.bars, per_bar, *windows.shape[2:])
        joined = np.zeros(shape, windows.dtype)
        turns = _bars_of_windows(self.starts, own, self.bars)
        for window, held in zip(windows, turns.tolist(), strict=True):
            start = held[0]
            for place in range(min(own, self.bars - start)):
                distance = abs(place - (own - 1) / 2)
                if distance < best[start + place]:
                    best[start + place] = distance
                    rows = slice(place * per_bar, (place + 1) * per_bar)
                    joined[start + place] = window[rows]
        return joined.reshape(-1, *windows.shape[2:])


def read_take(
    sequence: NoteSequence,
    converter: Converter,
    *,
    taps: bool = False,
    name: str = "",
) -> Take:
    """Puts a performance on the grid and cuts it into windows.

    It may have any length from a single hit on, change its tempo and have any time
    signature; what is shorter than a window is repeated. Bars before the first hit and
    behind the last belong to no window.

    Args:
      sequence: the performance.
      converter: of the model; :class:`GrooveConverter`, or one with the same parts
        and options.
      taps: read any instrument as taps: the drum notes, or all where there are none.
      name: how to call the sequence in messages.

    Raises:
      DataError: no notes that the model knows; says why.
      UsageError: a converter of another kind.
    """
    if not _of_grooves(converter):
        lacking = [name for name in _OPTIONS if not hasattr(converter, name)]
        why = f" without {', '.join(lacking)}" if _plays_grooves(converter) else ""
        raise UsageError(
            "Expected a model of grooves (hits, velocities and offsets), got one with "
            f"a {type(converter).__name__}{why}: choose a groovae config or preset."
        )
    name = name or sequence.filename or sequence.id or "The sequence"
    columns = converter.read_notes(sequence)
    if len(columns) and not taps:
        converter = converter.suited_to(columns)
    try:
        notes, classes, unmapped = _drums(columns, converter, taps=taps)
    except UnusableError as error:
        found = error.skipped(len(columns))
        raise refusal(found, sequence, converter, name=name) from error
    total, tempo_map = len(columns), TempoMap.of(sequence)
    quarters = tempo_map.quarters(columns.start[notes])
    try:
        layout = _lay_out(sequence, tempo_map, converter, quarters)
    except UnusableError as error:
        found = error.skipped(len(columns))
        raise refusal(found, sequence, converter, name=name) from error
    inside = layout.bar_of(quarters) >= 0
    pickup = int(np.count_nonzero(~inside))
    if pickup == len(notes):
        raise DataError(f"{name} has no drum notes but in its pickup, before bar 2.")
    notes, classes, quarters = notes[inside], classes[inside], quarters[inside]
    on_grid = layout.on_grid(quarters)
    steps = to_steps(on_grid, converter.steps_per_quarter)
    if steps.min() < 0:
        raise DataError(f"{name} has notes before time zero.")
    bars = _bars(columns.take(notes), classes, on_grid, converter)
    if isinstance(bars, Skipped):
        raise refusal(bars, sequence, converter, name=name)
    windows, starts = _windows(bars, converter)
    counts = dataclasses.replace(
        bars.counts,
        notes=total,
        unmapped=unmapped,
        ignored=total - len(notes) - unmapped,
    )
    return Take(
        sequence,
        converter,
        tempo_map,
        notes,
        classes,
        columns.velocity[notes].astype(np.int64),
        quarters,
        layout,
        steps,
        windows,
        starts,
        len(bars),
        counts,
        pickup,
    )


def chosen_by_hand(converter: Converter) -> bool:
    """Whether a converter reads what is marked as drums, and looks for no others."""
    return getattr(converter, "instruments", "auto") == "drums"


def _lay_out(
    sequence: NoteSequence,
    tempo_map: TempoMap,
    converter: GrooveConverter,
    quarters: np.ndarray,
) -> BarLayout:
    """The bars of a performance up to its last hit.

    Raises:
      UnusableError: more than a day of music.
    """
    last = int(to_steps(quarters, converter.steps_per_quarter).max())
    bars_until(last + 1, converter.grid.steps_per_bar)
    latest = last / converter.steps_per_quarter
    return BarLayout.of(sequence, tempo_map, converter.grid, quarters=latest)


def _bars_of_windows(starts: np.ndarray, own: int, bars: int) -> np.ndarray:
    """The bar at each place of the windows, ``(windows, own)``.

    A window that is longer than the performance holds it again and again.
    """
    within = np.arange(own)
    if starts[0] + own > bars:
        within = within % max(1, bars - int(starts[0]))
    return np.asarray(starts[:, None] + within)


def _of_grooves(converter: Converter) -> TypeGuard[GrooveConverter]:
    """Whether a converter, perhaps of a plug-in, has what takes need."""
    return _plays_grooves(converter) and all(
        hasattr(converter, name) for name in _OPTIONS
    )


def _plays_grooves(converter: Converter) -> bool:
    # In bins, each drum has velocities and offsets of its own.
    parts = {part.name.partition("_")[0] for part in converter.layout}
    return parts == {"hits", "velocities", "offsets"}


def _drums(
    columns: NoteColumns, converter: GrooveConverter, *, taps: bool
) -> tuple[np.ndarray, np.ndarray, int]:
    """Positions of the notes to use, their classes, and how many have none."""
    if not len(columns):
        raise UnusableError(Reason.EMPTY)
    if taps:
        drums = columns.is_drum.any()
        notes = np.flatnonzero(columns.is_drum | (not drums))
        return notes, np.full(len(notes), TAP_CLASS), 0
    # Positions stand for the onsets, so that they come out again.
    numbered = dataclasses.replace(
        columns, start=np.arange(len(columns), dtype=np.float64)
    )
    selected = select_drums(numbered)
    classes = map_pitches(selected.pitch, converter.kit_map, converter.unmapped)
    known = classes >= 0
    if not known.any():
        raise no_mapped_pitches(selected.pitch, converter.kit)
    return (
        selected.start[known].astype(np.int64),
        classes[known].astype(np.int64),
        int(np.count_nonzero(~known)),
    )


def _bars(
    columns: NoteColumns,
    classes: np.ndarray,
    quarters: np.ndarray,
    converter: GrooveConverter,
) -> Windows | Skipped:
    """Compact windows of one bar each, from the start of the sequence."""
    single = dataclasses.replace(
        converter,
        bars=1,
        hop_bars=None,
        max_windows=None,
        instruments="all",
        kit_from="config",
        keep_silence=True,
    )
    (straight,) = drum_sequences(
        converter.kit_map.representatives[classes],
        columns.velocity,
        quarters,
        quarters + 1.0 / converter.steps_per_quarter,
        bounds=np.array([0, len(classes)]),
        qpm=_QPM,
        time_signature=converter.time_signature,
        duration=0.0,
    )
    return single.extract(straight)


def _windows(bars: Windows, converter: GrooveConverter) -> tuple[Windows, np.ndarray]:
    """Overlapping windows with at least one hit, and their first bars."""
    own, total = converter.bars, len(bars)
    sounding = bars.arrays["hits"].any(axis=(1, 2))
    first = int(np.argmax(sounding))
    last = max(first, total - own)
    # So that the last one ends where the music does.
    starts = np.append(np.arange(first, last, max(1, own // 2)), last)
    arrays = {}
    for key, array in bars.arrays.items():
        rows = array[_bars_of_windows(starts, own, total)]
        # What a bar has once, such as its tempo, a window has once.
        shape = (len(starts), -1, *array.shape[2:])
        arrays[key] = rows.reshape(shape) if array.ndim > 1 else rows[:, 0]
    used = arrays["hits"].any(axis=(1, 2))
    return Windows(arrays, bars.counts).take(used), starts[used]
