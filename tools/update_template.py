"""Copies ``examples/plugin`` to the template of ``groovekit plugins new``.

    python tools/update_template.py

The example is where the package is worked on, checked and tested; a test compares.
"""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "examples" / "plugin"
TARGET = ROOT / "groovekit" / "templates" / "plugin"
# What building and testing leave behind.
LEFT_BEHIND = ("build", "__pycache__", ".pytest_cache")


def sources() -> dict[str, Path]:
    """The example's files by their path in it."""
    return {
        path.relative_to(SOURCE).as_posix(): path
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file()
        and not any(
            part in LEFT_BEHIND or part.endswith(".egg-info") for part in path.parts
        )
    }


def run() -> None:
    """Replaces the template."""
    shutil.rmtree(TARGET, ignore_errors=True)
    for name, path in sources().items():
        target = TARGET / f"{name}.txt"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


if __name__ == "__main__":
    run()
