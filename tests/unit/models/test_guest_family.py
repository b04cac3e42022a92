"""A third family from elsewhere, from its registration to ``groovekit generate``."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from helpers import markov, tiny

import groovekit as gk
from groovekit.cli.main import main
from groovekit.testing import check_config
from groovekit.training.settings import TrainSettings
from groovekit.training.trainer import train


@pytest.fixture(scope="module")
def config():
    markov.register()
    return gk.get_config("tests.chain_2bar")


@pytest.fixture(scope="module")
def data(config):
    return tiny.prepared(config, sequences=8, bars=6)


@pytest.fixture(scope="module")
def run(config, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "chain"
    train(config, data, folder, settings=TrainSettings(seed=1, eval_every=10))
    return folder


def generate(run, folder, *options):
    arguments = ["generate", "--run-dir", str(run), "--output-dir", str(folder)]
    return CliRunner().invoke(main, [*arguments, "--seed", "1", *options])


def test_its_config_is_a_config_like_others(config):
    table = json.loads(json.dumps(config.to_dict()))
    assert table["family"] == markov.NAME
    assert sorted(table[markov.NAME]) == ["chain"]
    assert gk.Config.from_dict(table) == config
    assert config.with_overrides("chain.loudness=0.4").chain.loudness == 0.4


def test_counting_and_learning_agree(config, data, run, tmp_path):
    counted = train(config, data, tmp_path / "counted", settings=TrainSettings(steps=0))
    chances = []
    for folder in (tmp_path / "counted", run):
        player = gk.load_player(folder)
        chances.append(1 / (1 + np.exp(-player._chain.logits)))
    assert np.isfinite(counted.best)
    # Counting is the optimum but for what each count begins with.
    np.testing.assert_allclose(chances[0], chances[1], atol=0.2)


def test_training_goes_on_where_it_stopped(config, data, tmp_path):
    def trained(name, *steps):
        for step in steps:
            settings = TrainSettings(steps=step, seed=1, eval_every=4)
            train(config, data, tmp_path / name, settings=settings)
        return (tmp_path / name / "model.safetensors").read_bytes()

    assert trained("whole", 8) == trained("parts", 4, 8)


def test_it_is_a_keras_model(config, data, tmp_path):
    model = gk.build_model(config, seed=1)
    model.compile()
    history = model.fit(gk.WindowDataset(data.train, config), epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]
    model.save(tmp_path / "chain.keras")
    again = keras.saving.load_model(tmp_path / "chain.keras")
    windows = data.train.tensors(np.arange(2)).inputs
    np.testing.assert_allclose(again.predict(windows, verbose=0), model(windows))


def test_generate_plays_it(run, tmp_path):
    found = generate(run, tmp_path / "out", "--mode", "sample", "--num-outputs", "2")
    assert found.exit_code == 0, found.output
    files = sorted((tmp_path / "out").glob("*.mid"))
    assert len(files) == 2
    assert all(gk.read_midi(path).notes for path in files)


def test_what_it_cannot_do_is_said(run, tmp_path):
    source = tmp_path / "in.mid"
    gk.write_midi(gk.load_player(run).sample(1, seed=1)[0], source)
    options = ("--mode", "reconstruct", "--input", str(source))
    found = generate(run, tmp_path / "out", *options)
    assert found.exit_code != 0
    assert "the abilities of tests.chain_2bar are: sample" in found.output


def test_it_is_conform(config):
    # Another process would not know what is registered here.
    check_config(config, fresh_process=False)
