"""What a model gets to see, as vectors."""

from __future__ import annotations

import numpy as np

from groovekit.evaluation.hit_cells import parts_of
from groovekit.evaluation.metrics import MAX_VELOCITY, Drums


def input_features(inputs: Drums) -> np.ndarray:
    """``(windows, 3 x cells)`` float32: hits, and how loud and early they are.

    A difference of half the range of velocities counts as much as a hit, and so does
    one of two thirds of a half step.
    """
    hits, velocities, offsets = parts_of(inputs)
    loudness = 2 * (velocities / MAX_VELOCITY - 0.5) * hits
    parts = np.concatenate([hits, loudness, 1.5 * offsets * hits], axis=2)
    return parts.reshape(len(hits), -1).astype(np.float32)
