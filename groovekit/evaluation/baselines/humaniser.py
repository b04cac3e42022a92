"""A statistical humaniser."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import numpy as np

from groovekit.evaluation.baselines.base import Baseline, Case, Given, played
from groovekit.evaluation.hit_cells import Cells
from groovekit.evaluation.metrics import Drums


@dataclasses.dataclass(frozen=True, eq=False)
class Humaniser(Baseline):
    """Draws velocity and offset from those of like hits, with a clock that drifts.

    A kernel density of (velocity, offset) pairs for each drum and step of the bar:
    a training hit of the same cell is drawn and moved by a Gaussian kernel of
    Scott's bandwidth. Draws are not independent: hits rank among the offsets of
    their cell by a normal score, which is the sum of an own part and of a clock
    that all hits of a step share and that goes from step to step as a first-order
    autoregression (a Gaussian copula, so that each cell keeps its density).

    Attributes:
      cells: the training hits.
      coupling: share of the scores' variance that is the clock's, 0 to 1.
      persistence: correlation of the clock with itself a step later, 0 to 1.
    """

    name: ClassVar[str] = "humaniser"
    label: ClassVar[str] = "statistical humaniser"
    given: ClassVar[Given] = "the hits"

    cells: Cells
    coupling: float
    persistence: float

    @classmethod
    def fit(cls, train: Drums, cells: Cells) -> Humaniser:
        """Measures the clock in the correlations of the hits' normal scores.

        Those of hits of the same step are the coupling; those of neighbouring
        steps are the coupling times the persistence.
        """
        scores = cells.scores(train)
        hit = train.hits
        sums, counts = scores.sum(axis=2), hit.sum(axis=2)
        # Products of all ordered pairs of different hits of a step.
        pairs = sums**2 - (scores**2).sum(axis=2)
        number = (counts * (counts - 1)).sum()
        coupling = float(np.clip(pairs.sum() / number, 0, 1)) if number else 0.0
        following = (counts[:, 1:] * counts[:, :-1]).sum()
        product = float((sums[:, 1:] * sums[:, :-1]).sum())
        persistence = 0.0
        if coupling and following:
            persistence = float(np.clip(product / following / coupling, 0, 0.99))
        return cls(cells, coupling, persistence)

    def predict(self, case: Case) -> Drums:
        """The hits as a drummer might play them; each call draws anew."""
        windows, steps, _ = case.hits.shape
        noise = case.rng.standard_normal((windows, steps))
        clock = np.empty_like(noise)
        clock[:, :1] = noise[:, :1]
        fresh = math.sqrt(1 - self.persistence**2)
        for now in range(1, steps):
            clock[:, now] = self.persistence * clock[:, now - 1] + fresh * noise[:, now]
        window, step, drum = np.nonzero(case.hits)
        own = case.rng.standard_normal(len(window))
        scores = math.sqrt(self.coupling) * clock[window, step]
        scores += math.sqrt(1 - self.coupling) * own
        found = self.cells.draw(step, drum, scores, case.rng)
        velocities, offsets = np.zeros(case.hits.shape), np.zeros(case.hits.shape)
        velocities[window, step, drum], offsets[window, step, drum] = found
        return played(case.hits, velocities, offsets)
