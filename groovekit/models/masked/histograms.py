"""Histograms of known values, which a mixture head weighs against its network.

A drummer repeats himself: what the same stroke was in other bars says more than a
network does. A source is a choice of known strokes and a width of the kernel that
smooths their histogram, so that near values are likely, too.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from groovekit.models.masked.known import bars_of

#: The sources of a value, in the order of a head's gates after the network's own.
SOURCES = ("cell, narrow", "cell, wide", "neighbouring bars", "drum")


@dataclasses.dataclass(frozen=True)
class Widths:
    """Standard deviations of the kernels, in bins, one a source."""

    cell_narrow: float = 1.0
    cell_wide: float = 2.5
    neighbours: float = 1.2
    drum: float = 1.5


VELOCITY_WIDTHS = Widths(1.0, 2.5, 1.2, 1.5)
OFFSET_WIDTHS = Widths(1.2, 3.0, 1.5, 1.5)


@functools.cache
def _kernel(bins: int, width: float) -> np.ndarray:
    """``(bins, bins)``: row j is what a stroke in bin j says of each bin."""
    numbers = np.arange(bins)
    distances = (numbers - numbers[:, None]) / width
    weights = np.exp(-0.5 * distances**2)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Histograms:
    """What the sources say of one kind of value in a batch of windows.

    Attributes:
      bins: ``(batch, bars, steps_per_bar, classes)`` integers, of known strokes.
      known: same shape, bool.
      count: number of bins.
      widths: of the kernels.
    """

    bins: np.ndarray
    known: np.ndarray
    count: int
    widths: Widths

    @classmethod
    def of(
        cls,
        bins: np.ndarray,
        known: np.ndarray,
        *,
        count: int,
        widths: Widths,
        steps_per_bar: int,
    ) -> Histograms:
        """Of values by step.

        Args:
          bins: ``(batch, steps, classes)`` integers.
          known: same shape: where they are known.
          count: number of bins.
          widths: of the kernels.
          steps_per_bar: of the grid.
        """
        return cls(
            bars_of(bins, steps_per_bar), bars_of(known, steps_per_bar), count, widths
        )

    def everywhere(self) -> tuple[np.ndarray, np.ndarray]:
        """The smoothed histograms of every cell.

        Returns:
          ``(batch, steps, classes, sources, bins)`` float32, adding up to 1 or, where
          a source knows nothing, 0; and ``(batch, steps, classes, sources)`` bool:
          where it knows something.
        """
        one_hot = np.eye(self.count, dtype=np.float32)[self.bins]
        one_hot *= self.known[..., None]
        beside = np.zeros_like(one_hot)
        beside[:, 1:] += one_hot[:, :-1]
        beside[:, :-1] += one_hot[:, 1:]
        cell = one_hot.sum(1, keepdims=True)
        drum = cell.sum(2, keepdims=True)
        widths = self.widths
        parts = (
            cell @ _kernel(self.count, widths.cell_narrow),
            cell @ _kernel(self.count, widths.cell_wide),
            beside @ _kernel(self.count, widths.neighbours),
            drum @ _kernel(self.count, widths.drum),
        )
        shape = one_hot.shape
        stacked = np.stack([np.broadcast_to(p, shape) for p in parts], axis=-2)
        total = stacked.sum(-1, keepdims=True)
        densities = stacked / np.maximum(total, 1e-6)
        grid = (shape[0], -1, shape[3], len(SOURCES))
        return (
            densities.reshape(*grid, self.count),
            (total[..., 0] > 0).reshape(grid),
        )

    def at(self, bins: np.ndarray) -> np.ndarray:
        """What the sources give one bin of each cell, without whole histograms.

        Args:
          bins: ``(batch, steps, classes)`` integers.

        Returns:
          ``(batch, steps, classes, sources)`` float32: probabilities; -1 where a
          source knows nothing.
        """
        wanted = bins.reshape(self.bins.shape)
        one_hot = np.eye(self.count, dtype=np.float32)[self.bins]
        cell = np.einsum("nbscv,nbsc->nscv", one_hot, self.known, optimize=True)
        drum = cell.sum(1)
        widths = self.widths
        found = [
            self._looked_up(cell, widths.cell_narrow, wanted),
            self._looked_up(cell, widths.cell_wide, wanted),
            self._beside(widths.neighbours, wanted),
            self._looked_up(drum[:, None], widths.drum, wanted),
        ]
        return np.stack(found, axis=-1).reshape(*bins.shape, len(SOURCES))

    def _looked_up(
        self, histogram: np.ndarray, width: float, wanted: np.ndarray
    ) -> np.ndarray:
        """``(batch, 1 or steps_per_bar, classes, bins)`` at ``wanted``."""
        total = histogram.sum(-1)
        smooth = histogram @ _kernel(self.count, width)
        smooth = np.broadcast_to(smooth[:, None], (*wanted.shape, self.count))
        values = np.take_along_axis(smooth, wanted[..., None], axis=-1)[..., 0]
        total = np.broadcast_to(total[:, None], wanted.shape)
        return np.where(total > 0, values / np.maximum(total, 1), np.float32(-1))

    def _beside(self, width: float, wanted: np.ndarray) -> np.ndarray:
        kernel = _kernel(self.count, width)
        sums = np.zeros(wanted.shape, np.float32)
        counts = np.zeros(wanted.shape, np.float32)
        here = (slice(None), slice(1, None)), (slice(None), slice(None, -1))
        for ours, theirs in (here, here[::-1]):
            known = self.known[theirs]
            sums[ours] += kernel[self.bins[theirs], wanted[ours]] * known
            counts[ours] += known
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.float32(-1))
