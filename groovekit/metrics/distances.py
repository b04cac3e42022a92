"""How far two sets of numbers differ."""

from __future__ import annotations

from typing import Any

import numpy as np


def wasserstein_1(first: Any, second: Any) -> float:
    """The earth mover's distance between two samples, in their unit.

    The area between the two empirical distribution functions, ``integral of
    |F(x) - G(x)| dx``: how far, on average, mass has to be moved to turn one
    sample into the other (Ramdas, Garcia and Cuturi, "On Wasserstein Two-Sample
    Testing and Related Families of Nonparametric Tests", 2017).

    Args:
      first: numbers; NaN are left out.
      second: numbers, perhaps of another count.

    Returns:
      At least 0; NaN where a sample is empty.
    """
    a, b = _sample(first), _sample(second)
    if not len(a) or not len(b):
        return float("nan")
    points = np.sort(np.concatenate([a, b]))
    gaps = np.abs(_cumulative(a, points[:-1]) - _cumulative(b, points[:-1]))
    return float(np.sum(gaps * np.diff(points)))


def kolmogorov_smirnov(first: Any, second: Any) -> float:
    """The largest distance between two empirical distribution functions (0..1).

    ``max |F(x) - G(x)|`` (Massey, "The Kolmogorov-Smirnov Test for Goodness of
    Fit", 1951); has no unit, and no notion of how far apart values are.

    Args:
      first: numbers; NaN are left out.
      second: numbers, perhaps of another count.

    Returns:
      0..1; NaN where a sample is empty.
    """
    a, b = _sample(first), _sample(second)
    if not len(a) or not len(b):
        return float("nan")
    points = np.concatenate([a, b])
    return float(np.max(np.abs(_cumulative(a, points) - _cumulative(b, points))))


def total_variation(first: Any, second: Any) -> float:
    """Half the sum of differences of two distributions over the same classes.

    ``sum |p - q| / 2``: the share of hits that would have to change their class
    (0: equal, 1: nothing in common).
    """
    return float(np.abs(np.asarray(first) - np.asarray(second)).sum() / 2)


def _sample(values: Any) -> np.ndarray:
    array = np.asarray(values, np.float64).ravel()
    return np.sort(array[~np.isnan(array)])


def _cumulative(ordered: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.searchsorted(ordered, points, side="right") / len(ordered)
