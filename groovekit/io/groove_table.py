"""The Groove MIDI Dataset's table: which of its files belong to which split."""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import re
import zipfile
from pathlib import Path, PurePosixPath

from groovekit.errors import DataError
from groovekit.io.music_files import Listing, Problem, open_archive

GROOVE_TABLE = "info.csv"
#: The problem of a file that only the table knows.
ABSENT = f"named in {GROOVE_TABLE}, but not there"
_COLUMNS = frozenset({"midi_filename", "split", "drummer"})
#: The data set's labels of styles, without what follows the slash.
STYLES = (
    *("afrobeat", "afrocuban", "blues", "country", "dance", "funk", "gospel"),
    *("highlife", "hiphop", "jazz", "latin", "middleeastern", "neworleans", "pop"),
    *("punk", "reggae", "rock", "soul"),
)
# Number, style, tempo, kind and time signature: 10_jazz-funk_116_fill_4-4.mid
_FILE_NAME = re.compile(r"\d+_([a-z]+)(?:-[a-z]+)*_\d+_(?:beat|fill)_\d+-\d+\.midi?")


def groove_splits(path: str | Path) -> dict[str, str] | None:
    """Reads the splits of a Groove MIDI Dataset folder or archive.

    Args:
      path: a folder with ``info.csv``, or a zip archive that holds one.

    Returns:
      Split by file name (as in :attr:`MusicFile.name`), or None when there is
      no such table.

    Raises:
      DataError: the table is there, but cannot be read.
    """
    path = Path(path)
    try:
        if path.is_dir():
            table = path / GROOVE_TABLE
            return _splits(table.read_bytes(), "") if table.is_file() else None
        if not zipfile.is_zipfile(path):
            return None
        archive = open_archive(path)
        for name in sorted(archive.namelist(), key=len):
            member = PurePosixPath(name)
            if member.name == GROOVE_TABLE and len(member.parts) <= 2:
                return _splits(archive.read(name), name[: -len(GROOVE_TABLE)])
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    # Unpacking raises anything; see music_files.
    except Exception as error:
        raise DataError(f"{path}: {GROOVE_TABLE} cannot be read: {error}") from error
    return None


def _splits(table: bytes, prefix: str) -> dict[str, str] | None:
    """Splits by file name; None for a table of something else.

    Rows without a file name say nothing and are left out.
    """
    try:
        # The names of the columns are ASCII, whatever the rest is.
        text = table.removeprefix(codecs.BOM_UTF8).decode("latin-1")
        columns = csv.DictReader(io.StringIO(text, newline="")).fieldnames
    except csv.Error:
        return None
    if not set(columns or ()) >= _COLUMNS:
        return None
    rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline=""))
    return {
        prefix + row["midi_filename"]: row["split"] or ""
        for row in rows
        if row["midi_filename"]
    }


def style_number(name: str) -> int:
    """Number in :data:`STYLES` of what the data set's name of a file says; else -1.

    Args:
      name: of the file, folders before it or not.
    """
    found = _FILE_NAME.fullmatch(PurePosixPath(name).name)
    style = found[1] if found else ""
    return STYLES.index(style) if style in STYLES else -1


def is_groove_folder(path: str | Path) -> bool:
    """Whether a folder (or zip archive) has the Groove MIDI Dataset's table."""
    return groove_splits(path) is not None


def with_splits(listing: Listing, splits: dict[str, str], split: str | None) -> Listing:
    """Marks files with their split and keeps those of one split.

    Args:
      listing: of the folder that ``splits`` belongs to.
      splits: from :func:`groove_splits`.
      split: ``train``, ``validation``, ``test``; ``all`` or None keeps every
        file, those that the table does not name included.

    Returns:
      A new listing. Files of one split that the table names and the folder
      lacks are problems; with ``all`` they are not: part of the data set is
      distributed apart.
    """
    files = [
        dataclasses.replace(file, split=splits.get(file.name) or None)
        for file in listing.files
    ]
    problems = list(listing.problems)
    if split not in (None, "all"):
        files = [file for file in files if file.split == split]
        there = {file.name for file in files}
        problems += [
            Problem(name, ABSENT)
            for name, value in splits.items()
            if value == split and name not in there
        ]
    return dataclasses.replace(listing, files=files, problems=problems)
