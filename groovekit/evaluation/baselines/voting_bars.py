"""What was played in the bars whose input was alike, by vote."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from groovekit.evaluation.baselines.bars import Bars, cut, joined
from groovekit.evaluation.baselines.base import Baseline, Case, Given
from groovekit.evaluation.baselines.cell_medians import CellMedians
from groovekit.evaluation.baselines.medians import medians_of_hits
from groovekit.evaluation.baselines.threshold import best_threshold
from groovekit.evaluation.baselines.told import told_classes, with_told
from groovekit.evaluation.metrics import Drums

# Bars whose neighbours are looked at together; bars that thresholds are found on.
_AT_ONCE, _TUNED = 256, 2048


@dataclasses.dataclass(frozen=True, eq=False)
class VotingBars(Baseline):
    """A hit where enough of the 16 training bars with the nearest input have one.

    Velocities and offsets are medians over those that have the hit, or else those of
    its drum and position.

    Attributes:
      bars: of the training.
      medians: to fall back on; None where there are no dynamics.
      told: ``(classes,)`` bool: drums that the input shows, which stay.
      share: of the bars from which on a hit is played, the best one for training bars
        among those of other performances.
    """

    name: ClassVar[str] = "voting_bars"
    label: ClassVar[str] = "16 nearest bars, by vote"
    given: ClassVar[Given] = "the input"
    count: ClassVar[int] = 16

    bars: Bars
    medians: CellMedians | None
    told: np.ndarray
    share: float

    @classmethod
    def fit(cls, bars: Bars, medians: CellMedians | None) -> VotingBars:
        """Finds the threshold."""
        size = min(_TUNED, len(bars.hits))
        some = np.linspace(0, len(bars.hits) - 1, size).astype(np.int64)
        near = bars.nearest(bars.seen[some], cls.count, bars.owners[some])
        shares = bars.hits[near].mean(axis=1)
        told = told_classes(bars.hits, bars.seen)
        share = best_threshold(shares[..., ~told], bars.hits[some][..., ~told])
        return cls(bars, medians, told, share)

    def predict(self, case: Case) -> Drums:
        """What most of the bars play."""
        found, numbers = cut(case.inputs.hits, self.bars.steps)
        hits, velocities, offsets = (np.zeros(found.shape) for _ in range(3))
        for start in range(0, len(found), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            near = self.bars.nearest(found[rows], self.count)
            played = self.bars.hits[near]
            hits[rows] = played.mean(axis=1) > self.share
            if self.medians is None:
                continue
            for values, part, backed in (
                (velocities, self.bars.velocities, self.medians.velocities),
                (offsets, self.bars.offsets, self.medians.offsets),
            ):
                values[rows] = medians_of_hits(part[near], played, backed)
        length = case.hits.shape[1]
        whole = joined(hits, numbers, length) > 0
        whole = with_told(whole, case.inputs.hits, self.told)
        if self.medians is None:
            return case.inputs.replaced(whole, None, None)
        return case.inputs.replaced(
            whole,
            joined(velocities, numbers, length) * whole,
            joined(offsets, numbers, length) * whole,
        )
