"""How much a stroke varies when it is repeated from bar to bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groovekit.evaluation.metrics import Drums

#: Ticks of a quarter note.
TICKS = 480


class Repeats(NamedTuple):
    """How the repeats of a stroke differ.

    Attributes:
      velocity: mean standard deviation over the bars, MIDI.
      timing: the same in ticks of 480 a quarter.
      velocity_kept: correlation of a stroke's velocity with its own a bar later, over
        all strokes: 1 if bars are alike, 0 if each stroke is drawn on its own.
      timing_kept: the same of its timing.
    """

    velocity: float
    timing: float
    velocity_kept: float
    timing_kept: float


def repeats(drums: Drums) -> Repeats:
    """Of strokes (drum and step) that are in every bar of a window.

    Args:
      drums: windows of several whole bars, with dynamics.

    Returns:
      Spreads are means over the windows that have such strokes; NaN if none has.
    """
    bar = drums.steps_per_bar
    shape = (len(drums), -1, bar, drums.hits.shape[2])
    hits = drums.hits.reshape(shape).all(axis=1)
    spreads, kept = [], []
    for values, unit in (
        (drums.velocities, 1.0),
        (drums.offsets, TICKS / drums.steps_per_quarter / 2),
    ):
        assert values is not None
        spread = values.reshape(shape).std(axis=1) * unit
        counts = hits.sum(axis=(1, 2))
        sums = (spread * hits).sum(axis=(1, 2))
        own = counts > 0
        spreads.append(float((sums[own] / counts[own]).mean()) if own.any() else np.nan)
        # (bars, strokes)
        strokes = np.moveaxis(values.reshape(shape), 1, 0)[:, hits]
        kept.append(_correlation(strokes[:-1].ravel(), strokes[1:].ravel()))
    return Repeats(*spreads, *kept)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's; NaN where there is no variance."""
    if not len(first) or not first.std() * second.std():
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
