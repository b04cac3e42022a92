"""Whether the bars of a window belong together: what repeats, what flickers."""

from __future__ import annotations

import numpy as np

from groovekit.converters.grid.drums import (
    CLOSED_HAT,
    OPEN_HAT,
    RIDE,
    Drums,
    by_bar,
    nine_classes,
    ratio,
)

# Strokes from which on a drum keeps time in a bar.
_FEWEST_STROKES = 3


def adjacent_bars(drums: Drums) -> np.ndarray:
    """``(windows,)``: how alike bars after each other are, F1 of their hits (0..1).

    The mean over bars 1 and 2, 2 and 3 and so on, all classes together; NaN where
    there is no such pair with a hit.
    """
    bars = by_bar(drums)
    bars = bars.reshape(*bars.shape[:2], -1)
    common = (bars[:, 1:] & bars[:, :-1]).sum(axis=2)
    total = bars[:, 1:].sum(axis=2) + bars[:, :-1].sum(axis=2)
    pairs = (total > 0).sum(axis=1)
    sums = (2 * common / np.maximum(total, 1)).sum(axis=1)
    return np.where(pairs > 0, sums / np.maximum(pairs, 1), np.nan)


def flicker(drums: Drums) -> float:
    """Share of hi-hat and ride strokes at a step where no other bar has one (0..1).

    Closed and open hi-hat and ride count as one; bars are those of the same window.

    Raises:
      DataError: other classes than those of a nine-class kit map.
    """
    nine_classes(drums)
    strokes = np.any(by_bar(drums)[..., [CLOSED_HAT, OPEN_HAT, RIDE]], axis=3)
    alone = strokes & (strokes.sum(axis=1, keepdims=True) == 1)
    return ratio(int(alone.sum()), int(strokes.sum()))


def timekeepers(drums: Drums) -> np.ndarray:
    """``(windows, bars)``: the drum that keeps time, its class or -1 for none.

    Closed hi-hat or ride, whichever has more strokes (the hi-hat, if equal), if at
    least three.

    Raises:
      DataError: other classes than those of a nine-class kit map.
    """
    nine_classes(drums)
    strokes = by_bar(drums)[..., [CLOSED_HAT, RIDE]].sum(axis=2)
    chosen = np.array([CLOSED_HAT, RIDE])[strokes.argmax(axis=2)]
    return np.where(strokes.max(axis=2) >= _FEWEST_STROKES, chosen, -1)


def timekeeper_changes(drums: Drums) -> float:
    """Share of neighbouring bars with different :func:`timekeepers` (0..1)."""
    kept = timekeepers(drums)
    changed = kept[:, 1:] != kept[:, :-1]
    return ratio(int(changed.sum()), changed.size)


def empty_bars(drums: Drums) -> float:
    """Share of windows with a bar in which nothing sounds (0..1)."""
    silent = ~by_bar(drums).any(axis=(2, 3))
    return ratio(int(np.any(silent, axis=1).sum()), len(drums))
