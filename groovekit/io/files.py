"""Writing files so that no one ever sees half of one."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from groovekit.errors import WriteError

#: How the names of files begin that are being written.
UNFINISHED = ".writing-"


def unwritable(path: Path, error: OSError) -> WriteError:
    """Words the error for a file or folder that cannot be written."""
    return WriteError(
        f"Cannot write {path}: {error.strerror or error}. Choose another folder, or "
        "make this one writable and see that the disk has room."
    )


# Folders ------------------------------------------------------------------------


def check_writable(folder: Path) -> None:
    """Makes sure, without writing, that a folder can be made or written to.

    Args:
      folder: the folder, which need not exist.

    Raises:
      WriteError: it cannot; better said before hours of work than after.
    """
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise WriteError(
            f"Cannot write to {folder}: {existing} is a file, not a folder."
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise WriteError(f"Cannot write to {folder}: no permission for {existing}.")


def make_parent(path: Path) -> None:
    """Creates the folder that ``path`` lies in.

    Raises:
      WriteError: it cannot be created.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


@contextlib.contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """Makes a folder for files that the block writes.

    When the block raises (Ctrl-C included), the folders made for it are removed
    where nothing lies in them.

    Raises:
      WriteError: files cannot be written to it.
    """
    made: list[Path] = []
    try:
        try:
            made = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise unwritable(folder, error) from error
        yield
    except BaseException:
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


# Files --------------------------------------------------------------------------


@contextlib.contextmanager
def beside(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Gives a temporary path in the folder of ``path``, renamed at the end.

    When the block raises (Ctrl-C included), the temporary file is removed and
    ``path`` stays as it was. An existing ``path`` is replaced.

    Args:
      path: the file; missing folders are made.
      durable: whether it must be on the disk before the old one is gone, so that
        even a power cut leaves one of them. It takes as long as the disk does.

    Yields:
      A path that ends in the name of ``path``, suffixes included.

    Raises:
      WriteError: the folder or the file cannot be written.
    """
    make_parent(path)
    temporary = path.with_name(f"{UNFINISHED}{secrets.token_hex(4)}-{path.name}")
    try:
        yield temporary
        if durable:
            _flush(temporary)
        temporary.replace(path)
        if durable:
            _flush(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Asks the system to bring a file (or a folder's names) to disk."""
    if path.is_dir() and os.name == "nt":
        return  # Folders cannot be opened there.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        # Not every file system can.
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(
    path: Path,
    content: bytes | str | Callable[[Path], object],
    *,
    durable: bool = False,
) -> None:
    """Writes a whole file at once, replacing an existing one; see :func:`beside`.

    Args:
      path: the file; missing folders are made.
      content: the content, or a function that writes it to the path it is given.
      durable: see there.

    Raises:
      WriteError: the file cannot be written.
    """
    with beside(path, durable=durable) as temporary:
        if callable(content):
            content(temporary)
        else:
            data = content.encode() if isinstance(content, str) else content
            temporary.write_bytes(data)


def write_new(path: Path, data: bytes) -> Path:
    """Writes a file under a name that is not taken.

    Args:
      path: the name wished for; ``-2``, ``-3``, ... is added before the suffix
        when it is taken.
      data: contents.

    Returns:
      The path used.

    Raises:
      WriteError: the file cannot be written.
    """
    make_parent(path)
    for candidate in _candidates(path):
        try:
            # Taking the name first keeps two processes from choosing the same.
            candidate.open("xb").close()
        except FileExistsError:
            continue
        except OSError as error:
            raise unwritable(candidate, error) from error
        try:
            write_file(candidate, data)
        except BaseException:
            candidate.unlink(missing_ok=True)
            raise
        return candidate
    raise AssertionError("unreachable: the candidates never end")


def _candidates(path: Path) -> Iterator[Path]:
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def to_json(value: Any) -> str:
    """JSON as in all of groovekit's files: sorted keys, indented, one newline."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file of a run folder; see :func:`write_file`, ``durable``."""
    write_file(path, to_json(value), durable=True)
