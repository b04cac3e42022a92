"""How far two sets of numbers differ."""

from __future__ import annotations

from typing import Any

import numpy as np

# Of a density, and the most values that are compared with each other.
_BINS, _LARGEST = 256, 500


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


def weighted_distances(
    first: Any, second: Any, first_weights: Any, second_weights: Any
) -> tuple[np.ndarray, np.ndarray]:
    """:func:`wasserstein_1` and :func:`kolmogorov_smirnov` for many weightings.

    Args:
      first: ``(m,)`` numbers, not NaN.
      second: ``(n,)``.
      first_weights: ``(weightings, m)``, how often each number counts.
      second_weights: ``(weightings, n)``.

    Returns:
      Both distances, each ``(weightings,)``; NaN where a sample has no weight.
    """
    values = np.concatenate([np.ravel(first), np.ravel(second)]).astype(np.float64)
    order = np.argsort(values, kind="stable")
    points = values[order]
    gaps = np.diff(points)
    # Only where a value ends do the distribution functions have theirs.
    ends = np.append(gaps > 0, True)
    found = []
    for a, b in zip(first_weights, second_weights, strict=True):
        total_a, total_b = np.sum(a), np.sum(b)
        if not total_a or not total_b:
            found.append((np.nan, np.nan))
            continue
        signed = np.concatenate([a / total_a, -np.asarray(b) / total_b])
        apart = np.abs(np.cumsum(signed[order]))
        found.append((float(apart[:-1] @ gaps), float(apart[ends].max())))
    distances = np.array(found, np.float64).reshape(-1, 2)
    return distances[:, 0], distances[:, 1]


def overlap_area(generated: Any, human: Any) -> float:
    """The overlap of Yang and Lerch: how alike two sets vary in one feature (0..1).

    Two distributions are compared: the distances of all pairs within the human set
    (intra-set), and the distances between generated and human values (inter-set).
    Each is smoothed by a Gaussian kernel with Scott's bandwidth, and the area below
    both densities is measured: 1 when generated values lie among the human ones as
    these do among each other (Yang and Lerch, "On the evaluation of generative
    models in music", Neural Computing and Applications 32, 2018).

    Args:
      generated: numbers; NaN are left out.
      human: numbers.

    Returns:
      NaN without a generated value or with less than two human ones. Of more than
      500 values, 500 at equal distances in the set are compared.
    """
    a, b = (_thinned(values) for values in (generated, human))
    if not len(a) or len(b) < 2:
        return float("nan")
    upper = np.triu_indices(len(b), 1)
    intra = np.abs(b[:, None] - b)[upper]
    inter = np.abs(a[:, None] - b).ravel()
    high = float(max(intra.max(), inter.max()))
    if high == 0:
        return 1.0
    # A set without variance still needs a width.
    widths = [
        max(float(d.std()) * len(d) ** -0.2, high / _BINS) for d in (intra, inter)
    ]
    margin = 4 * max(widths)
    edges = np.linspace(-margin, high + margin, 2 * _BINS + 1)
    bin_width = edges[1] - edges[0]
    densities = []
    for values, width in zip((intra, inter), widths, strict=True):
        counts, _ = np.histogram(values, edges)
        reach = int(np.ceil(4 * width / bin_width))
        at = np.arange(-reach, reach + 1) * bin_width / width
        kernel = np.exp(-0.5 * at * at)
        smooth = np.convolve(counts, kernel / kernel.sum(), mode="same")
        densities.append(smooth / smooth.sum())
    return float(np.minimum(*densities).sum())


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


def _thinned(values: Any) -> np.ndarray:
    """At most 500 of the numbers, in their order, without NaN."""
    array = np.asarray(values, np.float64).ravel()
    array = array[~np.isnan(array)]
    if len(array) <= _LARGEST:
        return array
    return np.asarray(array[np.linspace(0, len(array) - 1, _LARGEST).astype(int)])
