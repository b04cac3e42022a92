"""MusicXML and ABC files as note sequences, read by note-seq where it is installed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from groovekit.errors import DataError, install_command
from groovekit.io.notes import NoteSequence, load


def parse_musicxml(data: bytes, suffix: str) -> NoteSequence:
    """Reads a MusicXML file.

    Args:
      data: contents of the file.
      suffix: of its name; ``.mxl`` for compressed ones.

    Raises:
      DataError: not readable, or note-seq is not installed.
    """
    if not data:
        raise DataError("the file is empty")
    reader = _reader("musicxml_reader", "MusicXML")
    with tempfile.TemporaryDirectory(prefix="groovekit-") as folder:
        # note_seq reads files only, and knows compressed ones by their suffix.
        path = Path(folder) / f"score{'.mxl' if suffix == '.mxl' else '.xml'}"
        path.write_bytes(data)
        try:
            sequence: NoteSequence = reader.musicxml_file_to_sequence_proto(str(path))
        except Exception as error:
            raise DataError(f"not readable as MusicXML: {_brief(error)}") from error
    if not sequence.notes and suffix != ".mxl" and b"score-partwise" not in data:
        raise DataError("not MusicXML (it has no score-partwise)")
    return sequence


def parse_abc(data: bytes) -> tuple[dict[int, NoteSequence], list[str]]:
    """Reads an ABC tune book.

    Args:
      data: contents of the file.

    Returns:
      Tunes by their numbers, and why others cannot be read.

    Raises:
      DataError: not readable, without tunes, or note-seq is not installed.
    """
    parser = _reader("abc_parser", "ABC")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    try:
        tunes, errors = parser.parse_abc_tunebook(text)
    except Exception as error:
        raise DataError(f"not readable as ABC: {_brief(error)}") from error
    if not tunes and not errors:
        raise DataError("the ABC file holds no tunes")
    return tunes, [_brief(error) for error in errors]


def _reader(module: str, kind: str) -> Any:
    """note_seq's reader of a kind of files."""
    try:
        return load(module)
    except ImportError as error:
        raise DataError(
            f"reading {kind} needs note-seq: {install_command('note-seq')}"
        ) from error


def _brief(error: BaseException) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
