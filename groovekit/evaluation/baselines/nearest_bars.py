"""Dynamics of the training bars with the most similar hits."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from groovekit.evaluation.baselines.bars import Bars, cut, joined
from groovekit.evaluation.baselines.base import Baseline, Case, Given
from groovekit.evaluation.baselines.cell_medians import CellMedians
from groovekit.evaluation.baselines.medians import medians_of_hits
from groovekit.evaluation.metrics import Drums

# Bars whose neighbours are looked at together.
_AT_ONCE = 256


@dataclasses.dataclass(frozen=True, eq=False)
class NearestBars(Baseline):
    """Medians over the training bars with the hits most like those of a bar.

    Of the nearest bars those count that have the hit; where none has, the median of
    its drum and position does (back-off).

    Attributes:
      bars: of the training.
      medians: to fall back on.
    """

    name: ClassVar[str] = "nearest_bars"
    label: ClassVar[str] = "16 nearest bars"
    given: ClassVar[Given] = "the hits"
    count: ClassVar[int] = 16

    bars: Bars
    medians: CellMedians

    def predict(self, case: Case) -> Drums:
        """The hits as they are played in similar bars."""
        found, numbers = cut(case.hits, self.bars.steps)
        velocities, offsets = (np.zeros(found.shape) for _ in range(2))
        for start in range(0, len(found), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            near = self.bars.nearest(found[rows], self.count)
            for values, known, backed in (
                (velocities, self.bars.velocities, self.medians.velocities),
                (offsets, self.bars.offsets, self.medians.offsets),
            ):
                values[rows] = medians_of_hits(
                    known[near], self.bars.hits[near], backed
                )
        length = case.hits.shape[1]
        return case.inputs.replaced(
            case.hits,
            joined(velocities, numbers, length) * case.hits,
            joined(offsets, numbers, length) * case.hits,
        )


class NearestBar(NearestBars):
    """Velocities and offsets of the one nearest bar, as far as it has the hits."""

    name: ClassVar[str] = "nearest_bar"
    label: ClassVar[str] = "nearest bar"
    count: ClassVar[int] = 1
