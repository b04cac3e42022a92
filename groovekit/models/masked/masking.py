"""Which cells of a performance a masked model is not shown in training, by task."""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.configs.masked import MaskingConfig
from groovekit.models.masked.known import NUMBERS, Known

#: What a window is hidden for, as :class:`MaskingConfig` names it.
TASKS = ("humanise", "taps", "add", "bars", "cells")


# MIDI's softest velocity of a note that sounds.
_SOFTEST = 1 / 127


@dataclasses.dataclass(frozen=True, eq=False)
class Performances:
    """A batch of whole performances.

    Attributes:
      hits: ``(batch, steps, classes)`` bool.
      velocities: same shape float32, 0..1.
      offsets: same shape float32, -1..1.
      tempos: ``(batch,)`` quarter notes a minute; NaN is unknown.
      styles: ``(batch,)`` integers; -1 is unknown.
    """

    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray
    tempos: np.ndarray
    styles: np.ndarray

    def known(self) -> Known:
        """Everything known, but for taps and numbers other than the tempo."""
        batch, steps, classes = self.hits.shape
        known = Known.nothing(batch, steps, classes)
        numbers = known.numbers
        numbers[:, -1] = self.tempos
        return dataclasses.replace(
            known,
            hits=self.hits.astype(np.float32),
            velocities=np.where(self.hits, self.velocities, np.float32(np.nan)),
            offsets=np.where(self.hits, self.offsets, np.float32(np.nan)),
            numbers=numbers,
            styles=self.styles.copy(),
        )

    def numbers(self) -> np.ndarray:
        """``(batch, 5)`` by :data:`~groovekit.models.masked.known.NUMBERS`."""
        weights = self.hits.astype(np.float32)
        count = np.maximum(weights.sum((1, 2)), 1)

        def of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            mean = np.asarray((values * weights).sum((1, 2)) / count)
            squares = (values - mean[:, None, None]) ** 2
            return mean, np.asarray(np.sqrt((squares * weights).sum((1, 2)) / count))

        level, spread = of(self.velocities)
        push, looseness = of(self.offsets)
        columns: np.ndarray = np.stack(
            [level, push, spread, looseness, self.tempos], axis=-1
        )
        columns[~self.hits.any((1, 2)), :4] = np.nan
        return np.asarray(columns, np.float32)


def tapped(performances: Performances) -> np.ndarray:
    """``(batch, steps, 3)``: the loudest stroke of each step as a tap."""
    loudness = np.where(performances.hits, performances.velocities, -1)
    loudest = np.argmax(loudness, axis=-1)[..., None]
    hit = performances.hits.any(-1)
    parts = [
        np.where(hit, np.take_along_axis(values, loudest, axis=-1)[..., 0], np.nan)
        for values in (performances.velocities, performances.offsets)
    ]
    return np.stack([hit, *parts], axis=-1).astype(np.float32)


def hide(
    performances: Performances,
    config: MaskingConfig,
    rng: np.random.Generator,
    *,
    steps_per_bar: int,
) -> Known:
    """Hides parts of each performance for a task that is drawn.

    Args:
      performances: whole ones.
      config: how often what is hidden.
      rng: of all draws.
      steps_per_bar: of the grid.

    Returns:
      What is left.
    """
    known = performances.known()
    taps = tapped(performances)
    weights = np.array(config.weights) / sum(config.weights)
    for row in range(len(known.hits)):
        task = TASKS[int(rng.choice(len(TASKS), p=weights))]
        window = _Window(performances.hits[row], steps_per_bar, rng)
        if task == "humanise":
            velocities, offsets = window.dynamics(config.no_dynamics)
            hits = np.zeros(window.shape, bool)
        else:
            hits = getattr(window, task)()
            if task == "taps":
                known.taps[row] = taps[row]
                if rng.random() < 0.5:
                    known.taps[row, :, 1] = np.nan
                if rng.random() < 0.1:
                    known.taps[row, :, 2] = np.nan
            hits, velocities, offsets = window.revealed(hits, sole=task == "add")
        known.hits[row][hits] = np.nan
        known.velocities[row][velocities | hits] = np.nan
        known.offsets[row][offsets | hits] = np.nan
    _say_some(performances, known, rng)
    return known


