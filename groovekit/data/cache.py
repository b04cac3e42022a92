"""The on-disk cache of converted examples.

An entry is a folder named by its key: ``entry.json`` and one ``.npy`` file an
array. It is built in a temporary folder and renamed when complete, so that any
number of processes may read and build at once; entries that turn out damaged
are built again. The least recently used entries go when the limit is reached.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from groovekit.data.stores import Column, Store
from groovekit.errors import ConfigError

_LOG = logging.getLogger("groovekit")

# Raise it when entries, or what reading files gives, change.
SCHEMA_VERSION = 2
DEFAULT_LIMIT = 5 * 2**30
_TEMPORARY = ".building-"
# A build folder that old belongs to a process that died.
_STALE_SECONDS = 24 * 3600.0
# Room for any shape: the number of rows is known only at the end.
_HEADER_SIZE = 256
_CHUNK = 1 << 20

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


class CacheUnavailableError(Exception):
    """The cache folder cannot be written; work goes on without it."""


def cache_folder() -> Path:
    """The folder of the cache; ``GROOVEKIT_CACHE_DIR`` overrides the user's own."""
    chosen = os.environ.get("GROOVEKIT_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData/Local")
        return Path(base) / "groovekit" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "groovekit"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / (
        "groovekit"
    )


def cache_limit() -> int:
    """The cache's size limit in bytes: ``GROOVEKIT_CACHE_LIMIT`` or 5 GiB.

    Raises:
      ConfigError: the variable is no size such as ``500MB`` or ``5GiB``.
    """
    text = os.environ.get("GROOVEKIT_CACHE_LIMIT", "").strip()
    if not text:
        return DEFAULT_LIMIT
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?", text.lower())
    if match is None or match[2] not in _UNITS:
        raise ConfigError(
            f"GROOVEKIT_CACHE_LIMIT takes a size such as 500MB or 5GiB, got {text!r}."
        )
    return int(float(match[1]) * _UNITS[match[2]])


def file_digest(path: Path) -> str:
    """SHA-256 of a file's contents, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Writing ----------------------------------------------------------------------


class EntryWriter(Store):
    """Builds a cache entry row by row, in bounded memory.

    Use as a context manager: unless :meth:`commit` was called, nothing stays.

    Args:
      key: the entry's key, hexadecimal.

    Raises:
      CacheUnavailableError: here and in the methods, when writing fails.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key
        self._files: dict[str, IO[bytes]] = {}
        root = _entries_folder()
        self._folder = root / f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}"
        with _unavailable():
            self._folder.mkdir(parents=True)

    def __enter__(self) -> EntryWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self, name: str) -> None:
        with _unavailable():
            # Closed by _close: the file stays open for all rows to come.
            file = (self._folder / _file_name(name)).open("wb", buffering=_CHUNK)
            self._files[name] = file
            file.write(bytes(_HEADER_SIZE))

    def _keep(self, name: str, rows: np.ndarray) -> None:
        with _unavailable():
            self._files[name].write(rows.tobytes())

    def _close(self) -> None:
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()
        self._files.clear()

    def commit(self, meta: Mapping[str, Any]) -> None:
        """Completes the entry, with JSON-like ``meta``, under its key."""
        with _unavailable():
            for name, file in self._files.items():
                file.seek(0)
                file.write(_header(self._columns[name]))
                file.close()
            self._files.clear()
            entry = {
                "schema_version": SCHEMA_VERSION,
                "arrays": self.describe(),
                **meta,
            }
            (self._folder / "entry.json").write_text(json.dumps(entry))
            self._rename()
        evict(keep=self._key)

    def _rename(self) -> None:
        target = _entries_folder() / self._key
        try:
            self._folder.rename(target)
        except OSError:
            if not target.exists():
                raise
            # Another process was faster, or a damaged entry is in the way.
            if read_entry(self._key) is None:
                _remove(target)
                self._folder.rename(target)


