"""Velocities and offsets by drum and position in the bar."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from groovekit.evaluation.baselines.base import Baseline, Case, Given
from groovekit.evaluation.hit_cells import Cells
from groovekit.evaluation.metrics import Drums


@dataclasses.dataclass(frozen=True, eq=False)
class CellMedians(Baseline):
    """Median velocity and offset of each drum at each step of the bar.

    Medians have the least mean absolute error that constants can have.

    Attributes:
      velocities: ``(steps_per_bar, classes)``.
      offsets: same shape.
    """

    name: ClassVar[str] = "medians"
    label: ClassVar[str] = "medians by drum and position"
    given: ClassVar[Given] = "the hits"

    velocities: np.ndarray
    offsets: np.ndarray

    @classmethod
    def fit(cls, cells: Cells) -> CellMedians:
        """Medians of each cell."""
        velocities, offsets = (
            np.array([np.median(own) for own in np.split(values, cells.starts[1:])])
            for values in (cells.velocities, cells.offsets)
        )
        return cls(velocities.reshape(cells.shape), offsets.reshape(cells.shape))

    def at(self, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """``(steps, classes)`` velocities and offsets of windows of so many steps."""
        rows = np.arange(steps) % len(self.velocities)
        return self.velocities[rows], self.offsets[rows]

    def predict(self, case: Case) -> Drums:
        """The hits as they are mostly played."""
        velocities, offsets = self.at(case.hits.shape[1])
        return case.inputs.replaced(
            case.hits, velocities * case.hits, offsets * case.hits
        )
