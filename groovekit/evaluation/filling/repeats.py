"""How much a stroke varies when it is repeated from bar to bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groovekit.evaluation.metrics import Drums

#: Ticks of a quarter note.
TICKS = 480


class Repeats(NamedTuple):
    """Mean standard deviations over the repeats of a stroke.

    Attributes:
      velocity: MIDI.
      timing: ticks of 480 a quarter.
    """

    velocity: float
    timing: float


def repeats(drums: Drums) -> Repeats:
    """Of strokes (drum and step) that are in every bar of a window.

    Args:
      drums: windows of several whole bars, with dynamics.

    Returns:
      Means over the windows that have such strokes; NaN if none has.
    """
    bar = drums.steps_per_bar
    shape = (len(drums), -1, bar, drums.hits.shape[2])
    hits = drums.hits.reshape(shape).all(axis=1)
    found = []
    for values, unit in (
        (drums.velocities, 1.0),
        (drums.offsets, TICKS / drums.steps_per_quarter / 2),
    ):
        assert values is not None
        spread = values.reshape(shape).std(axis=1) * unit
        counts = hits.sum(axis=(1, 2))
        sums = (spread * hits).sum(axis=(1, 2))
        own = counts > 0
        found.append(float((sums[own] / counts[own]).mean()) if own.any() else np.nan)
    return Repeats(*found)
