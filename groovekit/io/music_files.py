"""Finding music files in folders and zip archives, and reading one of them.

Ids, file names and collection names are those of Magenta's conversion script:
``collection_name`` is the name of the folder given, ``filename`` the path below
it (with ``/train``, ``/validation`` or ``/test`` behind it where the collection has
splits), ``id`` is ``/id/<kind>/<folder's name>/<SHA-1 of filename>``. A file in an
archive ``pack.zip`` has the file name ``pack.zip/<path in the archive>``.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import os
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from groovekit.errors import DataError
from groovekit.io.drum_tracks import drum_tracks, mark_drums
from groovekit.io.midi import files as midi
from groovekit.io.midi.sequences import ParsedMidi
from groovekit.io.notes import NoteSequence
from groovekit.io.remarks import Remark
from groovekit.io.splits import collection_with_split

MIDI_SUFFIXES = frozenset({".mid", ".midi", ".kar", ".rmi", ".smf"})
MUSICXML_SUFFIXES = frozenset({".xml", ".mxl", ".musicxml"})
ABC_SUFFIXES = frozenset({".abc"})
MUSIC_SUFFIXES = MIDI_SUFFIXES | MUSICXML_SUFFIXES | ABC_SUFFIXES


@dataclasses.dataclass(frozen=True)
class MusicFile:
    """Where a music file lies.

    Attributes:
      path: the file, or the archive that holds it.
      name: path below the folder given, with ``/``; unique in a collection.
      collection: name of the folder given.
      member: name inside the archive ``path``; empty for plain files.
      split: ``train``, ``validation`` or ``test`` where the collection says so.
    """

    path: str
    name: str
    collection: str
    member: str = ""
    split: str | None = None


@dataclasses.dataclass(frozen=True)
class Problem:
    """A file that gave nothing, or part of one.

    Attributes:
      name: which file.
      reason: why, in words.
    """

    name: str
    reason: str


@dataclasses.dataclass
class Listing:
    """What was found in a folder or an archive.

    Attributes:
      files: music files, in the order in which they are read.
      problems: archives that cannot be opened, files of the Groove table that
        are not there.
      ignored: how many other files there are, by suffix.
      in_subfolders: music files below folders that were not entered.
    """

    files: list[MusicFile] = dataclasses.field(default_factory=list)
    problems: list[Problem] = dataclasses.field(default_factory=list)
    ignored: Counter[str] = dataclasses.field(default_factory=Counter)
    in_subfolders: int = 0


@dataclasses.dataclass(frozen=True)
class ReadResult:
    """What reading a file gave.

    Attributes:
      sequences: one, or several for an ABC tune book or the patterns of a MIDI file of
        format 2; with id and names.
      problems: what could not be read.
      remarks: what was mended or left out.
    """

    sequences: tuple[NoteSequence, ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Remark, ...] = ()


# Listing -------------------------------------------------------------------------


def list_folder(folder: str | Path, *, recursive: bool = True) -> Listing:
    """Lists the music files of a folder, sorted by their path.

    Links to folders are followed, each folder once. Files in zip archives are
    listed where the archive lies. The resource forks that macOS leaves
    (``._name``, ``__MACOSX``) are left out.

    Args:
      folder: an existing folder.
      recursive: enter the folders below.

    Returns:
      The files found; ``split`` is empty (see :func:`with_splits`).

    Raises:
      DataError: ``folder`` is not a folder or cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        what = "not a folder" if root.exists() else "no such folder"
        raise DataError(f"{folder}: {what}. Give a folder of MIDI files.")
    collection = base_name(root)
    listing = Listing()
    for path in _walk(root, listing, recursive=recursive):
        name = readable(path.relative_to(root).as_posix())
        suffix = path.suffix.lower()
        if path.name.startswith("._") or "__MACOSX" in path.parts:
            continue
        if suffix in MUSIC_SUFFIXES:
            listing.files.append(MusicFile(str(path), name, collection))
        elif suffix == ".zip" and path.is_file():
            try:
                listing.files += _members(path, listing, collection, f"{name}/")
            except DataError as error:
                listing.problems.append(Problem(name, str(error)))
        else:
            listing.ignored[suffix] += 1
    listing.files.sort(key=lambda file: file.name.split("/"))
    return listing


