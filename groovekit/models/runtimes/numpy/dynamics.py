"""The network that tells a hit's dynamics, in NumPy.

What it sees of a hit is in :func:`groovekit.models.dynamics.dynamics_features`. Most of
that is the same for all hits of a step, or for all of a drum in a window: what the
first layer makes of it is computed once for these, and added up for each hit.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from groovekit.models.dynamics import (
    DRAFTS_AROUND,
    HITS_AROUND,
    LEAST_LOGIT,
    OFFSET_BINS,
    VELOCITY_BINS,
    dynamics_parts,
)
from groovekit.models.runtimes.numpy.residual import ResidualMLP

# Hits that go through the network at once: what they hold stays in the cache.
_HITS_AT_ONCE = 1024


class Dynamics(ResidualMLP):
    """From hits and drafts of windows to the logits of bins, a row a hit.

    Args:
      classes: drums.
      steps_per_bar: of the grid.
      hidden: units of the hidden layers, at least one.
    """

    def __init__(self, classes: int, steps_per_bar: int, hidden: Sequence[int]) -> None:
        sizes = dynamics_parts(classes, steps_per_bar)
        super().__init__(sum(sizes.values()), hidden, VELOCITY_BINS + OFFSET_BINS)
        bounds = itertools.accumulate(sizes.values(), initial=0)
        spans = itertools.starmap(slice, itertools.pairwise(bounds))
        self._rows = dict(zip(sizes, spans, strict=True))
        self._classes = classes
        self._steps_per_bar = steps_per_bar

    def draw(
        self,
        hits: np.ndarray,
        drafts: np.ndarray,
        places: tuple[np.ndarray, np.ndarray],
        uniforms: np.ndarray,
    ) -> np.ndarray:
        """Velocities and offsets ``(n, 2)`` of the hits of some windows.

        Args:
          hits: ``(batch, steps, classes)`` float32, 0 or 1.
          drafts: ``(n, 2)`` velocity and offset that were drafted for each hit.
          places: of each hit, ``(n,)`` integers: window times steps plus step,
            ascending, and class.
          uniforms: ``(n, 2)`` in [0, 1).
        """
        drawn = np.empty((len(drafts), 2), np.float32)
        if not len(drafts):
            return drawn
        row, drum = places
        by_step = self._by_step(hits, drafts, row, drum)
        by_drum = self._by_drum(hits, drafts, row, drum)
        drum_of = row // hits.shape[1] * self._classes + drum
        kernel = self._kernel("own")
        for start in range(0, len(drafts), _HITS_AT_ONCE):
            own = slice(start, start + _HITS_AT_ONCE)
            x = drafts[own] @ kernel
            x += by_step[row[own]]
            x += by_drum[drum_of[own]]
            # Bins first: what runs along them does so for many hits at once.
            told = np.ascontiguousarray(self.behind_first(x).T)
            velocity = _draw_from_bins(told[:VELOCITY_BINS], uniforms[own, 0])
            offset = _draw_from_bins(told[VELOCITY_BINS:], uniforms[own, 1])
            drawn[own, 0], drawn[own, 1] = velocity, 2 * offset - 1
        return drawn

    def _kernel(self, *names: str) -> np.ndarray:
        """The first layer's rows for some parts of the features."""
        kernel = self._hidden[0].kernel
        return np.concatenate([kernel[self._rows[name]] for name in names])

    def _by_step(
        self, hits: np.ndarray, drafts: np.ndarray, row: np.ndarray, drum: np.ndarray
    ) -> np.ndarray:
        """Responses to what the hits of a step share: ``(batch * steps, units)``."""
        batch, steps, classes = hits.shape
        drafted = np.zeros((batch * steps, 2 * classes), np.float32)
        for index in range(2):
            drafted[row, index * classes + drum] = drafts[:, index]
        x = np.concatenate(
            [
                _around(hits, HITS_AROUND),
                _around(drafted.reshape(batch, steps, -1), DRAFTS_AROUND),
            ],
            axis=-1,
        )
        responses: np.ndarray = x.reshape(batch * steps, -1) @ self._kernel(
            "hits", "drafts"
        )
        by_bar = responses.reshape(-1, self._steps_per_bar, responses.shape[-1])
        by_bar += self._kernel("step")
        return responses

    def _by_drum(
        self, hits: np.ndarray, drafts: np.ndarray, row: np.ndarray, drum: np.ndarray
    ) -> np.ndarray:
        """Responses to what the hits of a window's drum share.

        Returns:
          ``(batch * classes, units)``.
        """
        batch, steps, classes = hits.shape
        place = row // steps * classes + drum
        counts = hits.sum(axis=1)
        sums = np.stack(
            [
                np.bincount(place, draft, batch * classes).reshape(batch, classes)
                for draft in drafts.T
            ],
            axis=-1,
        )
        whole = sums.sum(axis=1) / np.maximum(counts.sum(axis=1), 1.0)[:, None]
        own = sums / np.maximum(counts, 1.0)[..., None]
        responses: np.ndarray = own.reshape(-1, 2).astype(np.float32) @ self._kernel(
            "own_drum"
        )
        shaped = responses.reshape(batch, classes, -1)
        shaped += (whole.astype(np.float32) @ self._kernel("window"))[:, None]
        shaped += self._kernel("drum") + self._hidden[0].bias
        return responses


def _around(values: np.ndarray, around: int) -> np.ndarray:
    """Each step's values and those of the steps beside it, earliest first.

    Args:
      values: ``(batch, steps, depth)``.
      around: steps on either side.

    Returns:
      ``(batch, steps, (2 around + 1) depth)``.
    """
    batch, steps, depth = values.shape
    padded = np.zeros((batch, steps + 2 * around, depth), values.dtype)
    padded[:, around : around + steps] = values
    # Steps lie one behind another: those around one are a stretch.
    stretches = np.lib.stride_tricks.sliding_window_view(
        padded.reshape(batch, -1), (2 * around + 1) * depth, axis=1
    )
    found: np.ndarray = stretches[:, ::depth]
    return found


def _draw_from_bins(logits: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """:func:`groovekit.models.dynamics.draw_from_bins` of ``(bins, n)`` logits."""
    weights = logits - logits.max(axis=0)
    np.maximum(weights, LEAST_LOGIT, out=weights)
    np.exp(weights, out=weights)
    share = weights.copy()
    # Four times as fast as `cumsum`.
    for lower, upper in itertools.pairwise(share):
        upper += lower
    threshold = uniforms * share[-1]
    share -= weights
    np.subtract(threshold, share, out=share)
    share /= weights
    np.clip(share, 0, 1, out=share)
    found: np.ndarray = share.sum(axis=0)
    found /= len(logits)
    return found
