"""``groovekit inspect``: what files hold and what a config makes of them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from groovekit.cli.options import (
    drum_track_option,
    json_option,
    kit_option,
    split_option,
    window_options,
)
from groovekit.cli.output import (
    echo_json,
    echo_table,
    note,
    other_files,
    tell_remarks,
)
from groovekit.cli.progress import Progress, duration
from groovekit.cli.types import CONFIG, EXAMPLES
from groovekit.errors import DataError, UsageError

if TYPE_CHECKING:
    from groovekit.converters.base import Converter
    from groovekit.converters.kits import KitMap
    from groovekit.io.drum_tracks import Track
    from groovekit.io.notes import NoteSequence
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
@drum_track_option
@window_options
@split_option("Part of a data set that has splits.", default="all")
@click.option("--each", is_flag=True, help="Show every sequence on a line of its own.")
@json_option
def command(
    examples: str,
    config_name: str | None,
    kit: str | None,
    drum_track: str | None,
    time_signature: tuple[int, int] | None,
    loop: bool | None,
    keep_silence: bool | None,
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

    source = open_source(examples, split=split, drum_track=drum_track)
    wanted: dict[str, Any] = {
        "time_signature": time_signature,
        "loop": loop,
        "keep_silence": keep_silence,
    }
    windows = None
    if config_name:
        windows = _WindowCount(config_name, kit, drum_track, **wanted)
    elif any(value is not None for value in wanted.values()):
        raise UsageError(
            "--time-signature, --loop and --keep-silence say what windows are made of: "
            "name a config, too (--config NAME)."
        )
    kits = _Kits(
        windows.converter if windows else None,
        get_kit(kit) if kit else None,
        by_hand=drum_track is not None,
    )
    contents = Contents(by_hand=drum_track is not None)
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
            kits.add(item.sequence)
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
        if kits.own:
            value["kit"] = kits.to_dict()
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
        if kits.own:
            click.echo(f"\n{kits.line}")
        if windows:
            windows.show()
    if not contents.sequences:
        raise DataError(f"{examples} holds no readable sequences.")


class _Kits:
    """With which kit maps the drums of sequences are read, and what has no class.

    Args:
      converter: of a config; None for none.
      kit: the kit map asked for; None for that of the config.
      by_hand: whether the drums were chosen.
    """

    def __init__(
        self, converter: Converter | None, kit: KitMap | None, *, by_hand: bool
    ) -> None:
        from groovekit.converters.options import WithKits

        with_kits: Any = converter if isinstance(converter, WithKits) else None
        self._converter: Converter | None = with_kits
        self.own: KitMap | None = with_kits.kit if with_kits else kit
        self._by_hand = by_hand
        self.used: Counter[str] = Counter()
        self.notes = 0
        self.unknown: Counter[int] = Counter()

    def add(self, sequence: NoteSequence) -> None:
        """Counts one sequence."""
        from groovekit.converters.kit_choice import reading
        from groovekit.converters.options import kit_reading
        from groovekit.io.columns import read_columns

        if self._converter is not None:
            found = kit_reading(self._converter, sequence)
        elif self.own is not None:
            columns = read_columns(
                sequence, onsets_only=True, marked_only=self._by_hand
            )
            pitches = columns.pitch[columns.is_drum]
            found = reading(pitches, self.own, self.own) if len(pitches) else None
        else:
            return
        if found is not None:
            self.used[str(found.kit)] += 1
            self.notes += found.notes
            self.unknown += Counter(found.unknown)

    def to_dict(self) -> dict[str, Any]:
        """What was read, for JSON."""
        assert self.own is not None
        return {
            "name": str(self.own),
            "classes": len(self.own),
            "sequences_read_with": dict(self.used.most_common()),
            "drum_notes_without_class": self.unknown.total(),
            "pitches_without_class": {
                str(pitch): count for pitch, count in self.unknown.most_common()
            },
        }

    @property
    def line(self) -> str:
        """What was read, for people."""
        from groovekit.converters.kit_choice import describe_unknown

        assert self.own is not None
        names = list(self.used) or [str(self.own)]
        which = f"map {names[0]}"
        if len(names) > 1:
            which = f"maps {_counts(self.used)}"
        text = f"Read with the kit {which} ({len(self.own)} classes): "
        if not self.unknown:
            return f"{text}every drum note has a class."
        return (
            f"{text}{self.unknown.total():,} of {self.notes:,} drum notes have no "
            f"class: {describe_unknown(self.unknown, self.own)}."
        )


def _show(contents: Any, kind: str, unreadable: int) -> None:
    rows: list[tuple[str, object]] = [
        ("source", kind),
        ("sequences", f"{contents.sequences:,}"),
    ]
    if unreadable:
        rows.append(("not readable", f"{unreadable:,}"))
    # Of a file that is plainly drums there is nothing to choose.
    if any(
        track.why is None or track.why.name != "CHANNEL" for track in contents.tracks
    ):
        rows += [(f"track {track.number}", _track(track)) for track in contents.tracks]
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


def _track(track: Track) -> str:
    what = f"drums, by {track.said}" if track.why else f"program {track.program}"
    return f"{track.name or 'without a name'}, {track.notes:,} notes, {what}"


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
      drum_track: the track that is marked as drums; None where drums are found.
      options: others of :func:`groovekit.converters.options.with_options`.
    """

    def __init__(
        self,
        config_name: str,
        kit: str | None = None,
        drum_track: str | None = None,
        **options: Any,
    ) -> None:
        from groovekit.configs.base import get_config
        from groovekit.converters.base import Counts

        self.config_name = config_name
        from groovekit.converters.options import WithKits, with_options

        converter = get_config(config_name).converter
        # Nothing is written: the second kit map only has to fit the first.
        output_kit = kit if isinstance(converter, WithKits) else None
        self.converter = with_options(
            converter,
            kit=kit,
            output_kit=output_kit,
            instruments="drums" if drum_track is not None else None,
            trained=False,
            **options,
        )
        self.windows = 0
        self.used = 0
        self.sequences = 0
        self.silent = self.looped = 0
        self.left_out: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.counts = Counts()

    def add(self, sequence: Any) -> tuple[int, str]:
        """Counts one sequence; its windows and, for none, the reason."""
        from groovekit.converters.base import Skipped

        result = self.converter.extract(sequence)
        self.counts += result.counts
        if isinstance(result, Skipped):
            self.reasons[result.reason.value] += 1
            return 0, str(result)
        self.sequences += 1
        self.windows += len(result)
        self.silent += result.silent
        self.looped += 0 if result.loop_quarters is None else len(result)
        for reason, notes in result.left_out.items():
            self.left_out[reason.value] += notes
        self.used += len(self.converter.select(len(result), None))
        return len(result), ""

    def to_dict(self) -> dict[str, Any]:
        """The numbers for JSON."""
        return {
            "config": self.config_name,
            "windows": self.windows,
            "windows_an_epoch": self.used,
            "windows_of_loops": self.looped,
            "windows_without_a_hit": self.silent,
            "sequences_with_windows": self.sequences,
            "reasons": dict(self.reasons.most_common()),
            "notes": dataclasses.asdict(self.counts),
            "notes_left_out": dict(self.left_out.most_common()),
        }

    def show(self) -> None:
        """Writes the numbers to stdout."""
        click.echo(f"\n{self.config_name}")
        text = f"{self.windows:,} in {self.sequences:,} sequences"
        if self.used != self.windows:
            text += f"; {self.used:,} an epoch"
        rows: list[tuple[str, object]] = [("windows", text)]
        if self.looped:
            rows.append(("of loops", f"{self.looped:,}, repeated to fill a window"))
        if self.silent:
            rows.append(("without a hit", f"{self.silent:,} more, left out"))
        rows += [
            (f"{count:,} give none", reason)
            for reason, count in self.reasons.most_common()
        ]
        counts = dataclasses.asdict(self.counts)
        notes = ", ".join(f"{value:,} {name}" for name, value in counts.items())
        rows.append(("notes", notes.replace("notes, ", "read, ", 1)))
        rows += [
            (f"{count:,} notes left out", f"of a part that {reason}")
            for reason, count in self.left_out.most_common()
        ]
        echo_table(rows)
