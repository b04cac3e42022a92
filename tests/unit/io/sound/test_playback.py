from __future__ import annotations

import sys

import pytest

from groovekit.io.sound.playback import PLAYERS, play_wav

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="players are scripts")


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs players: scripts that write down what they are called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name, *, code=0, says=""):
        script = folder / name
        script.write_text(
            f'#!/bin/sh\necho {name} "$@" >> {tmp_path / "calls"}\n'
            f"echo '{says}' >&2\nexit {code}\n"
        )
        script.chmod(0o755)

    return put


def calls(tmp_path):
    path = tmp_path / "calls"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("name", PLAYERS)
def test_each_player_is_given_the_file(install, tmp_path, name):
    install(name)
    path = tmp_path / "it's a take.wav"
    playback = play_wav(path)
    assert (playback.player, dict(playback.failures)) == (name, {})
    (call,) = calls(tmp_path)
    wanted = str(path).replace("'", "''") if name == "powershell" else str(path)
    assert wanted in call
    assert "{file}" not in call


def test_the_first_one_that_can(install, tmp_path):
    install("aplay", code=1, says="aplay: no soundcards found...")
    install("ffplay")
    playback = play_wav(tmp_path / "a.wav")
    assert playback.player == "ffplay"
    assert dict(playback.failures) == {"aplay": "aplay: no soundcards found..."}
    assert [call.split()[0] for call in calls(tmp_path)] == ["aplay", "ffplay"]


def test_none(install, tmp_path):
    assert play_wav(tmp_path / "a.wav").player is None
    install("paplay", code=3)
    playback = play_wav(tmp_path / "a.wav")
    assert playback.player is None
    assert dict(playback.failures) == {"paplay": "exit code 3"}
