"""Filling what is unknown of a performance: round after round, window after window.

Hits are drawn first, then velocities and offsets, each in rounds of cells in random
order: what a round draws is known to the next, so that all of it belongs together.
Longer performances go through in windows that overlap on both sides: a window fills its
middle, sees what was filled before it, and the known of what comes after it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np

from groovekit.models.masked.bins import Bins, quantile
from groovekit.models.masked.features import features
from groovekit.models.masked.histograms import (
    OFFSET_WIDTHS,
    SOURCES,
    VELOCITY_WIDTHS,
    Histograms,
    Widths,
)
from groovekit.models.masked.known import Known

#: Inputs to logits, see :class:`groovekit.models.masked.network.MaskedModel`.
Network = Callable[[np.ndarray], np.ndarray]

#: Probability from which on a hit is expected: about half of the F1 that is reached,
#: which is where F1 is the largest.
HIT_THRESHOLD = 0.3
# Divides temperatures that are as good as 0.
_COLDEST = 1e-3
# Of the window that a longer performance goes through: bars behind and ahead of those
# that are filled.
_BEHIND, _AHEAD = 3, 1


@dataclasses.dataclass(frozen=True)
class Rounds:
    """How cells are drawn.

    Attributes:
      hits: rounds of hits.
      dynamics: rounds of velocities and offsets.
      repeated_velocity: temperature of a stroke's velocity where the same drum's on
        the same step of another bar is known: drummers repeat themselves.
      repeated_offset: the same of offsets.
    """

    hits: int = 12
    dynamics: int = 12
    repeated_velocity: float = 0.65
    repeated_offset: float = 0.85


@dataclasses.dataclass(frozen=True, eq=False)
class Filling:
    """Fills performances with a network.

    Attributes:
      network: the network's function.
      steps_per_bar: of the grid.
      bins: that the network knows.
      styles: how many it knows.
      window_bars: bars of the longest window.
      rounds: how cells are drawn.
    """

    network: Network
    steps_per_bar: int
    bins: Bins
    styles: int
    window_bars: int = 8
    rounds: Rounds = Rounds()

    def fill(
        self,
        known: Known,
        *,
        rng: np.random.Generator,
        temperature: float = 1.0,
        expected: bool = False,
    ) -> Known:
        """A performance with nothing unknown left of its cells.

        Args:
          known: one performance (batch 1) of any number of steps.
          rng: of all draws.
          temperature: of hits, velocities and offsets. Hits: divides the logit. The
            others: how far from the median, in normal scores.
          expected: draw nothing: likely hits, medians of velocities and offsets.

        Returns:
          The same with its cells filled; velocities and offsets stay NaN where there is
          no hit.
        """
        steps = known.hits.shape[1]
        known = _padded(known, -steps % self.steps_per_bar)
        # Dynamics of what is not known to be a hit say nothing.
        for values in (known.velocities, known.offsets):
            values[known.hits != 1] = np.nan
        for window, middle in self._windows(known.hits.shape[1]):
            part = _cut(known, window)
            filler = _Filler(self, part, middle, max(temperature, _COLDEST), rng)
            if expected:
                filler.expect()
            else:
                filler.draw()
            for ours, theirs in zip(_cells(known), _cells(part), strict=True):
                ours[:, window] = theirs
        return _cut(known, slice(0, steps))

    def logits(self, known: Known) -> np.ndarray:
        """What the network says of a batch of windows."""
        return self.network(
            features(known, steps_per_bar=self.steps_per_bar, styles=self.styles)
        )

    def _windows(self, steps: int) -> Iterator[tuple[slice, slice]]:
        """Steps of each window, and those of a window that it fills."""
        bar = self.steps_per_bar
        bars, most = steps // bar, self.window_bars
        start = done = 0
        while done < bars:
            stop = min(start + most, bars)
            end = bars if stop == bars else max(stop - _AHEAD, done + 1)
            yield (
                slice(start * bar, stop * bar),
                slice((done - start) * bar, (end - start) * bar),
            )
            done = end
            start = max(min(done - _BEHIND, bars - most), 0)

    def distributions(
        self, known: Known, logits: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mixtures of the network's bins and the known values' histograms.

        Returns:
          ``(batch, steps, classes, bins)`` of velocities and of offsets.
        """
        bins, sources = self.bins, 1 + len(SOURCES)
        cuts = np.cumsum([1, bins.velocities, bins.offsets, sources])
        _, velocity, offset, v_gates, o_gates = np.split(logits, cuts, axis=-1)
        return (
            self._mixture(
                velocity,
                v_gates,
                bins.of_velocities(known.velocities),
                ~np.isnan(known.velocities),
                VELOCITY_WIDTHS,
            ),
            self._mixture(
                offset,
                o_gates,
                bins.of_offsets(known.offsets),
                ~np.isnan(known.offsets),
                OFFSET_WIDTHS,
            ),
        )

    def _mixture(
        self,
        logits: np.ndarray,
        gates: np.ndarray,
        bins: np.ndarray,
        known: np.ndarray,
        widths: Widths,
    ) -> np.ndarray:
        histograms = Histograms.of(
            bins,
            known,
            count=logits.shape[-1],
            widths=widths,
            steps_per_bar=self.steps_per_bar,
        )
        densities, there = histograms.everywhere()
        return mixture_probabilities(logits, gates, densities, there)


