"""Drums on a grid: what all metrics work on."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from groovekit.errors import DataError

#: Classes of some drums in groovekit's nine-class kit maps.
KICK, SNARE, CLOSED_HAT, OPEN_HAT = 0, 1, 2, 3
LOW_TOM, MID_TOM, HIGH_TOM, CRASH, RIDE = 4, 5, 6, 7, 8
TOMS = (LOW_TOM, MID_TOM, HIGH_TOM)
STEPS_PER_QUARTER = 4
QUARTERS_PER_BAR = 4
STEPS_PER_BAR = STEPS_PER_QUARTER * QUARTERS_PER_BAR
MAX_VELOCITY = 127.0
#: Sixteenths of a bar of 4/4: every quarter; the first and third (where rock
#: and pop put the kick); the second and fourth (the backbeat, the snare's).
QUARTERS = (0, 4, 8, 12)
DOWNBEATS = (0, 8)
BACKBEATS = (4, 12)


@dataclasses.dataclass(frozen=True, eq=False)
class Drums:
    """Windows of drumming on a grid.

    Attributes:
      hits: ``(windows, steps, classes)`` bool, of any number of windows, none
        included. Numbers are taken as hits above 0.5, so probabilities are allowed
        too.
      velocities: same shape, float64 MIDI velocities, or None. Given as integers
        they are MIDI velocities, given as floats shares of 127 (0..1).
      offsets: same shape, float64 in -1..1: twice the distance from the grid in
        steps, positive when early; or None.
      steps_per_quarter: grid; at least 1.
      quarters_per_bar: grid; at least 1, and such that a bar has whole steps.

    Raises:
      DataError: arrays of other or different shapes, or no such grid.
    """

    hits: np.ndarray
    velocities: np.ndarray | None = None
    offsets: np.ndarray | None = None
    _: dataclasses.KW_ONLY
    steps_per_quarter: int = STEPS_PER_QUARTER
    quarters_per_bar: float = QUARTERS_PER_BAR

    def __post_init__(self) -> None:
        if min(self.steps_per_quarter, self.quarters_per_bar) < 1:
            raise DataError(
                "Expected at least one step a quarter and one quarter a bar, got "
                f"{self.steps_per_quarter} and {self.quarters_per_bar}."
            )
        if self.steps_per_quarter * self.quarters_per_bar % 1:
            raise DataError(
                f"Expected bars of whole steps, got {self.quarters_per_bar} quarters "
                f"a bar and {self.steps_per_quarter} steps a quarter."
            )
        hits = np.asarray(self.hits)
        if hits.ndim != 3:
            raise DataError(
                "Expected hits of shape (windows, steps, classes), got "
                f"{hits.shape}. A single window needs a first axis of 1."
            )
        if not hits.shape[1] or not hits.shape[2]:
            raise DataError(
                f"Expected at least one step and one class, got hits of shape "
                f"{hits.shape}."
            )
        velocities, offsets = self.velocities, self.offsets
        if velocities is not None:
            velocities = np.asarray(velocities)
            factor = 1.0 if np.issubdtype(velocities.dtype, np.integer) else 127.0
            velocities = velocities.astype(np.float64) * factor
        if offsets is not None:
            offsets = np.asarray(offsets, np.float64)
        for name, array in (("velocities", velocities), ("offsets", offsets)):
            if array is not None and array.shape != hits.shape:
                raise DataError(
                    f"Expected {name} of the hits' shape {hits.shape}, got "
                    f"{array.shape}."
                )
        object.__setattr__(self, "hits", hits > 0.5)
        object.__setattr__(self, "velocities", velocities)
        object.__setattr__(self, "offsets", offsets)

    def __len__(self) -> int:
        return len(self.hits)

    @property
    def steps_per_bar(self) -> int:
        """Steps of the grid in a bar."""
        return round(self.steps_per_quarter * self.quarters_per_bar)

    def on_grid_of(self, other: Drums) -> Drums:
        """The same hits, with another's steps a quarter and quarters a bar."""
        return other.replaced(self.hits, self.velocities, self.offsets)

    def rows(self, rows: Any) -> Drums:
        """Some of the windows: their numbers, a slice, or a mask."""
        velocities, offsets = (
            None if part is None else part[rows]
            for part in (self.velocities, self.offsets)
        )
        return self.replaced(self.hits[rows], velocities, offsets)

    def replaced(
        self,
        hits: np.ndarray,
        velocities: np.ndarray | None,
        offsets: np.ndarray | None,
    ) -> Drums:
        """Other windows on the same grid, of parts as drums have them.

        Args:
          hits: ``(windows, steps, classes)`` bool.
          velocities: same shape, float64 *MIDI velocities*, or None.
          offsets: same shape, or None.
        """
        # Made anew, velocities would be taken for shares of 127.
        found = copy.copy(self)
        for name, part in (
            ("hits", hits),
            ("velocities", velocities),
            ("offsets", offsets),
        ):
            object.__setattr__(found, name, part)
        return found

    @classmethod
    def concatenate(cls, parts: Sequence[Drums]) -> Drums:
        """Joins sets of windows that all have the same parts and grid.

        Raises:
          DataError: no sets.
        """
        if not parts:
            raise DataError("Expected at least one set of drums to join, got none.")
        velocities, offsets = (
            None
            if getattr(parts[0], name) is None
            else np.concatenate([required(part, name) for part in parts])
            for name in ("velocities", "offsets")
        )
        hits = np.concatenate([part.hits for part in parts])
        if velocities is not None:
            velocities /= MAX_VELOCITY
        return cls(
            hits,
            velocities,
            offsets,
            steps_per_quarter=parts[0].steps_per_quarter,
            quarters_per_bar=parts[0].quarters_per_bar,
        )

    @classmethod
    def from_labels(cls, labels: Any, classes: int = 9) -> Drums:
        """Reads drum labels: the sum of ``2 ** class`` over what sounds.

        Args:
          labels: ``(windows, steps)`` integers.
          classes: how many bits a label has.
        """
        labels = np.asarray(labels).astype(np.int64)
        return cls((labels[..., None] >> np.arange(classes)) & 1)


