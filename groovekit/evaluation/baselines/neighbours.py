"""What was played where the input was alike, by vote."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from groovekit.evaluation.baselines.base import Baseline, Case, Given
from groovekit.evaluation.baselines.cell_medians import CellMedians
from groovekit.evaluation.baselines.input_features import input_features
from groovekit.evaluation.baselines.medians import medians_of_hits
from groovekit.evaluation.baselines.threshold import best_threshold
from groovekit.evaluation.baselines.told import told_classes, with_told
from groovekit.evaluation.hit_cells import parts_of
from groovekit.evaluation.metrics import Drums

# Windows whose neighbours are looked at together; windows that thresholds are found on.
_AT_ONCE, _TUNED = 128, 512


@dataclasses.dataclass(frozen=True, eq=False)
class Neighbours(Baseline):
    """A hit where enough of the 32 training windows with the nearest input have one.

    Inputs are compared by hits, loudness and timing. Velocities and offsets are medians
    over the neighbours that have the hit, or else those of its drum and position.

    Attributes:
      features: of the training windows' inputs.
      drums: the training windows as they were played.
      medians: to fall back on; None where there are no dynamics.
      told: ``(classes,)`` bool: drums that the input shows, which stay.
      share: of the neighbours from which on a hit is played, the best one for training
        windows among those of other performances.
    """

    name: ClassVar[str] = "neighbours"
    label: ClassVar[str] = "32 nearest grooves, by vote"
    given: ClassVar[Given] = "the input"
    count: ClassVar[int] = 32

    features: np.ndarray
    drums: Drums
    medians: CellMedians | None
    told: np.ndarray
    share: float

    @classmethod
    def fit(
        cls,
        train: Drums,
        inputs: Drums,
        owners: np.ndarray,
        medians: CellMedians | None,
    ) -> Neighbours:
        """Finds the threshold."""
        features = input_features(inputs)
        some = np.linspace(0, len(train) - 1, min(_TUNED, len(train))).astype(np.int64)
        near = _nearest(features, features[some], cls.count, owners, owners[some])
        shares = train.hits[near].mean(axis=1)
        told = told_classes(train.hits, inputs.hits)
        share = best_threshold(shares[..., ~told], train.hits[some][..., ~told])
        return cls(features, train, medians, told, share)

    def predict(self, case: Case) -> Drums:
        """What most of the neighbours play."""
        hits, velocities, offsets = (np.zeros(case.hits.shape) for _ in range(3))
        asked = input_features(case.inputs)
        played, loudness, timing = parts_of(self.drums)
        for start in range(0, len(asked), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            near = _nearest(self.features, asked[rows], self.count)
            votes = played[near]
            hits[rows] = votes.mean(axis=1) > self.share
            if self.medians is None:
                continue
            louder, earlier = self.medians.at(case.hits.shape[1])
            velocities[rows] = medians_of_hits(loudness[near], votes, louder)
            offsets[rows] = medians_of_hits(timing[near], votes, earlier)
        found = with_told(hits > 0, case.inputs.hits, self.told)
        if self.medians is None:
            return case.inputs.replaced(found, None, None)
        return case.inputs.replaced(found, velocities * found, offsets * found)


def _nearest(
    features: np.ndarray,
    asked: np.ndarray,
    count: int,
    owners: np.ndarray | None = None,
    asked_owners: np.ndarray | None = None,
) -> np.ndarray:
    """Numbers ``(n, count)`` of the nearest, of other owners, in no order."""
    count = min(count, len(features))
    squares = np.square(features).sum(axis=1)
    distances = squares - 2 * asked @ features.T
    if owners is not None and asked_owners is not None:
        distances[asked_owners[:, None] == owners] = np.inf
    return np.argpartition(distances, count - 1, axis=1)[:, :count]
