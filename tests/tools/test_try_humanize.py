"""Humanising files of many kinds: all are taken, and nothing is lost or touched."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from helpers.drum_files import write_drum_files

import groovekit

TOOLS = Path(groovekit.__file__).parents[1] / "tools"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not TOOLS.is_dir(), reason="runs in a checkout only"),
]


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    return importlib.import_module("try_humanize")


def test_files_of_many_kinds(tool, tmp_path):
    faults = {}
    for file in write_drum_files(tmp_path):
        trial = tool.try_file(tmp_path / file.name, file.drums)
        if not file.hits:
            # What has no drums is not touched.
            assert not trial.taken, file.name
            assert "no drum notes" in trial.reason
            continue
        assert trial.hits == file.hits
        lost = trial.lost or trial.gained or trial.touched
        if lost or not (trial.taken and trial.moved and trial.identical):
            faults[file.name] = trial
    assert not faults


def test_a_folder_is_reported(tool, tmp_path, capsys):
    folder = tmp_path / "files"
    folder.mkdir()
    files = {file.name: file for file in write_drum_files(tmp_path)}
    for name in ("plain_type_0.mid", "named_german.mid", "piano_alone.mid"):
        (folder / name).write_bytes(files[name].data)
    (folder / "broken.mid").write_bytes(b"no MIDI")
    tool.main([str(folder), "--json", str(tmp_path / "report.json")])
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    # In the second all notes are taken for drums, as the script cannot know better.
    assert (summary["files"], summary["taken"], summary["taken_share"]) == (2, 2, 1.0)
    assert summary["lost"] == summary["gained"] == summary["touched"] == 0
    assert summary["identical"] == 2
    rows = {
        row["name"]: row for row in json.loads((tmp_path / "report.json").read_text())
    }
    assert rows["broken.mid"]["reason"].startswith("not a MIDI file")
    assert "no drum notes" in rows["piano_alone.mid"]["reason"]
