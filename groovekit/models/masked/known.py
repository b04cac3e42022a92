"""What a masked model is shown: performances with NaN where nothing is known.

A value that is hidden is not there at all, so that nothing made of these arrays can
tell it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

#: Conditions that are numbers, in the order of their columns.
NUMBERS = ("level", "push", "range", "looseness", "tempo")


@dataclasses.dataclass(frozen=True, eq=False)
class Known:
    """A batch of partly known performances; NaN is unknown.

    Attributes:
      hits: ``(batch, steps, classes)`` float32: 1 for a hit, 0 for none.
      velocities: same shape, 0..1; NaN but at known hits.
      offsets: same shape, -1..1, positive when early; NaN but at known hits.
      taps: ``(batch, steps, 3)`` float32: tap (1 or 0), its velocity and its offset.
      numbers: ``(batch, 5)`` float32, by :data:`NUMBERS`: mean velocity 0..1, mean
        offset -1..1, the standard deviations of both, quarter notes a minute.
      styles: ``(batch,)`` integers: number of a style; -1 is unknown.
    """

    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray
    taps: np.ndarray
    numbers: np.ndarray
    styles: np.ndarray

    @classmethod
    def nothing(cls, batch: int, steps: int, classes: int) -> Known:
        """Nothing known at all, in arrays of its own."""

        def unknown(*shape: int) -> np.ndarray:
            return np.full(shape, np.nan, np.float32)

        grid = (batch, steps, classes)
        return cls(
            hits=unknown(*grid),
            velocities=unknown(*grid),
            offsets=unknown(*grid),
            taps=unknown(batch, steps, 3),
            numbers=unknown(batch, len(NUMBERS)),
            styles=np.full(batch, -1),
        )

    def map_steps(self, function: Callable[[np.ndarray], np.ndarray]) -> Known:
        """The same with a function applied to each array that has steps."""
        return dataclasses.replace(
            self,
            hits=function(self.hits),
            velocities=function(self.velocities),
            offsets=function(self.offsets),
            taps=function(self.taps),
        )


def bars_of(values: np.ndarray, steps_per_bar: int) -> np.ndarray:
    """``(batch, steps, ...)`` as ``(batch, bars, steps_per_bar, ...)``."""
    return values.reshape(len(values), -1, steps_per_bar, *values.shape[2:])
