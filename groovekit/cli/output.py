"""What commands show: notes on stderr, results on stdout."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

from groovekit.cli.spelling import in_options


def note(text: str) -> None:
    """Shows a line about the work, on stderr, in the words of the command line."""
    click.echo(in_options(text), err=True)


def echo_json(value: Any) -> None:
    """Shows a result as JSON, on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def echo_table(rows: Iterable[Sequence[object]], *, header: Sequence[str] = ()) -> None:
    """Shows rows in aligned columns, on stdout; nothing for no rows.

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
    for row in cells:
        line = "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True))
        click.echo(line.rstrip())
