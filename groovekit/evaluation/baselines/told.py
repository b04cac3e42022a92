"""Which drums the input tells."""

from __future__ import annotations

import numpy as np


def told_classes(hits: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """``(classes,)`` bool: drums whose hits the input always shows, all of them.

    Args:
      hits: ``(windows, steps, classes)`` bool: as they were played.
      seen: same shape: hits of the inputs.
    """
    return np.asarray((hits == seen).all(axis=(0, 1)))


def with_told(hits: np.ndarray, seen: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Predicted hits, of drums that the input tells those of the input."""
    return np.where(told, seen, hits)
