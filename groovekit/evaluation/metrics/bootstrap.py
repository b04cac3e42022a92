"""Confidence intervals by resampling performances.

Windows of one performance resemble each other: resampling windows as if they were
independent gives intervals that are far too narrow. Whole performances are drawn
instead (the cluster bootstrap: Davison and Hinkley, "Bootstrap Methods and their
Application", 1997, section 3.8), and intervals are percentile intervals (Efron and
Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

RESAMPLES = 1000
#: Percentiles between which 95 % of the draws lie.
BOUNDS = (2.5, 97.5)


@dataclasses.dataclass(frozen=True)
class Interval:
    """A figure and where 95 % of its bootstrap draws lie.

    Attributes:
      value: of the data themselves.
      low: 2.5th percentile of the draws; NaN with a single performance.
      high: 97.5th percentile.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: Any, draws: Any) -> Interval:
        """The interval of a figure and its draws ``(resamples,)``; NaN are left out."""
        draws = np.asarray(draws, np.float64)
        draws = draws[~np.isnan(draws)]
        if not len(draws):
            return cls(float(value), np.nan, np.nan)
        low, high = np.percentile(draws, BOUNDS)
        return cls(float(value), float(low), float(high))


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
        return float(_divide(self.part.sum(), self.whole.sum()))


class Resampling:
    """Draws of performances, the same for all figures, so that they can be compared.

    Args:
      owners: ``(windows,)``: which performance each window is of, as integers or
        names.
      rng: draws the performances.
      resamples: how many draws.

    Attributes:
      performances: number of different performances.
      weights: ``(resamples, performances)``: how often each was drawn.
      owners: ``(windows,)``: number of each window's performance, from 0.
    """

    def __init__(
        self, owners: Any, *, rng: np.random.Generator, resamples: int = RESAMPLES
    ) -> None:
        names, numbers = np.unique(np.asarray(owners), return_inverse=True)
        self.owners: np.ndarray = numbers.ravel()
        self.performances = len(names)
        # One performance says nothing about others.
        draws = resamples if self.performances > 1 else 0
        shares = np.full(self.performances, 1 / max(1, self.performances))
        self.weights = rng.multinomial(self.performances, shares, size=draws)

    def by_window(self) -> np.ndarray:
        """``(resamples, windows)``: how often each window was drawn."""
        return np.asarray(self.weights[:, self.owners])

    def interval(self, ratio: Ratio) -> Interval:
        """The interval of one figure."""
        return Interval.of(ratio.value, self._draws(ratio))

    def difference(self, first: Ratio, second: Ratio) -> Interval:
        """The interval of ``first - second``, both drawn together (paired)."""
        draws = self._draws(first) - self._draws(second)
        return Interval.of(first.value - second.value, draws)

    def _draws(self, ratio: Ratio) -> np.ndarray:
        part, whole = (
            self.weights @ np.bincount(self.owners, values, self.performances)
            for values in (ratio.part, ratio.whole)
        )
        return _divide(part, whole)


def _divide(part: Any, whole: Any) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(whole) > 0, np.divide(part, whole), np.nan)
