"""Names the code of groovekit that nothing uses, tests apart.

    python tools/unused.py

Vulture looks for names that are defined and nowhere read. Users are groovekit itself
and the scripts beside it; what only a test calls is dead.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import vulture

import groovekit
from groovekit.plugins import catalogue

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "groovekit"
USERS = ("benchmarks", "docs", "examples", "tools")

# What others call or read by these names.
USED_FROM_OUTSIDE = {
    "Python": {"__dir__", "__getattr__", "__path__", "__spec__", "traceback"},
    "click": {"default_map", "format_commands", "get_command", "get_metavar"}
    | {"list_commands"},
    "Jinja2": {"filters"},
    "Keras": {
        *("built", "compile_from_config", "compute_loss", "compute_output_spec"),
        *("from_config", "head_layer", "_update_model_variables_moving_average"),
    },
    "expat": {"buffer_text", "CharacterDataHandler", "EndElementHandler"}
    | {"EntityDeclHandler", "StartElementHandler"},
    "note sequences": {"encoding_type", "reference_number", "source_type"},
    "NumPy, through a view": {"open_gates", "shaped"},
    "who plays and measures from Python": {"abilities", "f1", "largest_mean_jump"}
    | {"mean_absolute", "recall", "root_mean_square"},
}


def named_elsewhere() -> set[str]:
    """Names that are used, though no code says so: public ones, and those in strings.

    Strings name what is registered, and the fields of tables.
    """
    found = set(groovekit.__all__).union(*USED_FROM_OUTSIDE.values())
    for registry in catalogue.REGISTRIES:
        found.update(e.origin.rpartition(":")[2] for e in registry.entries())
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return set(filter(str.isidentifier, found))


def unused() -> list[str]:
    """What is defined in groovekit and used nowhere, with its place."""
    search = vulture.Vulture(
        ignore_names=sorted(named_elsewhere()),
        # Commands, and what registers itself.
        ignore_decorators=["@*.command*", "@*.group*", "@register_*"],
    )
    search.scavenge([PACKAGE, *(ROOT / user for user in USERS)])
    return [
        f"{item.filename.relative_to(ROOT)}:{item.first_lineno}: {item.message}"
        for item in search.get_unused_code()
        if item.filename.is_relative_to(PACKAGE)
    ]


if __name__ == "__main__":
    lines = unused()
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit(bool(lines))
