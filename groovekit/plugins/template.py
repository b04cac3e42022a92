"""A plug-in to start from: ``groovekit plugins new`` writes it.

``plugin/`` holds the package ``swing_kit`` of ``examples/plugin``, file by file,
each name with ``.txt`` behind it, so that installers compile and tools read
none of them here. Its name is the only thing that changes.
"""

from __future__ import annotations

import keyword
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from groovekit.errors import GroovekitError, UsageError

_PACKAGE, _DISTRIBUTION = "swing_kit", "swing-kit"
_SUFFIX = ".txt"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# What cannot be a plug-in's import name: packages that every plug-in needs, and the
# names of its other folders.
_TAKEN = frozenset({"groovekit", "keras", "note_seq", "numpy", "pytest", "tensorflow"})
_TAKEN |= {"build", "dist", "tests"}


def import_name(name: str) -> str:
    """The import package of a plug-in called ``name``; hyphens become underscores.

    Raises:
      UsageError: no name for a package.
    """
    package = name.replace("-", "_")
    reserved = package in _TAKEN or package in sys.stdlib_module_names
    if not _NAME.fullmatch(package) or keyword.iskeyword(package) or reserved:
        why = "which is taken" if reserved else "which is none"
        raise UsageError(
            "Expected the name of a package in lower case, words joined by '_', such "
            f"as 'swing_kit', got {name!r}, {why}. Choose another name."
        )
    return package


def write_plugin(name: str, output_dir: str | Path = ".") -> Path:
    """Writes a plug-in package with tests that pass, ready to be changed.

    Args:
      name: e.g. ``"swing_kit"``: the folder's name. The package to import is called
        so too (with underscores), the distribution (with hyphens), and what is
        registered carries it as its prefix: ``swing_kit.groove``.
      output_dir: where the folder is made; made too if need be.

    Returns:
      The new folder.

    Raises:
      UsageError: no name for a package.
      GroovekitError: there is something of that name already.
    """
    package = import_name(name)
    output_dir = Path(output_dir)
    target = output_dir / name
    if target.exists() or target.is_symlink():
        raise GroovekitError(
            f"Expected no {target} yet, but there is one. Choose another name or "
            "another `output_dir`, or move it away."
        )
    output_dir.mkdir(parents=True, exist_ok=True)
    # Beside its place first: a folder of that name is complete or not there.
    with tempfile.TemporaryDirectory(dir=output_dir, prefix=f".{name}-") as temporary:
        whole = Path(temporary) / name
        for path, text in _files(package):
            file = whole / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        whole.rename(target)
    return target


def _files(package: str) -> Iterator[tuple[str, str]]:
    """Path and text of each file, named for ``package``."""

    def renamed(text: str) -> str:
        text = text.replace(_PACKAGE, package)
        return text.replace(_DISTRIBUTION, package.replace("_", "-"))

    for path, file in _walk(
        resources.files("groovekit").joinpath("templates", "plugin"), ""
    ):
        if path.endswith(_SUFFIX):
            text = file.read_text(encoding="utf-8")
            yield renamed(path.removesuffix(_SUFFIX)), renamed(text)


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from _walk(item, f"{prefix}{item.name}/")
        else:
            yield f"{prefix}{item.name}", item
