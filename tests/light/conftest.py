"""groovekit without Keras, its backends, note-seq and music21.

Commands run in processes of their own, in which none of these can be imported: where
they are not installed at all (``tox -e light``) that says nothing new, and elsewhere it
is as if they were not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.takes import write_takes

HEAVY = ("keras", "tensorflow", "jax", "torch", "h5py", "note_seq", "music21")
# Python's import system takes it for "not there".
HIDE = f"import sys\nsys.modules.update(dict.fromkeys({HEAVY!r}))\n"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def light_environment(tmp_path_factory) -> dict[str, str]:
    """Environment variables of a process that finds nothing heavy."""
    folder = tmp_path_factory.mktemp("hidden")
    (folder / "sitecustomize.py").write_text(HIDE)
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    # As python itself would: what is tested lies there where it is not installed.
    paths = [str(folder), *filter(None, [environment.get("PYTHONPATH")])]
    return environment | {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture
def light(light_environment, tmp_path) -> Run:
    """Runs Python there, from the test's folder: ``light("-m", "groovekit", ...)``."""

    def run(*args: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, args)],
            cwd=tmp_path,
            env=light_environment
            | {"GROOVEKIT_CACHE_DIR": str(tmp_path / "cache")}
            | variables,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture
def groovekit(light) -> Run:
    """Runs a command that has to succeed there."""

    def run(*args: object) -> subprocess.CompletedProcess[str]:
        done = light("-m", "groovekit", *args)
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def takes(tmp_path) -> Path:
    """A folder of three takes: ``take.mid``, ``other.mid``, ``third.mid``."""
    return write_takes(tmp_path / "my_midi")
