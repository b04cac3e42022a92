"""Converters whose windows are bars on a grid of steps."""

from __future__ import annotations

import abc
import dataclasses
import functools
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
from groovekit.converters.grid.sections import Section, split_notes
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


@dataclasses.dataclass(frozen=True)
class GridConverter(Converter):
    """A converter whose windows are bars on a grid of steps.

    It reads the notes of a sequence as columns, cuts them where tempo or time
    signature change, and asks for the windows of each section
    (:meth:`section_windows`), in which whatever cannot be used raises
    :class:`~groovekit.converters.base.UnusableError`. Subclasses are frozen
    dataclasses too; limits that stand in the annotations of their fields are checked
    (:mod:`groovekit.fields`), then :meth:`check_options` is called.

    Attributes:
      bars: bars of a window.
      steps_per_quarter: steps of the grid in a quarter note.
      time_signature: numerator and denominator; only music with bars of this length
        is taken.
      max_windows: windows an epoch uses of one sequence; None for all.
      split_on_changes: cut at changes of tempo and time signature; otherwise they
        reject the sequence.
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
    split_on_changes: bool = True

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
        counts = Counts(notes=len(notes))
        try:
            used = self.select_notes(notes)
            sections = self.split(sequence, used)
        except UnusableError as error:
            return error.skipped(len(notes), counts)
        counts += Counts(ignored=len(notes) - len(used))
        parts: list[Windows] = []
        skipped: list[Skipped] = []
        for section, own in sections:
            found = self._windows_of(sequence, section, own)
            counts += found.counts
            if isinstance(found, Skipped):
                skipped.append(found)
            else:
                parts.append(found)
        if not parts:
            return dataclasses.replace(skipped[0], counts=counts)
        return dataclasses.replace(concatenate(parts), counts=counts)

    def _windows_of(
        self, sequence: NoteSequence, section: Section, notes: NoteColumns
    ) -> Windows | Skipped:
        try:
            section.check_grid(self.grid)
            return self.section_windows(sequence, section, notes)
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

    def split(
        self, sequence: NoteSequence, notes: NoteColumns
    ) -> list[tuple[Section, NoteColumns]]:
        """Sections of one tempo and time signature, with their notes.

        Args:
          sequence: where ``notes`` come from.
          notes: from :meth:`select_notes`.

        Returns:
          Sections that hold notes, with times that count from the section's start.

        Raises:
          UnusableError: there are changes that are not allowed.
        """
        return split_notes(sequence, notes, split_on_changes=self.split_on_changes)

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
          At least one window, and counts of these notes.

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
