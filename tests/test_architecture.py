"""Promises about the whole: light imports, public names, inventory, directions."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import scripts

import groovekit
from groovekit.cli.main import COMMANDS
from groovekit.plugins import catalogue

ROOT = Path(groovekit.__file__).parents[1]
PACKAGE = Path(groovekit.__file__).parent
INVENTORY = Path(__file__).parent / "registry_contents.json"

HEAVY = ("keras", "tensorflow", "jax", "torch", "librosa", "bokeh", "IPython")


CHECKOUT = (ROOT / "setup.cfg").is_file()
in_checkout = pytest.mark.skipif(not CHECKOUT, reason="runs in a checkout only")
draw_rooms = scripts.load(ROOT / "tools" / "draw_rooms.py") if CHECKOUT else None


def modules_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after ``code``."""
    code += "\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return set(done.stdout.split())


HELP = """
import sys
from click.testing import CliRunner
from groovekit.cli.main import main
assert CliRunner().invoke(main, ["--help"]).exit_code == 0
"""
CONVERTERS = """
import groovekit as gk
from groovekit.plugins import catalogue as plugins
for registry in (plugins.converters, plugins.configs, plugins.kit_maps):
    for name in registry.names():
        registry.get(name)
gk.DrumsConverter().encode(gk.NoteSequence())
"""


@pytest.mark.parametrize(
    "code",
    ["import groovekit; dir(groovekit)", HELP, CONVERTERS],
    ids=["import", "help", "converters"],
)
def test_light_imports(code):
    loaded = modules_after(code)
    assert not set(HEAVY) & loaded
    assert "note_seq" not in loaded


def test_import_loads_nothing_but_the_package():
    # An editable install has a finder of its own, which Python loads at its start.
    modules = modules_after("import groovekit")
    loaded = {name for name in modules if name.startswith("groovekit")}
    assert loaded == {"groovekit"}


def test_help_loads_no_command():
    loaded = modules_after(HELP)
    assert not {home.partition(":")[0] for home, _ in COMMANDS.values()} & loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_is_light(name):
    code = HELP.replace('["--help"]', f'["{name}", "--help"]')
    assert not set(HEAVY) & modules_after(code)


# Public names -------------------------------------------------------------------------


def test_public_names_are_sorted_and_reachable():
    assert groovekit.__all__ == sorted(set(groovekit.__all__))
    assert set(groovekit.__all__) <= set(dir(groovekit))
    assert set(groovekit._HOME) | {"__version__"} == set(groovekit.__all__)


# Those that bring Keras are looked at with the models.
WITHOUT_KERAS = [
    name
    for name, module in sorted(groovekit._HOME.items())
    if not module.startswith(("groovekit.models", "groovekit.training"))
]


@pytest.mark.parametrize("name", WITHOUT_KERAS)
def test_public_name_is_what_its_module_has(name):
    module = importlib.import_module(groovekit._HOME[name])
    assert getattr(groovekit, name) is getattr(module, name)


def test_type_checkers_see_the_same_names():
    text = (PACKAGE / "__init__.pyi").read_text(encoding="utf-8")
    typed = {
        # In a stub, only what is imported "as" something is public.
        alias.asname: (statement.module, alias.name)
        for statement in ast.parse(text).body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert typed == {name: (home, name) for name, home in groovekit._HOME.items()}


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        groovekit.nothing  # noqa: B018 - the access is the test


# Tiers --------------------------------------------------------------------------------


def test_the_quick_tier_is_collected_without_keras():
    options = ["--collect-only", "-q", "-m", "quick", "-p", "no:xdist"]
    options += ["-o", "addopts=--import-mode=importlib", str(Path(__file__).parent)]
    loaded = modules_after(f"import pytest; assert not pytest.main({options})")
    assert "pytest" in loaded
    assert not set(HEAVY) & loaded


# Inventory ----------------------------------------------------------------------------


def test_registered_names_are_those_of_the_inventory():
    # A name that vanishes breaks somebody's run folder; a new one is added here.
    found = {
        registry.kind: sorted(e.name for e in registry.entries() if e.builtin)
        for registry in catalogue.REGISTRIES
    }
    assert found == json.loads(INVENTORY.read_text(encoding="utf-8"))


# Directions ---------------------------------------------------------------------------


@in_checkout
def test_imports_go_downwards_only():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports;"
            "sys.exit(lint_imports(config_filename='setup.cfg', cache_dir=None))",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@in_checkout
def test_the_picture_of_the_rooms_is_drawn_from_the_code():
    assert draw_rooms.PICTURE.read_text(encoding="utf-8") == draw_rooms.render(), (
        "run: python tools/draw_rooms.py"
    )


def test_the_hall_is_empty():
    # What lies flat is for everyone; everything else has a room.
    assert {path.name for path in PACKAGE.glob("*.py")} == {
        *("__init__.py", "__main__.py", "errors.py", "fields.py", "seeding.py")
    }


@in_checkout
@pytest.mark.parametrize(
    "page", ["CONTRIBUTING.md", "docs/explanation/architecture.md"]
)
def test_files_that_are_named_are_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:examples|groovekit|tests|tools|docs)/[^`]+)`", text))
    assert len(named) > 5
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


KERAS_DOORS = ("models/", "interop/")


def test_keras_is_imported_behind_its_doors_only():
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE).as_posix()
        if not inside.startswith(KERAS_DOORS):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"^\s*(import|from) keras\b", text, re.M), inside


def test_nobody_imports_tensorflow_or_note_seq_at_the_top():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            tops = {name.partition(".")[0] for name in names}
            assert not tops & {"tensorflow", "note_seq", "jax", "torch"}, path


# Documents ----------------------------------------------------------------------------


@in_checkout
def test_continuous_integration_runs_the_readmes_test_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    commands = (
        "python3 -m venv .venv && .venv/bin/pip install -q . && "
        ".venv/bin/groovekit generate --mode sample --num-outputs 5",
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && "
        ".venv/bin/python -m pytest",
    )
    for command in commands:
        assert command in readme
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (pattern,) = re.findall(r'grep -m 1 -E "([^"]+)" README.md', script)
    found = [line for line in readme if re.search(pattern, line)]
    assert found[0] == commands[1]


@in_checkout
def test_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {groovekit.__version__}\n" in citation


# Words --------------------------------------------------------------------------------


def literals(tree: ast.AST) -> list[str]:
    """The strings of a module but for its docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


def test_the_library_speaks_python():
    found = {
        f"{path.relative_to(PACKAGE)}: {text!r}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in {"cli", "templates"}
        for text in literals(ast.parse(path.read_text(encoding="utf-8")))
        # An option of pip's.
        if re.search(r"(?<![\w-])--[a-z]", text.replace("--no-deps", ""))
    }
    assert not found
