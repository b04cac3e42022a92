"""What is hidden of windows of eight bars, so that a model can be measured on it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Literal

import numpy as np

from groovekit.converters.groove import GrooveConverter
from groovekit.evaluation.metrics import Drums
from groovekit.generation.partial import Conditions, Partial, Taps

#: Bars of a window; later ones are what is measured where not all are.
BARS = 8
Told = Literal["nothing", "level and push", "four numbers", "style"]
#: What is told where numbers are.
NUMBERS: tuple[Told, ...] = ("level and push", "four numbers")


@dataclasses.dataclass(frozen=True)
class Task:
    """Something that is hidden.

    Attributes:
      name: in tables for programs.
      label: in tables for people.
      first: first bar of the window that the model sees, from 0.
      end: bar at which what it sees ends.
      start: first bar that is measured.
      hits: whether hits are hidden and measured; else dynamics are.
      drums: the classes that are hidden; empty for all.
      taps: whether a tapped rhythm is given instead.
      told: conditions that are given.
    """

    name: str
    label: str
    first: int = 0
    end: int = BARS
    start: int = 0
    hits: bool = True
    drums: tuple[int, ...] = ()
    taps: bool = False
    told: Told = "nothing"

    def hidden(self, classes: int, steps_per_bar: int) -> np.ndarray:
        """``(steps, classes)`` bool: cells of what is seen that are hidden."""
        hidden = np.zeros(((self.end - self.first) * steps_per_bar, classes), bool)
        drums = list(self.drums) if self.drums else slice(None)
        hidden[(self.start - self.first) * steps_per_bar :, drums] = True
        return hidden

    def cut(self, window: np.ndarray, steps_per_bar: int) -> np.ndarray:
        """What is seen, of an array ``(steps, ...)`` of a window."""
        return window[self.first * steps_per_bar : self.end * steps_per_bar]


def tasks(class_names: Sequence[str]) -> list[Task]:
    """All of them, for a kit of drums of these names."""
    dynamics = functools.partial(Task, start=4, hits=False)
    names = [name.replace("_", " ") for name in class_names]
    return [
        dynamics("humanise", "dynamics of four bars", first=4),
        dynamics("told_two", "... level and push told", first=4, told="level and push"),
        dynamics(
            "told_four", "... range and looseness, too", first=4, told="four numbers"
        ),
        dynamics("told_style", "... style told", first=4, told="style"),
        dynamics("after_four", "... four bars before known"),
        dynamics("after_one", "... one bar before known", first=3),
        Task("taps_2", "two bars to taps", end=2, taps=True),
        Task("taps_8", "eight bars to taps", taps=True),
        *(
            Task(f"add_{name}", f"{label} added", drums=(number,))
            for number, (name, label) in enumerate(zip(class_names, names, strict=True))
        ),
        Task("last_bar", "the last bar", start=7),
        Task("second_half", "bars 5 to 8", start=4),
    ]


def partial(
    task: Task,
    truth: Drums,
    row: int,
    *,
    qpm: float,
    style: str | None,
    converter: GrooveConverter,
) -> Partial:
    """What a model is shown of a window.

    Args:
      task: what is hidden of it.
      truth: windows of eight bars.
      row: which of them.
      qpm: its tempo.
      style: one of the Groove dataset's, or None.
      converter: whose grid it is.
    """
    bar = converter.grid.steps_per_bar
    assert truth.velocities is not None
    assert truth.offsets is not None
    hits, velocities, offsets = (
        task.cut(part[row], bar).astype(np.float32)
        for part in (truth.hits, truth.velocities / 127, truth.offsets)
    )
    conditions = _conditions(task, hits > 0, velocities, offsets, qpm, converter)
    if task.told == "style":
        conditions = Conditions(style=style)
    taps = _taps(hits, velocities, offsets) if task.taps else None
    hidden = task.hidden(hits.shape[1], bar)
    if task.hits:
        hits[hidden] = np.nan
    velocities[hidden] = np.nan
    offsets[hidden] = np.nan
    return Partial(hits, velocities, offsets, taps, conditions, qpm)


def _conditions(
    task: Task,
    hits: np.ndarray,
    velocities: np.ndarray,
    offsets: np.ndarray,
    qpm: float,
    converter: GrooveConverter,
) -> Conditions:
    if task.told not in NUMBERS or not hits.any():
        return Conditions()
    apart = offsets[hits] / 2 * 1000 * converter.step_seconds(qpm)
    loud = 127 * velocities[hits]
    found = Conditions(level=float(loud.mean()), push=float(apart.mean()))
    if task.told == "level and push":
        return found
    return dataclasses.replace(
        found,
        range=float(min(loud.std(), 60.0)),
        looseness=float(min(apart.std(), 100.0)),
    )


def _taps(hits: np.ndarray, velocities: np.ndarray, offsets: np.ndarray) -> Taps:
    """The loudest stroke of each step, without its velocity."""
    loudest = np.where(hits > 0, velocities, -1).argmax(axis=1)[:, None]
    tapped = hits.max(axis=1)
    when = np.take_along_axis(offsets, loudest, axis=1)[:, 0]
    unknown = np.full(len(hits), np.nan, np.float32)
    return Taps(tapped, unknown, np.where(tapped > 0, when, unknown))
