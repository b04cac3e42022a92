"""Grooves as vectors whose parts weigh alike: what linear codes work on.

NumPy only.
"""

from __future__ import annotations

import dataclasses

import numpy as np

#: Weights of velocities and offsets against hits.
VELOCITY, OFFSET = 2.0, 1.5
#: Hits that velocities and offsets are divided by when they are read back.
LEAST_HIT, MOST_HIT = 0.5, 1.5


@dataclasses.dataclass(frozen=True, eq=False)
class GrooveFeatures:
    """Features ``[h, 2 (v - c_v h), 1.5 (o - c_o h)]`` of hits, velocities and offsets.

    Attributes:
      velocities: ``(classes,)``: ``c_v``, mean velocity of each class's hits (0..1).
      offsets: ``(classes,)``: ``c_o``, mean offset of each class's hits (-1..1).
    """

    velocities: np.ndarray
    offsets: np.ndarray

    @classmethod
    def fit(
        cls, hits: np.ndarray, velocities: np.ndarray, offsets: np.ndarray
    ) -> GrooveFeatures:
        """Means over the hits; 0 for classes without any.

        Args:
          hits: ``(windows, steps, classes)``, 0 or 1.
          velocities: same shape, 0..1.
          offsets: same shape, -1..1.
        """
        counts = np.maximum(hits.sum(axis=(0, 1), dtype=np.float64), 1)
        means = (
            (part * hits).sum(axis=(0, 1), dtype=np.float64) / counts
            for part in (velocities, offsets)
        )
        return cls(*means)

    def of(
        self, hits: np.ndarray, velocities: np.ndarray, offsets: np.ndarray
    ) -> np.ndarray:
        """``(windows, steps, 3 classes)`` float32 of arrays as for :meth:`fit`."""
        parts = (
            hits,
            VELOCITY * (velocities - self.velocities) * hits,
            OFFSET * (offsets - self.offsets) * hits,
        )
        return np.concatenate(parts, axis=-1, dtype=np.float32)

    def read(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Hits (any number; about 1 for a hit), velocities and offsets of features.

        What stands for velocities and offsets is as large as the hit is sure, so it is
        divided by that.

        Args:
          features: ``(windows, steps, 3 classes)``.
        """
        hits, velocities, offsets = np.split(np.asarray(features), 3, axis=-1)
        sure = np.clip(hits, LEAST_HIT, MOST_HIT)
        return (
            hits,
            self.velocities + velocities / (VELOCITY * sure),
            self.offsets + offsets / (OFFSET * sure),
        )
