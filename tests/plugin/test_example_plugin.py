"""The example plug-in, installed and used from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import tiny

from groovekit.io.midi import write_midi


@pytest.fixture
def groovekit(plugin_environment, tmp_path):
    """Runs the command where the plug-in is installed; returns its stdout."""

    def run(*args: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "groovekit", *args],
            env={**plugin_environment, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_plugins_list_names_it(groovekit):
    assert groovekit("plugins", "list", "--check").splitlines() == [
        "swing-kit 0.3",
        "  config     swing.drums_2bar  swing_kit:drums_2bar",
        "  converter  swing.drums       swing_kit:SwingDrums",
    ]


def test_listings_know_its_names(groovekit):
    configs = json.loads(groovekit("configs", "list", "--json"))
    assert {
        "name": "swing.drums_2bar",
        "origin": "swing_kit:drums_2bar",
        "package": "swing-kit",
        "version": "0.3",
        "builtin": False,
        "problem": None,
    } in configs
    assert "from swing-kit 0.3" in groovekit("converters", "list")
    assert "swing.drums_2bar" not in groovekit("configs", "list", GROOVEKIT_PLUGINS="0")


def test_its_config_and_converter_can_be_shown(groovekit):
    config = json.loads(groovekit("configs", "show", "swing.drums_2bar", "--json"))
    assert config["converter"]["name"] == "swing.drums"
    assert config["converter"]["swing"] == pytest.approx(2 / 3)
    assert "0.5 is straight" in groovekit("converters", "show", "swing.drums")


def test_its_own_tests_pass(plugin_environment, tmp_path):
    tests = Path(__file__).parents[2] / "examples" / "plugin" / "tests"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("--rootdir", str(tests), str(tests)),
        ],
        env=plugin_environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_trained_and_played_by_the_ordinary_commands(
    groovekit, plugin_environment, tmp_path
):
    folder = tmp_path / "midi"
    folder.mkdir()
    for number in range(3):
        write_midi(tiny.groove(number), folder / f"{number}.mid")
    groovekit(
        *("train", "--config", "swing.drums_2bar", "--examples", str(folder)),
        *("--run-dir", "run", "--steps", "2", "--batch-size", "4", "--seed", "1"),
        *("--hparams", "enc_rnn_size=[6],dec_rnn_size=[6],z_size=4"),
    )
    metadata = json.loads((tmp_path / "run" / "metadata.json").read_text())
    assert {table["package"] for table in metadata["plugins"]} == {"swing-kit"}
    # Another process, which finds the converter by its name.
    written = groovekit("generate", "--run-dir", "run", "--num-outputs", "2")
    assert len(written.splitlines()) == 2
    # Without plug-ins the run folder says what it lacks.
    missing = subprocess.run(
        [sys.executable, "-m", "groovekit", "generate", "--run-dir", "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**plugin_environment, "GROOVEKIT_PLUGINS": "0"},
    )
    assert missing.returncode == 1
    assert "'swing.drums' is not installed" in missing.stderr
    assert "swing-kit" in missing.stderr
