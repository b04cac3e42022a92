"""What sets of drum grooves are like: the figures that samples are judged by.

NumPy only. All are of windows that begin with a bar and do not overlap; see
:mod:`groovekit.evaluation.metrics` for each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from groovekit.evaluation import metrics
from groovekit.evaluation.metrics import Drums


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number that describes a set of windows.

    Attributes:
      name: in tables for programs.
      label: in tables for people.
      unit: of its values; "%" for shares, which are kept as 0 to 1.
      measure: of drums.
      dynamics: whether it needs velocities and offsets.
      classes: whether it needs the classes of a nine-class kit map.
      between_bars: whether it needs windows of several bars.
    """

    name: str
    label: str
    unit: str
    measure: Callable[[Drums], float]
    dynamics: bool = False
    classes: bool = True
    between_bars: bool = False

    def text(self, value: float | None) -> str:
        """A value as people read it."""
        if value is None:
            return "-"
        if self.unit == "%":
            return f"{100 * value:.1f} %"
        return f"{value:.1f}" if self.unit in {"of 127", "ms"} else f"{value:.3f}"


def _adjacent(drums: Drums) -> float:
    values = metrics.adjacent_bars(drums)
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _toms_before(drums: Drums) -> float:
    return float(metrics.toms_by_bar(drums)[:-1].mean())


def _toms_last(drums: Drums) -> float:
    return float(metrics.toms_by_bar(drums)[-1])


FIGURES = (
    Figure(
        "adjacent_bars",
        "adjacent bars alike (F1)",
        "",
        _adjacent,
        classes=False,
        between_bars=True,
    ),
    Figure(
        "flicker",
        "hat and ride strokes in no other bar",
        "%",
        metrics.flicker,
        between_bars=True,
    ),
    Figure(
        "timekeeper_changes",
        "timekeeper changes from bar to bar",
        "%",
        metrics.timekeeper_changes,
        between_bars=True,
    ),
    Figure("isolated_toms", "isolated tom strokes", "%", metrics.isolated_toms),
    Figure(
        "toms_before",
        "tom hits a bar before the last",
        "",
        _toms_before,
        between_bars=True,
    ),
    Figure("toms_last", "tom hits in the last bar", "", _toms_last),
    Figure(
        "velocity_sd",
        "velocity, sd",
        "of 127",
        metrics.velocity_sd,
        dynamics=True,
        classes=False,
    ),
    Figure("ghosts", "ghost snares", "%", metrics.ghost_share, dynamics=True),
    Figure(
        "snare_timing_sd",
        "snare timing, sd at 120 qpm",
        "ms",
        metrics.snare_timing_sd,
        dynamics=True,
    ),
    Figure(
        "empty_bars",
        "windows with an empty bar",
        "%",
        metrics.empty_bars,
        classes=False,
    ),
)

#: Sets that are described by these figures, by title.
DESCRIBED = {"samples": "samples", "held_out": "held out", "train": "train"}
#: Sets that are told from held-out windows, by title: among samples, and among ways.
TOLD_APART = {"samples": "samples", "train": "training windows"}
BETWEEN = {
    "middle": "middle of the ways",
    "mixed": "mixed step by step",
    "reconstructions": "reconstructions",
}


def sample_figures(drums: Drums) -> dict[str, float]:
    """Those of :data:`FIGURES` that can be measured, by name."""
    nine = drums.hits.shape[2] == metrics.RIDE + 1
    timed = drums.velocities is not None and drums.offsets is not None
    several = drums.hits.shape[1] >= 2 * drums.steps_per_bar
    return {
        figure.name: figure.measure(drums)
        for figure in FIGURES
        if (nine or not figure.classes)
        and (timed or not figure.dynamics)
        and (several or not figure.between_bars)
    }
