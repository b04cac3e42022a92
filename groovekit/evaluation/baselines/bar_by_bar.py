"""The nearest training bar, bar by bar."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from groovekit.evaluation.baselines.bars import Bars, cut, joined
from groovekit.evaluation.baselines.base import Baseline, Case, Given
from groovekit.evaluation.metrics import Drums


@dataclasses.dataclass(frozen=True, eq=False)
class BarByBar(Baseline):
    """Each bar replaced by the training bar whose input has the most similar hits.

    A code of its own: saying which of so many bars takes ``log2`` of their number in
    bits a bar.

    Attributes:
      bars: of the training.
      dynamics: whether they have velocities and offsets.
    """

    name: ClassVar[str] = "bar_by_bar"
    label: ClassVar[str] = "nearest training bar, bar by bar"
    given: ClassVar[Given] = "the input"

    bars: Bars
    dynamics: bool

    def predict(self, case: Case) -> Drums:
        """What was played in the nearest bars."""
        found, numbers = cut(case.inputs.hits, self.bars.steps)
        near = self.bars.nearest(found, 1)[:, 0]
        hits, velocities, offsets = (
            joined(part[near], numbers, case.hits.shape[1])
            for part in (self.bars.hits, self.bars.velocities, self.bars.offsets)
        )
        if not self.dynamics:
            return case.inputs.replaced(hits, None, None)
        return case.inputs.replaced(hits, velocities, offsets)
