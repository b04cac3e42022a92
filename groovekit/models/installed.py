"""Which backends Keras can run on here: asked before anything imports Keras.

Playing computes in NumPy and needs none. What does need one asks here first, so that
its absence is one sentence before any work, and not a failed import amid it.
"""

from __future__ import annotations

import importlib.util
import os
import sys

from groovekit.errors import UsageError, install_command

#: What Keras runs on, the first choice first; each is an extra of the same name.
BACKENDS = ("tensorflow", "jax", "torch")


def first_installed() -> str | None:
    """The first of :data:`BACKENDS` that is there with Keras; None if none is."""
    if not _is_installed("keras"):
        return None
    return next(filter(_is_installed, BACKENDS), None)


def require_backend(name: str | None = None, *, what: str = "this") -> str:
    """Checks that Keras has something to run on, without importing it.

    Args:
      name: one of :data:`BACKENDS`; None for the first one installed.
      what: needs it, for the message: ``"training"``.

    Returns:
      The backend's name.

    Raises:
      UsageError: it is unknown or not installed, or Keras is not; the message holds
        the command that installs it.
    """
    found = name or first_installed()
    if found is None:
        # Keras may be all that is missing.
        missing = next(filter(_is_installed, BACKENDS), BACKENDS[0])
        raise UsageError(
            f"No backend is installed, and {what} needs Keras with one: "
            f"{install_command(missing)}."
        )
    if found not in BACKENDS:
        raise UsageError(
            f"KERAS_BACKEND is {found!r}; groovekit runs on {', '.join(BACKENDS)}."
        )
    for package in ("keras", found):
        if not _is_installed(package):
            raise UsageError(
                f"The backend {found} is not installed ({package} is missing): "
                f"{install_command(found)}, or choose another backend."
            )
    return found


def prepare_keras(*, what: str = "this") -> None:
    """Makes sure that ``import keras`` will work, before the library does it.

    Keras takes TensorFlow unless told otherwise; where that is not installed, it is
    told of the first backend that is.

    Args:
      what: needs Keras, for the message.

    Raises:
      UsageError: see :func:`require_backend`.
    """
    if sys.modules.get("keras") is not None:
        return
    name = require_backend(os.environ.get("KERAS_BACKEND"), what=what)
    if name != BACKENDS[0]:
        os.environ["KERAS_BACKEND"] = name


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
