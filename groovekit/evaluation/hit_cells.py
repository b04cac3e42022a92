"""Training hits sorted by drum and step of the bar, to measure and to draw from."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from groovekit.errors import DataError
from groovekit.evaluation.metrics import Drums

# A cell of the bar with fewer training hits is filled from the drum's other ones.
_FEWEST = 20
# Normal scores and their probabilities, to look up in both directions.
_SCORES = np.linspace(-5, 5, 4001)
_PROBABILITIES = np.array([0.5 * (1 + math.erf(s / math.sqrt(2))) for s in _SCORES])


@dataclasses.dataclass(frozen=True, eq=False)
class Cells:
    """Training hits by step of the bar and drum, in order of their offsets.

    Cells with too few hits hold those of the drum at all steps, or else all hits.

    Attributes:
      shape: ``(steps_per_bar, classes)``.
      starts: ``(cells,)``: where each cell's hits begin.
      counts: ``(cells,)``: how many hits it has, at least one.
      velocities: of the hits, cell after cell.
      offsets: likewise, rising within a cell.
    """

    shape: tuple[int, int]
    starts: np.ndarray
    counts: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray

    @classmethod
    def fit(cls, train: Drums) -> Cells:
        """Sorts the hits of windows that begin with a bar.

        Raises:
          DataError: there is none.
        """
        steps, drums = np.nonzero(train.hits)[1:]
        if not len(steps):
            raise DataError("Expected training grooves with hits, got silence only.")
        _, all_velocities, all_offsets = parts_of(train)
        velocities, offsets = all_velocities[train.hits], all_offsets[train.hits]
        steps_per_bar, classes = train.steps_per_bar, train.hits.shape[2]
        cell = steps % steps_per_bar * classes + drums
        order = np.lexsort((offsets, cell))
        by_cell = np.split(
            order, np.cumsum(np.bincount(cell, minlength=steps_per_bar * classes))[:-1]
        )
        everything = np.argsort(offsets, kind="stable")
        by_drum = [everything[drums[everything] == n] for n in range(classes)]
        chosen = []
        for number, own in enumerate(by_cell):
            wider = by_drum[number % classes]
            if len(own) >= _FEWEST:
                chosen.append(own)
            else:
                chosen.append(wider if len(wider) >= _FEWEST else everything)
        sizes = np.array([len(part) for part in chosen])
        hits = np.concatenate(chosen)
        return cls(
            (steps_per_bar, classes),
            np.cumsum(sizes) - sizes,
            sizes,
            velocities[hits],
            offsets[hits],
        )

    def draw(
        self,
        steps: np.ndarray,
        drums: np.ndarray,
        scores: np.ndarray,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Velocities and offsets of hits with these normal scores, earliest highest."""
        cell = steps % self.shape[0] * self.shape[1] + drums
        counts = self.counts[cell]
        rank = np.interp(scores, _SCORES, _PROBABILITIES)
        place = np.minimum((rank * counts).astype(np.int64), counts - 1)
        chosen = self.starts[cell] + place
        kernel = counts ** (-1 / 6)
        found = []
        for values in (self.velocities, self.offsets):
            sums, squares = (
                np.add.reduceat(part, self.starts) / self.counts
                for part in (values, values**2)
            )
            deviation = np.sqrt(np.maximum(squares - sums**2, 0))[cell]
            noise = rng.standard_normal(len(chosen))
            found.append(values[chosen] + kernel * deviation * noise)
        return found[0], found[1]

    def scores(self, train: Drums) -> np.ndarray:
        """``(windows, steps, classes)``: normal scores of the hits, else 0."""
        window, step, drum = np.nonzero(train.hits)
        cell = step % self.shape[0] * self.shape[1] + drum
        offsets = parts_of(train)[2][train.hits]
        ranks = np.empty(len(cell))
        for number in np.unique(cell):
            start, count = self.starts[number], self.counts[number]
            own, ordered = cell == number, self.offsets[start : start + count]
            low, high = (
                np.searchsorted(ordered, offsets[own], side=side)
                for side in ("left", "right")
            )
            ranks[own] = (low + high) / 2 / count
        # No hit is infinitely early or late.
        edge = 0.5 / self.counts[cell]
        ranks = np.clip(ranks, edge, 1 - edge)
        scores = np.zeros(train.hits.shape)
        scores[window, step, drum] = np.interp(ranks, _PROBABILITIES, _SCORES)
        return scores


def parts_of(drums: Drums) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hits, velocities (MIDI units) and offsets; 0 where there are none."""
    zeros = np.zeros(1)
    velocities, offsets = (
        np.broadcast_to(zeros, drums.hits.shape) if part is None else part
        for part in (drums.velocities, drums.offsets)
    )
    return drums.hits, velocities, offsets
