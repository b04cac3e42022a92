"""The documentation says what the code does: commands, options, names, examples."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import tomllib
from pathlib import Path

import click
import pytest
from helpers import scripts
from helpers.takes import write_takes

import groovekit
from groovekit.cli.main import main
from groovekit.converters.kits import KitMap
from groovekit.plugins import catalogue

ROOT = Path(groovekit.__file__).parents[1]
DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(
    not DOCS.is_dir(), reason="the documentation is in a checkout only"
)


generate = scripts.load(DOCS / "generate.py") if DOCS.is_dir() else None
PAGES = generate.pages() if generate else []
WALK = list(generate.walk(main, ("groovekit",))) if generate else []


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    text = path.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


# Generated parts ----------------------------------------------------------------------


def squeezed(text: str) -> str:
    # How click wraps its lines depends on its version.
    return " ".join(text.split())


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_generated_parts_are_up_to_date(path):
    text = path.read_text(encoding="utf-8")
    assert squeezed(generate.render(text)) == squeezed(text), (
        "run: python docs/generate.py"
    )


def test_every_generated_part_is_used():
    text = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    used = set(re.findall(r"<!-- generated: (\w+)", text))
    assert used == set(generate.BLOCKS)


@pytest.mark.parametrize(
    ("words", "command"),
    [pytest.param(words, command, id=words) for words, command, _ in WALK],
)
def test_commands_are_documented(words, command):
    page = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    assert command.help, f"{words} has no help"
    assert re.search(rf"^##+ {words}$", page, re.MULTILINE)
    assert squeezed(command.help.split("\n\n")[0]) in squeezed(page)
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, f"{words} {option.opts[0]} has no help"
            assert option.opts[0] in page


def test_public_names_are_documented():
    page = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    for name in set(groovekit.__all__) - {"__version__"}:
        assert f"| `{name}` |" in page


def test_configs_are_documented():
    page = (DOCS / "reference" / "configs.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for entry in catalogue.configs.entries():
        if entry.builtin:
            assert f"| `{entry.name}` |" in page
            assert entry.name.removesuffix("_tfds") in readme


# Examples in the pages ----------------------------------------------------------------


def command_lines() -> list[object]:
    """Every line of the pages that calls groovekit."""
    found = {}
    for path in PAGES:
        for block in [*blocks(path, "bash"), *blocks(path, "console")]:
            for line in block.replace("\\\n", " ").splitlines():
                match = re.search(r"^(?:\$ |.*\.venv/bin/)?(groovekit .*)$", line)
                if match:
                    found.setdefault(match[1], page_id(path))
    return [pytest.param(line, id=f"{page}: {line}") for line, page in found.items()]


@pytest.mark.parametrize("line", command_lines())
def test_command_lines_parse(line):
    _, *words = shlex.split(line)
    context = click.Context(main, info_name="groovekit", **main.context_settings)
    command = main
    while isinstance(command, click.Group):
        name, below, words = command.resolve_command(context, words)
        assert below is not None, line
        context = click.Context(
            below, parent=context, info_name=name, **below.context_settings
        )
        command = below
    # Parses the options and checks their types; runs nothing.
    command.parse_args(context, words)


# Pages that are run on each backend.
ON_ALL_BACKENDS = ("keras.md",)


def python_pages() -> list[object]:
    marks = {name: [pytest.mark.backends, pytest.mark.slow] for name in ON_ALL_BACKENDS}
    return [
        pytest.param(path, id=page_id(path), marks=marks.get(path.name, []))
        for path in PAGES
        if blocks(path, "python")
    ]


def needs_preset(text: str) -> str | None:
    """A shipped preset that the code loads and this checkout lacks."""
    match = re.search(r'(?:TrainedModel\.load|load_player)\("([\w-]+)"\)', text)
    if match and match[1] not in catalogue.presets.names():
        return match[1]
    return None


@pytest.mark.parametrize("path", python_pages())
def test_python_examples_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # One page chooses a backend; this brings the old choice back afterwards.
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "tensorflow"))
    write_takes(tmp_path / "my_midi")
    code = "\n".join(
        block
        for block in blocks(path, "python")
        # Files shown in full are tested where they lie.
        if "swing_kit" not in block
    )
    missing = needs_preset(code)
    if missing:
        pytest.skip(f"the preset {missing} is not here")
    # A module that can be found by its name, as the classes of a page need it.
    script = tmp_path / f"{path.stem}.py"
    script.write_text(code, encoding="utf-8")
    runpy.run_path(str(script), run_name="example")


@pytest.mark.slow
def test_training_one_s_own_goes_as_the_page_says(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    write_takes(tmp_path / "my_midi", bars=16)
    page = DOCS / "howto" / "train-your-own.md"
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    assert any("--steps 0" in line for line in lines)
    for line in lines:
        # A few dozen steps show that it goes, not how well.
        program, *words = shlex.split(line.replace("--steps 500", "--steps 24"))
        assert program == "groovekit"
        result = command(*words)
        assert result.exit_code == 0, f"{line}\n{result.stderr}"
    assert len(list((tmp_path / "first").glob("*.wav"))) == 5
    assert (tmp_path / "reports" / "mine" / "report.html").is_file()


def test_kit_map_of_the_guide():
    (text,) = blocks(DOCS / "howto" / "kits.md", "json")
    assert len(KitMap.from_dict(json.loads(text))) == 9


# Pages --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), target


def test_what_changed_is_of_a_kind_that_the_changelog_has():
    # Others would be left out of it without a word.
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    kinds = {kind["directory"] for kind in settings["tool"]["towncrier"]["type"]}
    for path in (ROOT / "changelog.d").glob("[!.]*"):
        name, kind, suffix = path.name.split(".")
        assert name.startswith("+"), path.name
        assert kind in kinds, path.name
        assert suffix == "md", path.name


def test_navigation_lists_every_page():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r": (\S+\.md)$", text, re.MULTILINE))
    there = {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md")}
    assert listed == there
