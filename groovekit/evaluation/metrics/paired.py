"""Whether one of two predictors is better, judged by performances.

Both are measured on the same performances (paired), of which there may be few, of very
different lengths, and with skewed differences. A percentile bootstrap sees a difference
far too often then: with two performances in every second case. Two methods are asked,
and both have to agree:

- A jackknife that leaves out one performance at a time (Efron and Tibshirani, "An
  Introduction to the Bootstrap", 1993, chapter 11) gives a standard error, Student's t
  with as many degrees of freedom as there are *effective* performances, less one, the
  interval. ``(sum w) ** 2 / sum w ** 2`` performances of weight ``w`` are effective
  (Kish, "Survey Sampling", 1965): one that holds most of the windows counts for most.
- A sign-flip test: if both predictors are equally good, they might as well be swapped
  in any of the performances (Good, "Permutation, Parametric, and Bootstrap Tests of
  Hypotheses", 2005, chapter 3). ``p`` is the share of all ways to swap them whose
  difference is at least as large. It is exact for any lengths, but takes six
  performances to become small enough.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np

from groovekit.evaluation.metrics.interval import Interval, Ratio, divide

#: Performances from which on a verdict is possible: ``2 / 2 ** 6`` is below the level.
FEWEST = 6
#: Of the sign-flip test: somewhat below 5 %, for which skewed differences make up.
LEVEL = 0.04
# As many performances are swapped in all ways; of more, in so many ways at random.
_ALL_WAYS, _WAYS = 12, 4095


@dataclasses.dataclass(frozen=True)
class Difference(Interval):
    """A difference of two figures of the same performances.

    Attributes:
      value: of the data themselves.
      low: where its 95 % interval begins; NaN with less than two performances.
      high: where it ends.
      p: of the sign-flip test, 0 to 1; NaN with less than two performances.
      performances: how many it was measured on.
    """

    p: float
    performances: int

    @property
    def enough(self) -> bool:
        """Whether there are enough performances for a verdict."""
        return self.performances >= FEWEST

    @property
    def direction(self) -> int:
        """1 if the first figure is larger, -1 if smaller; 0 if that is not clear."""
        clear = self.enough and self.p <= LEVEL and not self.low <= 0 <= self.high
        return int(np.sign(self.value)) if clear else 0


def paired_difference(
    first: Ratio, second: Ratio, *, rng: np.random.Generator
) -> Difference:
    """``first - second``, how sure it is, and whether it could be chance.

    Args:
      first: parts and wholes by performance, ``(performances,)`` each.
      second: of the same performances.
      rng: swaps performances at random, where there are more than 12.
    """
    known = (first.whole > 0) | (second.whole > 0)
    a, b = (Ratio(r.part[known], r.whole[known]) for r in (first, second))
    count = int(known.sum())
    value = a.value - b.value
    if count < 2:
        return Difference(value, np.nan, np.nan, np.nan, count)
    half = _standard_error(a, b) * _students_t(max(1.0, _effective(a, b) - 1))
    p = _sign_flip(a, b, _ways(count, rng))
    return Difference(value, value - half, value + half, p, count)


def _standard_error(first: Ratio, second: Ratio) -> float:
    """Of the difference: that of its jackknife values."""
    count = len(first.part)
    left = [
        divide(r.part.sum() - r.part, r.whole.sum() - r.whole) for r in (first, second)
    ]
    return float((left[0] - left[1]).std() * math.sqrt(count - 1))


def _effective(first: Ratio, second: Ratio) -> float:
    """How many performances of equal weight would say as much."""
    weights = divide(first.whole, first.whole.sum())
    weights = weights + divide(second.whole, second.whole.sum())
    return float(weights.sum() ** 2 / np.square(weights).sum())


def _ways(count: int, rng: np.random.Generator) -> np.ndarray:
    """``(ways, performances)`` 0 or 1: which to swap; none in the first way."""
    if count <= _ALL_WAYS:
        return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(np.float64)
    ways = rng.integers(2, size=(1 + _WAYS, count), dtype=np.int8).astype(np.float64)
    ways[0] = 0
    return ways


def _sign_flip(first: Ratio, second: Ratio, ways: np.ndarray) -> float:
    part, whole = second.part - first.part, second.whole - first.whole
    swapped = divide(first.part.sum() + ways @ part, first.whole.sum() + ways @ whole)
    swapped = swapped - divide(
        second.part.sum() - ways @ part, second.whole.sum() - ways @ whole
    )
    sizes = np.abs(swapped)
    # What is equal but for rounding is equal; what cannot be measured is as large.
    smaller = sizes < sizes[0] - 1e-9 * max(1.0, sizes[0])
    return float(1 - smaller.mean())


@functools.lru_cache(maxsize=256)
def _students_t(freedom: float) -> float:
    """The 97.5 % quantile of Student's t, for any degrees of freedom from 1 on.

    With ``t = sqrt(freedom) tan(angle)`` its density is ``cos(angle) ** (freedom - 1)``
    but for a factor.
    """
    angles = np.linspace(0, math.pi / 2, 20_001)
    density = np.cos(angles) ** (freedom - 1)
    below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    angle = np.interp(0.95, below / below[-1], angles)
    return float(math.sqrt(freedom) * math.tan(angle))
