"""Hits as they are: quantised, all equally loud."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from groovekit.evaluation.baselines.base import Baseline, Case, Given
from groovekit.evaluation.metrics import MAX_VELOCITY, Drums


@dataclasses.dataclass(frozen=True)
class ConstantVelocity(Baseline):
    """On the grid, all hits equally loud.

    Attributes:
      velocity: median of the training hits, the constant with the least mean
        absolute error.
    """

    name: ClassVar[str] = "quantised"
    label: ClassVar[str] = "quantised, constant velocity"
    given: ClassVar[Given] = "the hits"

    velocity: float

    def predict(self, case: Case) -> Drums:
        """The hits, exactly on the grid."""
        constant = np.full(case.hits.shape, self.velocity / MAX_VELOCITY)
        return Drums(case.hits, constant * case.hits, np.zeros(case.hits.shape))
