"""How drums are struck: toms in runs, ghost notes, dynamics and timing of hits."""

from __future__ import annotations

import numpy as np

from groovekit.converters.grid.drums import (
    SNARE,
    TOMS,
    Drums,
    by_bar,
    nine_classes,
    ratio,
    required,
    step_milliseconds,
)
from groovekit.io.tempo import DEFAULT_QPM

#: MIDI velocity below which a stroke of the snare is a ghost note.
GHOST = 40
# Steps in which another tom makes a run.
_REACH = 2


def isolated_toms(drums: Drums) -> float:
    """Share of steps with toms that have none within two steps (0..1).

    Raises:
      DataError: other classes than those of a nine-class kit map.
    """
    nine_classes(drums)
    toms = drums.hits[..., TOMS].any(axis=2)
    steps = toms.shape[1]
    padded = np.pad(toms, ((0, 0), (_REACH, _REACH)))
    near = np.zeros_like(toms)
    for distance in range(1, _REACH + 1):
        near |= padded[:, _REACH - distance :][:, :steps]
        near |= padded[:, _REACH + distance :][:, :steps]
    return ratio(int((toms & ~near).sum()), int(toms.sum()))


def toms_by_bar(drums: Drums) -> np.ndarray:
    """``(bars,)``: hits of toms in each bar of a window, on average.

    Raises:
      DataError: other classes than those of a nine-class kit map.
    """
    nine_classes(drums)
    return np.asarray(by_bar(drums)[..., TOMS].sum(axis=(2, 3)).mean(axis=0))


def velocity_sd(drums: Drums) -> float:
    """Standard deviation of the velocities of all hits (MIDI units)."""
    return _sd(required(drums, "velocities")[drums.hits])


def ghost_share(drums: Drums) -> float:
    """Share of the snare's hits that are ghost notes: velocities below 40 (0..1).

    Raises:
      DataError: other classes than those of a nine-class kit map.
    """
    nine_classes(drums)
    velocities = required(drums, "velocities")[..., SNARE][drums.hits[..., SNARE]]
    # As MIDI has them: 40 / 127 may have lost a little.
    return ratio(int((np.rint(velocities) < GHOST).sum()), len(velocities))


def snare_timing_sd(drums: Drums) -> float:
    """Standard deviation of the snare's distances from the grid (ms at 120 qpm).

    Raises:
      DataError: other classes than those of a nine-class kit map.
    """
    nine_classes(drums)
    offsets = required(drums, "offsets")[..., SNARE][drums.hits[..., SNARE]]
    step = step_milliseconds(DEFAULT_QPM, steps_per_quarter=drums.steps_per_quarter)
    return _sd(offsets) / 2 * step


def _sd(values: np.ndarray) -> float:
    return float(values.std()) if len(values) else float("nan")
