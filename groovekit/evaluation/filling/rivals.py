"""What a model that fills has to beat, task by task."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from groovekit.evaluation.baselines.bars import Bars
from groovekit.evaluation.baselines.base import Baseline, Case
from groovekit.evaluation.baselines.cell_medians import CellMedians
from groovekit.evaluation.baselines.constant_velocity import ConstantVelocity
from groovekit.evaluation.baselines.nearest_bars import NearestBars
from groovekit.evaluation.baselines.neighbours import Neighbours
from groovekit.evaluation.baselines.ridge import Ridge
from groovekit.evaluation.baselines.voting_bars import VotingBars
from groovekit.evaluation.filling.tasks import NUMBERS, Task
from groovekit.evaluation.hit_cells import Cells
from groovekit.evaluation.metrics import MAX_VELOCITY, Drums

# Strokes that what is known without them counts for, of a drum and of a cell.
_SHRINK_DRUM, _SHRINK_CELL = 2.0, 1.0


class Rival(NamedTuple):
    """A prediction of the windows of a task.

    Attributes:
      name: what predicts, in tables for programs.
      label: in tables for people.
      drums: of what the model sees, hidden cells filled.
    """

    name: str
    label: str
    drums: Drums


@dataclasses.dataclass(frozen=True, eq=False)
class Rivals:
    """Predictions of windows of eight bars.

    Attributes:
      train: training windows.
      owners: ``(windows,)``: the performance that each is of.
      medians: of the training.
      bar: steps of a bar.
    """

    train: Drums
    owners: np.ndarray
    medians: CellMedians
    bar: int

    @classmethod
    def of(cls, train: Drums, owners: np.ndarray) -> Rivals:
        """Fitted to training windows."""
        medians = CellMedians.fit(Cells.fit(train))
        return cls(train, owners, medians, train.steps_per_bar)

    def of_task(self, task: Task, truth: Drums) -> Iterator[Rival]:
        """Those that make sense for what is hidden.

        Args:
          task: what is hidden.
          truth: what the model sees of the held-out windows, hidden cells included.
        """
        hidden = task.hidden(truth.hits.shape[2], self.bar)
        if not task.hits:
            yield from self._of_dynamics(task, truth, hidden)
        elif task.taps or task.drums:
            yield from self._of_inputs(task, truth, hidden)
        else:
            length = hidden[:, 0].sum()
            hits = truth.hits.copy()
            hits[:, -length:] = hits[:, -2 * length : -length]
            label = "copy of what stands before"
            yield Rival("copy", label, truth.replaced(hits, None, None))

    def _of_dynamics(
        self, task: Task, truth: Drums, hidden: np.ndarray
    ) -> Iterator[Rival]:
        case = Case(truth, truth.hits, np.random.default_rng(0))
        for baseline in (self._constant, self.medians, self._nearest):
            made = baseline.predict(case).on_grid_of(truth)
            yield Rival(baseline.name, baseline.label, made)
            if task.told in NUMBERS and baseline is not self._constant:
                label = f"{baseline.label}, at the level and push"
                yield Rival(f"{baseline.name}_told", label, _moved(made, truth))
        if not hidden.all():
            table = self._table(truth, hidden)
            yield Rival("table", "shrunk table of what is known", table)

    @functools.cached_property
    def _constant(self) -> ConstantVelocity:
        assert self.train.velocities is not None
        return ConstantVelocity(
            float(np.median(self.train.velocities[self.train.hits]))
        )

    @functools.cached_property
    def _nearest(self) -> NearestBars:
        played = Bars.of(self.train, self.train, self.owners)
        return NearestBars(played, self.medians)

    def _table(self, truth: Drums, hidden: np.ndarray) -> Drums:
        """Medians, moved by what the known strokes of a drum and of a cell differ."""
        found = []
        known = truth.hits & ~hidden
        middles = self.medians.at(truth.hits.shape[1])
        for values, middle in zip(
            (truth.velocities, truth.offsets), middles, strict=True
        ):
            assert values is not None
            apart = np.where(known, values - middle, 0)
            drum = apart.sum(1, keepdims=True) / (
                known.sum(1, keepdims=True) + _SHRINK_DRUM
            )
            apart = np.where(known, apart - drum, 0)
            sums, counts = (
                part.reshape(len(part), -1, self.bar, part.shape[2]).sum(1)
                for part in (apart, known)
            )
            cell = sums / (counts + _SHRINK_CELL)
            bars = truth.hits.shape[1] // self.bar
            found.append(middle + drum + np.tile(cell, (1, bars, 1)))
        return truth.replaced(truth.hits, *found)

    def _of_inputs(
        self, task: Task, truth: Drums, hidden: np.ndarray
    ) -> Iterator[Rival]:
        """Baselines that see taps, or the other drums; none of a drum never played."""
        train = self._cut_train(task)
        if not (train.hits & hidden).any():
            return
        owners = np.repeat(self.owners, len(train) // len(self.owners))
        seen, known = (_shown(drums, task, hidden) for drums in (truth, train))
        case = Case(seen, truth.hits, np.random.default_rng(0))
        fitted: list[Baseline]
        if task.taps:
            fitted = [
                Ridge.fit(train, known, None),
                Neighbours.fit(train, known, owners, None),
            ]
        else:
            fitted = [VotingBars.fit(Bars.of(train, known, owners), None)]
        for baseline in fitted:
            yield Rival(baseline.name, baseline.label, baseline.predict(case))

    def _cut_train(self, task: Task) -> Drums:
        """Training windows of as many bars as the model sees."""
        steps = (task.end - task.first) * self.bar
        parts = (self.train.hits, self.train.velocities, self.train.offsets)
        cut = [
            None if part is None else part.reshape(-1, steps, part.shape[2])
            for part in parts
        ]
        assert cut[0] is not None
        return self.train.replaced(cut[0], cut[1], cut[2])


def _moved(made: Drums, truth: Drums) -> Drums:
    """Velocities and offsets moved to the window's mean, which the model is told."""
    counts = np.maximum(truth.hits.sum(axis=(1, 2)), 1)
    moved = []
    for own, true, least, most in (
        (made.velocities, truth.velocities, 1.0, MAX_VELOCITY),
        (made.offsets, truth.offsets, -1.0, 1.0),
    ):
        assert own is not None
        assert true is not None
        missing = ((true - own) * truth.hits).sum(axis=(1, 2)) / counts
        moved.append(np.clip(own + missing[:, None, None], least, most) * truth.hits)
    return made.replaced(truth.hits, *moved)


def _shown(drums: Drums, task: Task, hidden: np.ndarray) -> Drums:
    """What is not hidden; or taps, which have no velocities, on the first class."""
    assert drums.velocities is not None
    assert drums.offsets is not None
    if not task.taps:
        hits, velocities, offsets = (
            np.where(hidden, 0, part)
            for part in (drums.hits, drums.velocities, drums.offsets)
        )
        return drums.replaced(hits > 0, velocities, offsets)
    loudest = np.where(drums.hits, drums.velocities, -1).argmax(axis=2)[..., None]
    tapped = np.zeros_like(drums.hits)
    tapped[..., 0] = drums.hits.any(axis=2)
    when = np.zeros_like(drums.offsets)
    when[..., 0] = np.take_along_axis(drums.offsets, loudest, axis=2)[..., 0]
    return drums.replaced(tapped, 100.0 * tapped, when * tapped)
