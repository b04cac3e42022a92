"""Starting Keras quickly and quietly, once a command knows that it needs it."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator

from groovekit.errors import UsageError
from groovekit.models.installed import first_installed, require_backend

# Keras and TensorFlow import these where they are installed, for features that
# no command uses: together they cost as much as TensorFlow itself.
_OPTIONAL = ("sklearn", "pandas", "matplotlib", "IPython")


def start_keras(
    backend: str | None = None, device: str | None = None, what: str = "this command"
) -> str:
    """Chooses the backend and imports Keras.

    Args:
      backend: see :func:`groovekit.cli.start.use_backend`.
      device: see there.
      what: see there.

    Returns:
      The backend's name.

    Raises:
      UsageError: the backend is unknown or not installed.
    """
    chosen = use_backend(backend, device, what)
    if "keras" in sys.modules:
        return chosen
    hidden = [*_OPTIONAL]
    if chosen != "jax":
        hidden.append("jax")
    if chosen == "tensorflow":
        # Only to recognise SciPy's sparse matrices.
        hidden.append("scipy")
    with contextlib.ExitStack() as stack:
        stack.enter_context(_not_importable(tuple(hidden)))
        stack.enter_context(_nothing_collected())
        # TensorFlow looks for GPUs aloud, before its log level counts. Whoever
        # asks for one, or for its log, gets to read that.
        asked = os.environ["TF_CPP_MIN_LOG_LEVEL"] < "2" or device == "gpu"
        quiet = chosen == "tensorflow" and not asked
        if quiet:
            stack.enter_context(_quiet_stderr())
        keras = importlib.import_module("keras")
        if quiet:
            keras.distribution.list_devices()
    if device == "gpu":
        _require_gpu(chosen)
    return chosen


def _require_gpu(chosen: str) -> None:
    from groovekit.models import backend

    if not backend.uses_gpu():
        raise UsageError(
            f"--device gpu, but {chosen} finds no GPU. Leave the option out to compute "
            "on the CPU, or install the backend's GPU build (for TensorFlow: "
            "'groovekit[cuda]')."
        )


@contextlib.contextmanager
def _not_importable(names: tuple[str, ...]) -> Iterator[None]:
    """Lets imports of these packages fail, unless they are loaded already."""
    added = [name for name in names if name not in sys.modules]
    for name in added:
        # What Python's import system takes for "not there".
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in added:
            del sys.modules[name]


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """Imports without the garbage collector: a sixth faster, since all of it stays.

    What was there at the end is never looked at again, which makes later
    collections quicker, too.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Holds back what is written to file descriptor 2; shown if the block raises."""
    with contextlib.ExitStack() as stack:
        try:
            saved = os.dup(2)
        except OSError:
            # There is no stderr to keep quiet.
            yield
            return
        stack.callback(os.close, saved)
        held = stack.enter_context(tempfile.TemporaryFile())
        sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            if failed:
                held.seek(0)
                os.write(2, held.read())


def use_backend(
    backend: str | None = None, device: str | None = None, what: str = "this command"
) -> str:
    """Decides which library computes; call it before anything imports Keras.

    Args:
      backend: one of :data:`groovekit.models.installed.BACKENDS`, or None for
        ``KERAS_BACKEND``, else the first one installed.
      device: ``"cpu"`` hides GPUs from the backend; others change nothing.
      what: needs it, for the message.

    Returns:
      The backend's name.

    Raises:
      UsageError: it is unknown, not installed, or Keras runs on another already.
    """
    chosen = require_backend(backend or os.environ.get("KERAS_BACKEND"), what=what)
    if "keras" in sys.modules:
        running = str(sys.modules["keras"].backend.backend())
        if running != chosen:
            raise UsageError(
                f"Keras already runs on {running} in this process: it cannot change "
                f"to {chosen}. Start a new process."
            )
    os.environ["KERAS_BACKEND"] = chosen
    # TensorFlow's start-up notes are no news to anybody who makes music.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ["JAX_PLATFORMS"] = "cpu"
    return chosen


def use_any_backend(device: str | None = None) -> None:
    """Like :func:`use_backend` for what may do without: nothing if there is none."""
    if os.environ.get("KERAS_BACKEND") or first_installed():
        use_backend(None, device)
