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

from groovekit.errors import DataError, RunFolderError


def make_parent(path: Path) -> None:
    """Creates the folder that ``path`` lies in.

    Raises:
      DataError: it cannot be created.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def check_writable(path: Path) -> None:
    """Makes sure, before the work whose result it is, that a file can be written.

    The folder it lies in is made; a file that is there stays as it is.

    Raises:
      DataError: it cannot be written.
    """
    make_parent(path)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise unwritable(path, error) from error


@contextlib.contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """Makes a folder for files that the block writes.

    When the block raises (Ctrl-C included), the folders made for it are removed
    where nothing lies in them.

    Raises:
      DataError: files cannot be written to it.
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


def unwritable(path: Path, error: OSError) -> DataError:
    """The error for a file that cannot be written."""
    return DataError(
        f"Cannot write {path}: {error.strerror or error}. Choose a path in a "
        "folder that you may write to."
    )


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Gives a temporary path in the folder of ``path``, renamed at the end.

    When the block raises (Ctrl-C included), the temporary file is removed and
    ``path`` stays as it was. An existing ``path`` is replaced.

    Raises:
      DataError: the folder or the file cannot be written.
    """
    make_parent(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a whole file at once, replacing an existing one.

    Raises:
      DataError: the file cannot be written.
    """
    with beside(path) as temporary:
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
      DataError: the file cannot be written.
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
            write_bytes(candidate, data)
        except BaseException:
            candidate.unlink(missing_ok=True)
            raise
        return candidate
    raise AssertionError("unreachable: the candidates never end")


def _candidates(path: Path) -> Iterator[Path]:
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def write_atomic(path: Path, content: bytes | str | Callable[[Path], object]) -> None:
    """Writes a file beside its place, flushes it to disk and renames it.

    Whatever happens on the way, ``path`` holds its old or its new content.

    Args:
      path: the file; missing folders are made.
      content: the content, or a function that writes it to the path it is given
        (which ends in the name of ``path``, suffixes included).

    Raises:
      RunFolderError: the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".writing-{secrets.token_hex(4)}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(temporary)
        else:
            data = content.encode() if isinstance(content, str) else content
            temporary.write_bytes(data)
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise unwritable_folder(path, error) from error
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


def unwritable_folder(path: Path, error: OSError) -> RunFolderError:
    """Words the error for a file or folder that cannot be written."""
    reason = error.strerror or str(error)
    return RunFolderError(
        f"Cannot write {path}: {reason}. Choose another folder (`run_dir`), or make"
        " this one writable and see that the disk has room."
    )


def check_writable_folder(path: Path) -> None:
    """Makes sure, without writing, that a folder can be made or written to.

    Args:
      path: the folder, which need not exist.

    Raises:
      RunFolderError: it cannot; better said before hours of work than after.
    """
    existing = path.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise RunFolderError(
            f"Cannot write to {path}: {existing} is a file, not a folder."
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise RunFolderError(f"Cannot write to {path}: no permission for {existing}.")


def to_json(value: Any) -> str:
    """JSON as in all of groovekit's files: sorted keys, indented, one newline."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file atomically; see :func:`write_atomic`."""
    write_atomic(path, to_json(value))
