"""The scripts in ``examples/`` run, with sizes that suit a test."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
from helpers.takes import write_takes

import groovekit
from groovekit.plugins import catalogue

ROOT = Path(groovekit.__file__).parents[1]
EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.is_dir(), reason="the examples are in a checkout only"
)

TINY = "enc_rnn_size=[8],dec_rnn_size=[8],z_size=4,converter.bars=1"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a script in an empty folder with ``my_midi/`` and returns its output."""
    monkeypatch.chdir(tmp_path)
    write_takes(tmp_path / "my_midi")

    def start(name: str, *args: object) -> str:
        monkeypatch.setattr(sys, "argv", [name, *map(str, args)])
        with pytest.raises(SystemExit) as done:
            runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        output = capsys.readouterr().out
        assert done.value.code == 0, output
        return output

    return start


def test_tensors(run):
    output = run("tensors.py", "my_midi/take.mid", "--bars", 2)
    assert "32 steps" in output
    assert "steps early" in output
    assert "closed_hihat" in output


def test_own_kit(run, tmp_path):
    kit = tmp_path / "pads.json"
    kit.write_text('{"name": "pads", "classes": [{"name": "a", "pitches": [36]}]}')
    output = run("own_kit.py", "my_midi/take.mid", kit)
    assert "general_midi: 4 bars" in output
    assert "unmapped" in output.splitlines()[1]
    assert not output.splitlines()[1].endswith(" 0 unmapped")


def test_train_and_sample(run):
    run(
        "train_and_sample.py",
        *("my_midi", "--steps", 2, "--batch-size", 2, "--hparams", TINY),
    )
    assert len(list(Path("generated").glob("*.mid"))) == 3


def test_interpolate(run):
    model = "par-groove_4bar"
    if model not in catalogue.presets.names():
        pytest.skip(f"the preset {model} is not here")
    run("interpolate.py", "my_midi/take.mid", "my_midi/other.mid", "--outputs", 3)
    assert len(list(Path("generated").glob("*.mid"))) == 3


def test_every_example_is_tested():
    text = Path(__file__).read_text(encoding="utf-8")
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f'"{path.name}"' in text
        assert f"`{path.name}`" in table
