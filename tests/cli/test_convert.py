from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from groovekit.io.midi.encoding import encode_midi
from groovekit.io.notes import NoteSequence
from groovekit.io.tfrecord.records import read_records


def kick(count: int) -> bytes:
    sequence = NoteSequence()
    for index in range(count):
        sequence.notes.add(
            pitch=36, velocity=90, start_time=index, end_time=index + 0.1, is_drum=True
        )
    return encode_midi(sequence)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    (path / "below").mkdir(parents=True)
    (path / "a.mid").write_bytes(kick(2))
    (path / "below" / "b.mid").write_bytes(kick(3))
    (path / "below" / "bad.mid").write_text("text")
    return path


def test_files_become_records(command, folder, tmp_path):
    output, report = tmp_path / "r.tfrecord", tmp_path / "report.json"
    result = command(
        "convert", "--input-dir", folder, "--output", output, "--recursive",
        "--report", report,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Converted 2 of 3 files: 2 sequences, 5 notes" in result.stdout
    assert "below/bad.mid: not a MIDI file" in result.stderr
    assert len(list(read_records(output))) == 2
    assert json.loads(report.read_text())["converted"] == 2


def test_the_originals_command_line(command, folder, tmp_path):
    result = command(
        "convert",
        f"--input_dir={folder}",
        f"--output_file={tmp_path / 'r.tfrecord'}",
        "--recursive",
        "--log=INFO",
    )
    assert result.exit_code == 0, result.output
    assert (tmp_path / "r.tfrecord").exists()


def test_json_and_shards(command, folder, tmp_path):
    output = tmp_path / "r"
    result = command(
        "convert", "--input-dir", folder, "--output", output, "--recursive",
        "--shards", 2, "--json",
    )  # fmt: skip
    value = json.loads(result.stdout)
    assert value["outputs"] == [f"{output}-00000-of-00002", f"{output}-00001-of-00002"]


def test_existing_output_is_kept_unless_asked(command, folder, tmp_path):
    output = tmp_path / "r"
    output.write_text("precious")
    arguments = ("convert", "--input-dir", folder, "--output", output)
    result = command(*arguments)
    assert result.exit_code == 1
    assert "add --overwrite" in result.stderr
    assert output.read_text() == "precious"
    assert command(*arguments, "--overwrite").exit_code == 0
    assert len(list(read_records(output))) == 1


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (Path.resolve, "no music files"),
        (lambda p: (p / "a.mid").write_text("text"), "None of the 1 music files"),
        (lambda p: p.rmdir(), "No such file or folder"),
    ],
)
def test_nothing_to_convert_is_exit_1(command, tmp_path, prepare, message):
    folder = tmp_path / "in"
    folder.mkdir()
    prepare(folder)
    output = tmp_path / "r"
    result = command("convert", "--input-dir", folder, "--output", output)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert not output.exists()


def test_unwritable_output_and_wrong_options(command, folder, tmp_path):
    (tmp_path / "file").write_text("")
    inside = tmp_path / "file" / "r"
    result = command("convert", "--input-dir", folder, "--output", inside)
    assert result.exit_code == 1
    assert "Cannot write" in result.stderr
    for wrong in (("--shards", 0), ("--workers", 0), ("--split", "eval"), ("--nope",)):
        result = command("convert", "--input-dir", folder, "--output", "r", *wrong)
        assert result.exit_code == 2
    assert command("convert", "--output", "r").exit_code == 2


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_stopping_leaves_no_output(tmp_path, number, code):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    data = kick(2000)
    for index in range(400):
        (folder / f"{index}.mid").write_bytes(data)
    command = [sys.executable, "-m", "groovekit", "convert", "--workers", "2"]
    process = subprocess.Popen(
        [*command, "--input-dir", str(folder), "--output", str(out / "r")],
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background inherit that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    # The temporary file appears when the work begins.
    while not (out.exists() and any(out.iterdir())):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert list(out.iterdir()) == []


def test_every_odd_file_converts_or_is_named(command, odd_midi_dir, tmp_path):
    report = tmp_path / "report.json"
    result = command(
        "convert", "--input-dir", odd_midi_dir, "--output", tmp_path / "r",
        "--recursive", "--report", report, "--workers", 1,
    )  # fmt: skip
    assert result.exit_code == 0
    assert "Traceback" not in result.output
    value = json.loads(report.read_text())
    assert value["files"] == value["converted"] + len(value["unreadable"]) == 108
    for problem in value["unreadable"]:
        assert f"{problem['name']}: {problem['reason']}" in result.stderr
