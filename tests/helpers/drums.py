"""Drums note by note."""

from __future__ import annotations

import numpy as np

from groovekit.evaluation.metrics import Drums


def drums(*notes, windows=1, steps=16, classes=3, quarters_per_bar=4):
    """Drums of notes ``(window, step, class, velocity, offset)``."""
    shape = (windows, steps, classes)
    hits, offsets = np.zeros(shape), np.zeros(shape)
    velocities = np.zeros(shape, np.int64)
    for window, step, drum, velocity, offset in notes:
        hits[window, step, drum] = 1
        velocities[window, step, drum] = velocity
        offsets[window, step, drum] = offset
    return Drums(hits, velocities, offsets, quarters_per_bar=quarters_per_bar)
