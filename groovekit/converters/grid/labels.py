"""Arrays of labels: one-hot, and windows that repeat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# How many bits of each byte are 1.
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)


def one_hot(labels: np.ndarray, depth: int) -> np.ndarray:
    """Turns labels into one-hot vectors.

    Args:
      labels: ``(..., steps)`` integers below ``depth``.
      depth: number of labels.

    Returns:
      ``(..., steps, depth)`` float32.
    """
    encoded = np.zeros((*labels.shape, depth), np.float32)
    np.put_along_axis(encoded, labels[..., None], 1.0, axis=-1)
    return encoded


def first_of_equals(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Which windows are not equal to an earlier one.

    Args:
      arrays: parts of the windows, each with the windows on its first axis.

    Returns:
      Rising positions of windows.
    """
    count = len(arrays[0])
    # Bytes, so that parts of several types make one key.
    rows = np.concatenate(
        [np.ascontiguousarray(a).reshape(count, -1).view(np.uint8) for a in arrays],
        axis=1,
    )
    keys = rows.view(np.dtype((np.void, rows.shape[1])))
    _, first = np.unique(keys.ravel(), return_index=True)
    return np.sort(first)


def count_bits(packed: np.ndarray) -> np.ndarray:
    """How many bits of each window are 1.

    Args:
      packed: ``(windows, ...)`` unsigned integers.

    Returns:
      ``(windows,)`` int64.
    """
    rows = np.ascontiguousarray(packed).reshape(len(packed), -1)
    counts: np.ndarray = _BITS[rows.view(np.uint8)].sum(axis=1, dtype=np.int64)
    return counts
