"""Bins for velocities and offsets, and the values they are decoded to.

``count`` edges are spread evenly from the smallest value to just above the
largest. Bin 0 is the smallest value alone; bin i holds what lies above edge
i - 1 and not above edge i.
"""

from __future__ import annotations

import numpy as np

# The largest value itself must lie below the last edge.
_MARGIN = 1e-4


def velocity_edges(count: int) -> np.ndarray:
    """``(count,)`` edges for velocities as fractions, 0..1."""
    edges: np.ndarray = np.linspace(0.0, 1.0 + _MARGIN, count)
    return edges


def offset_edges(count: int) -> np.ndarray:
    """``(count,)`` edges for offsets, -1..1."""
    edges: np.ndarray = np.linspace(-1.0, 1.0 + _MARGIN, count)
    return edges


def one_hot(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """One-hot bins of values: ``(...)`` to ``(..., bins)`` float32."""
    bins = np.digitize(values, edges, right=True)
    encoded: np.ndarray = np.eye(len(edges), dtype=np.float32)[bins]
    return encoded


def velocity_values(count: int, *, original: bool = False) -> np.ndarray:
    """MIDI velocities that the bins are decoded to.

    Args:
      count: number of bins.
      original: the original's values, which lie below most bins.

    Returns:
      ``(count,)`` int64, 0..127: for each bin that holds a MIDI velocity, one in
      its middle.
    """
    if original:
        return (np.arange(count) / count * 127).astype(np.int64)
    edges = velocity_edges(count)
    values = np.clip(np.round(_centers(edges) * 127), 0, 127).astype(np.int64)
    midi = np.arange(128)
    bins = np.digitize((midi / 127.0).astype(np.float32), edges, right=True)
    for index in np.unique(bins):
        inside = midi[bins == index]
        values[index] = inside[len(inside) // 2]
    return values


def offset_values(count: int, *, original: bool = False) -> np.ndarray:
    """Offsets that the bins are decoded to.

    Args:
      count: number of bins.
      original: the original's values, which do not fall into the same bins.

    Returns:
      ``(count,)`` float64, -1..1: the middle of each bin.
    """
    if original:
        return (np.arange(count) / count - 0.5) * 2
    centers: np.ndarray = np.clip(_centers(offset_edges(count)), -1.0, 1.0)
    return centers


def _centers(edges: np.ndarray) -> np.ndarray:
    below = np.concatenate([edges[:1], edges[:-1]])
    centers: np.ndarray = (edges + below) / 2
    return centers
