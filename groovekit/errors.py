"""The errors groovekit raises for its users' mistakes.

Every class derives from :class:`GroovekitError`; the command line turns those
into one readable message and the class's ``exit_code``. Any other exception is
a bug in groovekit and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GroovekitError(Exception):
    """Base of all errors that a user can cause and mend.

    Attributes:
      exit_code: exit status of the command line when the error ends a command.
    """

    exit_code = 1


class UsageError(GroovekitError):
    """Options that contradict each other or lie outside their range."""

    exit_code = 2


class UnknownNameError(GroovekitError):
    """A name that no registry, config field or split offers."""


class DuplicateNameError(GroovekitError):
    """A registered name that is already taken."""


class PluginNameError(GroovekitError):
    """A plug-in's name without the ``package.`` prefix."""


class PluginLoadError(GroovekitError):
    """An installed plug-in that fails to import."""


class ConfigError(GroovekitError):
    """A config or override with a wrong type, value or combination."""


class DataError(GroovekitError):
    """Examples that cannot be read or give nothing to work with."""


class NoExamplesError(DataError):
    """Examples that are there and readable, but nothing for this split or config."""


class RunFolderError(GroovekitError):
    """A run or preset folder that is missing, incomplete or of another kind."""


class WriteError(GroovekitError):
    """A file or folder that cannot be written."""


class TrainingError(GroovekitError):
    """Training that cannot go on (for example, a loss that is not a number)."""


class OutOfMemoryError(GroovekitError):
    """The device's memory does not hold the batch."""


class TrainingInterruptedError(GroovekitError):
    """Training stopped by a signal after its state was saved.

    Args:
      message: what was saved and how to go on.
      exit_code: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def install_command(extra: str) -> str:
    """What installs an extra, for messages about what is not there."""
    return f"pip install 'groovekit[{extra}]' (in a clone: pip install '.[{extra}]')"


def suggest(name: str, available: Iterable[str], *, kind: str) -> str:
    """Words the message for an unknown name: close matches first, then all.

    Args:
      name: what was asked for.
      available: every name there is.
      kind: what the name stands for, e.g. ``"config"``.

    Returns:
      One line such as ``Unknown config 'x'. Did you mean 'y'? Available: y, z.``
    """
    names = sorted(available)
    text = f"Unknown {kind} {name!r}."
    close = difflib.get_close_matches(name, names, n=3)
    if close:
        text += " Did you mean " + " or ".join(map(repr, close)) + "?"
    listing = ", ".join(names) if names else "none"
    return f"{text} Available: {listing}."
