"""Converters whose windows are bars on a grid of steps."""

from __future__ import annotations

import abc
import dataclasses
import functools
import math
from collections import Counter
from typing import Annotated, ClassVar, Self

import numpy as np

from groovekit import fields
from groovekit.converters.bar_grid import Grid
from groovekit.converters.base import (
    Converter,
    Counts,
    Reason,
    Skipped,
    UnusableError,
    Windows,
    concatenate,
)
from groovekit.converters.grid.quantize import bars_until, to_steps
from groovekit.converters.grid.sections import (
    Changes,
    Section,
    SplitNotes,
    at_even_tempo,
    follow_sections,
    split_notes,
)
from groovekit.errors import ConfigError
from groovekit.fields import AtLeast, Within
from groovekit.io.columns import NoteColumns, read_columns
from groovekit.io.notes import NoteSequence

# What several converters say of their fields.
Positive = Annotated[int, AtLeast(1)]
Pitch = Annotated[int, Within(0, 127, "a MIDI pitch from 0 to 127")]
Program = Annotated[int, Within(0, 127, "a MIDI program from 0 to 127")]
Programs = Annotated[tuple[int, ...], Within(0, 127, "MIDI programs from 0 to 127")]
GapBars = Annotated[float | None, AtLeast(1, "at least 1, or None for no limit")]
MaxWindows = Annotated[int | None, AtLeast(1, "at least 1, or None for all")]
Velocity = Annotated[int, Within(1, 127, "a MIDI velocity from 1 to 127")]

# So near to a whole number of bars, music is as long.
_WHOLE = 0.01


