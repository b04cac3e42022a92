"""How registries and nested values are shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from groovekit.cli import output
from groovekit.plugins.registry import Entry, Registry


def show_entries(
    registry: Registry[Any],
    *,
    as_json: bool,
    describe: Callable[[str], str] | None = None,
) -> None:
    """Lists a registry's names with their packages; imports no plug-in.

    Args:
      registry: whose names to list.
      as_json: write every detail, for programs.
      describe: words for one of groovekit's own names; the first line is shown.
    """
    entries = registry.entries()
    if as_json:
        output.echo_json([dataclasses.asdict(entry) for entry in entries])
        return
    if not entries:
        output.note(f"There are no {registry.kind}s.")
    for entry in entries:
        if entry.problem:
            output.note(f"{entry.name} of {entry} cannot be used: {entry.problem}")
    usable = [entry for entry in entries if not entry.problem]
    output.echo_table((entry.name, _summary(entry, describe)) for entry in usable)


def _summary(entry: Entry, describe: Callable[[str], str] | None) -> str:
    if not entry.builtin:
        return f"from {' '.join(filter(None, (entry.package, entry.version)))}"
    text = describe(entry.name) if describe else ""
    return text.partition("\n")[0]


def flatten(
    values: Mapping[str, Any], *, prefix: str = "", skip: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Yields ``(dotted path, value)`` of nested mappings.

    Args:
      values: nested mappings with plain values.
      prefix: what stands before each path.
      skip: keys of the outermost mapping that are left out.
    """
    for key, value in values.items():
        if key in skip:
            continue
        if isinstance(value, Mapping) and value:
            yield from flatten(value, prefix=f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(plain(value))


def plain(value: Any) -> Any:
    """The value as JSON would hold it: tuples as lists, others as text."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
