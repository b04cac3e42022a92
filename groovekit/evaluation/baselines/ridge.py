"""Linear regression from the input to the hits."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from groovekit.evaluation.baselines.base import Baseline, Case, Given
from groovekit.evaluation.baselines.cell_medians import CellMedians
from groovekit.evaluation.baselines.input_features import input_features
from groovekit.evaluation.baselines.threshold import best_threshold
from groovekit.evaluation.baselines.told import told_classes, with_told
from groovekit.evaluation.metrics import Drums

# Of the squares of weights, in windows; the figures hardly depend on it.
_PENALTY = 100.0


@dataclasses.dataclass(frozen=True, eq=False)
class Ridge(Baseline):
    """Ridge regression from hits, loudness and timing of the input to each cell.

    Velocities and offsets are those of drum and position.

    Attributes:
      used: features that are not always the same.
      weights: ``(used, cells)``.
      bias: ``(cells,)``.
      medians: velocities and offsets; None where there are no dynamics.
      told: ``(classes,)`` bool: drums that the input shows, which stay.
      threshold: from which on a hit is played, the best one for the training windows.
    """

    name: ClassVar[str] = "ridge"
    label: ClassVar[str] = "ridge regression"
    given: ClassVar[Given] = "the input"

    used: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    medians: CellMedians | None
    told: np.ndarray
    threshold: float

    @classmethod
    def fit(cls, train: Drums, inputs: Drums, medians: CellMedians | None) -> Ridge:
        """Solves the normal equations."""
        features = input_features(inputs)
        used = np.flatnonzero(features.any(axis=0))
        features = features[:, used].astype(np.float64)
        hits = train.hits.reshape(len(train), -1)
        mean, rate = features.mean(axis=0), hits.mean(axis=0)
        centred = features - mean
        squares = centred.T @ centred + _PENALTY * np.eye(len(used))
        weights = np.linalg.solve(squares, centred.T @ (hits - rate))
        bias = rate - mean @ weights
        told = told_classes(train.hits, inputs.hits)
        scores = (features @ weights + bias).reshape(train.hits.shape)
        threshold = best_threshold(scores[..., ~told], train.hits[..., ~told])
        return cls(used, weights, bias, medians, told, threshold)

    def predict(self, case: Case) -> Drums:
        """Cells above the threshold."""
        scores = input_features(case.inputs)[:, self.used] @ self.weights + self.bias
        hits = (scores > self.threshold).reshape(case.hits.shape)
        hits = with_told(hits, case.inputs.hits, self.told)
        if self.medians is None:
            return case.inputs.replaced(hits, None, None)
        velocities, offsets = self.medians.at(hits.shape[1])
        return case.inputs.replaced(hits, velocities * hits, offsets * hits)
