"""Draws the rooms of groovekit and the directions of their imports.

    python tools/draw_rooms.py

The arrows are what the code imports, typing imports counted, and a room stands above
those that it imports. An import that a chain of other arrows leads along is not drawn.
A test compares the picture with the code.
"""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "rooms.svg"

_WIDTH, _HEIGHT = 132, 34
_ACROSS, _DOWN = 26, 44
_STYLE = (
    "text{font:15px sans-serif;text-anchor:middle;dominant-baseline:central}"
    "rect.room{fill:#eef3f8;stroke:#37526d;rx:6px}"
    "path.arrow{fill:none;stroke:#37526d;stroke-width:1.2;marker-end:url(#head)}"
)


def modules() -> dict[str, set[str]]:
    """Every module of groovekit, and those of groovekit that it imports."""
    graph = grimp.build_graph(
        "groovekit", exclude_type_checking_imports=False, cache_dir=None
    )
    return {
        module: set(graph.find_modules_directly_imported_by(module))
        for module in graph.modules
    }


def rooms(imports: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Every room, and the others that its modules import."""

    def room(module: str) -> str:
        return module.split(".")[1] if "." in module else ""

    found: dict[str, set[str]] = {}
    for module, imported in imports.items():
        found.setdefault(room(module), set()).update(map(room, imported))
    # Neither the list of public names nor ``python -m groovekit`` is a room.
    entrances = {"", "__main__"}
    return {
        name: others - {name} - entrances
        for name, others in found.items()
        if name not in entrances
    }


def levels_of(found: Mapping[str, set[str]]) -> list[list[str]]:
    """Rooms by how long the longest chain of imports below them is.

    Raises:
      graphlib.CycleError: rooms that import each other.
    """
    height: dict[str, int] = {}
    for name in graphlib.TopologicalSorter(found).static_order():
        height[name] = max((height[other] + 1 for other in found[name]), default=0)
    return [
        sorted(name for name in height if height[name] == level)
        for level in reversed(range(max(height.values()) + 1))
    ]


def arrows(found: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """The imports of rooms that no chain of other imports leads along."""
    below: dict[str, set[str]] = {}
    for name in graphlib.TopologicalSorter(found).static_order():
        below[name] = set(found[name]).union(*(below[other] for other in found[name]))
    return sorted(
        (name, other)
        for name, others in found.items()
        for other in others
        if not any(other in below[between] for between in others - {other})
    )


def render() -> str:
    """The picture as SVG."""
    found = rooms(modules())
    levels = levels_of(found)
    columns = max(map(len, levels))
    width = columns * (_WIDTH + _ACROSS) + _ACROSS
    height = len(levels) * (_HEIGHT + _DOWN) + _ACROSS
    centre: dict[str, tuple[float, int]] = {}
    for y, row in enumerate(levels):
        for x, name in enumerate(row):
            shift = (x - (len(row) - 1) / 2) * (_WIDTH + _ACROSS)
            centre[name] = (
                width / 2 + shift,
                _ACROSS + y * (_HEIGHT + _DOWN) + _HEIGHT // 2,
            )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" role="img" aria-label="The rooms of groovekit">',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" '
        'fill="#37526d"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for name, other in arrows(found):
        (x, y), (to_x, to_y) = centre[name], centre[other]
        y, to_y = y + _HEIGHT // 2, to_y - _HEIGHT // 2
        bend = (to_y - y) / 2
        lines.append(
            f'<path class="arrow" d="M{x:g} {y}C{x:g} {y + bend:g} '
            f'{to_x:g} {to_y - bend:g} {to_x:g} {to_y - 1}"/>'
        )
    for name, (x, y) in centre.items():
        lines.append(
            f'<rect class="room" x="{x - _WIDTH / 2:g}" y="{y - _HEIGHT // 2}" '
            f'width="{_WIDTH}" height="{_HEIGHT}"/>'
            f'<text x="{x:g}" y="{y}">{name}</text>'
        )
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(render(), encoding="utf-8")
