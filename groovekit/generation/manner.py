"""How a performance is to sound: numbers, a style, bars to play like."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from groovekit.errors import UsageError
from groovekit.generation.partial import LIMITS, Conditions
from groovekit.generation.takes import Take, read_take

if TYPE_CHECKING:
    from groovekit.io.notes import NoteSequence

#: Bars of another performance that are played like, unless it is said which.
REFERENCE_BARS = 4
# A programmed pattern has an accent or two; so many velocities are played.
_PLAYED_VELOCITIES = 4
# On the grid, but for rounding; in milliseconds.
_ON_THE_GRID = 1.0
_LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*(ms|steps?)?\s*")


class Manner(TypedDict, total=False):
    """Keyword arguments of tasks for models that fill; each may be left out.

    Attributes:
      level: mean velocity, MIDI 1..127.
      push: mean distance from the grid, in milliseconds, or a text with its unit:
        ``"-12ms"``, ``"0.1steps"``. Positive plays ahead of the beat, negative lays
        back.
      range: standard deviation of the velocities, MIDI.
      looseness: standard deviation of the distances from the grid, as ``push``.
      style: one of :data:`groovekit.io.groove_table.STYLES`.
      like: a performance to play like.
      like_bars: which bars of it, such as ``"5-8"``; by default the first ones that
        sound. Without ``like``, bars of the input itself, which stay as they are.
    """

    level: float | None
    push: float | str | None
    range: float | None
    looseness: float | str | None
    style: str | None
    like: NoteSequence | None
    like_bars: str | None


@dataclasses.dataclass(frozen=True, eq=False)
class Wanted:
    """What a :class:`Manner` comes to for a take.

    Attributes:
      conditions: those that were said.
      reference: ``(steps, classes, 3)`` hits, velocities (0..1) and offsets of whole
        bars to play like; None without any.
      own: ``(steps,)`` bool: which steps of the take they are; None where they are
        those of another performance.
    """

    conditions: Conditions
    reference: np.ndarray | None = None
    own: np.ndarray | None = None

    def free(self, take: Take) -> np.ndarray:
        """``(steps,)`` bool: those of the take's bars that may change."""
        if self.own is None:
            return np.ones(take.bars * take.steps_per_bar, bool)
        return ~self.own


def wanted(take: Take, manner: Manner) -> Wanted:
    """Reads how a take is to sound.

    Raises:
      DataError: a reference that the model cannot take.
      UsageError: numbers out of range, bars that there are not.
      UnknownNameError: an unknown style.
    """
    step_ms = step_milliseconds(take)
    push, looseness = manner.get("push"), manner.get("looseness")
    conditions = Conditions(
        level=manner.get("level"),
        push=None if push is None else milliseconds(push, step_ms, "push"),
        range=manner.get("range"),
        looseness=(
            None if looseness is None else milliseconds(looseness, step_ms, "looseness")
        ),
        style=manner.get("style"),
    )
    like, bars = manner.get("like"), manner.get("like_bars")
    if like is not None:
        other = read_take(like, take.converter)
        return Wanted(conditions, reference=reference(other, bars))
    if bars is None:
        return Wanted(conditions)
    own = take.marked(bars, argument="like_bars")
    if own[take.layout.used(len(own))].all():
        raise UsageError(
            f"`like_bars` names every bar of {take.name}: these stay as they are, so "
            "leave at least one to be played like them."
        )
    return Wanted(conditions, reference=reference(take, bars), own=own)


def with_measured(
    known: Wanted, take: Take, *, timing: bool = True, velocity: bool = True
) -> Wanted:
    """The same, and what the take tells of itself where nothing else is said.

    Where there are bars to play like, the take's own level and feel have no say.

    Args:
      known: what is wanted.
      take: see :func:`measured`.
      timing: as there.
      velocity: as there.
    """
    if known.reference is not None:
        return known
    found = measured(take, timing=timing, velocity=velocity)
    both = {**found.said, **known.conditions.said}
    conditions = dataclasses.replace(known.conditions, **both)  # type: ignore[arg-type]  # names of its own fields
    return dataclasses.replace(known, conditions=conditions)


def measured(take: Take, *, timing: bool = True, velocity: bool = True) -> Conditions:
    """The conditions that a take meets by itself, where it was played.

    Where velocities are those of a programmed pattern (three different ones at most)
    nothing is said of them, and as little of the timing of what lies on the grid, or
    always as far from it.

    Args:
      take: the performance.
      timing: whether to say something of its timing.
      velocity: whether to say something of its velocities.
    """
    cells = take.cells()
    hits = cells[..., 0] > 0
    velocities, offsets = 127.0 * cells[hits, 1], cells[hits, 2]
    found: dict[str, float] = {}
    if velocity and len(np.unique(np.rint(velocities))) >= _PLAYED_VELOCITIES:
        found = {"level": velocities.mean(), "range": velocities.std()}
    apart = offsets * step_milliseconds(take) / 2
    if timing and apart.std() >= _ON_THE_GRID:
        found |= {"push": apart.mean(), "looseness": apart.std()}
    return dataclasses.replace(
        Conditions(),
        **{name: float(np.clip(x, *LIMITS[name][:2])) for name, x in found.items()},  # type: ignore[arg-type]  # names of its own fields
    )


def reference(take: Take, bars: str | None = None) -> np.ndarray:
    """Bars of a performance to play like, one after another.

    Args:
      take: the performance.
      bars: which, such as ``"5-8"``; by default the first :data:`REFERENCE_BARS` that
        sound.

    Returns:
      ``(steps, classes, 3)``: hits, velocities (0..1) and offsets.

    Raises:
      UsageError: bars that there are not, or in which no drum plays.
    """
    cells = take.cells().reshape(take.bars, take.steps_per_bar, -1, 3)
    if bars is None:
        first = int(take.steps.min()) // take.steps_per_bar
        return cells[first : first + REFERENCE_BARS].reshape(-1, *cells.shape[2:])
    marked = take.marked(bars, argument="like_bars")
    chosen = cells[marked.reshape(take.bars, -1).any(axis=1)]
    if not chosen[..., 0].any():
        raise UsageError(
            f"No drum plays in bar {bars.strip()} of {take.name}: name bars in which "
            "some do."
        )
    kept: np.ndarray = chosen.reshape(-1, *cells.shape[2:])
    return kept


def step_milliseconds(take: Take) -> float:
    """Length of a step at the mean tempo of a take."""
    return 60_000.0 / take.qpm / take.converter.steps_per_quarter


def milliseconds(text: float | str, step: float, argument: str) -> float:
    """A length in milliseconds, out of ``12``, ``"12"``, ``"-12ms"`` or ``"0.1steps"``.

    Args:
      text: the length.
      step: length of a step in milliseconds.
      argument: that holds it, for messages.

    Raises:
      UsageError: another form.
    """
    if not isinstance(text, str):
        return float(text)
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise UsageError(
            f"`{argument}` takes a length such as 12, 12ms or 0.1steps; got {text!r}."
        )
    number = float(found[1])
    return number * step if (found[2] or "ms").startswith("step") else number