def _walk(root: Path, listing: Listing, *, recursive: bool) -> Iterator[Path]:
    seen: set[str] = set()

    def refuse(error: OSError) -> None:
        name = error.filename or str(root)
        if Path(name) == root:
            raise DataError(f"{root}: cannot be read: {error.strerror}") from error
        reason = f"cannot be read: {error.strerror}"
        listing.problems.append(Problem(readable(str(name)), reason))

    for parent, folders, names in os.walk(root, followlinks=True, onerror=refuse):
        real = str(Path(parent).resolve())
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        if recursive or Path(parent) == root:
            yield from (Path(parent) / name for name in sorted(names))
        else:
            listing.in_subfolders += sum(
                Path(name).suffix.lower() in MUSIC_SUFFIXES
                and not name.startswith("._")
                for name in names
            )


def list_archive(path: str | Path) -> Listing:
    """Lists the music files of a zip archive, sorted by their path.

    Raises:
      DataError: not a readable zip archive.
    """
    path = Path(path)
    listing = Listing()
    try:
        listing.files = list(_members(path, listing, base_name(path), ""))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    listing.files.sort(key=lambda file: file.name.split("/"))
    return listing


def _members(
    path: Path, listing: Listing, collection: str, prefix: str
) -> Iterator[MusicFile]:
    for number, info in enumerate(open_archive(path).infolist(), start=1):
        if not info.filename:
            label = f"{prefix}member {number}"
            listing.problems.append(Problem(label, "has no name: damaged"))
            continue
        member = PurePosixPath(info.filename)
        if info.is_dir() or member.name.startswith("._") or "__MACOSX" in member.parts:
            continue
        if member.suffix.lower() not in MUSIC_SUFFIXES:
            listing.ignored[member.suffix.lower()] += 1
            continue
        name = prefix + readable(info.filename)
        yield MusicFile(str(path), name, collection, info.filename)