@dataclasses.dataclass(frozen=True)
class GridConverter(Converter):
    """A converter whose windows are bars on a grid of steps.

    It reads the notes of a sequence as columns, cuts them where bars are counted anew,
    and asks for the windows of each section
    (:meth:`section_windows`), in which whatever cannot be used raises
    :class:`~groovekit.converters.base.UnusableError`. Subclasses are frozen
    dataclasses too; limits that stand in the annotations of their fields are checked
    (:mod:`groovekit.fields`), then :meth:`check_options` is called.

    Attributes:
      bars: bars of a window.
      steps_per_quarter: steps of the grid in a quarter note.
      time_signature: numerator and denominator; only music with bars of this length
        is taken (and of half of it, two of which are one).
      max_windows: windows an epoch uses of one sequence; None for all.
      changes: what becomes of music that changes its tempo or its time signature, see
        :data:`~groovekit.converters.grid.sections.Changes`.
      loop: repeat music that is shorter than a window until it fills one.
      keep_silence: keep windows without a hit.
      onsets_only: whether notes are read without ends, programs and instruments,
        which takes half of the time.

    Raises:
      ConfigError: options of another type, out of range or that exclude each other.
    """

    onsets_only: ClassVar[bool] = False

    bars: Positive = 2
    steps_per_quarter: Positive = 4
    time_signature: tuple[int, int] = (4, 4)
    max_windows: MaxWindows = None
    changes: Changes = "follow"
    loop: bool = False
    keep_silence: bool = False

    def __post_init__(self) -> None:
        fields.check_fields(self, type(self).__name__, verb=": expected")
        numerator, denominator = self.time_signature
        self.require(
            numerator > 0
            and denominator > 0
            and not denominator & (denominator - 1)
            and not self.steps_per_quarter * 4 * numerator % denominator,
            "time_signature",
            "a numerator and a denominator (a power of two) that make bars of whole "
            f"steps, {self.steps_per_quarter} a quarter",
        )
        self.check_options()

    def check_options(self) -> None:
        """Raises ConfigError for options that exclude each other; none do here."""

    def require(self, condition: bool, option: str, expected: str) -> None:
        """Raises ConfigError, naming an option, unless the condition holds."""
        path = f"{type(self).__name__}.{option}"
        value = fields.thaw(getattr(self, option))
        fields.require(condition, path, expected, value, verb=": expected")

    # The grid ------------------------------------------------------------------

    @functools.cached_property
    def grid(self) -> Grid:
        """The grid of its bars."""
        return Grid(self.steps_per_quarter, self.time_signature)

    @property
    def window_bars(self) -> int:
        """``bars``."""
        return self.bars

    @functools.cached_property
    def window_steps(self) -> int:
        """Steps of the grid in a window."""
        return self.bars * self.grid.steps_per_bar

    @property
    def steps(self) -> int:
        """Steps of a window."""
        return self.window_steps

    @property
    def input_depth(self) -> int:
        """The same as ``output_depth``."""
        return self.output_depth

    @property
    def windows_per_sequence(self) -> int | None:
        """``max_windows``."""
        return self.max_windows

    # Reading -------------------------------------------------------------------

    def extract(self, sequence: NoteSequence) -> Windows | Skipped:
        """Quantises and cuts one sequence.

        Returns:
          The windows of all sections, see :meth:`section_windows`; or why there are
          none.
        """
        notes = self.read_notes(sequence)
        if not len(notes):
            return Skipped(Reason.EMPTY)
        return self.suited_to(notes)._extract(sequence, notes)

    def _extract(self, sequence: NoteSequence, notes: NoteColumns) -> Windows | Skipped:
        """What :meth:`extract` makes of the notes of a sequence, at least one."""
        total = Counts(notes=len(notes))
        if self.changes == "follow":
            sequence, notes = at_even_tempo(sequence, notes)
        try:
            used = self.select_notes(notes)
            split = self.split(sequence, used)
        except UnusableError as error:
            return error.skipped(len(notes), total)
        total += Counts(ignored=len(notes) - len(used) + split.broken)
        left_out: Counter[Reason] = Counter()
        parts: list[Windows] = []
        skipped: list[Skipped] = []
        counts = total
        for section, own in split.sections:
            found = self._windows_of(sequence, section, own)
            counts += found.counts
            if isinstance(found, Skipped):
                skipped.append(found)
                left_out[found.reason] += len(own)
            else:
                parts.append(found)
        if parts:
            if split.broken:
                left_out[Reason.BROKEN_BAR] = split.broken
            return dataclasses.replace(
                concatenate(parts), counts=counts, left_out=dict(left_out)
            )
        if self.loop and any(part.reason is Reason.TOO_SHORT for part in skipped):
            looped = self._looped(sequence, split)
            if looped is not None:
                rest = len(used) - split.broken - looped.counts.notes
                own_counts = dataclasses.replace(looped.counts, notes=0)
                counts = total + own_counts + Counts(ignored=rest)
                return dataclasses.replace(looped, counts=counts)
        # What most notes say.
        reason = max(left_out, key=left_out.__getitem__)
        said = next(part for part in skipped if part.reason is reason)
        return dataclasses.replace(said, counts=counts)

    def _windows_of(
        self, sequence: NoteSequence, section: Section, notes: NoteColumns
    ) -> Windows | Skipped:
        try:
            section.check_grid(self.grid, pairs=self.changes == "follow")
            found = self.section_windows(sequence, section, notes)
            if self.changes == "split":
                found = dataclasses.replace(found, bars=None)
            if found.bars is not None:
                # Where two bars are one of the grid, each counts.
                each = self.grid.quarters_per_bar / section.quarters_per_bar
                bars = 1 + section.first_bar + np.floor(found.bars * each).astype(int)
                found = dataclasses.replace(found, bars=bars)
            return found if self.keep_silence else self._sounding(found)
        except UnusableError as error:
            return error.skipped(len(notes))

    def read_notes(self, sequence: NoteSequence) -> NoteColumns:
        """The notes of a sequence, with those marked that are drums."""
        return read_columns(sequence, onsets_only=self.onsets_only)

    def suited_to(self, notes: NoteColumns) -> Self:  # noqa: ARG002 - see WithKits
        """The converter to read the notes of a sequence with; this one by default.

        Args:
          notes: from :meth:`read_notes`, at least one.
        """
        return self

    def _sounding(self, found: Windows) -> Windows:
        """The windows with a hit.

        Raises:
          UnusableError: there are none.
        """
        hits = self.hits_of(found)
        if hits is None or hits.all():
            return found
        silent = int(np.count_nonzero(hits == 0))
        if silent == len(hits):
            raise UnusableError(Reason.SILENT, f"{silent} windows")
        return dataclasses.replace(found.take(hits > 0), silent=silent)

    def _looped(self, sequence: NoteSequence, split: SplitNotes) -> Windows | None:
        """The window of the longest section, repeated; None where that is no loop.

        Its counts are those of the notes of that section, as ``notes`` says.
        """
        best: tuple[float, Section, NoteColumns] | None = None
        for section, notes in split.sections:
            seconds = section.quarters_per_bar * 60.0 / section.qpm
            rate = self.grid.steps_per_second(section.qpm)
            last = int(to_steps(notes.start, rate).max()) + 1
            bars = bars_until(last, max(1, round(seconds * rate)))
            length = min(section.end, sequence.total_time) - section.start
            if abs(length / seconds - round(length / seconds)) < _WHOLE:
                # Silence at the end of a loop is part of it.
                bars = max(bars, round(length / seconds))
            quarters = bars * section.quarters_per_bar
            if best is None or quarters > best[0]:
                best = quarters, section, notes
        assert best is not None
        quarters, section, notes = best
        window = self.bars * self.grid.quarters_per_bar
        if quarters >= window:
            return None
        # Once more, as there may be silence at its end.
        times = math.ceil(window / quarters) + 1
        turn = np.repeat(np.arange(times), len(notes)) * (quarters * 60.0 / section.qpm)
        every = np.tile(np.arange(len(notes)), times)
        once = notes.take(every)
        repeated = dataclasses.replace(
            once, start=once.start + turn, end=once.end + turn
        )
        endless = dataclasses.replace(section, end=math.inf)
        found = self._windows_of(sequence, endless, repeated)
        if isinstance(found, Skipped):
            return None
        kept, merged, unmapped = (
            getattr(found.counts, name) // times
            for name in ("kept", "merged", "unmapped")
        )
        rest = len(notes) - kept - merged - unmapped
        return dataclasses.replace(
            found.take(slice(0, 1)),
            counts=Counts(len(notes), kept, merged, unmapped, rest),
            loop_quarters=quarters,
        )

    def hits_of(self, windows: Windows) -> np.ndarray | None:
        """How many hits each window has, ``(windows,)``; None for other music.

        Args:
          windows: from :meth:`section_windows`.
        """
        del windows
        return None

    def select_notes(self, notes: NoteColumns) -> NoteColumns:
        """The notes of a sequence that are read at all; the rest counts as ignored.

        Args:
          notes: at least one.

        Returns:
          At least one.

        Raises:
          UnusableError: there are none.
        """
        return notes

    def split(self, sequence: NoteSequence, notes: NoteColumns) -> SplitNotes:
        """Sections of one time signature, with their notes.

        Args:
          sequence: where ``notes`` come from.
          notes: from :meth:`select_notes`.

        Returns:
          Sections that hold notes, with times that count from the section's start.

        Raises:
          UnusableError: there are changes that are not allowed.
        """
        if self.changes == "follow":
            return follow_sections(
                sequence, notes, self.grid, onsets_only=self.onsets_only
            )
        return SplitNotes(split_notes(sequence, notes, changes=self.changes))

    @abc.abstractmethod
    def section_windows(
        self, sequence: NoteSequence, section: Section, notes: NoteColumns
    ) -> Windows:
        """The windows of one section of a sequence, in bars of the grid's length.

        Args:
          sequence: all of it, for what stands beside the notes.
          section: its tempo and time signature.
          notes: its notes, at least one, with times from its start.

        Returns:
          At least one window, and counts of these notes; with the bar that each window
          begins with, from 0 in this section, where they are known.

        Raises:
          UnusableError: there are none.
        """

    # Writing -------------------------------------------------------------------

    def check_outputs(self, tensors: np.ndarray) -> None:
        """Makes sure that an array may be outputs.

        Raises:
          ConfigError: its shape is not ``(batch, steps, output_depth)``.
        """
        if tensors.ndim != 3 or tensors.shape[2] != self.output_depth:
            raise ConfigError(
                f"Expected outputs of shape (batch, steps, {self.output_depth}), got "
                f"{tensors.shape}."
            )

    def step_seconds(self, qpm: float) -> float:
        """Length of a step of the grid.

        Args:
          qpm: tempo in quarter notes a minute.

        Raises:
          ConfigError: a tempo that is not positive.
        """
        if not qpm > 0:
            raise ConfigError(f"Expected a positive tempo, got qpm={qpm:g}.")
        return 60.0 / qpm / self.steps_per_quarter
