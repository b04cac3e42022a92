"""The most frequent bar."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from groovekit.converters.grid.drums import by_bar
from groovekit.evaluation.baselines.base import Baseline, Case, Given
from groovekit.evaluation.hit_cells import parts_of
from groovekit.evaluation.metrics import MAX_VELOCITY, Drums


@dataclasses.dataclass(frozen=True, eq=False)
class FrequentPattern(Baseline):
    """The most frequent bar of the training windows that sounds, over and over.

    Bars, because hardly two windows of several bars are equal. Velocities and
    offsets are the means of the bars with this pattern.

    Attributes:
      bar: one window of a bar.
    """

    name: ClassVar[str] = "frequent"
    label: ClassVar[str] = "most frequent bar"
    given: ClassVar[Given] = "nothing"

    bar: Drums

    @classmethod
    def fit(cls, train: Drums) -> FrequentPattern:
        """Finds the bar; of equally frequent ones the first in order of bits."""
        shape = by_bar(train).shape[2:]
        hits, velocities, offsets = (
            by_bar(train, part).reshape(-1, *shape) for part in parts_of(train)
        )
        flat = np.packbits(hits.reshape(len(hits), -1), axis=1)
        patterns, numbers, counts = np.unique(
            flat, axis=0, return_inverse=True, return_counts=True
        )
        counts = np.where(patterns.any(axis=1), counts, 0)
        chosen = numbers.ravel() == counts.argmax()
        return cls(
            Drums(
                hits[chosen][:1],
                velocities[chosen].mean(axis=0, keepdims=True) / MAX_VELOCITY,
                offsets[chosen].mean(axis=0, keepdims=True),
            )
        )

    def predict(self, case: Case) -> Drums:
        """The same bar in each window."""
        steps = np.arange(case.hits.shape[1]) % self.bar.hits.shape[1]
        found, velocities, offsets = (
            np.repeat(part[:, steps], len(case.hits), axis=0)
            for part in parts_of(self.bar)
        )
        return Drums(found, velocities / MAX_VELOCITY, offsets)
