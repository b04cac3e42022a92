"""Windows against other versions of them, cell by cell."""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.converters.grid.drums import (
    Drums,
    ratio,
    required,
    same_shape,
    step_milliseconds,
)
from groovekit.io.tempo import DEFAULT_QPM


@dataclasses.dataclass(frozen=True)
class HitScores:
    """How well predicted hits match true ones, cell by cell, over all windows.

    Micro-averaged: counts of all cells are added before they are divided, so that
    a rare drum counts as often as it is played.

    Attributes:
      true_positives: hits in both.
      false_positives: hits in the prediction only.
      false_negatives: hits in the truth only.
    """

    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def precision(self) -> float:
        """``TP / (TP + FP)``; NaN where nothing was predicted."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """``TP / (TP + FN)``; NaN where nothing was played."""
        return ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """``2 TP / (2 TP + FP + FN)``, the harmonic mean of both."""
        double = 2 * self.true_positives
        return ratio(double, double + self.false_positives + self.false_negatives)


@dataclasses.dataclass(frozen=True)
class Deviation:
    """Differences ``prediction - truth`` at matched hits.

    Attributes:
      mean_absolute: mean of their sizes.
      root_mean_square: square root of the mean square.
      bias: their mean.
      count: matched hits.
      median_absolute: median of their sizes.
      spread: their standard deviation (of the population).
    """

    mean_absolute: float
    root_mean_square: float
    bias: float
    count: int
    median_absolute: float = float("nan")
    spread: float = float("nan")

    @classmethod
    def of(cls, differences: np.ndarray) -> Deviation:
        """Of an array of differences; NaN without any."""
        if not len(differences):
            return cls(np.nan, np.nan, np.nan, 0)
        return cls(
            mean_absolute=float(np.abs(differences).mean()),
            root_mean_square=float(np.sqrt(np.square(differences).mean())),
            bias=float(differences.mean()),
            count=len(differences),
            median_absolute=float(np.median(np.abs(differences))),
            spread=float(differences.std()),
        )


def hit_scores(truth: Drums, prediction: Drums) -> HitScores:
    """Compares hits cell by cell.

    Args:
      truth: what was played.
      prediction: of the same shape.
    """
    same_shape(truth, prediction)
    both = truth.hits & prediction.hits
    return HitScores(
        true_positives=int(both.sum()),
        false_positives=int((prediction.hits & ~truth.hits).sum()),
        false_negatives=int((truth.hits & ~prediction.hits).sum()),
    )


def cell_accuracy(truth: Drums, prediction: Drums) -> float:
    """Share of all cells, silent ones included, that agree (0..1).

    Most cells are silent, so silence alone scores high: read it beside F1.
    """
    same_shape(truth, prediction)
    return ratio(int((truth.hits == prediction.hits).sum()), truth.hits.size)


def velocity_error(truth: Drums, prediction: Drums) -> Deviation:
    """Errors of velocity in MIDI units at cells that are hit in both."""
    same_shape(truth, prediction)
    matched = truth.hits & prediction.hits
    difference = required(prediction, "velocities") - required(truth, "velocities")
    return Deviation.of(difference[matched])


def timing_error(
    truth: Drums,
    prediction: Drums,
    *,
    qpm: float | np.ndarray = DEFAULT_QPM,
    steps_per_quarter: int | None = None,
) -> Deviation:
    """Errors of onset in milliseconds at cells that are hit in both.

    Args:
      truth: what was played.
      prediction: of the same shape.
      qpm: tempo at which steps become milliseconds: one, or ``(windows,)`` each
        window's own.
      steps_per_quarter: grid; that of the truth by default.

    Returns:
      Deviations; a *negative* bias means that the prediction is later.
    """
    same_shape(truth, prediction)
    matched = truth.hits & prediction.hits
    difference = required(prediction, "offsets") - required(truth, "offsets")
    tempos = np.broadcast_to(np.asarray(qpm, np.float64), len(truth))[:, None, None]
    per_quarter = steps_per_quarter or truth.steps_per_quarter
    step_ms = step_milliseconds(1.0, steps_per_quarter=per_quarter) / tempos
    return Deviation.of((difference / 2 * step_ms)[matched])
