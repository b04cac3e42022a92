"""Models as citizens of Keras: called, compiled, fitted, saved and opened elsewhere."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import masked, tiny

import groovekit
from groovekit.configs.base import get_config
from groovekit.errors import UsageError
from groovekit.models import backend, saved_names
from groovekit.models.builder import build_model
from groovekit.models.family import family_of
from groovekit.models.music_vae import MusicVAE
from groovekit.models.window_dataset import WindowDataset

pytestmark = pytest.mark.backends


def tiny_vae():
    return tiny.config(max_beta=0.5, beta_rate=0.9, free_bits=0)


@pytest.fixture(scope="module")
def config():
    return tiny_vae()


@pytest.fixture(scope="module")
def data(config):
    return tiny.prepared(config)


@pytest.fixture
def batches(config, data):
    return WindowDataset(data.train, config, seed=5)


@pytest.fixture
def model(config):
    return build_model(config, seed=3)


def weights(model):
    return [backend.to_numpy(v.value) for v in model.weights]


def flat(*epochs):
    """Sets of numbers as one array."""
    return np.concatenate([np.ravel(value) for value in epochs])


# What a model gives -----------------------------------------------------------------


def test_a_model_is_one_of_keras(config, batches):
    model = groovekit.build_model(config, seed=3)
    assert isinstance(model, keras.Model)
    x, y = batches[0]
    made = model.predict(x, verbose=0)
    assert made.shape == y.shape
    np.testing.assert_array_equal(made, model.predict(x["inputs"], verbose=0))
    np.testing.assert_allclose(made, backend.to_numpy(model(x)), atol=1e-6)
    # Hits or none, velocities and offsets, as converters read them.
    assert set(np.unique(made[..., :9])) <= {0.0, 1.0}
    assert len(config.converter.decode(made)) == len(y)


def test_a_config_is_named_or_given():
    assert groovekit.build_model("groovae_4bar").config == groovekit.get_config(
        "groovae_4bar"
    )


def test_shapes_are_known_before_anything_runs(model):
    made = model(keras.Input((32, 27)))
    assert tuple(made.shape) == (None, 32, 27)


def test_other_names_than_a_windows_are_refused(model, batches):
    x, _ = batches[0]
    with pytest.raises(UsageError, match="a dictionary of `inputs`"):
        model.predict({"input": x["inputs"]}, verbose=0)


# Training ---------------------------------------------------------------------------


def parallel():
    sizes = {"enc_rnn_size": [8], "dec_rnn_size": [8], "z_size": 4, "batch_size": 4}
    return get_config("par-groove_2bar").with_overrides(sizes)


families = pytest.mark.parametrize(
    "make",
    [
        pytest.param(tiny_vae, id="vae"),
        pytest.param(parallel, id="parallel", marks=pytest.mark.slow),
        pytest.param(masked.tiny_config, id="masked", marks=pytest.mark.slow),
    ],
)


@families
def test_fit_has_the_losses_of_the_trainers_step(make):
    config = make()
    data = tiny.prepared(config, bars=8)
    batches = WindowDataset(data.train, config, seed=5)
    own, model = (build_model(config, seed=3) for _ in range(2))
    for either in (own, model):
        either.start(data.train)
    optimizer = family_of(config).optimizer(config, own)
    update = backend.train_step(own, optimizer, own.training_loss)
    name = own.curves[-1]
    losses = {"loss": [], name: []}
    for number in range(len(batches)):
        x, y = batches[number]
        tensors = (x["inputs"], y, x.get("controls"), x.get("lengths"))
        row = update(*tensors, np.float32(number))
        row = {key: backend.to_numpy(value) for key, value in row.items()}
        # What heads learn beside it is no part of what curves call the loss.
        losses["loss"].append(row["loss"] + row.get("losses/dynamics", 0.0))
        losses[name].append(row[name])
    rows = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs):
            rows.append(dict(logs))

    model.compile()
    model.fit(batches, shuffle=False, verbose=0, callbacks=[Watch()])
    count = 1 + np.arange(len(batches))
    for key, values in losses.items():
        # What Keras shows are means over the epoch so far.
        np.testing.assert_allclose(
            [row[key] for row in rows], np.cumsum(values) / count, rtol=1e-4
        )
    if not config.training.average:
        for ours, theirs in zip(weights(own), weights(model), strict=True):
            np.testing.assert_allclose(theirs, ours, atol=1e-5)


def test_evaluation_is_the_same_each_time(config, model, data):
    dataset = WindowDataset(data.evaluation, config)
    assert sum(len(y) for _, y in dataset) == len(data.evaluation)
    model.compile()
    scores = model.evaluate(dataset, verbose=0, return_dict=True)
    assert scores == model.evaluate(dataset, verbose=0, return_dict=True)
    assert scores["loss"] == pytest.approx(
        scores["losses/r_loss"] + 0.5 * scores["losses/kl_loss"]
    )


@pytest.mark.slow
def test_own_optimiser_metrics_and_callbacks(config, model, data, batches, tmp_path):
    path = tmp_path / "best.keras"
    model.compile(optimizer=keras.optimizers.SGD(1e-3), metrics=["mae"])
    history = model.fit(
        batches,
        epochs=4,
        validation_data=WindowDataset(data.evaluation, config),
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping("val_mae", patience=0, min_delta=10.0),
            keras.callbacks.ModelCheckpoint(path, save_best_only=True),
        ],
    ).history
    # Stopped after the second epoch, which was not better by so much.
    assert len(history["val_loss"]) == len(history["mae"]) == 2
    assert np.isfinite(flat(*history.values())).all()
    best = keras.saving.load_model(path)
    scores = best.evaluate(
        WindowDataset(data.evaluation, config), verbose=0, return_dict=True
    )
    assert scores["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-5)
    assert isinstance(best.optimizer, keras.optimizers.SGD)


def test_what_a_model_cannot_do_it_says(model, batches):
    x, y = batches[0]
    with pytest.raises(UsageError, match="minimises its own loss"):
        model.compile(loss="mse")
    model.compile()
    with pytest.raises(UsageError, match="no `sample_weight`"):
        model.train_on_batch(x, y, sample_weight=np.ones(len(y)))
    with pytest.raises(UsageError, match="pairs of windows and outputs"):
        model.train_on_batch(x)


def test_a_model_made_by_hand_has_no_config(config):
    built = build_model(config)
    model = MusicVAE(built.encoder, built.latent_layer, built.decoder, built.objective)
    with pytest.raises(UsageError, match="no config to save"):
        model.get_config()
    with pytest.raises(UsageError, match="Give one: compile"):
        model.compile()
    model.compile(optimizer="adam")


# Files ------------------------------------------------------------------------------


def test_config_is_a_table_of_registered_names(config, model):
    table = model.get_config()
    text = json.dumps(table)
    assert table["config"] == config.to_dict()
    assert "groovekit." not in text
    again = MusicVAE.from_config(json.loads(text))
    assert again.config == config
    assert (again.name, again.get_config()) == (model.name, table)
    for ours, theirs in zip(weights(model), weights(again), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_training_goes_on_where_a_file_stopped(model, batches, tmp_path):
    model.compile()
    model.fit(batches, shuffle=False, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert int(again.optimizer.iterations) == len(batches)
    x, y = batches[0]
    first, second = (m.train_on_batch(x, y, return_dict=True) for m in (model, again))
    assert second["losses/r_loss"] == pytest.approx(
        # Another draw of latent vectors: files hold no random state.
        first["losses/r_loss"],
        rel=0.05,
    )
    assert float(again._step.result()) == len(batches) + 1


def test_weights_go_from_one_model_to_another(config, model, tmp_path):
    model.compile()
    model.save_weights(tmp_path / "w.weights.h5")
    other = build_model(config, seed=9)
    other.load_weights(tmp_path / "w.weights.h5")
    for ours, theirs in zip(weights(model), weights(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@families
def test_models_of_all_families_are_saved_and_opened(make, tmp_path):
    config = make()
    data = tiny.prepared(config, bars=8)
    held_out = WindowDataset(data.evaluation, config)
    model = build_model(config, seed=3)
    model.start(data.train)
    model.finish(data.train, data.evaluation)
    model.compile()
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert again.config == config
    assert again.evaluate(held_out, verbose=0) == pytest.approx(
        model.evaluate(held_out, verbose=0), rel=1e-5
    )
    x, _ = held_out[0]
    made = again.predict(x, verbose=0)
    assert made.shape == (len(x["inputs"]), x["inputs"].shape[1], again.output_depth)
    np.testing.assert_allclose(made, model.predict(x, verbose=0), atol=1e-5)


def in_a_fresh_process(code, folder, *paths):
    """What a process prints that has imported groovekit and nothing else of it."""
    root = Path(groovekit.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", "import groovekit\n" + code],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "KERAS_BACKEND": backend.name(),
            "PYTHONPATH": os.pathsep.join([*map(str, paths), str(root)]),
        },
    )
    return done.stdout


OPEN = """
import sys
assert "keras" not in sys.modules
import keras, numpy as np
model = keras.saving.load_model("m.keras")
np.save("made.npy", model.predict(np.load("x.npy"), verbose=0))
print(type(model).__name__, type(model.optimizer).__name__)
"""


@pytest.mark.slow
def test_a_fresh_process_opens_the_file(model, batches, tmp_path):
    model.compile()
    x, y = batches[0]
    model.train_on_batch(x, y)
    model.save(tmp_path / "m.keras")
    np.save(tmp_path / "x.npy", x["inputs"])
    assert in_a_fresh_process(OPEN, tmp_path).split() == ["MusicVAE", "ClippedAdam"]
    np.testing.assert_allclose(
        np.load(tmp_path / "made.npy"), model.predict(x, verbose=0), atol=1e-6
    )


PLUGIN = """
import keras
import groovekit
from groovekit.models.encoders.lstm import LSTMEncoder
from groovekit.models.heads.groove import GrooveHead


