"""What commands show: notes on stderr, results on stdout."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from groovekit.cli.spelling import in_options

if TYPE_CHECKING:
    from groovekit.io.remarks import Remark

# Where the context of a command keeps what was said of its inputs.
_REMARKS = "groovekit.remarks"
_SHOWN_NAMES = 3
_SHOWN_SUFFIXES = 6


def note(text: str) -> None:
    """Shows a line about the work, on stderr, in the words of the command line."""
    # Named, since click would look behind what a bar has put in its place.
    click.echo(in_options(text), file=sys.stderr, err=True)


def tell_remarks(remarks: Sequence[tuple[str, Remark]]) -> None:
    """Says each kind of remark once, with the first files that it is about.

    Args:
      remarks: names of files, and what was mended or left out in them.
    """
    from groovekit.io.remarks import together

    for remark in together(remark for _, remark in remarks):
        names = [name for name, found in remarks if found.words == remark.words]
        text = ", ".join(names[:_SHOWN_NAMES])
        if len(names) > _SHOWN_NAMES:
            text += f" and {len(names) - _SHOWN_NAMES:,} more files"
        note(f"read, with a remark: {text}: {remark}")


def tell_remark(name: str, remark: Remark) -> None:
    """Says what was mended or left out in an input, and keeps it for the result."""
    note(f"{name}: {remark}")
    if context := click.get_current_context(silent=True):
        told = context.meta.setdefault(_REMARKS, [])
        told.append({"name": name, **remark.to_dict()})


def told_remarks() -> list[dict[str, Any]]:
    """What :func:`tell_remark` said while the command ran, for JSON."""
    return list(click.get_current_context().meta.get(_REMARKS, ()))


def other_files(ignored: Mapping[str, int]) -> str:
    """Says how many files of a folder are no music.

    Args:
      ignored: how many by suffix, the most frequent first; not empty.
    """
    shown = list(ignored.items())[:_SHOWN_SUFFIXES]
    text = ", ".join(f"{count:,} {suffix or 'without one'}" for suffix, count in shown)
    more = ", ..." if len(ignored) > len(shown) else ""
    return f"{sum(ignored.values()):,} by their suffixes: {text}{more}"


def echo_json(value: Any) -> None:
    """Shows a result as JSON, on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def echo_table(rows: Iterable[Sequence[object]], *, header: Sequence[str] = ()) -> None:
    """Shows rows in aligned columns, on stdout; nothing for no rows.

    On a terminal that is narrower than the table, cells fold within their columns.

    Args:
      rows: cells; None shows as nothing.
      header: names of the columns.
    """
    cells = [["" if c is None else str(c) for c in row] for row in rows]
    if not cells:
        return
    if header:
        cells.insert(0, [name.upper() for name in header])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    if sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
        if max(map(len, lines)) > columns:
            _echo_folded(cells, columns)
            return
    for line in lines:
        click.echo(line)


def _echo_folded(cells: list[list[str]], columns: int) -> None:
    # Imported where a table needs it: it takes a tenth of a second.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for row in cells:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console(width=columns, highlight=False).print(table)