def open_archive(path: Path) -> zipfile.ZipFile:
    """An archive, which stays open for its other files; do not close it.

    Raises:
      DataError: there is none, or it is damaged.
    """
    try:
        status = path.stat()
        return _opened(str(path), status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise DataError(f"cannot be opened: {error.strerror or error}") from error
    # A directory with other bytes in it leads zipfile to any exception.
    except Exception as error:
        raise DataError(f"not a readable zip archive: {error}") from error


# Opening reads the whole directory: doing so for each file would be quadratic. Files
# of an archive are read one after the other, so a few archives are enough; closed by
# their finaliser when others take their place. Time and size tell a replaced one.
@functools.lru_cache(maxsize=2)
def _opened(path: str, time_ns: int, size: int) -> zipfile.ZipFile:
    del time_ns, size
    return zipfile.ZipFile(path)


# Reading ---------------------------------------------------------------------------


def read_music_file(file: MusicFile, *, drum_track: str | None = None) -> ReadResult:
    """Reads one file and fills in ids and names. Never raises for bad files.

    Args:
      file: from a listing.
      drum_track: the track that is drums, by its name, number or channel, and no other
        (:func:`groovekit.io.drum_tracks.mark_drums`); None to find them.

    Returns:
      Sequences, problems and remarks; a bad file gives problems only.
    """
    suffix = PurePosixPath(file.member or file.path).suffix.lower()
    try:
        data = _contents(file)
        if suffix in ABC_SUFFIXES:
            return _with_drums(_tune_book(data, file), drum_track)
        if suffix in MUSICXML_SUFFIXES:
            # Few commands read scores, and all start sooner without.
            from groovekit.io.scores.musicxml import parse_musicxml  # noqa: PLC0415

            sequence, remarks = parse_musicxml(data)
            _name(sequence, file, "musicxml", file.name)
            read = ReadResult((sequence,), remarks=tuple(remarks))
            return _with_drums(read, drum_track)
        return _patterns(midi.parse_midi(data), file, drum_track)
    except DataError as error:
        return ReadResult(problems=(Problem(file.name, _uncapitalised(error)),))


def _patterns(
    parsed: ParsedMidi, file: MusicFile, drum_track: str | None
) -> ReadResult:
    """The sequence of a MIDI file, or those of its patterns that have notes."""
    at = [index for index, links in enumerate(parsed.links) if len(links)] or [0]
    sequences = [parsed.sequences[index] for index in at]
    for number, sequence in enumerate(sequences, start=1):
        unique = f"{file.name}_{number}" if len(sequences) > 1 else file.name
        _name(sequence, file, "midi", unique)
    read = ReadResult(tuple(sequences), remarks=parsed.remarks)
    if drum_track is None:
        others = not all(parsed.on_drum_channel(index) for index in at)
        return _with_drums(read, None) if others else read
    return _with_drums(read, drum_track, [parsed.channels(index) for index in at])


def _with_drums(
    read: ReadResult,
    drum_track: str | None,
    channels: Sequence[Mapping[int, int]] = (),
) -> ReadResult:
    """The same with the drums that are asked for, or remarks on those that are found.

    Raises:
      DataError: there is no such track.
    """
    if drum_track is None:
        found = [
            remark
            for sequence in read.sequences
            if not all(note.is_drum for note in sequence.notes)
            for remark in drum_tracks(sequence).remarks
        ]
        return dataclasses.replace(read, remarks=(*read.remarks, *found))
    marked = tuple(
        mark_drums(sequence, drum_track, channels=of_it)
        for sequence, of_it in itertools.zip_longest(read.sequences, channels)
    )
    return dataclasses.replace(read, sequences=marked)


def _tune_book(data: bytes, file: MusicFile) -> ReadResult:
    from groovekit.io.scores.abc import parse_abc  # noqa: PLC0415 - as MusicXML

    tunes, errors, remarks = parse_abc(data)
    for number, tune in tunes.items():
        _name(tune, file, "abc", f"{file.name}_{number}")
    problems = (Problem(file.name, f"tune {error}") for error in errors)
    return ReadResult(tuple(tunes.values()), tuple(problems), tuple(remarks))


def sequence_id(filename: str, collection: str, kind: str) -> str:
    """The id that Magenta's conversion gives a sequence.

    Args:
      filename: path below the collection's folder.
      collection: the collection's name.
      kind: ``midi``, ``musicxml`` or ``abc``.
    """
    # Not for security: the digest only has to be the one Magenta writes.
    digest = hashlib.sha1(filename.encode(), usedforsecurity=False).hexdigest()
    return f"/id/{kind}/{collection}/{digest}"


def base_name(path: Path) -> str:
    """The last part of a path, as it is called and not as what it links to."""
    # Also of "." and "a/..", which have none of their own.
    return os.path.basename(os.path.abspath(path))  # noqa: PTH100, PTH119


def readable(name: str) -> str:
    """A file name as text that UTF-8 can hold, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "replace")


def _name(sequence: NoteSequence, file: MusicFile, kind: str, unique: str) -> None:
    sequence.filename = file.name
    sequence.collection_name = readable(file.collection)
    sequence.id = sequence_id(unique, sequence.collection_name, kind)
    sequence.collection_name = collection_with_split(
        sequence.collection_name, file.split
    )


def _contents(file: MusicFile) -> bytes:
    if not file.member:
        path = Path(file.path)
        try:
            # Asking may be forbidden, too: in a folder that cannot be entered.
            if not path.is_file():
                raise DataError("not a file" if path.exists() else "no such file")
            return midi.read_file(path, "")
        except DataError as error:
            raise DataError(str(error).removeprefix(": ")) from error
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror or error}") from error
    archive = open_archive(Path(file.path))
    try:
        size = archive.getinfo(file.member).file_size
        if size > midi.MAX_FILE_BYTES:
            raise DataError(midi.too_large(size))
        return archive.read(file.member)
    # An encrypted member is a RuntimeError, an unknown method a
    # NotImplementedError, damaged data zlib.error: no common base.
    except Exception as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"cannot be unpacked: {error}") from error


def _uncapitalised(error: DataError) -> str:
    text = str(error)
    # "MIDI ..." keeps its capitals.
    return text[0].lower() + text[1:] if text[1:2].islower() else text
