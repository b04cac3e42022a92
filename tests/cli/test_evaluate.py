"""``groovekit evaluate`` on tiny models and made-up takes."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
from helpers import masked, tiny

from groovekit.configs.run_folder import RunFolder
from groovekit.data.datasets import load_examples
from groovekit.data.settings import DataSettings
from groovekit.io.midi.files import write_midi
from groovekit.models.builder import build_masked, build_model
from groovekit.models.weights import save_weights

pytestmark = pytest.mark.backends

FAST = ("--samples", 6, "--no-cache")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder with a tiny model that plays something."""
    config = tiny.config("groovae_2bar_humanize")
    run = RunFolder.create(tmp_path_factory.mktemp("runs") / "run", config, {})
    model = build_model(config, seed=1)
    for index, variable in enumerate(model.trainable_variables):
        rng = np.random.default_rng(index)
        variable.assign(rng.normal(0, 0.5, variable.shape))
    save_weights(model, run.weights_path)
    return run.path


@pytest.fixture(scope="module")
def groove(tmp_path_factory):
    """A folder like the Groove MIDI Dataset's: four takes to learn, two to test."""
    folder = tmp_path_factory.mktemp("data") / "groove"
    splits = ["train"] * 4 + ["validation"] * 2
    with_names = [(f"drummer1/{n}.mid", split) for n, split in enumerate(splits)]
    for number, (name, _) in enumerate(with_names):
        write_midi(tiny.groove(number, bars=6, qpm=100 + 10 * number), folder / name)
    with (folder / "info.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["drummer", "midi_filename", "split"])
        writer.writerows([("drummer1", name, split) for name, split in with_names])
    return folder


def test_tables_and_report(command, run, groove, tmp_path):
    folder = tmp_path / "report"
    arguments = ["evaluate", "--run-dir", run, "--examples", groove, *FAST]
    done = command(*arguments, "--report", folder)
    assert done.exit_code == 0, done.output
    for part in (
        "of 2 performances. Decoding: from the posterior's mean, autoregressive",
        "Tempo for milliseconds: each window's own",
        "nearest training groove",
        "statistical humaniser",
        "Hit F1: the model's",
        "6 samples at temperature 1",
        "Copies of training grooves",
        "closed_hihat",
    ):
        assert part in done.stdout
    assert "Scoring ..." in done.stderr
    assert f"Report: {folder / 'report.html'}" in done.stderr
    table = json.loads((folder / "metrics.json").read_text())
    assert table["examples"] == {
        "source": "groove",
        "split": "validation",
        "trained_on": 0,
    }
    assert table["performances"] == 2
    assert "kick" in (folder / "report.html").read_text()
    # Nothing is overwritten unasked, and that is said before any work.
    again = command(*arguments, "--report", folder)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    assert "Scoring" not in again.stderr


def test_what_was_trained_on_is_called_that(command, run, groove, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(run, copied)
    converter = RunFolder(run).read_config().converter
    settings = DataSettings(split="validation", cache=False)
    known = load_examples(groove, converter, settings=settings)
    metadata = {"data": {"performances": [known.performances[0], "another"]}}
    RunFolder(copied).write_metadata(metadata)
    arguments = ("evaluate", "--examples", groove, *FAST, "--json")
    done = command(*arguments, "--run-dir", copied)
    assert "1 of the 2 performances are among those that" in done.stderr
    assert json.loads(done.stdout)["examples"]["trained_on"] == 1
    done = command(*arguments, "--run-dir", run)
    assert "trained on" not in done.stderr
    assert json.loads(done.stdout)["examples"]["trained_on"] == 0


def test_json(command, run, groove):
    done = command(
        *("evaluate", "--run-dir", run, "--examples", groove, *FAST),
        *("--json", "--teacher-forcing", "--max-windows", 3, "--seed", 5),
    )
    assert done.exit_code == 0, done.output
    table = json.loads(done.stdout)
    assert table["schema_version"] == 1
    assert table["decoding"] == "teacher forcing"
    assert (table["windows"], table["performances"]) == (3, 1)
    assert table["seed"] == 5
    # One performance has no interval.
    assert table["kl_bits"]["low"] is None
    assert table["model"]["kind"] == "run"


def test_examples_without_splits(command, run, groove):
    folder = groove / "drummer1"
    arguments = ("evaluate", "--run-dir", run, "--examples", folder, *FAST)
    done = command(*arguments, "--json")
    assert done.exit_code == 0, done.output
    assert "Held out 1 of 6 performances" in done.stderr
    assert json.loads(done.stdout)["examples"]["split"] is None
    refused = command(*arguments, "--split", "test")
    assert refused.exit_code == 2
    assert "has no splits" in refused.stderr


def test_other_training_examples(command, run, groove):
    done = command(
        *("evaluate", "--run-dir", run, "--examples", groove / "drummer1"),
        *("--train-examples", groove, "--json", "--samples", 0, "--no-cache"),
    )
    assert done.exit_code == 0, done.output
    table = json.loads(done.stdout)
    assert table["performances"] == 6
    assert table["training_windows"] == 12
    assert "samples" not in table


def test_one_model(command, run, groove):
    done = command("evaluate", "--run-dir", run, "--preset", "x", "--examples", groove)
    assert done.exit_code == 2
    assert "The model comes from one place" in done.stderr


def test_models_that_fill(command, tmp_path):
    config = masked.tiny_config()
    filling = RunFolder.create(tmp_path / "run", config, {})
    save_weights(build_masked(config, seed=1), filling.weights_path)
    takes = tmp_path / "takes"
    for number in range(11):
        write_midi(tiny.groove(number, bars=8), takes / f"{number}.mid")
    arguments = ["evaluate", "--run-dir", filling.path, "--examples", takes]
    folder = tmp_path / "report"
    done = command(*arguments, "--no-cache", "--report", folder)
    assert done.exit_code == 0, done.output
    for part in (
        "mask-groove on 2 windows of eight bars of 2 performances",
        "16 nearest bars, at the level and push",
        "ridge regression",
        "2 performances are too few to tell",
    ):
        assert part in done.stdout
    table = json.loads((folder / "metrics.json").read_text())
    assert table["config"] == "mask-groove"
    assert "bars 5 to 8" in (folder / "report.html").read_text().lower()
