"""Where examples come from: one iterator over sequences for every kind of source.

A source (``--examples``) is a TFRecord file, a glob or a sharded file of such; a
folder or zip archive of music files; one music file; ``tfds:NAME``; or a folder
that TensorFlow Datasets prepared.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from groovekit.errors import DataError, NoExamplesError
from groovekit.io import tfds
from groovekit.io.drum_tracks import drum_tracks, mark_drums
from groovekit.io.groove_table import (
    ABSENT,
    GROOVE_TABLE,
    groove_splits,
    is_groove_folder,
    with_splits,
)
from groovekit.io.midi import files as midi
from groovekit.io.music_files import (
    MUSIC_SUFFIXES,
    Listing,
    MusicFile,
    Problem,
    base_name,
    list_archive,
    list_folder,
    read_music_file,
)
from groovekit.io.notes import NoteSequence
from groovekit.io.parallel import ordered_map
from groovekit.io.remarks import Remark
from groovekit.io.soundness import fault_of
from groovekit.io.splits import check_split, split_of_collection
from groovekit.io.tfrecord import wire
from groovekit.io.tfrecord.records import expand_shards, read_records

__all__ = [
    "Source",
    "SourceKind",
    "SourceSequence",
    "has_splits",
    "is_groove_folder",
    "iter_sequences",
    "list_files",
    "open_source",
]

OnError = Callable[[str, str], None]
OnRemark = Callable[[str, Remark], None]


@dataclasses.dataclass(frozen=True)
class SourceSequence:
    """One sequence of a source.

    Attributes:
      id: never empty; the same for a folder and for the TFRecord made of it.
      sequence: the notes.
      split: ``train``, ``validation`` or ``test`` where the source says so.
    """

    id: str
    sequence: NoteSequence
    split: str | None = None


class SourceKind(enum.Enum):
    """What a source is; the value is for people."""

    RECORDS = "TFRecord"
    MUSIC = "music files"
    TFDS = "TensorFlow Datasets"


@dataclasses.dataclass(frozen=True)
class Source:
    """A source whose files were found, but not read.

    Attributes:
      kind: how it is read.
      paths: the files or the archive behind it, for showing and caching.
      listing: its music files, for that kind.
      tfds_name: e.g. ``"groove/4bar-midionly"``, for ``tfds:`` names.
      split: the split asked for, or None.
      drum_track: the track that is drums in each sequence; None to find them.
    """

    kind: SourceKind
    paths: tuple[Path, ...] = ()
    listing: Listing = dataclasses.field(default_factory=Listing)
    tfds_name: str = ""
    split: str | None = None
    drum_track: str | None = None

    @property
    def total(self) -> int | None:
        """How many music files there are; None when only reading tells."""
        return len(self.listing.files) if self.kind is SourceKind.MUSIC else None


def open_source(
    examples: str | Path,
    *,
    split: str | None = None,
    recursive: bool = True,
    drum_track: str | None = None,
) -> Source:
    """Finds out what ``examples`` is and which files belong to it.

    Args:
      examples: see the module's description.
      split: ``train``, ``validation``, ``test`` or ``all``; only for sources
        with splits, except for ``all``.
      recursive: enter the folders below a folder. The Groove folder is always
        read as far as its table goes.
      drum_track: the track that is drums in each sequence, and no other, by its name,
        number or, in MIDI files, channel
        (:func:`groovekit.io.drum_tracks.mark_drums`); None to find them. A sequence
        without such a track counts as one that cannot be read.

    Raises:
      DataError: nothing there, nothing in it, or no such split.
    """
    found = _open(examples, split=split, recursive=recursive)
    return dataclasses.replace(found, drum_track=drum_track)


def _open(examples: str | Path, *, split: str | None, recursive: bool) -> Source:
    check_split(split)
    text = str(examples)
    if text.startswith(tfds.PREFIX):
        return Source(SourceKind.TFDS, tfds_name=text[len(tfds.PREFIX) :], split=split)
    paths = expand_shards(examples)
    for path in paths:
        if not (path.is_file() or path.is_dir()):
            raise DataError(
                f"{path} is neither a file nor a folder (a pipe or a device), which "
                "may never end. Give a file, a folder or a zip archive."
            )
    if len(paths) == 1 and (paths[0].is_dir() or _is_archive(paths[0])):
        return _open_collection(paths[0], split, recursive=recursive)
    if any(_is_music(path) for path in paths):
        _refuse_split(text, split)
        files = [
            MusicFile(str(p), p.name, base_name(p.parent)) for p in paths if p.is_file()
        ]
        return Source(SourceKind.MUSIC, tuple(paths), Listing(files), split=split)
    return _records(text, paths, split)


def _records(examples: str, paths: Sequence[Path], split: str | None) -> Source:
    if not _records_have_splits(paths):
        _refuse_split(examples, split)
    return Source(SourceKind.RECORDS, tuple(paths), split=split)


def _records_have_splits(paths: Sequence[Path]) -> bool:
    """Whether the first record says of which split it is."""
    with contextlib.suppress(DataError):
        for item in _iter_records(paths[:1], _ignore_fault):
            return item.split is not None
    # What is wrong with the file is said when it is read.
    return False


def _open_collection(path: Path, split: str | None, *, recursive: bool) -> Source:
    if tfds.is_prepared(path):
        files = tfds.prepared_files(path, split)
        return Source(SourceKind.TFDS, files, split=split)
    splits = groove_splits(path)
    if path.is_dir():
        listing = list_folder(path, recursive=recursive or splits is not None)
    else:
        listing = list_archive(path)
    if splits is not None:
        listing = with_splits(listing, splits, split)
    if not listing.files:
        records = _record_files(path)
        if records and not listing.problems:
            return _records(str(path), records, split)
    if splits is None:
        _refuse_split(str(path), split)
    if not listing.files:
        raise _nothing_found(path, listing, split)
    return Source(SourceKind.MUSIC, (path,), listing, split=split)


def _record_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.tfrecord*")) if folder.is_dir() else []


def _nothing_found(path: Path, listing: Listing, split: str | None) -> DataError:
    text = f"{path}: found no music files ({' '.join(sorted(MUSIC_SUFFIXES))})"
    if split not in (None, "all"):
        text += f" of the split {split!r}"
    if listing.in_subfolders:
        text += (
            f"; the folders below hold {listing.in_subfolders}: add `recursive=True`"
        )
    elif listing.problems:
        first = listing.problems[0]
        text += f"; {first.name}: {first.reason}"
        if len(listing.problems) > 1:
            text += f" (and {len(listing.problems) - 1} more)"
    elif listing.ignored:
        most = listing.ignored.most_common(3)
        text += "; it holds " + ", ".join(
            f"{count} {suffix or 'files without suffix'}" for suffix, count in most
        )
    else:
        text += "; it is empty"
    # Archives that cannot be opened may hold what is missing.
    if all(problem.reason == ABSENT for problem in listing.problems):
        return NoExamplesError(text + ".")
    return DataError(text + ".")


def has_splits(examples: str | Path) -> bool:
    """Whether a source says which of its sequences are for training."""
    if str(examples).startswith(tfds.PREFIX):
        return True
    path = Path(examples).expanduser()
    if tfds.is_prepared(path) or (path.exists() and is_groove_folder(path)):
        return True
    if path.is_dir() and not _record_files(path):
        return False
    try:
        source = open_source(examples)
    except DataError:
        return False
    return source.kind is SourceKind.RECORDS and _records_have_splits(source.paths)


def _refuse_split(examples: str, split: str | None) -> None:
    if split not in (None, "all"):
        raise DataError(
            f"{examples} has no splits, so `split={split!r}` selects nothing. Leave "
            "it out, or give the Groove MIDI Dataset's folder (with info.csv), or a "
            "TFRecord made of it."
        )


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}.") from error


def _is_archive(path: Path) -> bool:
    if not path.is_file() or path.suffix.lower() in MUSIC_SUFFIXES:
        return False
    return path.suffix.lower() == ".zip" or _start(path) == b"PK\x03\x04"


def _is_music(path: Path) -> bool:
    if not path.is_file():
        return False
    return path.suffix.lower() in MUSIC_SUFFIXES or _start(path) == b"MThd"


def iter_sequences(
    examples: str | Path | Source,
    *,
    split: str | None = None,
    on_error: OnError | None = None,
    on_remark: OnRemark | None = None,
    workers: int = 1,
    progress: Callable[[int, int | None], None] | None = None,
) -> Iterator[SourceSequence]:
    """Iterates over the sequences of a source, a few in memory at a time.

    Args:
      examples: a source or what :func:`open_source` takes.
      split: as for :func:`open_source`.
      on_error: called with ``(name, reason)`` for each music file that cannot
        be read, and each record that holds what cannot be (a pitch of 400, a time that
        is no number); without it the first one raises. Damage to a TFRecord always
        raises: what follows it is lost.
      on_remark: called with the name of a music file and what was mended or left out
        in reading it.
      workers: processes that read music files.
      progress: called with files (or records) read and, where known, the total.

    Yields:
      Sequences in a fixed order.

    Raises:
      DataError: see above, and as :func:`open_source`.
    """
    source = (
        examples if isinstance(examples, Source) else open_source(examples, split=split)
    )
    report, remark = on_error or _raise, on_remark or _ignore
    if source.kind is SourceKind.MUSIC:
        yield from _iter_music(source, report, remark, workers, progress)
        return
    if source.kind is SourceKind.RECORDS:
        found: Iterable[SourceSequence] = (
            item
            for item in _iter_records(source.paths, report)
            if source.split in (None, "all", item.split)
        )
    else:
        found = _iter_tfds(source, report, remark)
    for count, item in enumerate(found, start=1):
        try:
            marked = _with_drums(item, source.drum_track, remark)
        except DataError as error:
            report(item.sequence.filename or item.id, str(error))
        else:
            yield marked
        if progress:
            progress(count, None)


def _with_drums(
    item: SourceSequence, drum_track: str | None, remark: OnRemark
) -> SourceSequence:
    """The same with the drums asked for, or after a remark on those that are found."""
    if drum_track is not None:
        marked = mark_drums(item.sequence, drum_track)
        return dataclasses.replace(item, sequence=marked)
    if not all(note.is_drum for note in item.sequence.notes):
        for found in drum_tracks(item.sequence).remarks:
            remark(item.sequence.filename or item.id, found)
    return item


def _raise(name: str, reason: str) -> None:
    raise DataError(f"{name}: {reason}")


def _ignore_fault(name: str, reason: str) -> None:
    """Takes a fault that is reported when the whole is read."""


def _ignore(name: str, remark: Remark) -> None:
    """Takes a remark that no one asked for."""


# Music files -----------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class SerialisedResult:
    """A :class:`~groovekit.io.music_files.ReadResult` that crosses processes.

    Attributes:
      records: serialised sequences with their number of notes.
      problems: what could not be read.
      remarks: what was mended or left out.
    """

    records: tuple[tuple[bytes, int], ...]
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...]


def read_serialised(
    file: MusicFile, *, drum_track: str | None = None
) -> SerialisedResult:
    """Reads a music file into serialised sequences. Never raises for bad files.

    Args:
      file: from a listing.
      drum_track: see :func:`open_source`.
    """
    result = read_music_file(file, drum_track=drum_track)
    records = tuple(
        (sequence.SerializeToString(deterministic=True), len(sequence.notes))
        for sequence in result.sequences
    )
    return SerialisedResult(records, result.problems, result.remarks)


def _iter_music(
    source: Source,
    report: OnError,
    remark: OnRemark,
    workers: int,
    progress: Callable[[int, int | None], None] | None,
) -> Iterator[SourceSequence]:
    listing = source.listing
    for problem in listing.problems:
        report(problem.name, problem.reason)
    read = functools.partial(read_serialised, drum_track=source.drum_track)
    results = ordered_map(read, listing.files, workers=workers)
    for count, (file, result) in enumerate(
        zip(listing.files, results, strict=True), start=1
    ):
        for problem in result.problems:
            report(problem.name, problem.reason)
        for found in result.remarks:
            remark(file.name, found)
        for record, _ in result.records:
            sequence = NoteSequence.FromString(record)
            yield SourceSequence(sequence.id, sequence, file.split)
        if progress:
            progress(count, len(listing.files))


# TFRecords -------------------------------------------------------------------------


def _iter_records(paths: Iterable[Path], report: OnError) -> Iterator[SourceSequence]:
    for path in paths:
        for index, record in enumerate(read_records(path)):
            sequence = parse_sequence(record, f"{path}, record {index}")
            fault = fault_of(sequence)
            if fault:
                own = f" ({sequence.id})" if sequence.id else ""
                report(f"{path.name}, record {index}{own}", fault)
                continue
            name = sequence.id or sequence.filename or f"{path.name}#{index}"
            split = split_of_collection(sequence.collection_name)
            yield SourceSequence(name, sequence, split)


def parse_sequence(record: bytes, where: str) -> NoteSequence:
    """Parses a record that has to be a NoteSequence.

    Args:
      record: a TFRecord's data.
      where: file and record, for messages.

    Raises:
      DataError: the record is something else.
    """
    try:
        sequence = NoteSequence.FromString(record)
    # The type depends on protobuf's implementation (DecodeError, mostly).
    except Exception as error:
        raise DataError(f"{where}: {_other_record(record)}") from error
    # A tf.Example parses, with its features as the id: nothing else is set then.
    if record and not sequence.id.startswith("/id/"):
        fields = {field.name for field, _ in sequence.ListFields()}
        if not fields - {"id", "filename"}:
            raise DataError(f"{where}: {_other_record(record)}")
    return sequence


def _other_record(record: bytes) -> str:
    text = "expected a NoteSequence, found "
    try:
        features = wire.example_bytes(record)
    except (ValueError, UnicodeDecodeError):
        features = {}
    if features:
        text += f"a tf.Example with the features {', '.join(sorted(features))}"
        if "midi" in features:
            return text + ". Give the folder that TensorFlow Datasets prepared."
    else:
        text += "something else"
    return text + ". Make the file from MIDI with groovekit convert."


# TensorFlow Datasets ---------------------------------------------------------------


def _iter_tfds(
    source: Source, report: OnError, remark: OnRemark
) -> Iterator[SourceSequence]:
    if source.paths:
        examples = tfds.read_prepared(source.paths)
    else:
        examples = tfds.read_named(source.tfds_name, source.split)
    for example in examples:
        yield from _from_example(example, report, remark)


def _from_example(
    example: tfds.Example, report: OnError, remark: OnRemark
) -> Iterator[SourceSequence]:
    features, where = example.features, example.where
    if not isinstance(features.get("midi"), bytes):
        raise DataError(
            f"{where}: no feature 'midi'; it has {', '.join(sorted(features))}. "
            "Only data sets with MIDI bytes can be read (groove/4bar-midionly, ...)."
        )
    name = features.get("id", b"")
    identifier = name.decode("utf-8", "replace") or where
    try:
        parsed = midi.parse_midi(features["midi"])
    except DataError as error:
        report(identifier, str(error))
        return
    for found in parsed.remarks:
        remark(identifier, found)
    sequence = parsed.first
    sequence.id = identifier
    sequence.filename = identifier
    yield SourceSequence(identifier, sequence, example.split)


# For caches --------------------------------------------------------------------------


def list_files(examples: str | Path | Source) -> list[tuple[str, int, int]]:
    """The files behind a source, to notice when they change.

    Args:
      examples: as for :func:`iter_sequences`.

    Returns:
      ``(absolute path, size in bytes, time of change in ns)``, sorted, without
      repetition; for ``tfds:`` one entry with the name and zeros.

    Raises:
      DataError: as :func:`open_source`.
    """
    source = examples if isinstance(examples, Source) else open_source(examples)
    if source.tfds_name:
        return [(f"{tfds.PREFIX}{source.tfds_name}", 0, 0)]
    paths = list(source.paths)
    paths += [path / GROOVE_TABLE for path in source.paths]
    paths += [Path(file.path) for file in source.listing.files]
    found = set()
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue  # reading will name it
        if not stat.S_ISREG(status.st_mode):
            continue
        found.add((str(path.resolve()), status.st_size, status.st_mtime_ns))
    return sorted(found)
