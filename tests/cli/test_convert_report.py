"""The report of ``convert`` is as safe as its output; folders below are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from groovekit.io.midi.encoding import encode_midi
from groovekit.io.notes import NoteSequence


@pytest.fixture
def arguments(tmp_path: Path) -> list[object]:
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    sequence = NoteSequence()
    sequence.notes.add(pitch=36, velocity=90, end_time=0.5, is_drum=True)
    for name in ("a.mid", "below/b.mid", "below/c.mid"):
        (folder / name).write_bytes(encode_midi(sequence))
    return ["convert", "--input-dir", folder, "--output", tmp_path / "r"]


def test_an_existing_report_is_kept_unless_asked(command, arguments, tmp_path):
    report = tmp_path / "report.json"
    report.write_text("precious")
    result = command(*arguments, "--report", report)
    assert result.exit_code == 1
    assert "Choose another --report, or add --overwrite" in result.stderr
    assert report.read_text() == "precious"
    assert not (tmp_path / "r").exists()
    assert command(*arguments, "--report", report, "--overwrite").exit_code == 0
    assert json.loads(report.read_text())["converted"] == 1


def test_a_report_has_a_name_of_its_own(command, arguments, tmp_path):
    for name, more in (("r", ()), ("in/../r-00001-of-00002", ("--shards", 2))):
        result = command(*arguments, "--report", tmp_path / name, *more)
        assert result.exit_code == 2
        assert "--report and --output are both" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_an_unwritable_report_is_found_before_the_work(command, arguments, tmp_path):
    (tmp_path / "file").write_text("")
    result = command(*arguments, "--report", tmp_path / "file" / "report.json")
    assert result.exit_code == 1
    assert "Cannot write" in result.stderr
    assert not (tmp_path / "r").exists()


def test_music_in_folders_below_is_named(command, arguments, tmp_path):
    result = command(*arguments, "--report", tmp_path / "report.json")
    line = "2 music files in folders below were not read: add --recursive."
    assert line in result.stderr.splitlines()
    assert json.loads((tmp_path / "report.json").read_text())["in_subfolders"] == 2
    whole = command(*arguments, "--recursive", "--overwrite")
    assert whole.exit_code == 0
    assert "folders below" not in whole.stderr
