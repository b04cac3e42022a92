from __future__ import annotations

import json
import re

import pytest
from helpers import tiny

from groovekit.io.midi.files import write_midi

pytest.importorskip("matplotlib")


@pytest.fixture
def takes(tmp_path):
    """Two MIDI files, of four bars and of twelve."""
    return [
        write_midi(tiny.groove(1, bars=4), tmp_path / "a.mid"),
        write_midi(tiny.groove(2, bars=12), tmp_path / "b.mid"),
    ]


def texts(path):
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))


def test_a_picture_beside_each_file(command, takes, tmp_path):
    result = command("plot", *takes)
    assert result.exit_code == 0, result.output
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    assert result.stdout.split() == [str(path) for path in paths]
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
    # Nothing is overwritten.
    assert command("plot", takes[0]).stdout.strip() == str(tmp_path / "a-2.png")


def test_options(command, takes, tmp_path):
    folder = tmp_path / "pictures"
    options = ["--format", "svg", "--kit", "roland_td11", "--output-dir", folder]
    result = command("plot", *options, "--first-bar", 9, takes[1])
    assert result.exit_code == 0, result.output
    found = texts(folder / "b.svg")
    assert {"b.mid", "kick", "ride", "9", "12", "12.4"} <= set(found)
    assert "8" not in found


def test_one_picture_of_all(command, takes, tmp_path):
    path = tmp_path / "all.svg"
    result = command("plot", *takes, "--output", path, "--json", "--bars", 10)
    assert json.loads(result.stdout) == {
        "kit": None,
        "files": [{"path": str(path), "inputs": [str(take) for take in takes]}],
    }
    found = texts(path)
    assert found.count("120 bpm, 4/4") == 2
    assert {"a.mid", "b.mid", "10"} <= set(found)
    assert "11" not in found


def test_what_a_picture_has_no_room_for_is_said(command, takes, monkeypatch):
    monkeypatch.setattr("groovekit.io.pictures.MAX_LINES", 2)
    result = command("plot", takes[1], "--bars-per-line", 4)
    assert "shows the first 2 of 3 lines" in result.stderr


def test_mistakes(command, takes, tmp_path):
    result = command("plot", takes[0], "--output", "a.png", "--output-dir", "b")
    assert result.exit_code == 2
    assert "not both" in result.stderr
    assert command("plot").exit_code == 2
    result = command("plot", takes[0], "--output", tmp_path / "a.gif")
    assert (result.exit_code, ".png or .svg" in result.stderr) == (2, True)
    result = command("plot", takes[0], "--first-bar", 5)
    assert (result.exit_code, "no bar 5" in result.stderr) == (2, True)
    result = command("plot", tmp_path / "none.mid")
    assert (result.exit_code, "none.mid" in result.stderr) == (1, True)
