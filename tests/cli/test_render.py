from __future__ import annotations

import json
import wave

import numpy as np
import pytest
from helpers import tiny

from groovekit.io.midi.files import write_midi
from groovekit.io.notes import NoteSequence


@pytest.fixture
def take(tmp_path):
    return write_midi(tiny.groove(1, bars=2), tmp_path / "a.mid")


def samples(path):
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return file.getframerate(), data.reshape(-1, file.getnchannels())


def test_sound_beside_the_file(command, take, tmp_path):
    result = command("render", take, "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["files"]
    assert row["path"] == str(tmp_path / "a.wav")
    assert row["input"] == str(take)
    rate, sound = samples(tmp_path / "a.wav")
    assert rate == 44_100
    assert len(sound) / rate == pytest.approx(row["seconds"], abs=1e-4)
    assert 3.5 < row["seconds"] < 7.1
    assert np.abs(sound).max() / 32767 == pytest.approx(row["peak"], abs=1e-3)
    assert 0.05 < row["peak"] < 0.9
    assert row["lufs"] == pytest.approx(-16, abs=0.5)
    # The same again, under another name.
    assert command("render", take).stdout.strip() == str(tmp_path / "a-2.wav")
    assert (tmp_path / "a-2.wav").read_bytes() == (tmp_path / "a.wav").read_bytes()


def test_options(command, take, tmp_path):
    folder = tmp_path / "out"
    result = command("render", take, "--output-dir", folder, "--sample-rate", 8000)
    assert result.stdout.strip() == str(folder / "a.wav")
    assert samples(folder / "a.wav")[0] == 8000
    result = command("render", take, "--soundfont", tmp_path / "none.sf2")
    assert (result.exit_code, "There is no SoundFont" in result.stderr) == (1, True)
    assert command("render", take, "--sample-rate", 1).exit_code == 2


def test_silence_is_said(command, tmp_path):
    path = write_midi(NoteSequence(total_time=1.0), tmp_path / "none.mid")
    assert "is silent" in command("render", path).stderr
    (row,) = json.loads(command("render", path, "--json").stdout)["files"]
    assert (row["lufs"], row["peak"]) == (None, 0.0)
