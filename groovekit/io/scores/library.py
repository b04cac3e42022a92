"""music21, which reads scores, where it is installed."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

from groovekit.errors import DataError, install_command
from groovekit.io.remarks import Remark


def music21(module: str, kind: str) -> Any:
    """A module of music21.

    Args:
      module: its dotted path below the package, e.g. ``"converter"``.
      kind: of the files that need it, for the message.

    Raises:
      DataError: music21 is not installed.
    """
    try:
        return importlib.import_module(f"music21.{module}")
    except ImportError as error:
        raise DataError(
            f"reading {kind} needs music21: {install_command('scores')}"
        ) from error


@contextlib.contextmanager
def warnings_as_remarks() -> Iterator[list[Remark]]:
    """While open, what music21 warns of is kept and not shown.

    Yields:
      A list that holds the remark on all of them once the block has ended.
    """
    remarks: list[Remark] = []
    # Some of its warnings are written to the standard error stream directly.
    stream = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stderr(stream),
    ):
        warnings.simplefilter("always")
        yield remarks
    lines = [line for line in stream.getvalue().splitlines() if line.strip()]
    said = [*(str(warning.message) for warning in caught), *lines]
    if said:
        first = " ".join(said[0].split())[:200]
        words = "{} of music21, the first: " + first.replace("{}", "")
        remarks.append(Remark("score_library", len(said), words, "warning"))


def brief(error: BaseException) -> str:
    """An error's kind and the begin of its message, in one line."""
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
