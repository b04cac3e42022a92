"""Bars by their numbers, as people name them: ``"5"``, ``"5-6"``, ``"1-2,7"``."""

from __future__ import annotations

import re

import numpy as np

from groovekit.errors import UsageError

_RANGES = re.compile(r"\s*\d+\s*(-\s*\d+\s*)?(,\s*\d+\s*(-\s*\d+\s*)?)*")


def names_bars(text: str) -> bool:
    """Whether a text has the form of bars, whatever its numbers."""
    return _RANGES.fullmatch(text) is not None


def parse_bars(text: str, *, argument: str = "bars") -> tuple[tuple[int, int], ...]:
    """First and last bar of each range, from 1.

    Args:
      text: such as ``"5"``, ``"5-6"`` or ``"1-2,7"``.
      argument: that holds it, for messages.

    Raises:
      UsageError: another form, bars before the first, or a range that ends before it
        begins.
    """
    if not names_bars(text):
        raise UsageError(
            f"`{argument}` takes bars such as 5, 5-6 or 1-2,7, counted from 1; got "
            f"{text!r}."
        )
    ranges = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if not 1 <= low <= high:
            raise UsageError(
                f"`{argument}` counts bars from 1, and a range ends where it begins or "
                f"later; got {part.strip()}."
            )
        ranges.append((low, high))
    return tuple(ranges)


def mark_bars(
    text: str, total: int, *, name: str, argument: str = "bars"
) -> np.ndarray:
    """Which bars of a performance are named.

    Args:
      text: such as ``"5-6"``, see :func:`parse_bars`.
      total: bars that the performance has.
      name: how to call it in messages.
      argument: that holds the text, for messages.

    Returns:
      ``(total,)`` bool.

    Raises:
      UsageError: another form, or bars that there are not.
    """
    marked = np.zeros(total, bool)
    for low, high in parse_bars(text, argument=argument):
        if high > total:
            raise UsageError(
                f"{name} has {total} bar{'s' * (total != 1)}, up to its last hit, and "
                f"`{argument}` says {text.strip()}: name bars from 1 to {total}."
            )
        marked[low - 1 : high] = True
    return marked
