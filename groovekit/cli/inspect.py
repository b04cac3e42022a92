"""``groovekit inspect``: what files hold and what a config makes of them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from groovekit.cli.options import json_option, kit_option, split_option
from groovekit.cli.output import (
    echo_json,
    echo_table,
    note,
    other_files,
    tell_remarks,
)
from groovekit.cli.progress import Progress, duration
from groovekit.cli.types import CONFIG, EXAMPLES
from groovekit.errors import DataError

if TYPE_CHECKING:
    from groovekit.converters.kits import KitMap
    from groovekit.io.remarks import Remark

_MOST_COMMON = 6


@click.command("inspect")
@click.argument("examples", metavar="FILE|DIR", type=EXAMPLES)
@click.option(
    "--config",
    "config_name",
    type=CONFIG,
    default=None,
    help="Count the windows that this config finds, and say why it finds none.",
)
@kit_option(
    "--kit", "Kit map to read drums with (groovekit kits list, or a JSON file)."
)
@split_option("Part of a data set that has splits.", default="all")
@click.option("--each", is_flag=True, help="Show every sequence on a line of its own.")
@json_option
def command(
    examples: str,
    config_name: str | None,
    kit: str | None,
    split: str,
    each: bool,
    as_json: bool,
) -> None:
    """Show what files hold and what a config would make of them.

    FILE|DIR is a TFRecord (or glob of shards), a folder or zip archive of MIDI
    files, one MIDI file, or tfds:NAME: whatever train takes as --examples.
    """
    from groovekit.converters.kits import get_kit
    from groovekit.io.inspection import Contents
    from groovekit.io.sources import iter_sequences, open_source

    source = open_source(examples, split=split)
    windows = _WindowCount(config_name, kit) if config_name else None
    kit_map = get_kit(kit) if kit else None
    if windows:
        kit_map = windows.kit
    contents = Contents()
    rows: list[dict[str, Any]] = []
    unreadable: list[tuple[str, str]] = []
    remarks: list[tuple[str, Remark]] = []
    with Progress(source.total, "Reading") as progress:

        def on_error(name: str, reason: str) -> None:
            unreadable.append((name, reason))

        def on_remark(name: str, remark: Remark) -> None:
            remarks.append((name, remark))

        for item in iter_sequences(
            source, split=split, on_error=on_error, on_remark=on_remark
        ):
            contents.add(item)
            row: dict[str, Any] = {
                "name": item.sequence.filename or item.id,
                "id": item.id,
                "notes": len(item.sequence.notes),
                "seconds": round(item.sequence.total_time, 2),
            }
            if windows:
                row["windows"], row["reason"] = windows.add(item.sequence)
            if each:
                rows.append(row)
            progress.advance()
    if as_json:
        value: dict[str, Any] = {
            "source": examples,
            "kind": source.kind.value,
            **contents.to_dict(),
            "unreadable": [{"name": n, "reason": r} for n, r in unreadable],
            "remarks": [{"name": n, **r.to_dict()} for n, r in remarks],
            "ignored": dict(source.listing.ignored.most_common()),
        }
        if kit_map:
            unknown = _without_class(contents.pitches, kit_map)
            value["kit"] = {
                "name": str(kit_map),
                "classes": len(kit_map),
                "drum_notes_without_class": unknown.total(),
                "pitches_without_class": {str(k): n for k, n in unknown.most_common()},
            }
        if windows:
            value["windows"] = windows.to_dict()
        if each:
            value["each"] = rows
        echo_json(value)
    else:
        for name, reason in unreadable:
            note(f"not readable: {name}: {reason}")
        tell_remarks(remarks)
        if ignored := dict(source.listing.ignored.most_common()):
            note(f"other files left out: {other_files(ignored)}")
        if each:
            columns = ["name", "notes", "seconds"]
            columns += ["windows", "reason"] if windows else []
            echo_table(([row[c] for c in columns] for row in rows), header=columns)
            click.echo()
        _show(contents, source.kind.value, len(unreadable))
        if kit_map:
            click.echo(f"\n{_kit_line(contents, str(kit_map), kit_map)}")
        if windows:
            windows.show()
    if not contents.sequences:
        raise DataError(f"{examples} holds no readable sequences.")


def _without_class(pitches: Counter[int], kit: KitMap) -> Counter[int]:
    """Drum notes by pitch, of those that the kit map does not know."""
    return Counter({p: n for p, n in pitches.items() if kit.table[p] < 0})


def _kit_line(contents: Any, name: str, kit: KitMap) -> str:
    unknown = _without_class(contents.pitches, kit)
    text = f"Read with the kit map {name} ({len(kit)} classes): "
    if not unknown:
        return f"{text}every drum note has a class."
    return (
        f"{text}{unknown.total():,} of {contents.drum_notes:,} drum notes have no "
        f"class, by pitch: {_counts(unknown)}."
    )


def _show(contents: Any, kind: str, unreadable: int) -> None:
    rows: list[tuple[str, object]] = [
        ("source", kind),
        ("sequences", f"{contents.sequences:,}"),
    ]
    if unreadable:
        rows.append(("not readable", f"{unreadable:,}"))
    if contents.splits:
        rows.append(("splits", _counts(contents.splits)))
    rows += [
        ("notes", f"{contents.notes:,}, {contents.drum_notes:,} of them drums"),
        (
            "length",
            f"{duration(contents.seconds)} in all, "
            f"{duration(contents.longest_seconds)} the longest",
        ),
        ("time signatures", _counts(contents.time_signatures)),
        ("tempos (qpm)", _counts(Counter(_tempo_names(contents.tempos)))),
    ]
    if contents.tempo_changes:
        rows.append(("tempo changes", f"in {contents.tempo_changes:,} sequences"))
    if contents.empty:
        rows.append(("without notes", f"{contents.empty:,} sequences"))
    if contents.pitches:
        rows.append(("drum pitches", _counts(contents.pitches)))
    echo_table(rows)


def _tempo_names(tempos: Counter[int]) -> dict[str, int]:
    return {str(qpm) if qpm else "none": count for qpm, count in tempos.items()}


def _counts(counter: Counter[Any]) -> str:
    shown = [f"{name} ({count:,})" for name, count in counter.most_common(_MOST_COMMON)]
    more = len(counter) - len(shown)
    return ", ".join(shown) + (f" and {more} others" if more > 0 else "")


class _WindowCount:
    """Counts what a config's converter finds.

    Args:
      config_name: a registered config.
      kit: kit map to read with instead of the config's.
    """

    def __init__(self, config_name: str, kit: str | None = None) -> None:
        from groovekit.configs.base import get_config
        from groovekit.converters.base import Counts

        self.config_name = config_name
        from groovekit.converters.options import WithKits, with_options

        converter = get_config(config_name).converter
        # Nothing is written: the second kit map only has to fit the first.
        output_kit = kit if isinstance(converter, WithKits) else None
        self._converter = with_options(
            converter, kit=kit, output_kit=output_kit, trained=False
        )
        changed = self._converter
        self.kit = changed.kit if isinstance(changed, WithKits) else None
        self.windows = 0
        self.used = 0
        self.sequences = 0
        self.reasons: Counter[str] = Counter()
        self.counts = Counts()

    def add(self, sequence: Any) -> tuple[int, str]:
        """Counts one sequence; its windows and, for none, the reason."""
        from groovekit.converters.base import Skipped

        result = self._converter.extract(sequence)
        self.counts += result.counts
        if isinstance(result, Skipped):
            self.reasons[result.reason.value] += 1
            return 0, str(result)
        self.sequences += 1
        self.windows += len(result)
        self.used += len(self._converter.select(len(result), None))
        return len(result), ""

    def to_dict(self) -> dict[str, Any]:
        """The numbers for JSON."""
        return {
            "config": self.config_name,
            "windows": self.windows,
            "windows_an_epoch": self.used,
            "sequences_with_windows": self.sequences,
            "reasons": dict(self.reasons.most_common()),
            "notes": dataclasses.asdict(self.counts),
        }

    def show(self) -> None:
        """Writes the numbers to stdout."""
        click.echo(f"\n{self.config_name}")
        text = f"{self.windows:,} in {self.sequences:,} sequences"
        if self.used != self.windows:
            text += f"; {self.used:,} an epoch"
        rows: list[tuple[str, object]] = [("windows", text)]
        rows += [
            (f"{count:,} give none", reason)
            for reason, count in self.reasons.most_common()
        ]
        counts = dataclasses.asdict(self.counts)
        notes = ", ".join(f"{value:,} {name}" for name, value in counts.items())
        rows.append(("notes", notes.replace("notes, ", "read, ", 1)))
        echo_table(rows)
