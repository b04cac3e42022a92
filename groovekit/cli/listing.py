"""How registries and nested values are shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from groovekit.cli import options
from groovekit.registry import Registry


def show_entries(registry: Registry[Any], *, as_json: bool) -> None:
    """Lists a registry's names with their packages; imports nothing.

    Args:
      registry: whose names to list.
      as_json: write every detail, for programs.
    """
    entries = registry.entries()
    if as_json:
        options.echo_json([dataclasses.asdict(entry) for entry in entries])
        return
    if not entries:
        options.note(f"There are no {registry.kind}s.")
    for entry in entries:
        if entry.problem:
            options.note(f"{entry.name} of {entry} cannot be used: {entry.problem}")
    options.echo_table(
        (e.name, "" if e.builtin else f"{e.package} {e.version or ''}")
        for e in entries
        if not e.problem
    )


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
