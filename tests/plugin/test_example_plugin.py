"""The example plug-in, installed and used from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


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
