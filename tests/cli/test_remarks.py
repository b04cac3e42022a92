"""What reading mends or leaves out is said by every command that reads, with counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.midi import END, chunk, file, header, note

from groovekit.cli.generate.inputs import read_performance
from groovekit.io.tfrecord.records import read_records

BEAT = note(36) + note(38) + note(36) + note(38)
SHORT = note(36, ticks=0) + note(38, ticks=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    path.mkdir()
    (path / "a.mid").write_bytes(file(SHORT + END))
    (path / "b.kar").write_bytes(file(SHORT + SHORT + END))
    (path / "c.smf").write_bytes(header(9) + chunk(b"MTrk", BEAT + END))
    plain = file(BEAT + END)
    size = len(plain).to_bytes(4, "little")
    (path / "d.RMI").write_bytes(b"RIFF\xff\0\0\0RMIDdata" + size + plain)
    (path / "e.mid").write_bytes(file(note(36) + END, note(38) + END, kind=2))
    (path / "f.mid").write_bytes(file(BEAT)[:-4])
    (path / "cover.jpg").write_bytes(b"")
    (path / "notes.txt").write_bytes(b"")
    return path


LINES = [
    "read, with a remark: a.mid, b.kar: 6 notes without a length: each lasts a "
    "sixteenth at most",
    "read, with a remark: c.smf: 1 track read, though the header says another number",
    "read, with a remark: e.mid: format 2 with 2 patterns, each a sequence of its own; "
    "who asks for one gets the first",
    "read, with a remark: f.mid: the file ends 4 bytes too early: what is there is "
    "read",
]


def test_convert_says_and_reports_them(command, folder, tmp_path):
    output, report = tmp_path / "r.tfrecord", tmp_path / "r.json"
    result = command(
        "convert", "--input-dir", folder, "--output", output, "--report", report
    )
    assert result.exit_code == 0, result.output
    assert set(LINES) <= set(result.stderr.splitlines())
    assert "Converted 6 of 6 files: 7 sequences, 20 notes" in result.stdout
    assert "other files left out: 2 by their suffixes: 1 .jpg, 1 .txt" in result.stdout
    assert len(list(read_records(output))) == 7
    values = json.loads(report.read_text())
    assert values["remarks"][:2] == [
        {
            "name": name,
            "kind": "no_length",
            "count": count,
            "remark": f"{count} notes without a length: each lasts a sixteenth at most",
        }
        for name, count in (("a.mid", 2), ("b.kar", 4))
    ]
    assert values["ignored"] == {".jpg": 1, ".txt": 1}


def test_inspect_says_and_reports_them(command, folder):
    text = command("inspect", folder)
    assert text.exit_code == 0, text.output
    assert set(LINES) <= set(text.stderr.splitlines())
    assert "other files left out: 2 by their suffixes" in text.stderr
    values = json.loads(command("inspect", folder, "--json").stdout)
    kinds = {(row["name"], row["kind"]): row["count"] for row in values["remarks"]}
    assert kinds["b.kar", "no_length"] == 4
    assert kinds["e.mid", "patterns"] == 2
    assert values["ignored"] == {".jpg": 1, ".txt": 1}
    assert not command("inspect", folder / "d.RMI").stderr


def test_who_plays_on_hears_them(folder, capsys):
    path = str(folder / "b.kar")
    sequence = read_performance(path)
    assert (len(sequence.notes), sequence.filename) == (4, path)
    assert capsys.readouterr().err == (
        f"{path}: 4 notes without a length: each lasts a sixteenth at most\n"
    )
    read_performance(str(folder / "d.RMI"))
    assert not capsys.readouterr().err


def test_patterns_of_a_file_are_told_apart(command, folder, tmp_path):
    values = json.loads(command("inspect", folder, "--json", "--each").stdout)
    rows = [row for row in values["each"] if row["name"] == "e.mid"]
    assert [row["notes"] for row in rows] == [1, 1]
    assert len({row["id"] for row in rows}) == 2


def test_generate_says_and_reports_them(command, folder, tmp_path):
    bar = b"".join(note(pitch, ticks=0, after=96) for pitch in (36, 38, 36, 38))
    path = folder / "short.mid"
    path.write_bytes(file(bar * 4 + END))
    result = command(
        "generate", "--mode", "humanize", "--input", path, "--seed", 1, "--json",
        "--output-dir", tmp_path / "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    said = "16 notes without a length: each lasts a sixteenth at most"
    assert f"{path}: {said}" in result.stderr.splitlines()
    assert json.loads(result.stdout)["remarks"] == [
        {"name": str(path), "kind": "no_length", "count": 16, "remark": said}
    ]
