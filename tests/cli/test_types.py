"""Types of options: what a shell completes, and what is left to whoever reads it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from groovekit.cli.main import main
from groovekit.cli.types import EXAMPLES, FOLDER


def completed(*args: str) -> list[tuple[str, str]]:
    *given, incomplete = args
    shell = ShellComplete(main, {}, "groovekit", "_GROOVEKIT_COMPLETE")
    items = shell.get_completions(given, incomplete)
    return [(item.type, item.value) for item in items]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("pres",), [("plain", "presets")]),
        (("attributes", "me"), [("plain", "measure")]),
        (
            ("train", "--config", "groovae_4"),
            [("plain", "groovae_4bar")],
        ),
        (("train", "--recipe", "groovae_4bar_"), [("plain", "groovae_4bar_original")]),
        (("kits", "show", "full"), [("plain", "full_61"), ("file", "full")]),
        (
            ("plot", "--kit", "roland_t"),
            [("plain", "roland_td11"), ("file", "roland_t")],
        ),
        (("converters", "show", "tr"), [("plain", "trio")]),
        (("train", "--examples", "mus"), [("file", "mus")]),
        (("render", "ta"), [("file", "ta")]),
        (("inspect", "--split", "te"), [("plain", "test")]),
    ],
)
def test_names_and_paths_are_completed(args, expected):
    assert completed(*args) == expected


def test_attributes_and_presets_are_completed():
    names = completed("attributes", "fit", "--attribute", "")
    assert ("plain", "density") in names
    found = completed("generate", "--preset", "groovae_4")
    assert ("plain", "groovae_4bar") in found
    assert found[-1] == ("file", "groovae_4")


def test_paths_are_taken_as_they_are(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert FOLDER.convert(str(file), None, None) == file
    assert FOLDER.convert("none", None, None) == Path("none")
    assert EXAMPLES.convert("tfds:groove", None, None) == "tfds:groove"


def test_the_help_says_what_is_taken():
    context = click.Context(main)
    train = main.get_command(context, "train")
    lines = {p.opts[0]: p.make_metavar(context) for p in train.params}
    assert lines["--config"] == "NAME"
    assert lines["--kit"] == "NAME|FILE"
    assert lines["--run-dir"] == "DIR"
    assert lines["--examples"] == "E"