def mixture_probabilities(
    logits: np.ndarray, gates: np.ndarray, densities: np.ndarray, there: np.ndarray
) -> np.ndarray:
    """Probabilities of a mixture's bins.

    Args:
      logits: ``(..., bins)``: the network's own.
      gates: ``(..., 1 + sources)``: logits of the weights, the network's first.
      densities: ``(..., sources, bins)``.
      there: ``(..., sources)``: False takes a source out of the mixture.

    Returns:
      ``(..., bins)``.
    """
    masked = np.where(there, gates[..., 1:], -np.inf)
    weights = _softmax(np.concatenate([gates[..., :1], masked], axis=-1))
    own = weights[..., :1] * _softmax(logits)
    return np.asarray(
        own + np.einsum("...s,...sv->...v", weights[..., 1:], densities, optimize=True)
    )


class _Filler:
    """Fills one window in place."""

    def __init__(
        self,
        filling: Filling,
        known: Known,
        middle: slice,
        temperature: float,
        rng: np.random.Generator,
    ) -> None:
        self._filling = filling
        self._known = known
        self._middle = middle
        self._temperature = temperature
        self._rng = rng

    # Drawn -----------------------------------------------------------------------

    def draw(self) -> None:
        """Hits in rounds, then velocities and offsets in rounds."""
        rounds, hits = self._filling.rounds, self._known.hits
        for steps, drums in self._in_rounds(np.isnan(hits), rounds.hits):
            logits = self._filling.logits(self._known)[0, steps, drums, 0]
            chance = _sigmoid(logits / self._temperature)
            hits[0, steps, drums] = self._rng.random(len(steps)) < chance
        for steps, drums in self._in_rounds(self._open(), rounds.dynamics):
            self._draw_dynamics(steps, drums)

    def _in_rounds(
        self, cells: np.ndarray, rounds: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Steps and drums of the middle's cells, in random order, in so many parts."""
        _, steps, drums = np.nonzero(cells[:, self._middle])
        order = self._rng.permutation(len(steps))
        for part in np.array_split(order, min(rounds, len(order)) or 1):
            if len(part):
                yield steps[part] + self._middle.start, drums[part]

    def _open(self) -> np.ndarray:
        """Hits whose velocities or offsets are not known."""
        known = self._known
        unknown = np.isnan(known.velocities) | np.isnan(known.offsets)
        return np.asarray((known.hits == 1) & unknown)

    def _draw_dynamics(self, steps: np.ndarray, drums: np.ndarray) -> None:
        filling, known, rounds = self._filling, self._known, self._filling.rounds
        found = filling.distributions(known, filling.logits(known))
        edges = (filling.bins.velocity_edges(), filling.bins.offset_edges())
        kept = (rounds.repeated_velocity, rounds.repeated_offset)
        for values, chances, bounds, repeated in zip(
            (known.velocities, known.offsets), found, edges, kept, strict=True
        ):
            again = self._repeated(values)[steps, drums]
            heat = self._temperature * np.where(again, repeated, 1.0)
            # Nearer to the median, not to the mode, which is as loud as drums can be.
            levels = _normal_cdf(heat * self._rng.standard_normal(len(steps)))
            drawn = quantile(chances[0, steps, drums], bounds, levels)
            self._put(values, steps, drums, drawn)

    def _repeated(self, values: np.ndarray) -> np.ndarray:
        """``(steps, classes)``: whether a value is known of a cell in any bar."""
        bar = self._filling.steps_per_bar
        known = ~np.isnan(values[0])
        there = known.reshape(-1, bar, known.shape[-1]).any(0)
        return np.asarray(np.tile(there, (len(known) // bar, 1)))

    @staticmethod
    def _put(
        values: np.ndarray, steps: np.ndarray, drums: np.ndarray, new: np.ndarray
    ) -> None:
        old = values[0, steps, drums]
        values[0, steps, drums] = np.where(np.isnan(old), new, old)

    # Expected --------------------------------------------------------------------

    def expect(self) -> None:
        """The most likely hits in one pass, then medians in another."""
        filling, known = self._filling, self._known
        unknown = np.isnan(known.hits)
        unknown[:, : self._middle.start] = unknown[:, self._middle.stop :] = False
        if unknown.any():
            chances = _sigmoid(filling.logits(known)[..., 0])
            known.hits[unknown] = chances[unknown] > HIT_THRESHOLD
        _, steps, drums = np.nonzero(self._open()[:, self._middle])
        if not len(steps):
            return
        steps = steps + self._middle.start
        found = filling.distributions(known, filling.logits(known))
        edges = (filling.bins.velocity_edges(), filling.bins.offset_edges())
        for values, chances, bounds in zip(
            (known.velocities, known.offsets), found, edges, strict=True
        ):
            medians = quantile(chances[0, steps, drums], bounds, 0.5)
            self._put(values, steps, drums, medians)


def _cells(known: Known) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return known.hits, known.velocities, known.offsets


def _cut(known: Known, steps: slice) -> Known:
    """Some steps, copied."""
    return known.map_steps(lambda values: values[:, steps].copy())


def _padded(known: Known, steps: int) -> Known:
    """A copy with so many unknown steps after it."""
    pad = ((0, 0), (0, steps), (0, 0))
    return known.map_steps(lambda values: np.pad(values, pad, constant_values=np.nan))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray((1 + np.tanh(x / 2)) / 2)


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    return np.array([(1 + math.erf(z / math.sqrt(2))) / 2 for z in x.tolist()])


def _softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))