def step_milliseconds(
    qpm: float, *, steps_per_quarter: int = STEPS_PER_QUARTER
) -> float:
    """How long a step lasts: ``60,000 / qpm / steps_per_quarter``."""
    return 60_000.0 / qpm / steps_per_quarter


# For the other modules of this package -------------------------------------------


def flat(windows: np.ndarray, *, axes: int = 1) -> np.ndarray:
    """The same array with all axes behind the first ones as one, also if empty."""
    return windows.reshape(*windows.shape[:axes], math.prod(windows.shape[axes:]))


def by_bar(drums: Drums, part: np.ndarray | None = None) -> np.ndarray:
    """``(windows, bars, steps_per_bar, classes)`` of the whole bars of windows.

    Args:
      drums: windows that begin with a bar; shorter ones than a bar are one.
      part: one of their arrays; the hits by default.
    """
    array = drums.hits if part is None else part
    windows, steps, classes = array.shape
    size = min(drums.steps_per_bar, steps)
    whole = array[:, : steps - steps % size]
    return whole.reshape(windows, steps // size, size, classes)


def nine_classes(drums: Drums) -> None:
    """Checks that drums have the classes of groovekit's nine-class kit maps.

    Raises:
      DataError: they have others.
    """
    if drums.hits.shape[2] != RIDE + 1:
        raise DataError(
            f"Expected the {RIDE + 1} classes of a nine-class kit map (kick to ride), "
            f"got {drums.hits.shape[2]}: this figure is not defined for them."
        )


def ratio(part: int, whole: int) -> float:
    """A share; NaN of nothing."""
    return part / whole if whole else float("nan")


def same_shape(truth: Drums, prediction: Drums) -> None:
    """Checks that windows can be compared cell by cell.

    Raises:
      DataError: they cannot.
    """
    if truth.hits.shape != prediction.hits.shape:
        raise DataError(
            "Expected drums of the same shape to compare, got "
            f"{truth.hits.shape} and {prediction.hits.shape}."
        )


def required(drums: Drums, name: str) -> np.ndarray:
    """Velocities or offsets.

    Raises:
      DataError: there are none.
    """
    array: np.ndarray | None = getattr(drums, name)
    if array is None:
        raise DataError(f"These drums have hits only: there are no {name} to measure.")
    return array
