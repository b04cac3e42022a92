"""Figures as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or "-" where nothing was measured."""
    return "-" if value is None else f"{value:.{digits}f}"


def interval(table: Mapping[str, float | None], digits: int = 3) -> str:
    """A figure with its interval: ``0.678 [0.650, 0.701]``."""
    text = number(table["value"], digits)
    if table["low"] is None or table["high"] is None:
        return text
    return f"{text} [{number(table['low'], digits)}, {number(table['high'], digits)}]"


def short(value: Any) -> str:
    """Three digits of a figure, with an interval or without one."""
    if isinstance(value, Mapping):
        value = value["value"]
    return "-" if value is None else f"{value:.3g}"


def capital(text: str) -> str:
    """The text with a capital letter, the others as they are."""
    return text[:1].upper() + text[1:]
