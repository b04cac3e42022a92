"""What converters make of their options: checks, kit maps."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from groovekit.converters.kits import KitMap, get_kit
from groovekit.errors import ConfigError

if TYPE_CHECKING:
    from groovekit.converters.groove import GrooveConverter


def fail(converter: Any, option: str, expected: str) -> NoReturn:
    """Raises for a wrong option.

    Raises:
      ConfigError: always; it names the option, what it takes and what it has.
    """
    raise ConfigError(
        f"{type(converter).__name__}.{option}: expected {expected}, got "
        f"{getattr(converter, option)!r}."
    )


def check_positive(converter: Any, names: Iterable[str]) -> None:
    """Raises ConfigError unless each option is at least 1."""
    for option in names:
        if getattr(converter, option) < 1:
            fail(converter, option, "at least 1")


def check_choices(converter: Any, choices: Mapping[str, tuple[str, ...]]) -> None:
    """Raises ConfigError unless each option has one of its values."""
    for option, allowed in choices.items():
        if getattr(converter, option) not in allowed:
            fail(converter, option, "one of " + ", ".join(allowed))


def matching_kit(output_kit: str, kit: str, classes: int) -> KitMap:
    """The kit map that notes are written with.

    Args:
      output_kit: its name.
      kit: name of the one that notes are read with.
      classes: how many classes that one has.

    Raises:
      ConfigError: it has another number of classes.
    """
    found = get_kit(output_kit)
    if len(found) != classes:
        raise ConfigError(
            "Expected kit and output_kit to have the same number of classes, got "
            f"{classes} in {kit!r} and {len(found)} in {output_kit!r}. Set "
            f"output_kit to a kit map of {classes} classes (--output-kit NAME, or "
            "--hparams converter.output_kit=NAME; a name or a JSON file)."
        )
    return found


class WithKits:
    """The kit maps of converters that have the fields ``kit`` and ``output_kit``."""

    kit: str
    output_kit: str

    def _check_kit(self, kit: KitMap) -> None:
        """Raises ConfigError where the converter cannot use a kit map of this size."""

    @functools.cached_property
    def kit_map(self) -> KitMap:
        """The kit map that drums are read with."""
        kit = get_kit(self.kit)
        self._check_kit(kit)
        # Better now than after hours of training, when the first notes are written.
        matching_kit(self.output_kit, self.kit, len(kit))
        return kit

    @functools.cached_property
    def output_kit_map(self) -> KitMap:
        """The kit map that drums are written with."""
        return matching_kit(self.output_kit, self.kit, self.classes)

    @property
    def classes(self) -> int:
        """Number of drum classes."""
        return len(self.kit_map)


def check_groove_options(converter: GrooveConverter) -> None:
    """Raises ConfigError for options out of range or excluding each other."""
    c = converter
    check_positive(c, ("bars", "steps_per_quarter", "quarters_per_bar"))
    if c.hop_bars is not None:
        steps = c.hop_bars * c.steps_per_quarter * c.quarters_per_bar
        if steps < 1 or steps != round(steps):
            fail(c, "hop_bars", "a positive number of whole steps")
    if not 0 <= c.max_note_dropout <= 1:
        fail(c, "max_note_dropout", "a probability from 0 to 1")
    if not 0 <= c.min_velocity <= 127:
        fail(c, "min_velocity", "a MIDI velocity from 0 to 127")
    if any(index < 0 for index in c.add_instruments):
        fail(c, "add_instruments", "indices of classes")
    if bool(c.velocity_bins) != bool(c.offset_bins):
        raise ConfigError(
            "GrooveConverter: expected both velocity_bins and offset_bins or none, "
            f"got {c.velocity_bins} and {c.offset_bins}."
        )
    for option in ("velocity_bins", "offset_bins"):
        if getattr(c, option) < 0 or getattr(c, option) == 1:
            fail(c, option, "at least 2, or 0 for numbers")
    if c.max_windows is not None and c.max_windows < 1:
        fail(c, "max_windows", "at least 1, or None for all")
    check_choices(
        c,
        {
            "unmapped": ("drop", "nearest", "error"),
            "instruments": ("auto", "drums", "all"),
            "first_onset": ("clamp", "original"),
            "bin_values": ("center", "original"),
            "tap_dropout": ("drop", "original"),
        },
    )