class _Window:
    """Draws what to hide of one window; masks are True where it is hidden."""

    def __init__(
        self, hits: np.ndarray, steps_per_bar: int, rng: np.random.Generator
    ) -> None:
        self.hits = hits
        self.shape = hits.shape
        self._steps_per_bar = steps_per_bar
        self._bars = len(hits) // steps_per_bar
        self._rng = rng

    def _some(self, share: float) -> np.ndarray:
        return self._rng.random(self.shape) < share

    def _of_bars(self, bars: np.ndarray) -> np.ndarray:
        steps = np.repeat(bars, self._steps_per_bar)
        return np.broadcast_to(steps[:, None], self.shape).copy()

    def _ends(self) -> np.ndarray:
        """All bars but some at one end, at least one of either."""
        bars = np.arange(self._bars)
        cut = int(self._rng.integers(1, max(self._bars, 2)))
        hidden = bars >= cut
        return hidden if self._rng.random() < 0.75 else hidden[::-1].copy()

    def dynamics(self, nothing: float) -> tuple[np.ndarray, np.ndarray]:
        """Velocities and offsets to hide where all hits are known.

        Args:
          nothing: probability that all are hidden.
        """
        rng = self._rng
        case = (rng.random() - nothing) / max(1 - nothing, 1e-9)
        if case < 0:
            hidden = np.ones(self.shape, bool)
        elif case < 0.32:
            hidden = self._of_bars(self._ends())
        elif case < 0.82:
            hidden = self._some(rng.random())
        elif case < 0.92:
            hidden = self._of_bars(rng.random(self._bars) < rng.random())
        else:
            drums = rng.random(self.shape[1]) < 0.5
            hidden = np.broadcast_to(drums, self.shape).copy()
        velocities, offsets = hidden, hidden.copy()
        other = rng.random()
        if other < 0.12:
            velocities = np.zeros(self.shape, bool)
        elif other < 0.24:
            offsets = np.zeros(self.shape, bool)
        return velocities, offsets

    def taps(self) -> np.ndarray:
        """Everything."""
        return np.ones(self.shape, bool)

    def add(self) -> np.ndarray:
        """One to three drums, those that are played more often."""
        rng = self._rng
        classes = self.shape[1]
        weights = np.asarray(0.3 + self.hits.any(0))
        # The closed hi-hat is what is added most, kick and crash are the hardest.
        for drum, factor in ((0, 1.5), (2, 2.5), (7, 1.5)):
            if drum < classes:
                weights[drum] *= factor
        count = int(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))
        drums = rng.choice(
            classes, min(count, classes), replace=False, p=weights / weights.sum()
        )
        hidden = np.isin(np.arange(classes), drums)
        return np.broadcast_to(hidden, self.shape).copy()

    def bars(self) -> np.ndarray:
        """A bar, or all bars after one."""
        rng = self._rng
        if rng.random() < 0.6 or self._bars == 1:
            bars = np.arange(self._bars) == rng.integers(self._bars)
        else:
            bars = np.arange(self._bars) >= rng.integers(1, self._bars)
        return self._of_bars(bars)

    def cells(self) -> np.ndarray:
        """Cells at random."""
        return self._some(self._rng.random())

    def revealed(
        self, hidden: np.ndarray, *, sole: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Hidden hits, velocities and offsets, some of the hidden being revealed.

        Half of the time a random share of the hits is, and of their dynamics, as it
        is while hits and then dynamics are drawn in rounds.

        Args:
          hidden: cells of which nothing is known.
          sole: whether the dynamics of all other cells may be hidden, too, as those of
            a pattern are.
        """
        rng = self._rng
        hits, dynamics = hidden, hidden.copy()
        if rng.random() < 0.5:
            whole = rng.random() < 0.3
            hits = hidden & self._some(0.0 if whole else rng.random())
            share = rng.random() if whole or rng.random() < 0.3 else 1.0
            dynamics = hidden & self._some(share)
        if sole and rng.random() < 0.2:
            dynamics = np.ones(self.shape, bool)
        return hits, dynamics, dynamics.copy()


def _say_some(
    performances: Performances, known: Known, rng: np.random.Generator
) -> None:
    """Says some of the conditions of each window."""
    batch = len(known.hits)
    case = rng.random(batch)
    said = rng.random((batch, len(NUMBERS))) < 0.5
    said[case < 0.85] = True
    said[case < 0.7, 2:] = False
    said[case < 0.5] = False
    said[:, -1] = rng.random(batch) < 0.85
    known.numbers[:] = np.where(said, performances.numbers(), np.nan)
    known.styles[rng.random(batch) < 0.65] = -1


def varied(
    performances: Performances, config: MaskingConfig, rng: np.random.Generator
) -> Performances:
    """Some performances louder or softer, tighter or looser, earlier or later.

    Now and then one of a varied window's drums is silent.

    Args:
      performances: whole ones.
      config: how far.
      rng: of all draws.
    """
    batch, _, classes = performances.hits.shape
    each = (batch, 1, 1)

    def normal() -> np.ndarray:
        return rng.standard_normal(each)

    on = rng.random(each) < config.varied
    hits = performances.hits & ((rng.random((batch, 1, classes)) >= 0.04) | ~on)
    velocities = np.clip(performances.velocities, _SOFTEST, 1)
    velocities = velocities ** np.exp(config.louder * normal())
    velocities = velocities * np.exp(config.louder / 3 * normal())
    velocities = np.where(on, velocities, performances.velocities)
    offsets = performances.offsets * np.exp(5 * config.later * normal())
    offsets = offsets + config.later * normal()
    offsets = np.where(on, offsets, performances.offsets)
    return dataclasses.replace(
        performances,
        hits=hits,
        velocities=(np.clip(velocities, _SOFTEST, 1) * hits).astype(np.float32),
        offsets=(np.clip(offsets, -1, 1) * hits).astype(np.float32),
    )
