"""Different bars of training windows, and those nearest to others."""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.converters.grid.drums import by_bar
from groovekit.evaluation.hit_cells import parts_of
from groovekit.evaluation.metrics import Drums, dice_distances

# Bars that are compared with all of the training at once.
_AT_ONCE = 512


@dataclasses.dataclass(frozen=True, eq=False)
class Bars:
    """Bars of windows, each once, however many windows it is in.

    Attributes:
      seen: ``(bars, steps, classes)`` bool: hits that bars are found by.
      hits: same shape: those that were played.
      velocities: same shape, MIDI velocities.
      offsets: same shape.
      owners: ``(bars,)``: the performance that each is of.
    """

    seen: np.ndarray
    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray
    owners: np.ndarray

    @classmethod
    def of(cls, drums: Drums, inputs: Drums, owners: np.ndarray) -> Bars:
        """Cuts windows that begin with a bar.

        Args:
          drums: as they were played.
          inputs: the same windows, as bars are to be found by.
          owners: ``(windows,)``: the performance that each window is of.
        """
        parts = [by_bar(drums, part) for part in (inputs.hits, *parts_of(drums))]
        repeated = np.repeat(owners, parts[0].shape[1])
        seen, hits, velocities, offsets = (
            part.reshape(-1, *part.shape[2:]) for part in parts
        )
        # What has the same hits, dynamics and owner is the same bar.
        sums = [part.sum(axis=(1, 2)) for part in (velocities, offsets)]
        key = np.column_stack(
            [np.packbits(hits.reshape(len(hits), -1), axis=1), *sums, repeated]
        )
        _, chosen = np.unique(key, axis=0, return_index=True)
        chosen = np.sort(chosen)
        return cls(
            seen[chosen],
            hits[chosen],
            velocities[chosen],
            offsets[chosen],
            repeated[chosen],
        )

    @property
    def steps(self) -> int:
        """Steps of a bar."""
        return int(self.hits.shape[1])

    def nearest(
        self, hits: np.ndarray, count: int, owners: np.ndarray | None = None
    ) -> np.ndarray:
        """Numbers ``(n, count)`` of the bars nearest by Dice distance, in no order.

        Args:
          hits: ``(n, steps, classes)`` bool.
          count: how many; all, if there are fewer.
          owners: ``(n,)``: performances whose own bars do not count.
        """
        count = min(count, len(self.seen))
        found = []
        for start in range(0, len(hits), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            distances = dice_distances(hits[rows], self.seen)
            if owners is not None:
                distances[owners[rows, None] == self.owners] = np.inf
            if count == 1:
                found.append(distances.argmin(axis=1)[:, None])
            else:
                found.append(np.argpartition(distances, count - 1, axis=1)[:, :count])
        return np.concatenate(found) if found else np.zeros((0, count), np.int64)


def cut(hits: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Bars of windows: each different one, and which one each of the windows' bars is.

    Args:
      hits: ``(windows, steps, classes)`` bool; a bar that is cut off is filled up.
      steps: of a bar.

    Returns:
      ``(n, steps, classes)`` and numbers ``(windows, bars)``.
    """
    windows, length, classes = hits.shape
    count = -(-length // steps)
    padded = np.pad(hits, ((0, 0), (0, count * steps - length), (0, 0)))
    bars = padded.reshape(windows * count, steps, classes)
    packed = np.packbits(bars.reshape(len(bars), -1), axis=1)
    _, first, numbers = np.unique(
        packed, axis=0, return_index=True, return_inverse=True
    )
    return bars[first], numbers.reshape(windows, count)


def joined(bars: np.ndarray, numbers: np.ndarray, length: int) -> np.ndarray:
    """``(windows, length, classes)``: bars put together again, see :func:`cut`."""
    windows = bars[numbers]
    shape = (len(numbers), -1, bars.shape[2])
    return np.asarray(windows.reshape(shape)[:, :length])