def _header(column: Column) -> bytes:
    """The head of a version 1.0 ``.npy`` file, padded to a fixed size."""
    fields = {
        "descr": np.lib.format.dtype_to_descr(column.dtype),
        "fortran_order": False,
        "shape": (column.rows, *column.shape),
    }
    text = repr(fields).encode("latin1")
    room = _HEADER_SIZE - 10
    if len(text) >= room:
        raise ValueError(f"array {column.name!r} has a type too long for its header")
    text = text.ljust(room - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little") + text


def _file_name(array: str) -> str:
    return f"{array}.npy"


@contextlib.contextmanager
def _unavailable() -> Any:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise CacheUnavailableError(f"{cache_folder()}: {reason}") from error


# Reading and keeping house ----------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Entry:
    """One entry of the cache.

    Attributes:
      key: its name, hexadecimal.
      path: its folder.
      meta: what ``entry.json`` says.
      size: bytes on disk.
      used: when it was used last, seconds since the epoch.
    """

    key: str
    path: Path
    meta: Mapping[str, Any]
    size: int
    used: float

    def load(self) -> dict[str, np.ndarray]:
        """The arrays, memory-mapped and read-only."""
        return {name: _map(self.path, name) for name in self.meta["arrays"]}

    def damaged(self) -> str:
        """Compares the arrays with their digests: what is wrong, or ""."""
        for name, described in self.meta["arrays"].items():
            array = _map(self.path, name)
            digest = hashlib.sha256()
            rows = max(1, _CHUNK // max(1, array.nbytes // max(1, len(array))))
            for start in range(0, len(array), rows):
                digest.update(array[start : start + rows].tobytes())
            if digest.hexdigest() != described["sha256"]:
                return f"the array {name!r} has changed"
        return ""

    def touch(self) -> None:
        """Marks the entry as used now."""
        with contextlib.suppress(OSError):
            os.utime(self.path / "entry.json")


def _entries_folder() -> Path:
    return cache_folder() / "examples"


def _map(folder: Path, name: str) -> np.ndarray:
    # A plain array on the map: indexing then gives plain arrays, too.
    path = folder / _file_name(name)
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def read_entry(key: str) -> Entry | None:
    """The entry called ``key``; None where there is none or it is damaged."""
    folder = _entries_folder() / key
    try:
        entry = _read(folder)
        for name, described in entry.meta["arrays"].items():
            array = _map(folder, name)
            if list(array.shape) != described["shape"]:
                raise ValueError(f"{name} has the shape {array.shape}")
    except FileNotFoundError:
        if folder.is_dir():
            _LOG.warning("The cache entry %s is incomplete and is built again.", key)
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        _LOG.warning("The cache entry %s is damaged and is built again: %s", key, error)
        return None
    return entry


def _read(folder: Path) -> Entry:
    path = folder / "entry.json"
    meta = json.loads(path.read_text())
    if not isinstance(meta, dict) or meta.get("schema_version") != SCHEMA_VERSION:
        raise ValueError("written by another version")
    size = sum(f.stat().st_size for f in folder.iterdir() if f.is_file())
    return Entry(folder.name, folder, meta, size, path.stat().st_mtime)


def entries() -> list[Entry]:
    """All entries, the most recently used first; damaged ones without meta."""
    found = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for folder in _entries_folder().iterdir():
            if folder.name.startswith(_TEMPORARY) or not folder.is_dir():
                continue
            try:
                found.append(_read(folder))
            except (OSError, ValueError):
                with contextlib.suppress(OSError):
                    size = sum(f.stat().st_size for f in folder.iterdir())
                    found.append(Entry(folder.name, folder, {}, size, 0.0))
    return sorted(found, key=lambda entry: (-entry.used, entry.key))


def _remove(folder: Path) -> None:
    # Renaming first: no one finds an entry that is half gone.
    doomed = folder.with_name(f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        folder.rename(doomed)
        folder = doomed
    shutil.rmtree(folder, ignore_errors=True)


def evict(*, keep: str) -> None:
    """Removes what was used longest ago until the cache is within its limit.

    Args:
      keep: key of the entry in use, which stays.
    """
    limit = cache_limit()
    for folder in _entries_folder().glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
    found = entries()
    total = sum(entry.size for entry in found)
    for entry in reversed(found):
        if total <= limit:
            break
        if entry.key != keep:
            _LOG.info("The cache is full: removing the entry %s.", entry.key[:12])
            _remove(entry.path)
            total -= entry.size


def clear(keys: Iterable[str] | None = None) -> list[Entry]:
    """Removes entries.

    Args:
      keys: keys, or beginnings of keys; None for all entries.

    Returns:
      The entries removed.
    """
    doomed = entries()
    if keys is not None:
        beginnings = tuple(keys)
        doomed = [e for e in doomed if e.key.startswith(beginnings)]
    for entry in doomed:
        _remove(entry.path)
    return doomed
