"""Folders of music files to TFRecords of note sequences."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from groovekit.errors import DataError
from groovekit.io import files
from groovekit.io.music_files import MusicFile, Problem
from groovekit.io.parallel import default_workers, ordered_map
from groovekit.io.remarks import Remark
from groovekit.io.sources import (
    SerialisedResult,
    Source,
    SourceKind,
    open_source,
    read_serialised,
)
from groovekit.io.tfrecord.records import (
    RecordWriter,
    existing_shards,
    shard_paths,
    write_records,
)

REPORT_SCHEMA_VERSION = 1


@dataclasses.dataclass
class ConversionReport:
    """What a conversion read and wrote.

    Attributes:
      input: folder or archive.
      outputs: files written; empty when nothing was converted.
      files: music files found.
      converted: files that gave at least one sequence.
      sequences: sequences written.
      notes: notes in them.
      empty: sequences without notes among them.
      splits: sequences and notes by split, where the folder says so.
      unreadable: files (or tunes of a tune book) that gave nothing, with reasons.
      remarks: ``(file, remark)``: what was mended or left out in a file that was read.
      ignored: other files found, by suffix.
      in_subfolders: music files below folders that were not entered.
      seconds: time taken.
    """

    input: str
    outputs: list[str] = dataclasses.field(default_factory=list)
    files: int = 0
    converted: int = 0
    sequences: int = 0
    notes: int = 0
    empty: int = 0
    splits: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    unreadable: list[Problem] = dataclasses.field(default_factory=list)
    remarks: list[tuple[str, Remark]] = dataclasses.field(default_factory=list)
    ignored: dict[str, int] = dataclasses.field(default_factory=dict)
    in_subfolders: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The report for JSON."""
        values = dataclasses.asdict(self)
        values["remarks"] = [
            {"name": name, **remark.to_dict()} for name, remark in self.remarks
        ]
        values["seconds"] = round(self.seconds, 3)
        return {"schema_version": REPORT_SCHEMA_VERSION, **values}

    def write(self, path: str | Path) -> None:
        """Writes the report as JSON, replacing an older one.

        Raises:
          WriteError: the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        files.write_file(Path(path), f"{text}\n")

    def _add(self, file: MusicFile, result: SerialisedResult) -> None:
        self.unreadable += result.problems
        self.remarks += [(file.name, remark) for remark in result.remarks]
        self.converted += bool(result.records)
        self.sequences += len(result.records)
        notes = sum(count for _, count in result.records)
        self.notes += notes
        self.empty += sum(not count for _, count in result.records)
        if file.split:
            counts = self.splits.setdefault(file.split, {"sequences": 0, "notes": 0})
            counts["sequences"] += len(result.records)
            counts["notes"] += notes


def convert_folder(
    folder: str | Path,
    output: str | Path,
    *,
    recursive: bool = False,
    shards: int = 1,
    workers: int | None = 1,
    split: str | None = None,
    overwrite: bool = False,
    drum_track: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    on_error: Callable[[str, str], None] | None = None,
) -> ConversionReport:
    """Converts the music files of a folder to a TFRecord of note sequences.

    MIDI (``.mid``, ``.midi``, ``.kar``, ``.smf``, ``.rmi``), MusicXML (``.xml``,
    ``.musicxml``, ``.mxl``) and ABC (``.abc``) files are read, also those in zip
    archives. The output appears, complete, at the end; when the conversion is stopped,
    there is none. The order of the records does not depend on ``workers``.

    Args:
      folder: a folder, or a zip archive.
      output: the TFRecord; with several shards, ``output-00000-of-0000N``.
      recursive: enter the folders below. The Groove MIDI Dataset's folder
        (recognised by its ``info.csv``) is always read whole.
      shards: number of files to spread the records over, in turn.
      workers: processes; None for as many as pay. A script that asks for several
        has to keep its own work below ``if __name__ == "__main__":``.
      split: ``train``, ``validation``, ``test`` or ``all`` of a Groove folder.
      overwrite: replace existing output.
      drum_track: the track that is marked as drums in each sequence, and no other; see
        :func:`groovekit.io.sources.open_source`.
      progress: called with files done and their number.
      on_error: called at once with name and reason of each unreadable file.

    Returns:
      Counts and reasons. No file could be converted when ``converted`` is 0:
      then nothing was written.

    Raises:
      DataError: no music files, existing output, no such split.
      WriteError: the output cannot be written.
    """
    started = time.monotonic()
    if shards < 1 or shards > 99_999:
        raise DataError(f"Cannot write {shards} shards: expected 1 to 99999.")
    output = Path(output).expanduser()
    paths = shard_paths(output, shards)
    _check_output(output, paths, overwrite=overwrite)
    source = open_source(
        folder, split=split, recursive=recursive, drum_track=drum_track
    )
    if source.kind is not SourceKind.MUSIC:
        raise DataError(
            f"{folder} is already a TFRecord ({source.kind.value}). Give a folder "
            "of MIDI files."
        )
    listing = source.listing
    _spare_inputs(paths, [*source.paths, *(Path(file.path) for file in listing.files)])
    report = ConversionReport(
        str(folder),
        files=len(listing.files),
        unreadable=list(listing.problems),
        ignored=dict(listing.ignored.most_common()),
        in_subfolders=listing.in_subfolders,
    )
    if on_error:
        for problem in listing.problems:
            on_error(problem.name, problem.reason)
    count = default_workers(len(listing.files)) if workers is None else workers
    with contextlib.suppress(_NothingConvertedError), _writers(paths) as writers:
        for done, (file, result) in enumerate(_results(source, count), start=1):
            for number, (record, _) in enumerate(result.records, report.sequences):
                writers[number % shards].write(record)
            report._add(file, result)
            if on_error:
                for problem in result.problems:
                    on_error(problem.name, problem.reason)
            if progress:
                progress(done, len(listing.files))
        if not report.converted:
            raise _NothingConvertedError
        report.outputs = [str(path) for path in paths]
    if report.converted and overwrite:
        # Otherwise a reader of this name would find two sets.
        for stale in {output, *existing_shards(output)} - set(paths):
            stale.unlink(missing_ok=True)
    report.seconds = time.monotonic() - started
    return report


class _NothingConvertedError(Exception):
    """Leaves the block of the writers, so that they remove what they began."""


def _results(
    source: Source, workers: int
) -> Iterator[tuple[MusicFile, SerialisedResult]]:
    listed = source.listing.files
    read = functools.partial(read_serialised, drum_track=source.drum_track)
    results = ordered_map(read, listed, workers=workers)
    with contextlib.closing(results):
        yield from zip(listed, results, strict=True)


@contextlib.contextmanager
def _writers(paths: Sequence[Path]) -> Iterator[list[RecordWriter]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(write_records(path)) for path in paths]


def _spare_inputs(paths: Iterable[Path], inputs: Iterable[Path]) -> None:
    read = {path.resolve() for path in inputs}
    for path in paths:
        if path.resolve() in read:
            raise DataError(
                f"{path} is among what is converted, which is never replaced. Choose "
                "another output."
            )


def _check_output(output: Path, paths: Sequence[Path], *, overwrite: bool) -> None:
    for path in (output, *paths):
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "a pipe or a device"
            raise DataError(
                f"Cannot write {path}: it is {what}. Give the name of a file."
            )
    taken = [path for path in (output, *paths) if path.exists()]
    taken += existing_shards(output)
    if taken and not overwrite:
        raise DataError(
            f"{taken[0]} exists and is not overwritten. Choose another output, or "
            "add `overwrite=True`."
        )
    files.make_parent(output)
