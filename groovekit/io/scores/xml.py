"""The XML of a score: unpacked and parsed within limits."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile
from pathlib import PurePosixPath
from xml.parsers import expat

from groovekit.errors import DataError
from groovekit.io.scores.library import brief

#: Larger scores are refused: reading takes 40 times their size.
MAX_XML_BYTES = 16 * 2**20
# MusicXML nests a dozen levels.
_MAX_DEPTH = 64
_CONTAINER = "META-INF/container.xml"
_SUFFIXES = frozenset({".xml", ".musicxml"})


def unpack(data: bytes) -> bytes:
    """The XML of a MusicXML file, which may be compressed.

    Compressed files (``.mxl``) are zip archives; what a file is shows in its first
    bytes, whatever it is called.

    Args:
      data: contents of the file.

    Returns:
      At most :data:`MAX_XML_BYTES` bytes.

    Raises:
      DataError: an archive that cannot be read or holds no score, or too large. No more
        than the limit is ever unpacked, whatever size the archive declares.
    """
    if not data.startswith(b"PK"):
        if len(data) > MAX_XML_BYTES:
            raise DataError(_too_large(len(data)))
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, _score_in(archive))
    except DataError:
        raise
    # Encrypted members, unknown methods and damaged data have no common base.
    except Exception as error:
        raise DataError(f"not readable as MusicXML: {brief(error)}") from error


def _score_in(archive: zipfile.ZipFile) -> str:
    """The name of the score in an archive: the container's first root file."""
    names = archive.namelist()
    if _CONTAINER in names:
        for element in parse(_read(archive, _CONTAINER)).iter():
            # The container may or may not name its name space.
            if element.tag.rpartition(":")[2] == "rootfile":
                return element.get("full-path", "")
    for name in names:
        path = PurePosixPath(name)
        if path.suffix.lower() in _SUFFIXES and path.parts[0] != "META-INF":
            return name
    raise DataError("not readable as MusicXML: the archive holds no score")


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    declared = archive.getinfo(name).file_size
    if declared > MAX_XML_BYTES:
        raise DataError(_too_large(declared))
    with archive.open(name) as file:
        data = file.read(MAX_XML_BYTES + 1)
    if len(data) > MAX_XML_BYTES:
        raise DataError(_too_large(len(data)))
    return data


def _too_large(size: int) -> str:
    limit = MAX_XML_BYTES >> 20
    return f"holds {size / 2**20:.0f} MiB of MusicXML; expected at most {limit} MiB"


def parse(data: bytes) -> ET.Element:
    """Parses XML that declares no entities, which no score needs.

    Entities are how a small file grows without end and how it reads other files.

    Args:
      data: XML with or without a declaration of its encoding.

    Returns:
      The root; names keep their prefixes.

    Raises:
      DataError: not well-formed, with entities, or nested too deeply.
    """
    builder = ET.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise DataError(f"not readable as MusicXML: nested {_MAX_DEPTH} levels")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DataError(f"not readable as MusicXML: {brief(error)}") from error
    return builder.close()


def _refuse_entity(name: str, *_: object) -> None:
    raise DataError(f"not readable as MusicXML: it declares the entity {name!r}")
