"""The example plug-in, installed and used from outside."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import tiny

from groovekit.io.midi.files import write_midi


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


@pytest.mark.slow
def test_plugins_list_names_it(groovekit):
    package, *parts = groovekit("plugins", "list", "--check").splitlines()
    assert package == "swing-kit 0.1"
    assert [re.split(r"  +", part.strip()) for part in parts] == [
        ["config", "swing_kit.groove_2bar", "swing_kit.configs:groove_2bar"],
        ["config", "swing_kit.parallel_2bar", "swing_kit.configs:parallel_2bar"],
        ["config", "swing_kit.timekeeper_8bar", "swing_kit.configs:timekeeper_8bar"],
        ["converter", "swing_kit.groove", "swing_kit.converter:SwingGroove"],
        ["encoder", "swing_kit.accents", "swing_kit.encoders:AccentEncoder"],
        ["family", "swing_kit.timekeeper", "swing_kit.families:TimekeeperFamily"],
        ["head", "swing_kit.feel", "swing_kit.heads:FeelHead"],
        ["kit map", "swing_kit.jazz", "swing_kit.kits:jazz"],
        ["numpy encoder", "swing_kit.accents", "swing_kit.twins:Accents"],
    ]


def test_listings_know_its_names(groovekit):
    configs = json.loads(groovekit("configs", "list", "--json"))
    assert {
        "name": "swing_kit.groove_2bar",
        "origin": "swing_kit.configs:groove_2bar",
        "package": "swing-kit",
        "version": "0.1",
        "builtin": False,
        "problem": None,
    } in configs
    assert "from swing-kit 0.1" in groovekit("converters", "list")
    assert "swing_kit." not in groovekit("configs", "list", GROOVEKIT_PLUGINS="0")


def test_its_config_and_converter_can_be_shown(groovekit):
    config = json.loads(groovekit("configs", "show", "swing_kit.groove_2bar", "--json"))
    assert config["converter"]["name"] == "swing_kit.groove"
    assert config["vae"]["decoder"]["head"] == "swing_kit.feel"
    assert config["converter"]["swing"] == pytest.approx(2 / 3)
    assert "2/3 makes" in groovekit("converters", "show", "swing_kit.groove")
    assert "hihat_pedal" in groovekit("kits", "show", "swing_kit.jazz")


# Before a merge they run by themselves, too (.ci/run).
@pytest.mark.slow
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


@pytest.mark.slow
def test_it_is_trained_and_played_by_the_ordinary_commands(
    groovekit, plugin_environment, tmp_path
):
    folder = tmp_path / "midi"
    folder.mkdir()
    for number in range(3):
        write_midi(tiny.groove(number), folder / f"{number}.mid")
    groovekit(
        *("train", "--config", "swing_kit.groove_2bar", "--examples", str(folder)),
        *("--run-dir", "run", "--steps", "2", "--batch-size", "4", "--seed", "1"),
        *("--hparams", "enc_rnn_size=[6],dec_rnn_size=[6],z_size=4"),
    )
    metadata = json.loads((tmp_path / "run" / "metadata.json").read_text())
    assert {
        (table["kind"], table["name"], table["package"])
        for table in metadata["plugins"]
    } == {
        ("converter", "swing_kit.groove", "swing-kit"),
        ("head", "swing_kit.feel", "swing-kit"),
        ("kit map", "swing_kit.jazz", "swing-kit"),
    }
    # Another process, which finds the converter by its name.
    written = groovekit("generate", "--run-dir", "run", "--num-outputs", "2")
    assert len(written.splitlines()) == 2
    reconstructed = groovekit(
        *("generate", "--run-dir", "run", "--mode", "reconstruct"),
        *("--input", "midi/0.mid"),
    )
    assert reconstructed.strip().endswith(".mid")
    # Without the package the run folder says what it lacks.
    environments = [{**plugin_environment, "GROOVEKIT_PLUGINS": "0"}]
    if not any(d.name == "swing-kit" for d in importlib.metadata.distributions()):
        # Where this interpreter has it, too, it cannot be taken away.
        environments.append(without_plugin(plugin_environment))
    for environment in environments:
        missing = subprocess.run(
            [sys.executable, "-m", "groovekit", "generate", "--run-dir", "run"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=environment,
        )
        assert missing.returncode == 1
        assert "'swing_kit.groove' is not installed" in missing.stderr
        assert "It came from the package swing-kit 0.1: install that" in missing.stderr


def without_plugin(environment):
    """The environment after the package was removed."""
    first, *others = environment["PYTHONPATH"].split(os.pathsep)
    assert (Path(first) / "swing_kit").is_dir()
    return {**environment, "PYTHONPATH": os.pathsep.join(others)}
