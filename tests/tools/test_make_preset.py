"""The tool that makes presets, on a tiny run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers import masked, scripts, tiny

import groovekit
from groovekit.configs.metadata import make_metadata
from groovekit.configs.run_folder import RunFolder
from groovekit.io.midi.files import write_midi

pytest.importorskip("keras")
from groovekit.models.builder import build_model
from groovekit.models.weights import save_weights

TOOLS = Path(groovekit.__file__).parents[1] / "tools"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not TOOLS.is_dir(), reason="runs in a checkout only"),
]


@pytest.fixture
def groove_folder(tmp_path):
    """A folder like the Groove MIDI Dataset's."""
    folder = tmp_path / "groove"
    rows = []
    for number, split in enumerate(["train", "train", "validation", "validation"]):
        name = f"drummer1/{number}.mid"
        write_midi(tiny.groove(number, bars=8), folder / name)
        rows.append({"drummer": "drummer1", "midi_filename": name, "split": split})
    with (folder / "info.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["drummer", "midi_filename", "split"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def made(config, tmp_path, groove_folder, monkeypatch, *arguments):
    """A run of fresh weights, and the preset that the tool makes of it."""
    # It imports a neighbour.
    monkeypatch.syspath_prepend(TOOLS)
    make_preset = scripts.load(TOOLS / "make_preset.py")
    model = build_model(config, seed=3)
    metadata = make_metadata(
        config,
        backend="tensorflow",
        seed=3,
        parameters=model.count_params(),
        data={"examples": str(groove_folder), "windows": 4, "sequences": 2},
    )
    run = RunFolder.create(tmp_path / "run", config, metadata)
    save_weights(model, run.weights_path)
    arguments = [run.path, tmp_path / "tiny", "--train", groove_folder, *arguments]
    arguments += ["--hardware", "two cores"]
    done = CliRunner().invoke(
        make_preset.main, [str(a) for a in arguments], catch_exceptions=False
    )
    assert done.exit_code == 0
    preset = RunFolder.open(tmp_path / "tiny")
    assert preset.read_config() == config
    assert preset.require_weights().stat().st_size < run.weights_path.stat().st_size
    text = preset.metadata_path.read_text()
    assert str(tmp_path) not in text
    return preset, json.loads(text), (preset.path / "CARD.md").read_text()


def test_preset_of_a_run(tmp_path, groove_folder, monkeypatch):
    pytest.importorskip("matplotlib")
    images = tmp_path / "images"
    _, table, card = made(
        tiny.config("groovae_4bar"),
        tmp_path,
        groove_folder,
        monkeypatch,
        *("--images", images, "--samples", 6),
    )
    assert table["license"] == "CC-BY-4.0"
    assert table["data"]["examples"] == "groove"
    assert table["validation"]["windows"] == 4
    assert str(tmp_path) not in card
    parts = ["CC BY 4.0", "Gillick", "two cores", "| hit F1 |", "| silence |"]
    parts += [
        "decoded (autoregressive)",
        "| adjacent bars alike (F1) |",
        "| 1-NN, all |",
    ]
    for part in parts:
        assert part in card
    assert len(list(images.glob("tiny-*.png"))) == 4


def test_preset_of_a_model_that_fills(tmp_path, groove_folder, monkeypatch):
    _, table, card = made(masked.tiny_config(), tmp_path, groove_folder, monkeypatch)
    assert table["validation"]["windows"] == 2
    assert table["validation"]["humanise.velocity_error"] > 0
    assert "--mode humanize --input FILE" in card
    parts = ["CC BY 4.0", "two cores", "ridge regression", "the last bar", "| loop |"]
    for part in parts:
        assert part in card
