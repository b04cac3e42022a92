"""The nearest training groove."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from groovekit.evaluation.baselines.base import Baseline, Case, Given
from groovekit.evaluation.hit_cells import parts_of
from groovekit.evaluation.metrics import MAX_VELOCITY, Drums, nearest


@dataclasses.dataclass(frozen=True, eq=False)
class NearestGroove(Baseline):
    """The training window whose input has the hits most like those of the input.

    Attributes:
      inputs: hits of the training windows' inputs.
      outputs: the training windows.
    """

    name: ClassVar[str] = "nearest"
    label: ClassVar[str] = "nearest training groove"
    given: ClassVar[Given] = "the input"

    inputs: np.ndarray
    outputs: Drums

    def predict(self, case: Case) -> Drums:
        """What was played with the nearest input (see :func:`metrics.nearest`)."""
        numbers, _ = nearest(case.inputs.hits, self.inputs)
        found, velocities, offsets = (part[numbers] for part in parts_of(self.outputs))
        return Drums(found, velocities / MAX_VELOCITY, offsets)
