"""What is known of a performance on a grid, and what a model fills in for the rest."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import numpy as np

from groovekit.errors import UnknownNameError, UsageError, suggest
from groovekit.io.groove_table import STYLES

#: Smallest and largest value of each condition that is a number, and its unit.
LIMITS: Mapping[str, tuple[float, float, str]] = MappingProxyType(
    {
        "level": (1.0, 127.0, "MIDI velocity"),
        "push": (-150.0, 150.0, "milliseconds, positive ahead of the beat"),
        "range": (0.0, 60.0, "MIDI velocity"),
        "looseness": (0.0, 100.0, "milliseconds"),
    }
)


@dataclasses.dataclass(frozen=True)
class Conditions:
    """How a performance is to sound as a whole; None where it is not said.

    Attributes:
      level: mean velocity of the hits, MIDI 1..127.
      push: mean distance from the grid in milliseconds; positive plays ahead of the
        beat, negative lays back.
      range: standard deviation of the velocities, MIDI.
      looseness: standard deviation of the distances from the grid, milliseconds.
      style: one of :data:`groovekit.io.groove_table.STYLES`.

    Raises:
      UsageError: a number outside its :data:`LIMITS`.
      UnknownNameError: another style; suggests close ones.
    """

    level: float | None = None
    push: float | None = None
    range: float | None = None
    looseness: float | None = None
    style: str | None = None

    def __post_init__(self) -> None:
        for name, (least, most, unit) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise UsageError(
                    f"`{name}` must be {least:g} to {most:g} ({unit}), got {value:g}."
                )
        if self.style is not None and self.style not in STYLES:
            raise UnknownNameError(suggest(self.style, STYLES, kind="style"))

    @property
    def said(self) -> dict[str, float | str]:
        """Those that are not None, by name."""
        found = dataclasses.asdict(self)
        return {name: value for name, value in found.items() if value is not None}


@dataclasses.dataclass(frozen=True, eq=False)
class Taps:
    """A tapped rhythm on the grid.

    Attributes:
      hits: ``(steps,)`` float32, 1 for a tap and 0 for none.
      velocities: ``(steps,)`` float32, 0..1; NaN where unknown.
      offsets: ``(steps,)`` float32, -1..1, positive when early; NaN where unknown.
    """

    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray

    def part(self, steps: slice) -> Taps:
        """Those of some steps."""
        return Taps(self.hits[steps], self.velocities[steps], self.offsets[steps])

    def followed_by(self, other: Taps) -> Taps:
        """These taps and then others."""
        return Taps(*_joined(self, other))


@dataclasses.dataclass(frozen=True, eq=False)
class Partial:
    """What is known of a performance on a grid; NaN where it is not.

    Velocities and offsets mean something only where there is, or may be, a hit.

    Attributes:
      hits: ``(steps, classes)`` float32: 1 for a hit, 0 for none.
      velocities: ``(steps, classes)`` float32, 0..1.
      offsets: ``(steps, classes)`` float32, -1..1: twice the distance from the step in
        steps, positive when early.
      taps: a rhythm to play drums for.
      conditions: how all of it is to sound.
      qpm: tempo in quarter notes a minute.

    Raises:
      UsageError: arrays whose shapes differ, values out of range.
    """

    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray
    taps: Taps | None = None
    conditions: Conditions = Conditions()
    qpm: float = 120.0

    def __post_init__(self) -> None:
        shape = np.shape(self.hits)
        if len(shape) != 2 or 0 in shape:
            raise UsageError(
                f"`hits` have the shape (steps, classes), got {shape}: give at least "
                "one step."
            )
        _check(self, shape)
        if self.taps is not None:
            _check(self.taps, shape[:1])
        if not 0 < self.qpm < math.inf:
            raise UsageError(f"Tempos are positive numbers, got {self.qpm}.")

    @property
    def open(self) -> np.ndarray:
        """``(steps,)`` bool: where something is left to fill."""
        unknown = np.isnan(self.velocities) | np.isnan(self.offsets)
        cells = np.isnan(self.hits) | ((self.hits > 0) & unknown)
        found: np.ndarray = cells.any(axis=1)
        return found

    def part(self, steps: slice) -> Partial:
        """What is known of some steps."""
        return dataclasses.replace(
            self,
            hits=self.hits[steps],
            velocities=self.velocities[steps],
            offsets=self.offsets[steps],
            taps=None if self.taps is None else self.taps.part(steps),
        )

    def followed_by(self, other: Partial) -> Partial:
        """All of it and then another one, with conditions and tempo of that.

        Where only the other one has taps, the hits here are tapped, too.
        """
        hits, velocities, offsets = _joined(self, other)
        taps = other.taps
        if taps is not None:
            taps = (self.taps or self.tapped()).followed_by(taps)
        return dataclasses.replace(
            other, hits=hits, velocities=velocities, offsets=offsets, taps=taps
        )

    def tapped(self) -> Taps:
        """The loudest hit of each step, as a drummer would tap it."""
        loud = np.where(self.hits > 0, np.nan_to_num(self.velocities), -1.0)
        loudest = np.argmax(loud, axis=1)[:, None]
        return Taps(
            *(
                np.take_along_axis(part, loudest, axis=1)[:, 0]
                for part in (self.hits, self.velocities, self.offsets)
            )
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Filled:
    """A performance on the grid, nothing of it unknown.

    Attributes:
      hits: ``(steps, classes)`` bool.
      velocities: ``(steps, classes)`` float32, 0..1.
      offsets: ``(steps, classes)`` float32, -1..1, positive when early.
    """

    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(
        cls,
        partial: Partial,
        hits: np.ndarray,
        velocities: np.ndarray,
        offsets: np.ndarray,
    ) -> Filled:
        """What a model says, and over it, to the byte, all that is known.

        Args:
          partial: what is known.
          hits: ``(steps, classes)``, 0 or 1.
          velocities: ``(steps, classes)``, 0..1.
          offsets: ``(steps, classes)``, -1..1.
        """

        def over(known: np.ndarray, said: np.ndarray) -> np.ndarray:
            return np.where(np.isnan(known), said, known).astype(np.float32)

        return cls(
            over(partial.hits, hits) > 0.5,
            over(partial.velocities, velocities),
            over(partial.offsets, offsets),
        )


class Filler(Protocol):
    """A player with the ability ``fill``."""

    def fill(
        self,
        partial: Partial,
        count: int = 1,
        *,
        temperature: float = 1.0,
        expected: bool = False,
        seed: int,
    ) -> list[Filled]:
        """Complete performances; what is known is in each of them to the byte.

        Version ``i`` depends on the seed and ``i`` alone, not on how many are made.

        Args:
          partial: what is known; any number of steps, from the start of a bar on.
          count: versions, at least 1.
          temperature: of all that is drawn: hits, velocities and offsets. 1 draws from
            the model's distributions, less from sharper ones.
          expected: nothing is drawn: hits that are likely enough, medians of
            velocities and offsets; all versions are equal.
          seed: of what is drawn.

        Raises:
          UsageError: other classes than the model's, numbers out of range.
        """
        ...


def _joined(
    first: Partial | Taps, second: Partial | Taps
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hits, velocities and offsets, one after the other."""
    return (
        np.concatenate([first.hits, second.hits]),
        np.concatenate([first.velocities, second.velocities]),
        np.concatenate([first.offsets, second.offsets]),
    )


def _check(parts: Partial | Taps, shape: tuple[int, ...]) -> None:
    """Raises a UsageError for parts of another shape, or with values out of range."""
    for name, least in (("hits", 0.0), ("velocities", 0.0), ("offsets", -1.0)):
        values = getattr(parts, name)
        if np.shape(values) != shape:
            raise UsageError(
                f"`{name}` must have the shape {shape} of the others, got "
                f"{np.shape(values)}."
            )
        known = values[~np.isnan(values)]
        if known.size and not (least <= known.min() and known.max() <= 1.0):
            raise UsageError(
                f"`{name}` must be {least:g} to 1, or NaN where they are not known; "
                f"got {known.min():g} to {known.max():g}."
            )
