"""Bins of velocities and offsets that a masked model predicts.

A velocity bin holds as many MIDI velocities as each other; offset bins lie around 0, so
that playing on the grid is the middle of one.
"""

from __future__ import annotations

import dataclasses

import numpy as np

_MIDI = 128


@dataclasses.dataclass(frozen=True)
class Bins:
    """Both kinds of bins.

    Attributes:
      velocities: how many; a divisor of 128.
      offsets: how many; odd.
    """

    velocities: int = 32
    offsets: int = 33

    @property
    def _width(self) -> int:
        return _MIDI // self.velocities

    def of_velocities(self, values: np.ndarray) -> np.ndarray:
        """Bins of velocities 0..1; of NaN the first."""
        midi = np.rint(np.nan_to_num(values) * (_MIDI - 1)).astype(np.int64)
        return np.asarray(np.clip(midi // self._width, 0, self.velocities - 1))

    def of_offsets(self, values: np.ndarray) -> np.ndarray:
        """Bins of offsets -1..1; of NaN the middle one."""
        half = (self.offsets - 1) // 2
        bins = np.rint(np.nan_to_num(values) * half).astype(np.int64) + half
        return np.asarray(np.clip(bins, 0, self.offsets - 1))

    def velocity_edges(self) -> np.ndarray:
        """``(velocities + 1,)``: where bins begin and end, 0..1, for MIDI numbers."""
        edges = np.arange(self.velocities + 1) * self._width - 0.5
        return np.asarray(np.clip(edges, 0.5, _MIDI - 1) / (_MIDI - 1))

    def offset_edges(self) -> np.ndarray:
        """``(offsets + 1,)``: where bins begin and end, -1..1."""
        half = (self.offsets - 1) / 2
        edges = (np.arange(self.offsets + 1) - half - 0.5) / half
        return np.asarray(np.clip(edges, -1.0, 1.0))


def quantile(
    probabilities: np.ndarray, edges: np.ndarray, level: np.ndarray | float
) -> np.ndarray:
    """Where a histogram's distribution function reaches a level.

    Values lie evenly within each bin.

    Args:
      probabilities: ``(..., bins)``, adding up to 1.
      edges: ``(bins + 1,)``, rising.
      level: ``(...)`` or a number, 0..1; 0.5 for medians.

    Returns:
      ``(...)``.
    """
    level = np.broadcast_to(np.asarray(level, np.float64), probabilities.shape[:-1])
    cumulated = np.cumsum(probabilities, axis=-1, dtype=np.float64)
    cumulated /= cumulated[..., -1:]
    found = np.sum(cumulated < level[..., None], axis=-1)
    found = np.minimum(found, probabilities.shape[-1] - 1)
    upper = np.take_along_axis(cumulated, found[..., None], axis=-1)[..., 0]
    before = np.maximum(found - 1, 0)
    lower = np.take_along_axis(cumulated, before[..., None], axis=-1)[..., 0]
    lower = np.where(found > 0, lower, 0.0)
    share = (level - lower) / np.maximum(upper - lower, 1e-12)
    low, high = edges[found], edges[found + 1]
    return np.asarray(low + np.clip(share, 0.0, 1.0) * (high - low))
