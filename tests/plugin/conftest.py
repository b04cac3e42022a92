"""Installs the example plug-in into a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import groovekit

SOURCE = Path(__file__).parents[2] / "examples" / "plugin"


@pytest.fixture(scope="session")
def plugin_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables of a process that has swing-kit installed."""
    # A copy, because building leaves files beside the sources.
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(
        SOURCE, source, ignore=shutil.ignore_patterns("*.egg-info", "build")
    )
    target = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--target", str(target), str(source)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    # groovekit itself as this process sees it, installed or not.
    here = Path(groovekit.__file__).parents[1]
    path = os.environ.get("PYTHONPATH", "")
    joined = os.pathsep.join(filter(None, (str(target), str(here), path)))
    return {**os.environ, "PYTHONPATH": joined}
