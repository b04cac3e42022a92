"""Figures with their bounds, and figures that are ratios of sums."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

#: Percentiles between which 95 % of the draws lie.
BOUNDS = (2.5, 97.5)


@dataclasses.dataclass(frozen=True)
class Interval:
    """A figure and the bounds that hold it in 95 % of the cases.

    Attributes:
      value: of the data themselves.
      low: lower bound; NaN with a single performance.
      high: upper bound.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: Any, draws: Any) -> Interval:
        """Between percentiles of the draws ``(resamples,)``; NaN are left out."""
        draws = _known(draws)
        if not len(draws):
            return cls(float(value), np.nan, np.nan)
        low, high = np.percentile(draws, BOUNDS)
        return cls(float(value), float(low), float(high))

    @classmethod
    def around(cls, value: Any, draws: Any, *, highest: float = np.inf) -> Interval:
        """The interval of a distance, as wide as that of the draws but around it.

        Sets that are drawn anew lie farther apart than the sets themselves, as each
        draw adds noise, so that percentiles of the draws may lie above the value.
        Draws are moved by what their median is too large.

        Args:
          value: of the data themselves, at least 0.
          draws: ``(resamples,)``; NaN are left out.
          highest: what a distance may be at most.
        """
        known = _known(draws)
        if not len(known):
            return cls(float(value), np.nan, np.nan)
        found = cls.of(value, known - np.median(known) + value)
        return cls(found.value, max(0.0, found.low), min(highest, found.high))


@dataclasses.dataclass(frozen=True, eq=False)
class Ratio:
    """A figure that is a sum over windows divided by another one.

    Attributes:
      part: ``(windows,)`` numerators.
      whole: ``(windows,)`` denominators.
    """

    part: np.ndarray
    whole: np.ndarray

    @property
    def value(self) -> float:
        """Of all windows; NaN where the whole is 0."""
        return float(divide(self.part.sum(), self.whole.sum()))

    def by(self, owners: np.ndarray, count: int) -> Ratio:
        """Its sums over the windows of each of so many owners, numbered from 0."""
        part, whole = (
            np.bincount(owners, values, count) for values in (self.part, self.whole)
        )
        return Ratio(part, whole)


def divide(part: Any, whole: Any) -> np.ndarray:
    """Quotients; NaN where the whole is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(whole) > 0, np.divide(part, whole), np.nan)


def _known(draws: Any) -> np.ndarray:
    array = np.asarray(draws, np.float64)
    return array[~np.isnan(array)]
