"""Confidence intervals by resampling performances.

Windows of one performance resemble each other: resampling windows as if they were
independent gives intervals that are far too narrow. Whole performances are drawn
instead (the cluster bootstrap: Davison and Hinkley, "Bootstrap Methods and their
Application", 1997, section 3.8), and intervals are percentile intervals (Efron and
Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groovekit.evaluation.metrics.interval import Interval, Ratio, divide
from groovekit.evaluation.metrics.paired import Difference, paired_difference

RESAMPLES = 1000


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
        self._rng = rng

    def by_window(self) -> np.ndarray:
        """``(resamples, windows)``: how often each window was drawn."""
        return np.asarray(self.weights[:, self.owners])

    def interval(self, ratio: Ratio) -> Interval:
        """The interval of one figure."""
        return Interval.of(ratio.value, self._draws(ratio))

    def difference(self, first: Ratio, second: Ratio) -> Difference:
        """``first - second`` by performance (paired), and whether it may be chance."""
        a, b = self.by_performance(first), self.by_performance(second)
        return paired_difference(a, b, rng=self._rng)

    def by_performance(self, ratio: Ratio) -> Ratio:
        """A figure's sums over the windows of each performance."""
        return ratio.by(self.owners, self.performances)

    def _draws(self, ratio: Ratio) -> np.ndarray:
        sums = self.by_performance(ratio)
        return divide(self.weights @ sums.part, self.weights @ sums.whole)
