from __future__ import annotations

import pytest
from helpers import tiny

from groovekit.io.midi.files import write_midi
from groovekit.io.sound import playback


@pytest.fixture
def takes(tmp_path):
    return [
        write_midi(tiny.groove(i, bars=1), tmp_path / f"{name}.mid")
        for i, name in enumerate("ab")
    ]


@pytest.fixture
def heard(monkeypatch):
    """What is played; a player that says why it cannot, unless ``able``."""
    found = {"able": True, "files": []}

    def play_wav(path):
        found["files"].append(path.read_bytes())
        if found["able"]:
            return playback.Playback("aplay", {})
        return playback.Playback(None, {"aplay": "no soundcards found"})

    monkeypatch.setattr(playback, "play_wav", play_wav)
    return found


def test_files_are_played_one_after_the_other(command, takes, heard, tmp_path):
    result = command("play", *takes)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert f"Playing {takes[0]} (0:02)." in result.stderr
    first, second = heard["files"]
    assert first != second
    assert first[:4] == b"RIFF"
    assert not list(tmp_path.glob("*.wav"))
    # The same as is rendered.
    command("render", takes[0])
    assert (tmp_path / "a.wav").read_bytes() == first


def test_files_are_written_where_nothing_plays(command, takes, heard, tmp_path):
    heard["able"] = False
    result = command("play", *takes, "--output-dir", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "(aplay: no soundcards found): writing WAV files" in result.stderr
    written = [str(tmp_path / "out" / f"{name}.wav") for name in "ab"]
    assert result.stdout.splitlines() == written
    assert len(heard["files"]) == 1
    assert (tmp_path / "out" / "a.wav").read_bytes() == heard["files"][0]


def test_no_player(command, takes, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = command("play", takes[0])
    assert result.stdout.strip() == str(tmp_path / "a.wav")
    assert "none of afplay, pw-play, paplay, aplay" in result.stderr
    result = command("play", takes[0], "--soundfont", tmp_path / "none.sf2")
    assert (result.exit_code, "There is no SoundFont" in result.stderr) == (1, True)
