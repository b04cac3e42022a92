"""One training a run folder: whoever trains there holds a lock on it."""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from groovekit.errors import RunFolderError
from groovekit.io.files import make_parent, unwritable, write_file

_LOG = logging.getLogger("groovekit")
_LOCK, _OWNER = ".lock", ".owner.json"


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Keeps other trainings out of a run folder as long as the block runs.

    The system holds the lock and gives it up when the process dies, however it does:
    what a dead process left behind hinders nobody.

    Args:
      folder: made where there is none, and removed again if nothing comes to lie in it.

    Raises:
      RunFolderError: another training has it; says which.
      WriteError: the folder cannot be written.
    """
    made = not folder.exists()
    make_parent(folder / _LOCK)
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunFolderError(
            f"{folder} is in use: {_described(folder)}. Wait for it, stop it, or train "
            "into another folder (`run_dir`)."
        ) from None
    except NotImplementedError:
        _LOG.warning(
            "%s lies on a file system that cannot lock files: see to it that nothing "
            "else trains there.",
            folder,
        )
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        write_file(folder / _OWNER, json.dumps(_ourselves()))
        yield
    finally:
        (folder / _OWNER).unlink(missing_ok=True)
        lock.release()
        if made and {path.name for path in folder.iterdir()} <= {_LOCK}:
            (folder / _LOCK).unlink(missing_ok=True)
            folder.rmdir()


def _ourselves() -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC)
    return {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "started": now.isoformat(timespec="seconds"),
    }


def _described(folder: Path) -> str:
    try:
        owner = json.loads((folder / _OWNER).read_text(encoding="utf-8"))
        return (
            f"process {owner['process']} on {owner['host']} trains there since "
            f"{owner['started']}"
        )
    # It may be about to write the file, or done.
    except (OSError, ValueError, KeyError, TypeError):
        return "another process trains there"
