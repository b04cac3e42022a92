"""What a set of grooves is like, all windows together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from groovekit.converters.grid.drums import (
    Drums,
    flat,
    ratio,
    required,
    step_milliseconds,
)
from groovekit.errors import DataError
from groovekit.io.tempo import DEFAULT_QPM


@dataclasses.dataclass(frozen=True)
class Spread:
    """A distribution in five numbers.

    Attributes:
      mean: arithmetic mean.
      sd: standard deviation (of the population).
      low: 5th percentile, linearly interpolated.
      high: 95th percentile.
      count: number of values.
    """

    mean: float
    sd: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Any) -> Spread:
        """The spread of an array; NaN without values."""
        values = np.asarray(values, np.float64).ravel()
        if not len(values):
            return cls(np.nan, np.nan, np.nan, np.nan, 0)
        low, high = np.percentile(values, [5, 95])
        return cls(
            float(values.mean()),
            float(values.std()),
            float(low),
            float(high),
            len(values),
        )


def hits_per_step(drums: Drums) -> float:
    """Mean number of hits a step."""
    windows, steps, _ = drums.hits.shape
    return ratio(int(drums.hits.sum()), windows * steps)


def hits_per_bar(drums: Drums, *, steps_per_bar: int | None = None) -> float:
    """Mean number of hits a bar."""
    return hits_per_step(drums) * (steps_per_bar or drums.steps_per_bar)


def share_at(
    drums: Drums,
    drum: int,
    positions: Iterable[int],
    *,
    steps_per_bar: int | None = None,
) -> float:
    """Share of a drum's hits that lie at certain steps of the bar (0..1).

    Microtiming does not matter: a hit belongs to the step that it is nearest to.
    By chance it would be ``len(positions) / steps_per_bar``. Kicks on the beat are
    ``share_at(drums, KICK, QUARTERS)``, snares on the backbeat
    ``share_at(drums, SNARE, BACKBEATS)``.

    Args:
      drums: windows that begin with a bar.
      drum: class.
      positions: steps of the bar, such as :data:`QUARTERS`.
      steps_per_bar: grid; that of the drums by default.
    """
    of_drum = drums.hits[:, :, drum]
    return ratio(
        int(of_drum[:, _at(drums, positions, steps_per_bar)].sum()), int(of_drum.sum())
    )


def coverage_at(
    drums: Drums,
    drum: int,
    positions: Iterable[int],
    *,
    steps_per_bar: int | None = None,
) -> float:
    """Share of certain steps of the bars at which a drum is hit (0..1).

    The counterpart of :func:`share_at`: how many backbeats have a snare, not how
    many snares lie on backbeats. Arguments as there.
    """
    cells = drums.hits[:, _at(drums, positions, steps_per_bar), drum]
    return ratio(int(cells.sum()), cells.size)


def velocity_spread(drums: Drums, *, drum: int | None = None) -> Spread:
    """How loud hits are, in MIDI units: of all drums, or of one class."""
    velocities = required(drums, "velocities")
    if drum is not None:
        return Spread.of(velocities[:, :, drum][drums.hits[:, :, drum]])
    return Spread.of(velocities[drums.hits])


def microtiming_steps(drums: Drums) -> Spread:
    """How far hits lie from the grid, in steps (-0.5..0.5), positive when early."""
    return Spread.of(required(drums, "offsets")[drums.hits] / 2)


def microtiming_ms(
    drums: Drums, *, qpm: float = DEFAULT_QPM, steps_per_quarter: int | None = None
) -> Spread:
    """How far hits lie from the grid, in milliseconds, positive when early.

    Args:
      drums: windows.
      qpm: tempo at which steps become milliseconds; the tensors have none.
      steps_per_quarter: grid; that of the drums by default.
    """
    per_quarter = steps_per_quarter or drums.steps_per_quarter
    step_ms = step_milliseconds(qpm, steps_per_quarter=per_quarter)
    return Spread.of(required(drums, "offsets")[drums.hits] / 2 * step_ms)


def class_shares(drums: Drums) -> np.ndarray:
    """``(classes,)``: each drum's share of all hits; they add up to 1."""
    counts = drums.hits.sum(axis=(0, 1))
    total = counts.sum()
    return counts / total if total else np.full(len(counts), np.nan)


def onset_histogram(drums: Drums, *, steps_per_bar: int | None = None) -> np.ndarray:
    """``(steps_per_bar, classes)``: how often each step of a bar is hit (0..1).

    Args:
      drums: windows of whole bars.
      steps_per_bar: grid; that of the drums by default.

    Raises:
      DataError: the windows are not whole bars.
    """
    windows, steps, classes = drums.hits.shape
    per_bar = steps_per_bar or drums.steps_per_bar
    if steps % per_bar:
        raise DataError(
            f"Expected windows of whole bars of {per_bar} steps, got {steps} steps."
        )
    bars = drums.hits.reshape(-1, per_bar, classes)
    if not windows:
        return np.full((per_bar, classes), np.nan)
    return np.asarray(bars.mean(axis=0))


def distinct_share(drums: Drums) -> float:
    """Share of different hit patterns among the windows (1: no two are alike)."""
    if not len(drums):
        return float("nan")
    packed = np.packbits(flat(drums.hits), axis=1)
    return len(np.unique(packed, axis=0)) / len(drums)


def _at(
    drums: Drums, positions: Iterable[int], steps_per_bar: int | None
) -> np.ndarray:
    steps = np.arange(drums.hits.shape[1])
    return np.isin(steps % (steps_per_bar or drums.steps_per_bar), list(positions))
