"""``groovekit convert``: music files to a TFRecord of note sequences."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from groovekit.cli.options import (
    drum_track_option,
    json_option,
    obsolete_options,
    option,
    split_option,
)
from groovekit.cli.output import echo_json, note, other_files, tell_remarks
from groovekit.cli.progress import Progress
from groovekit.cli.types import FILE, FOLDER
from groovekit.errors import DataError, UsageError

if TYPE_CHECKING:
    from groovekit.io.conversion import ConversionReport

# More lines than this would hide the summary; the report has all of them.
_SHOWN_PROBLEMS = 50
_TERMINATED = 143


@click.command("convert")
@option(
    "--input-dir",
    required=True,
    type=FOLDER,
    help="Folder (or zip archive) of MIDI, MusicXML and ABC files, also zipped ones.",
)
@option(
    "--output",
    aliases=("--output-file",),
    required=True,
    type=FILE,
    help="TFRecord file to write.",
)
@click.option("--recursive", is_flag=True, help="Enter the folders below.")
@click.option(
    "--shards",
    type=click.IntRange(1, 99_999),
    default=1,
    help="Write this many files FILE-00000-of-0000N.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=None,
    show_default="as many as pay",
    help="Processes that read files. The result does not depend on it.",
)
@split_option(
    "Part of the Groove MIDI Dataset (a folder with its info.csv).", default="all"
)
@click.option(
    "--report",
    "report_path",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Write counts and reasons as JSON.",
)
@drum_track_option
@click.option("--overwrite", is_flag=True, help="Replace existing output and report.")
@json_option
@obsolete_options("--log")
def command(
    input_dir: Path,
    output: Path,
    recursive: bool,
    shards: int,
    workers: int | None,
    split: str,
    report_path: Path | None,
    drum_track: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Turn MIDI files into a TFRecord file of note sequences.

    Files that cannot be read are named with the reason. The output appears,
    complete, at the end: a stopped conversion leaves nothing behind.
    """
    from groovekit.io.conversion import convert_folder

    if report_path is not None:
        _check_report(report_path, input_dir, output, shards, overwrite=overwrite)
    with (
        _clean_exit_on_sigterm(),
        Progress(None, "Converting", unit="files") as progress,
    ):
        problems = 0

        def on_error(name: str, reason: str) -> None:
            nonlocal problems
            problems += 1
            if problems <= _SHOWN_PROBLEMS:
                note(f"not converted: {name}: {reason}")

        report = convert_folder(
            input_dir.expanduser(),
            output,
            recursive=recursive,
            shards=shards,
            workers=workers,
            split=split,
            overwrite=overwrite,
            drum_track=drum_track,
            progress=progress.follow,
            on_error=on_error,
        )
    if problems > _SHOWN_PROBLEMS:
        note(f"... and {problems - _SHOWN_PROBLEMS} more; --report FILE lists all.")
    if report.in_subfolders:
        note(
            f"{report.in_subfolders:,} music files in folders below were not read: "
            "add --recursive."
        )
    tell_remarks(report.remarks)
    if report_path is not None:
        report.write(report_path)
    if as_json:
        echo_json(report.to_dict())
    if not report.converted:
        raise DataError(
            f"None of the {report.files} music files in {input_dir} could be "
            "converted: nothing was written. The lines above say why."
        )
    if not as_json:
        _show(report, output)


def _check_report(
    path: Path, source: Path, output: Path, shards: int, *, overwrite: bool
) -> None:
    """Refuses a report that could not, or must not, be written after the work."""
    from groovekit.io import files
    from groovekit.io.music_files import MUSIC_SUFFIXES
    from groovekit.io.tfrecord.records import shard_paths

    outputs = {output, *shard_paths(output.expanduser(), shards)}
    if path.resolve() in {other.expanduser().resolve() for other in outputs}:
        raise UsageError(
            f"--report and --output are both {path}: give the report a name of its own."
        )
    same = path.resolve() == source.expanduser().resolve()
    if same or path.suffix.lower() in MUSIC_SUFFIXES:
        raise UsageError(
            f"--report {path} is what is converted or called like music, which is "
            "never replaced: give it another name."
        )
    if path.exists() and not path.is_file():
        raise DataError(f"Cannot write {path}: it is no file. Choose another --report.")
    if path.exists() and not overwrite:
        raise DataError(
            f"{path} exists and is not overwritten. Choose another --report, or add "
            "--overwrite."
        )
    files.check_writable(path.parent)


def _show(report: ConversionReport, output: Path) -> None:
    click.echo(
        f"Converted {report.converted:,} of {report.files:,} files: "
        f"{report.sequences:,} sequences, {report.notes:,} notes "
        f"in {report.seconds:.1f} s."
    )
    for split, counts in sorted(report.splits.items()):
        click.echo(
            f"  {split}: {counts['sequences']:,} sequences, {counts['notes']:,} notes"
        )
    if report.empty:
        click.echo(f"  {report.empty:,} sequences have no notes")
    if report.unreadable:
        click.echo(f"  {len(report.unreadable):,} could not be read (named above)")
    if report.ignored:
        click.echo(f"  other files left out: {other_files(report.ignored)}")
    if len(report.outputs) == 1:
        click.echo(f"Wrote {output}")
    else:
        click.echo(f"Wrote {len(report.outputs)} files {output}-*")


@contextlib.contextmanager
def _clean_exit_on_sigterm() -> Iterator[None]:
    """Turns SIGTERM into an exit that runs clean-up code."""

    def leave(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
