"""Medians of what is hit."""

from __future__ import annotations

import numpy as np


def medians_of_hits(
    values: np.ndarray, hits: np.ndarray, otherwise: np.ndarray
) -> np.ndarray:
    """``(n, steps, classes)``: medians over axis 1 of the values that are hit.

    Args:
      values: ``(n, count, steps, classes)``.
      hits: bool, same shape.
      otherwise: ``(steps, classes)``: where nothing is hit.
    """
    ordered = np.sort(np.where(hits, values, np.inf), axis=1)
    counts = hits.sum(axis=1)
    low, high = (
        np.take_along_axis(ordered, place[:, None], axis=1)[:, 0]
        for place in (np.maximum(counts - 1, 0) // 2, counts // 2)
    )
    return np.where(counts > 0, (low + high) / 2, otherwise)
