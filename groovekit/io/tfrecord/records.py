"""TFRecord files, read and written without TensorFlow.

A record is its length (uint64), the masked CRC-32C of these eight bytes, the
data, and the data's masked CRC-32C, all little-endian.
"""

from __future__ import annotations

import contextlib
import glob
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from groovekit.errors import DataError
from groovekit.io.files import beside

_MASK_DELTA = 0xA282EAD8
_SHARD = re.compile(r"(?P<stem>.+)-(?P<index>\d{5})-of-(?P<count>\d{5})$")


class RecordWriter:
    """Appends records to an open binary file.

    Args:
      file: where to; stays open.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, record: bytes) -> None:
        """Appends one record."""
        self._file.write(frame(record))

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        self._file.flush()


def masked_crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) as TFRecord stores it: rotated, and a constant added."""
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def frame(record: bytes) -> bytes:
    """One record as it lies in the file."""
    length = struct.pack("<Q", len(record))
    return b"".join(
        (
            length,
            struct.pack("<I", masked_crc32c(length)),
            record,
            struct.pack("<I", masked_crc32c(record)),
        )
    )


@contextlib.contextmanager
def write_records(path: str | Path) -> Iterator[RecordWriter]:
    """Writes a TFRecord file that appears, complete, when the block ends.

    Args:
      path: the file; an existing one is replaced at the end.

    Yields:
      A writer: ``writer.write(record)``.

    Raises:
      WriteError: the file cannot be written.
    """
    with beside(Path(path)) as temporary, temporary.open("wb") as file:
        yield RecordWriter(file)


def read_records(path: str | Path) -> Iterator[bytes]:
    """Iterates over the records of a TFRecord file, one in memory at a time.

    Args:
      path: one file (see :func:`expand_shards` for several).

    Yields:
      The data of each record, both checksums verified.

    Raises:
      DataError: no such file, not a TFRecord, compressed, truncated or
        corrupt; the message names the file and the record (from 0).
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            yield from _read(file, path)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}.") from error


def _read(file: BinaryIO, path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    index = 0
    while header := file.read(12):
        where = f"{path}, record {index}"
        if len(header) < 12:
            raise _truncated(where, index)
        length, crc = struct.unpack("<QI", header)
        if masked_crc32c(header[:8]) != crc:
            raise _foreign(header, where, index)
        # Read only what is there: the length is checked, but not trusted with
        # an allocation.
        if length + 4 > size - file.tell():
            raise _truncated(where, index)
        body = file.read(length + 4)
        if len(body) < length + 4:
            raise _truncated(where, index)
        record = body[:-4]
        if masked_crc32c(record) != struct.unpack("<I", body[-4:])[0]:
            raise DataError(
                f"{where}: the data do not match their checksum, so the file is "
                "corrupt. Make it again with groovekit convert, or copy it again."
            )
        yield record
        index += 1


def _truncated(where: str, index: int) -> DataError:
    return DataError(
        f"{where}: the file ends inside this record (truncated; {index} complete "
        "records precede). Make it again with groovekit convert, or copy it again."
    )


def _foreign(header: bytes, where: str, index: int) -> DataError:
    # Only now: a record may well be 0x8b1f bytes long.
    if index == 0 and header.startswith(b"\x1f\x8b"):
        return DataError(
            f"{where}: expected a plain TFRecord, found gzip data. Unpack it "
            "first (gunzip)."
        )
    if index == 0:
        return DataError(
            f"{where}: not a TFRecord file (the first length does not match its "
            "checksum). Expected a file made by groovekit convert or by Magenta."
        )
    return DataError(
        f"{where}: the length does not match its checksum, so the file is corrupt "
        f"from here on ({index} records precede). Make or copy it again."
    )


def shard_paths(path: str | Path, shards: int) -> list[Path]:
    """Names of a file written in parts: ``F-00000-of-00004``, ...

    Args:
      path: the name without the part's number.
      shards: how many parts; 1 means ``path`` itself.
    """
    path = Path(path)
    if shards == 1:
        return [path]
    return [
        path.with_name(f"{path.name}-{index:05d}-of-{shards:05d}")
        for index in range(shards)
    ]


def existing_shards(path: str | Path) -> list[Path]:
    """The parts of ``path`` that lie beside it, of whatever number, sorted."""
    path = Path(path)
    found = []
    for candidate in path.parent.glob(f"{glob.escape(path.name)}-*-of-*"):
        match = _SHARD.fullmatch(candidate.name)
        if match and match["stem"] == path.name:
            found.append(candidate)
    return sorted(found)


def expand_shards(pattern: str | Path) -> list[Path]:
    """Finds the files that a path, a glob or the name of a sharded file means.

    Args:
      pattern: a file; a glob such as ``"data/*.tfrecord"``; or ``F`` when
        ``F-00000-of-0000N`` lie beside it.

    Returns:
      Existing paths, sorted; at least one.

    Raises:
      DataError: nothing matches, or parts of a sharded file are missing.
    """
    path = Path(pattern).expanduser()
    if path.exists():
        return [path]
    if glob.has_magic(str(path)):
        # The pattern may be absolute, which Path.glob refuses.
        names = glob.glob(str(path), recursive=True)  # noqa: PTH207
        found = sorted(map(Path, names))
        if not found:
            raise DataError(f"No file matches {str(pattern)!r}. Check the pattern.")
        _check_sets(found, complete=False)
    else:
        found = existing_shards(path)
        if not found:
            raise DataError(f"No such file or folder: {pattern}. Check the path.")
        _check_sets(found, complete=True)
    return found


def _check_sets(paths: list[Path], *, complete: bool) -> None:
    groups: dict[tuple[Path, str], dict[int, set[int]]] = {}
    for path in paths:
        if match := _SHARD.fullmatch(path.name):
            counts = groups.setdefault((path.parent, match["stem"]), {})
            counts.setdefault(int(match["count"]), set()).add(int(match["index"]))
    for (folder, stem), counts in groups.items():
        if len(counts) > 1:
            raise DataError(
                f"{folder / stem} lies there in parts of several sets "
                f"({', '.join(f'of {n}' for n in sorted(counts))}). Remove the old "
                "ones, or name one set with a glob."
            )
        ((count, indices),) = counts.items()
        missing = sorted(set(range(count)) - indices)
        if missing and complete:
            raise DataError(
                f"{folder / stem} lies there in {len(indices)} of {count} parts: "
                f"number {missing[0]:05d} is missing. Copy all parts."
            )
