"""From seconds to steps of a grid, whole columns of notes at once."""

from __future__ import annotations

import numpy as np

from groovekit.converters.base import Reason, UnusableError

# Half a day of music: a stray note at the end of time must not fill the memory.
MAX_BARS = 20_000
_FARTHEST_STEP = 1e14


def to_steps(seconds: np.ndarray, rate: float) -> np.ndarray:
    """The nearest step of each time; half-way goes to the later step.

    Args:
      seconds: ``(notes,)`` float64.
      rate: steps a second.

    Returns:
      ``(notes,)`` int64. Times up to one and a half steps before zero give
      step 0, so that a hit played ahead of the first beat stays with it.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.trunc(seconds * rate + 0.5)
    # Nonsense becomes a step so far away that it is rejected by its range.
    far = _FARTHEST_STEP
    steps = np.clip(np.nan_to_num(steps, nan=-far, posinf=far, neginf=-far), -far, far)
    rounded: np.ndarray = steps.astype(np.int64)
    return rounded


def bars_until(last_step: int, steps_per_bar: int) -> int:
    """Whole bars that hold steps up to ``last_step``, excluded.

    Raises:
      UnusableError: more than a day of music.
    """
    bars = -(-last_step // steps_per_bar)
    if bars > MAX_BARS:
        raise UnusableError(Reason.TOO_LONG, f"{bars} bars")
    return bars
