"""``groovekit cache``: list and clear cached conversions."""

from __future__ import annotations

import datetime

import click

from groovekit.cli import options, output
from groovekit.data import cache
from groovekit.errors import UnknownNameError

_KEY_SHOWN = 12


def _size(count: int) -> str:
    """``1536`` becomes ``"1.5 KiB"``."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def _table(entry: cache.Entry) -> dict[str, object]:
    meta = entry.meta
    used = datetime.datetime.fromtimestamp(entry.used, datetime.UTC)
    return {
        "key": entry.key,
        "examples": meta.get("examples"),
        "split": meta.get("split"),
        "converter": meta.get("converter", {}).get("name"),
        "windows": meta.get("report", {}).get("windows"),
        "bytes": entry.size,
        "used": used.isoformat(timespec="seconds") if entry.used else None,
    }


@click.group()
def command() -> None:
    """List and clear cached conversions.

    The cache holds the windows that a converter found in examples. It lies in
    the user's cache folder (GROOVEKIT_CACHE_DIR changes that) and is kept below
    5 GiB (GROOVEKIT_CACHE_LIMIT) by removing what was used longest ago.
    """


@command.command("list")
@options.json_option
def list_entries(as_json: bool) -> None:
    """List the cached conversions, the most recently used first."""
    tables = [_table(entry) for entry in cache.entries()]
    if as_json:
        total = sum(entry.size for entry in cache.entries())
        folder = str(cache.cache_folder())
        output.echo_json(
            {
                "folder": folder,
                "bytes": total,
                "limit": cache.cache_limit(),
                "entries": tables,
            }
        )
        return
    output.echo_table(
        [
            (
                str(table["key"])[:_KEY_SHOWN],
                table["converter"] or "(damaged)",
                table["windows"],
                _size(int(str(table["bytes"]))),
                str(table["used"] or "")[:16].replace("T", " "),
                table["split"],
                table["examples"],
            )
            for table in tables
        ],
        header=("key", "converter", "windows", "size", "used (utc)", "split", "of"),
    )
    total = sum(int(str(table["bytes"])) for table in tables)
    output.note(
        f"{len(tables)} entries, {_size(total)} of {_size(cache.cache_limit())},"
        f" in {cache.cache_folder()}"
    )


@command.command("clear")
@click.argument("keys", nargs=-1)
def clear_entries(keys: tuple[str, ...]) -> None:
    """Remove the cached conversions called KEYS (or beginning so), or all."""
    known = [entry.key for entry in cache.entries()]
    for key in keys:
        if not key or not any(name.startswith(key) for name in known):
            raise UnknownNameError(
                f"No cached conversion is called {key!r}. See `groovekit cache list`."
            )
    removed = cache.clear(keys or None)
    freed = sum(entry.size for entry in removed)
    click.echo(f"Removed {len(removed)} entries, {_size(freed)}.")
