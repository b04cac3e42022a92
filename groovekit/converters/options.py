"""Checks that converters make of their options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from groovekit.converters.kits import KitMap, get_kit
from groovekit.errors import ConfigError


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
            "output_kit to a kit map that fits."
        )
    return found
