"""What commands show: notes on stderr, results on stdout."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from groovekit.cli.spelling import in_options


def note(text: str) -> None:
    """Shows a line about the work, on stderr, in the words of the command line."""
    # Named, since click would look behind what a bar has put in its place.
    click.echo(in_options(text), file=sys.stderr, err=True)


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
