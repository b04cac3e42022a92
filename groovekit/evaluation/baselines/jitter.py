"""Gaussian noise."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from groovekit.evaluation.baselines.base import Baseline, Case, Given, played
from groovekit.evaluation.metrics import Drums


@dataclasses.dataclass(frozen=True)
class Jitter(Baseline):
    """Gaussian noise on velocity and timing, as a sequencer's "humanise" does.

    Attributes:
      velocity: mean of the training hits.
      velocity_sd: their standard deviation.
      offset_sd: of the offsets, about the grid.
    """

    name: ClassVar[str] = "jitter"
    label: ClassVar[str] = "Gaussian jitter"
    given: ClassVar[Given] = "the hits"

    velocity: float
    velocity_sd: float
    offset_sd: float

    def predict(self, case: Case) -> Drums:
        """The hits with independent noise on each."""
        velocities = case.rng.normal(self.velocity, self.velocity_sd, case.hits.shape)
        offsets = case.rng.normal(0.0, self.offset_sd, case.hits.shape)
        return played(case.hits, velocities, offsets)
