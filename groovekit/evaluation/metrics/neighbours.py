"""How alike hit patterns are: nearest windows, copies, variety, ways between them.

The distance of two patterns is ``1 - F1`` of their hits, the Dice distance ``1 -
2 |A and B| / (|A| + |B|)``: 0 for equal ones, 1 for patterns without a common hit
(Dice, "Measures of the Amount of Ecologic Association Between Species", 1945). Two
silent windows are equal.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.converters.grid.drums import flat

# Cells of reference windows that are compared at once: 16 MB in float32.
_AT_ONCE = 1 << 22
# Windows whose distances to all others are held at once.
_ROWS_AT_ONCE = 256


def dice_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``(m, n)`` float32: distances of all patterns of one set to all of another.

    Args:
      first: ``(m, steps, classes)`` bool.
      second: ``(n, steps, classes)`` bool.
    """
    a, b = (flat(hits).astype(np.float32) for hits in (first, second))
    # Exact: counts are far below 2 ** 24.
    total = a.sum(axis=1)[:, None] + b.sum(axis=1)
    common = a @ b.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, 1 - 2 * common / total, np.float32(0))


def nearest(hits: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest window of a reference, e.g. of what a model was trained on.

    Args:
      hits: ``(m, steps, classes)`` bool.
      reference: ``(n, steps, classes)`` bool, at least one.

    Returns:
      Its number and its Dice distance, each ``(m,)``; of equally near ones the
      first.
    """
    cells = max(1, hits[0].size) if len(hits) else 1
    size = max(1, _AT_ONCE // cells)
    numbers = np.zeros(len(hits), np.int64)
    distances = np.full(len(hits), np.inf, np.float32)
    for start in range(0, len(reference), size):
        found = dice_distances(hits, reference[start : start + size])
        best = found.argmin(axis=1)
        values = found[np.arange(len(hits)), best]
        nearer = values < distances
        numbers[nearer] = start + best[nearer]
        distances[nearer] = values[nearer]
    return numbers, distances.astype(np.float64)


def mean_pairwise(hits: np.ndarray) -> float:
    """Mean Dice distance of the pairs of a set: its diversity, 0 to 1.

    NaN with less than two windows.
    """
    if len(hits) < 2:
        return float("nan")
    total = 0.0
    for start in range(0, len(hits), _ROWS_AT_ONCE):
        found = dice_distances(hits[start : start + _ROWS_AT_ONCE], hits)
        total += float(found.sum(dtype=np.float64))
    # Each pair twice, and no distance from oneself.
    return total / (len(hits) * (len(hits) - 1))


@dataclasses.dataclass(frozen=True)
class Smoothness:
    """How evenly ways lead from one pattern to another, on average over the ways.

    Attributes:
      ways: number of ways whose ends differ.
      steps: of each way.
      largest_step: the largest step's share of the whole way: ``1 / steps`` if
        all are even, 1 if everything changes at once.
      detour: length of the way, relative to the distance of its ends: 1 if nothing
        changes in vain.
      monotonic: share of steps after which the pattern is at least as far from the
        start as before, and at least as near to the end.
    """

    ways: int
    steps: int
    largest_step: float
    detour: float
    monotonic: float


def smoothness(ways: np.ndarray) -> Smoothness:
    """Measures the steps of interpolations in cells that change.

    Args:
      ways: ``(ways, points, steps, classes)`` bool, at least two points.
    """
    points, cells = ways.shape[1], flat(ways, axes=2)
    changed = (cells[:, 1:] != cells[:, :-1]).sum(axis=2)
    from_start = (cells != cells[:, :1]).sum(axis=2)
    to_end = (cells != cells[:, -1:]).sum(axis=2)
    direct = from_start[:, -1]
    kept = direct > 0
    if not kept.any():
        return Smoothness(0, points - 1, np.nan, np.nan, np.nan)
    length = changed.sum(axis=1)
    forward = (np.diff(from_start, axis=1) >= 0) & (np.diff(to_end, axis=1) <= 0)
    return Smoothness(
        ways=int(kept.sum()),
        steps=points - 1,
        largest_step=float((changed.max(axis=1)[kept] / length[kept]).mean()),
        detour=float((length[kept] / direct[kept]).mean()),
        monotonic=float(forward[kept].mean()),
    )


@dataclasses.dataclass(frozen=True)
class Evenness:
    """How far ways have come, point by point, on average over those that lead anywhere.

    Distances are Dice distances (1 - F1 of the hits).

    Attributes:
      from_start: ``(points,)``: distance from the window that a way begins with.
      from_end: ``(points,)``: distance from the one that it ends with.
      largest_jump: the largest change of the distance from the start between two
        points, relative to the mean change: 1 if it grows evenly; the mean over ways.
      largest_mean_jump: the same of ``from_start``.
    """

    from_start: tuple[float, ...]
    from_end: tuple[float, ...]
    largest_jump: float
    largest_mean_jump: float


def evenness(ways: np.ndarray) -> Evenness:
    """Measures how evenly interpolations leave their start and near their end.

    Args:
      ways: ``(ways, points, steps, classes)`` bool, at least two points.
    """
    start, end = (
        np.array([dice_distances(way, way[[at]])[:, 0] for way in ways], np.float64)
        for at in (0, -1)
    )
    leading = start[:, -1] > 0
    if not leading.any():
        points = (float("nan"),) * ways.shape[1]
        return Evenness(points, points, np.nan, np.nan)
    start, end = start[leading], end[leading]
    mean = start.mean(axis=0)
    return Evenness(
        from_start=tuple(mean.tolist()),
        from_end=tuple(end.mean(axis=0).tolist()),
        largest_jump=float(_largest_jump(start).mean()),
        largest_mean_jump=float(_largest_jump(mean[None])[0]),
    )


def _largest_jump(distances: np.ndarray) -> np.ndarray:
    jumps = np.abs(np.diff(distances, axis=1))
    return np.asarray(jumps.max(axis=1) / (distances[:, -1] / jumps.shape[1]))
