"""Which runtime computes, and that nobody hears the difference."""

from __future__ import annotations

import dataclasses
import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny
from helpers.playing import same

from groovekit.configs.base import get_config
from groovekit.configs.run_folder import RunFolder
from groovekit.errors import UsageError
from groovekit.generation.trained_model import TrainedModel
from groovekit.models.builder import build_model
from groovekit.models.runtimes import choice as runtimes
from groovekit.models.runtimes.choice import choose
from groovekit.models.weights import save_weights

CONFIG = "groovae_2bar_humanize"


@pytest.fixture(autouse=True)
def _no_backend_asked_for(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder with a tiny model that plays something."""
    config = tiny.config(CONFIG)
    model = build_model(config, seed=1)
    for index, variable in enumerate(model.trainable_variables):
        rng = np.random.default_rng(index)
        variable.assign(rng.normal(0, 0.5, variable.shape))
    folder = RunFolder.create(tmp_path_factory.mktemp("runs") / "r", config, {})
    save_weights(model, folder.weights_path)
    return folder


def test_small_jobs_are_for_numpy():
    config = get_config("groovae_4bar")
    assert choose(config, 1) == choose(config, 500) == "numpy"
    assert choose(config, 10_000) == "keras"
    assert choose(config, 100, steps=64 * 100) == "keras"
    # Fewer windows of a larger model.
    large = get_config("hier-multiperf_vel_1bar_big")
    assert choose(large, 100) == "keras"


@pytest.mark.parametrize(
    "part",
    [
        {"encoder": {"kind": "band.encoder"}},
        {"encoder": {"options": (("depth", 3),)}},
        {"decoder": {"kind": "band.decoder"}},
        {"decoder": {"options": (("depth", 3),)}},
        {"decoder": {"head": "band.head"}},
        {"decoder": {"head_options": (("depth", 3),)}},
    ],
    ids=str,
)
def test_parts_of_plugins_are_for_keras(part, caplog):
    config = get_config(CONFIG)
    for name, fields in part.items():
        changed = dataclasses.replace(getattr(config, name), **fields)
        config = config.replace(**{name: changed})
    with caplog.at_level(logging.DEBUG, "groovekit"):
        assert choose(config, 1) == "keras"
    assert "NumPy runtime does not know" in caplog.text
    assert next(iter(part)) in caplog.text or "head" in caplog.text
    with pytest.raises(UsageError, match="NumPy runtime does not know"):
        runtimes.Runtimes(config, None, runtime="numpy", max_batch_size=1)


def used(model):
    """The runtimes that a model has loaded."""
    return set(model._runtimes._loaded)


def test_both_play_the_same(run):
    ours, keras = (
        TrainedModel.load(run.path, runtime=name) for name in ("numpy", "keras")
    )
    assert (used(ours), used(keras)) == ({"numpy"}, {"keras"})
    same(ours.sample(3, seed=1), keras.sample(3, seed=1))
    a, b = tiny.groove(1), tiny.groove(2)
    same(ours.interpolate(a, b, 3, seed=1), keras.interpolate(a, b, 3, seed=1))
    same(ours.reconstruct([a, b], seed=1), keras.reconstruct([a, b], seed=1))
    np.testing.assert_allclose(
        ours.encode(a, seed=1).sample, keras.encode(a, seed=1).sample, atol=1e-5
    )
    first, second = (ours.sample(3, seed=1, bars=4) for _ in range(2))
    assert first == second


def test_automatic_choice(run, monkeypatch):
    model = TrainedModel.load(run.path)
    assert used(model) == {"numpy"}
    few = model.sample(2, seed=1)
    monkeypatch.setattr(runtimes, "_SMALL_JOB", 0)
    same(model.sample(2, seed=1), few)
    assert used(model) == {"numpy", "keras"}
    assert model.model.z_size == 4


def test_asking_for_keras(run, monkeypatch):
    assert used(TrainedModel.load(run.path, precision="bfloat16")) == {"keras"}
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert used(TrainedModel.load(run.path)) == {"keras"}
    assert used(TrainedModel.load(run.path, runtime="numpy")) == {"numpy"}


def test_wrong_options(run):
    with pytest.raises(UsageError, match="auto, numpy, keras"):
        TrainedModel.load(run.path, runtime="fast")
    with pytest.raises(UsageError, match="float16"):
        TrainedModel.load(run.path, runtime="numpy", precision="float16")


# The command ------------------------------------------------------------------------

WITHOUT_KERAS = """
import sys
from click.testing import CliRunner
from groovekit.cli.main import main
result = CliRunner().invoke(main, sys.argv[1:])
assert result.exit_code == 0, result.output
heavy = {"keras", "tensorflow", "jax", "torch", "h5py"}
heavy |= {"note_seq", "scipy", "pretty_midi"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
print(result.stdout)
"""


def test_generating_imports_no_keras(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = []
    for folder in ("a", "b"):
        options = [
            "--num-outputs",
            "5",
            "--seed",
            "1",
            "--json",
            "--output-dir",
            folder,
        ]
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_KERAS, "generate", "--json", *options],
            check=True,
            capture_output=True,
            text=True,
        )
        said = json.loads(done.stdout)
        assert said["runtime"] == "numpy"
        results.append([Path(file["path"]).read_bytes() for file in said["files"]])
    assert len(results[0]) == 5
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("options", "runtime"),
    [
        ([], "numpy"),
        (["--device", "cpu"], "numpy"),
        (["--backend", "tensorflow"], "keras"),
        (["--precision", "bfloat16"], "keras"),
        (["--num-outputs", "3", "--bars", "100000"], "keras"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_the_command_computes_with(command, run, monkeypatch, options, runtime):
    found = []

    def load(files, **given):
        found.append(given["runtime"])
        raise UsageError("enough")

    monkeypatch.setattr(TrainedModel, "load", load)
    monkeypatch.setattr("groovekit.cli.start.start_keras", lambda *_: None)
    with monkeypatch.context() as scope:
        # What the command writes there is undone as well.
        scope.setenv("KERAS_BACKEND", "")
        scope.setenv("CUDA_VISIBLE_DEVICES", "")
        scope.setenv("JAX_PLATFORMS", "")
        result = command("generate", "--run-dir", run.path, *options)
    assert "enough" in result.output
    assert found == [runtime]
