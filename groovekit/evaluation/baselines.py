"""What a trained model has to beat: predictions that need no training by gradient.

All are fitted on the training split with :func:`fit_baselines`. Those that play
(from :class:`ConstantVelocity` on) are *given the hits* and predict velocities and
offsets only: for a model that humanises they know what it knows, for one that
reconstructs they know more.

NumPy only. Velocities are MIDI velocities, offsets twice the distance from the grid
in steps, positive when early, as in :class:`groovekit.evaluation.metrics.Drums`.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from groovekit.evaluation.hit_cells import Cells, parts_of
from groovekit.evaluation.metrics import MAX_VELOCITY, Drums, nearest

#: What a baseline knows of the window that it predicts.
Given = Literal["nothing", "the input", "the hits"]


class Case(NamedTuple):
    """Windows to predict.

    Attributes:
      inputs: what a model gets to see.
      hits: ``(windows, steps, classes)`` bool: the true hits, for baselines that are
        given them; others take nothing but the shape.
      rng: of those that draw.
    """

    inputs: Drums
    hits: np.ndarray
    rng: np.random.Generator


class Baseline(abc.ABC):
    """Predicts windows.

    Attributes:
      name: in tables for programs.
      label: in tables for people.
      given: what it knows of a window.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    given: ClassVar[Given]

    @abc.abstractmethod
    def predict(self, case: Case) -> Drums:
        """Predicts windows."""


class Silence(Baseline):
    """Nothing is played."""

    name, label, given = "silence", "silence", "nothing"

    def predict(self, case: Case) -> Drums:
        """Windows without hits."""
        zeros = np.zeros(case.hits.shape)
        return Drums(zeros, zeros, zeros)


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
        hits, velocities, offsets = (
            _bars(part, train.steps_per_bar) for part in parts_of(train)
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


@dataclasses.dataclass(frozen=True, eq=False)
class NearestGroove(Baseline):
    """The training window whose input has the hits most like those of the input.

    Attributes:
      inputs: hits of the training windows' inputs.
      outputs: the training windows.
    """

    name: ClassVar[str] = "nearest"
    label: ClassVar[str] = "nearest training groove"
    given: ClassVar[Given] = "the input"

    inputs: np.ndarray
    outputs: Drums

    def predict(self, case: Case) -> Drums:
        """What was played with the nearest input (see :func:`metrics.nearest`)."""
        numbers, _ = nearest(case.inputs.hits, self.inputs)
        found, velocities, offsets = (part[numbers] for part in parts_of(self.outputs))
        return Drums(found, velocities / MAX_VELOCITY, offsets)


@dataclasses.dataclass(frozen=True)
class ConstantVelocity(Baseline):
    """On the grid, all hits equally loud.

    Attributes:
      velocity: median of the training hits, the constant with the least mean
        absolute error.
    """

    name: ClassVar[str] = "quantised"
    label: ClassVar[str] = "quantised, constant velocity"
    given: ClassVar[Given] = "the hits"

    velocity: float

    def predict(self, case: Case) -> Drums:
        """The hits, exactly on the grid."""
        constant = np.full(case.hits.shape, self.velocity / MAX_VELOCITY)
        return Drums(case.hits, constant * case.hits, np.zeros(case.hits.shape))


@dataclasses.dataclass(frozen=True, eq=False)
class CellMeans(Baseline):
    """Mean velocity and offset of each drum at each step of the bar.

    Attributes:
      velocities: ``(steps_per_bar, classes)``.
      offsets: same shape.
    """

    name: ClassVar[str] = "means"
    label: ClassVar[str] = "means by drum and position"
    given: ClassVar[Given] = "the hits"

    velocities: np.ndarray
    offsets: np.ndarray

    @classmethod
    def fit(cls, cells: Cells) -> CellMeans:
        """Means of each cell."""
        velocities, offsets = (
            np.add.reduceat(values, cells.starts) / cells.counts
            for values in (cells.velocities, cells.offsets)
        )
        return cls(velocities.reshape(cells.shape), offsets.reshape(cells.shape))

    def predict(self, case: Case) -> Drums:
        """The hits as they are played on average."""
        steps = np.arange(case.hits.shape[1]) % len(self.velocities)
        velocities, offsets = self.velocities[steps], self.offsets[steps]
        return Drums(
            case.hits, velocities / MAX_VELOCITY * case.hits, offsets * case.hits
        )


@dataclasses.dataclass(frozen=True)
class Jitter(Baseline):
    """Gaussian noise on velocity and timing, as a sequencer's "humanise" does.

    Attributes:
      velocity: mean of the training hits.
      velocity_sd: their standard deviation.
      offset_sd: of the offsets, about the grid.
    """

    name: ClassVar[str] = "jitter"
    label: ClassVar[str] = "Gaussian jitter"
    given: ClassVar[Given] = "the hits"

    velocity: float
    velocity_sd: float
    offset_sd: float

    def predict(self, case: Case) -> Drums:
        """The hits with independent noise on each."""
        velocities = case.rng.normal(self.velocity, self.velocity_sd, case.hits.shape)
        offsets = case.rng.normal(0.0, self.offset_sd, case.hits.shape)
        return _played(case.hits, velocities, offsets)


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
        return _played(case.hits, velocities, offsets)


def fit_baselines(train: Drums, inputs: Drums) -> list[Baseline]:
    """All baselines that make sense for the data, fitted.

    Args:
      train: training windows as they were played, which begin with a bar.
      inputs: the same windows as a model gets to see them.

    Returns:
      Silence, the most frequent bar and the nearest groove; where the windows have
      velocities and offsets also those that are given the hits.

    Raises:
      DataError: training windows without any hit.
    """
    found: list[Baseline] = [
        Silence(),
        FrequentPattern.fit(train),
        NearestGroove(inputs.hits, train),
    ]
    if train.velocities is None or train.offsets is None:
        return found
    cells = Cells.fit(train)
    velocities, offsets = train.velocities[train.hits], train.offsets[train.hits]
    return [
        *found,
        ConstantVelocity(float(np.median(velocities))),
        CellMeans.fit(cells),
        Jitter(
            float(velocities.mean()),
            float(velocities.std()),
            float(np.sqrt(np.square(offsets).mean())),
        ),
        Humaniser.fit(train, cells),
    ]


def _bars(part: np.ndarray, steps_per_bar: int) -> np.ndarray:
    """``(bars, steps_per_bar, classes)``; steps beyond whole bars are left out."""
    windows, steps, classes = part.shape
    size = min(steps_per_bar, steps)
    whole = part[:, : steps - steps % size]
    return whole.reshape(windows * (steps // size), size, classes)


def _played(hits: np.ndarray, velocities: np.ndarray, offsets: np.ndarray) -> Drums:
    """Within what MIDI and the grid allow, and nothing where there is no hit."""
    return Drums(
        hits,
        np.clip(velocities, 1, MAX_VELOCITY) / MAX_VELOCITY * hits,
        np.clip(offsets, -1, 1) * hits,
    )
