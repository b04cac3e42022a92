"""Types of options: names and paths, which a shell completes, and finite numbers."""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

SPLITS = click.Choice(["train", "validation", "test", "all"])


class FiniteRange(click.FloatRange):
    """A range of numbers, of which neither infinity nor NaN is one."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number of a text."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"expected a finite number, got {number}.", param, ctx)
        return number


class PathOf(click.Path):
    """A path; what is wrong with it says whoever reads or writes there.

    Args:
      name: of what, as the help calls it, e.g. ``"dir"``.
      as_text: whether it stays as it was typed, for it may be something else.
    """

    def __init__(self, name: str, *, as_text: bool = False) -> None:
        super().__init__(readable=False, path_type=str if as_text else Path)
        self.name = name


class TimeSignature(click.ParamType):  # type: ignore[type-arg]  # click 8.2 has no type
    """A time signature such as 3/4, as its two numbers."""

    name = "n/d"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The numbers of a text; which of them make bars says the converter."""
        found = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", str(value))
        if found is None:
            text = f"expected a time signature such as 3/4, got {value!r}."
            self.fail(text, param, ctx)
        return int(found[1]), int(found[2])


class Name(click.types.StringParamType):
    """A name of a kind.

    It is checked where it is used: there unknown ones are told of close ones.

    Args:
      name: as the help calls it, e.g. ``"name"``.
      module: where the names are known; imported to complete one.
      registry: what knows them in it; "" for its own ``names()``.
      path: whether a path is taken, too.
    """

    def __init__(
        self, name: str, module: str, registry: str = "", *, path: bool = False
    ) -> None:
        self.name = name
        self._module, self._registry, self._path = module, registry, path

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin as what was typed, and paths where they are taken."""
        del ctx, param
        known: Any = importlib.import_module(self._module)
        if self._registry:
            known = getattr(known, self._registry)
        names: Iterable[str] = known.names()
        found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
        if self._path:
            found.append(CompletionItem(incomplete, type="file"))
        return found


FILE, FOLDER = PathOf("file"), PathOf("dir")
TIME_SIGNATURE = TimeSignature()
EXAMPLES = PathOf("e", as_text=True)

_REGISTRIES = "groovekit.plugins.catalogue"
ATTRIBUTE = Name("name", _REGISTRIES, "attributes")
CONFIG = Name("name", _REGISTRIES, "configs")
CONVERTER = Name("name", _REGISTRIES, "converters")
KIT = Name("name|file", _REGISTRIES, "kit_maps", path=True)
PRESET = Name("name", _REGISTRIES, "presets", path=True)
RECIPE = Name("name", "groovekit.configs.recipes")
