"""What a model that fills makes of the unknown cells of a take."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeGuard

import numpy as np

from groovekit.errors import UsageError
from groovekit.generation.inputs import DEFAULT_TEMPERATURE
from groovekit.generation.manner import Manner, Wanted, measured
from groovekit.generation.partial import Filled, Filler, Partial, Taps
from groovekit.generation.player import Player
from groovekit.generation.takes import Take
from groovekit.generation.tasks.playing import Played
from groovekit.seeding import derive

#: Of what models that fill draw, unless told otherwise: as they have learnt.
FILL_TEMPERATURE = 1.0


class FillingPlayer(Player, Filler, Protocol):
    """A player with the ability ``fill``."""


def fills(model: Player) -> TypeGuard[FillingPlayer]:
    """Whether a task plays by filling: what a model can fill it fills.

    All tasks that models of both kinds play choose here.
    """
    return "fill" in model.abilities


def chosen_temperature(model: Player, temperature: float | None) -> float:
    """What was asked for, or what suits the model.

    Args:
      model: that plays.
      temperature: at least 0; None for nothing asked for.

    Raises:
      UsageError: out of range.
    """
    if temperature is None:
        return FILL_TEMPERATURE if fills(model) else DEFAULT_TEMPERATURE
    if not 0 <= temperature < math.inf:
        raise UsageError(
            f"The temperature must be at least 0 and finite, got {temperature}."
        )
    return temperature


def check_fills(model: Player) -> FillingPlayer:
    """The model itself.

    Raises:
      UsageError: it does not fill.
    """
    if not fills(model):
        has = ", ".join(sorted(model.abilities)) or "nothing"
        raise UsageError(
            f"Expected a model with the ability fill, and those of {model.config.name} "
            f"are: {has}. Choose one that fills, such as the preset mask-groove."
        )
    return model


def check_no_manner(model: Player, manner: Manner) -> None:
    """Refuses a manner for a model that does not fill.

    Raises:
      UsageError: something is said.
    """
    said = [name for name, value in manner.items() if value is not None]
    if said:
        raise UsageError(
            f"{model.config.name} plays without `{said[0]}`: leave it out, or choose a "
            "model that fills, such as the preset mask-groove."
        )


def check_other(wanted: Wanted, why: str) -> Wanted:
    """Refuses bars of the input itself to play like.

    Args:
      wanted: how it is to sound; given back.
      why: they tell nothing, as a clause.

    Raises:
      UsageError: there are some.
    """
    if wanted.own is not None:
        raise UsageError(
            f"`like_bars` names bars of the input itself, and {why}: name another "
            "performance with `like`."
        )
    return wanted


@dataclasses.dataclass(frozen=True, eq=False)
class Unknown:
    """Cells of a grid that a model is to fill; each ``(steps, classes)`` bool.

    Attributes:
      hits: where it is not known whether there is a hit.
      velocities: where a hit, if there is one, has no velocity yet.
      offsets: where a hit, if there is one, has no offset yet.
    """

    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, cells: np.ndarray) -> Unknown:
        """Cells of which nothing is known."""
        return cls(cells, cells, cells)


def dynamics(
    model: FillingPlayer,
    take: Take,
    wanted: Wanted,
    count: int,
    *,
    timing: bool,
    velocity: bool,
    temperature: float,
    seed: int,
) -> Iterator[Played]:
    """Lets a model play the hits of a take, once for each version.

    Velocities and timing that are not to be the model's are shown to it where somebody
    played them (:func:`groovekit.generation.manner.measured`): what an editor writes
    tells nothing.

    Args:
      model: that fills.
      take: the performance.
      wanted: how it is to sound.
      count: versions.
      timing: whether the timing is the model's.
      velocity: whether the velocities are the model's.
      temperature: of what is drawn; at 0 nothing is.
      seed: of what is drawn.
    """
    hits = take.grid() & wanted.free(take)[:, None]
    none, own = np.zeros_like(hits), measured(take)
    unknown = Unknown(
        none,
        hits if velocity or own.level is None else none,
        hits if timing or own.push is None else none,
    )
    return filled(
        model,
        take,
        take.cells(),
        unknown,
        wanted,
        count,
        temperature=temperature,
        seed=seed,
    )


def filled(
    model: FillingPlayer,
    take: Take,
    cells: np.ndarray,
    unknown: Unknown,
    wanted: Wanted,
    count: int,
    *,
    temperature: float,
    seed: int,
    taps: Taps | None = None,
) -> Iterator[Played]:
    """Lets a model fill what is unknown of a take, once for each version.

    Args:
      model: that fills.
      take: whose grid and tempo it is.
      cells: ``(steps, classes, 3)`` whole bars from the start of the take on, perhaps
        more than it has: hits, velocities (0..1), offsets.
      unknown: which of them are not known.
      wanted: how it is to sound.
      count: versions.
      temperature: of what is drawn; at 0 nothing is.
      seed: of what is drawn.
      taps: of the same steps.

    Yields:
      What is played on all steps of ``cells``.
    """
    parts = np.moveaxis(cells, -1, 0).astype(np.float32)
    for part, where in zip(
        parts, (unknown.hits, unknown.velocities, unknown.offsets), strict=True
    ):
        part[where] = np.nan
    hits, velocities, offsets = parts
    # Shorter bars than the model's end early.
    hits[~take.layout.used(len(hits))] = 0.0
    whole = Partial(
        hits,
        velocities,
        offsets,
        taps=taps,
        conditions=wanted.conditions,
        qpm=take.qpm,
    )
    # Silent bars at the beginning tell nothing.
    used = np.flatnonzero((hits != 0).any(axis=1))
    first = int(used[0]) // take.steps_per_bar * take.steps_per_bar
    whole = whole.part(slice(first, None))
    fill = functools.partial(
        model.fill, temperature=temperature, expected=temperature == 0
    )
    made: Iterable[Filled]
    if wanted.reference is None:
        made = fill(whole, count, seed=seed)
    else:
        sections = _Sections(fill, take, np.moveaxis(wanted.reference, -1, 0))
        made = (
            sections.fill(whole, seed=derive(seed, "version", version))
            for version in range(count)
        )
    silence = np.zeros((first, cells.shape[1]))
    for version in made:
        yield Played(
            np.concatenate([silence > 0, version.hits]),
            127.0 * np.concatenate([silence, np.nan_to_num(version.velocities)]),
            np.concatenate([silence, np.nan_to_num(version.offsets)]),
        )


class _Sections:
    """Fills with a reference in view, however long the performance is.

    A model sees a window at a time. The reference, and what was filled before it, stand
    before each section, and the bar that comes next behind it.

    Args:
      fill: of the model.
      take: whose grid it is.
      reference: ``(3, steps, classes)`` whole bars.
    """

    def __init__(
        self, fill: Callable[..., list[Filled]], take: Take, reference: np.ndarray
    ) -> None:
        self._fill = fill
        self._bar = take.steps_per_bar
        self._window = take.converter.bars
        self._reference = Partial(*reference.astype(np.float32))

    def fill(self, whole: Partial, *, seed: int) -> Filled:
        """One version of a performance of whole bars."""
        bars = len(whole.hits) // self._bar
        theirs = len(self._reference.hits) // self._bar
        if theirs + bars <= self._window:
            size = bars
        else:
            theirs = min(theirs, max(1, self._window // 2))
            size = max(1, self._window - theirs - 2)
        before = self._reference.part(slice(0, theirs * self._bar))
        known = [part.copy() for part in (whole.hits, whole.velocities, whole.offsets)]
        whole = dataclasses.replace(
            whole, hits=known[0], velocities=known[1], offsets=known[2]
        )
        for first in range(0, bars, size):
            start, end = max(0, first - 1), min(first + size, bars)
            inner = slice(first * self._bar, end * self._bar)
            if not whole.open[inner].any():
                continue
            view = before.followed_by(
                whole.part(slice(start * self._bar, (end + 1) * self._bar))
            )
            (made,) = self._fill(view, 1, seed=derive(seed, "section", first))
            shift = (theirs - start) * self._bar
            for ours, part in zip(
                known, (made.hits, made.velocities, made.offsets), strict=True
            ):
                ours[inner] = part[inner.start + shift : inner.stop + shift]
        return Filled(known[0] > 0, known[1], known[2])
