from __future__ import annotations

import keras
import numpy as np
import pytest
from helpers.masked import performances, tiny_config

from groovekit.converters.base import Tensors
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.models.family import family_of
from groovekit.models.masked.filling import mixture_probabilities
from groovekit.models.masked.mixture import mixture_log_probability
from groovekit.models.weights import named_weights


def tensors(batch=4, bars=8, seed=1):
    whole = performances(batch, bars, seed)
    outputs = np.concatenate([whole.hits, whole.velocities, whole.offsets], axis=-1)
    context = np.stack([whole.tempos, whole.styles], axis=-1).astype(np.float32)
    steps = outputs.shape[1]
    controls = np.repeat(context[:, None], steps, axis=1)
    outputs = outputs.astype(np.float32)
    return Tensors(outputs, outputs, controls, np.full(batch, steps, np.int32))


def prepared(config, seed=1):
    prepare = family_of(config).preparation(config)
    return prepare(tensors(seed=seed), np.random.default_rng(seed))


@pytest.mark.backends
def test_the_twin_computes_what_keras_computes():
    config = tiny_config()
    model = build_model(config, seed=3)
    network = family_of(config).network(config)
    weights = {k: backend.to_numpy(v) for k, v in named_weights(model).items()}
    shapes = {name: array.shape for name, array in weights.items()}
    assert network.shapes() == shapes
    assert list(network.shapes()) == list(shapes)
    network.load(weights)
    inputs = prepared(config).inputs
    there = backend.to_numpy(model(inputs)).reshape(*inputs.shape[:2], 9, -1)
    np.testing.assert_allclose(network(inputs), there, atol=1e-5)


@pytest.mark.backends
def test_mixtures_are_the_same_in_keras():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(5, 7)).astype(np.float32)
    gates = rng.normal(size=(5, 3)).astype(np.float32)
    densities = rng.dirichlet(np.ones(7), (5, 2)).astype(np.float32)
    there = rng.random((5, 2)) < 0.7
    bins = rng.integers(7, size=5)
    expected = mixture_probabilities(logits, gates, densities, there)
    np.testing.assert_allclose(expected.sum(-1), 1, rtol=1e-5)
    given = np.where(there, densities[np.arange(5), :, bins], -1).astype(np.float32)
    found = mixture_log_probability(logits, gates, bins.astype(np.float32), given)
    np.testing.assert_allclose(
        np.exp(backend.to_numpy(found)), expected[np.arange(5), bins], rtol=1e-4
    )


@pytest.mark.backends
def test_training_lowers_the_loss_of_a_batch():
    config = tiny_config()
    model = build_model(config, seed=1)
    family = family_of(config)
    optimizer = family.optimizer(config, model)
    step = backend.train_step(model, optimizer, model.training_loss)
    batch = prepared(config)
    losses = [
        float(
            backend.to_numpy(
                step(batch.inputs, batch.outputs, None, None, np.float32(n))["loss"]
            )
        )
        for n in range(40)
    ]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.backends
def test_one_compiled_function_serves_windows_of_several_lengths():
    config = tiny_config()
    model = build_model(config, seed=3)
    compiled = backend.inference(
        model, lambda x, y: model.losses_of(x, y, training=False)
    )
    lengths = set()
    for seed in range(6):
        batch = prepared(config, seed=seed)
        lengths.add(batch.inputs.shape[1])
        found = backend.to_numpy(compiled(batch.inputs, batch.outputs))
        expected = model.losses_of(batch.inputs, batch.outputs, training=False)
        np.testing.assert_allclose(found, backend.to_numpy(expected), rtol=1e-4)
    assert len(lengths) > 1


def test_losses_count_hidden_cells_alone():
    config = tiny_config()
    model = build_model(config, seed=1)
    batch = prepared(config)
    sums = backend.to_numpy(
        model.losses_of(batch.inputs, batch.outputs, training=False)
    )
    hits, hidden, _, velocities, _, offsets = np.split(batch.outputs, 14, axis=-1)[:6]
    for column, wanted in ((1, hits * hidden), (3, velocities), (5, offsets)):
        np.testing.assert_allclose(sums[:, column], wanted.sum((1, 2)))
    assert np.isfinite(sums).all()


def test_windows_are_cut_into_whole_halves_or_quarters():
    config = tiny_config()
    prepare = family_of(config).preparation(config)
    found = {
        prepare(tensors(), np.random.default_rng(seed)).inputs.shape[:2]
        for seed in range(30)
    }
    assert found == {(4, 128), (8, 64), (16, 32)}


def test_the_same_generator_prepares_the_same():
    config = tiny_config()
    first, second = (prepared(config, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.inputs, second.inputs)
    np.testing.assert_array_equal(first.outputs, second.outputs)


@pytest.mark.backends
def test_keras_saves_and_opens_it(tmp_path):
    config = tiny_config()
    model = build_model(config, seed=3)
    inputs = prepared(config).inputs
    model.save(tmp_path / "masked.keras")
    again = keras.saving.load_model(tmp_path / "masked.keras")
    np.testing.assert_allclose(
        backend.to_numpy(again(inputs)), backend.to_numpy(model(inputs)), atol=1e-6
    )
    assert again.config == config