class LoudHead(GrooveHead):
    def loss(self, targets, logits):
        return 2.0 * super().loss(targets, logits)


class OtherEncoder(LSTMEncoder):
    pass
"""


@pytest.mark.slow
def test_a_fresh_process_opens_models_of_plugins(
    config, batches, tmp_path, fake_package
):
    points = {
        "groovekit.heads": {"loud.head": "loud:LoudHead"},
        "groovekit.encoders": {"loud.encoder": "loud:OtherEncoder"},
    }
    fake_package("loud", "1.0", points, PLUGIN)
    config = config.with_overrides(
        {"decoder.head": "loud.head", "encoder.kind": "loud.encoder"}
    )
    model = build_model(config)
    x, _ = batches[0]
    model.compile()
    model.save(tmp_path / "m.keras")
    np.save(tmp_path / "x.npy", x["inputs"])
    code = OPEN + "print(type(model.head).__name__, type(model.encoder).__name__)"
    printed = in_a_fresh_process(code, tmp_path, tmp_path / "site-packages")
    assert printed.split() == ["MusicVAE", "ClippedAdam", "LoudHead", "OtherEncoder"]
    np.testing.assert_allclose(
        np.load(tmp_path / "made.npy"), model.predict(x, verbose=0), atol=1e-6
    )


def test_every_class_that_files_name_has_its_home():
    for module in pkgutil.walk_packages(
        [str(Path(groovekit.__file__).parent / "models")], "groovekit.models."
    ):
        importlib.import_module(module.name)
    known = keras.saving.get_custom_objects()
    found = {
        name.removeprefix("groovekit>"): value.__module__
        for name, value in known.items()
        if name.startswith("groovekit>")
    }
    assert found == saved_names.HOMES
