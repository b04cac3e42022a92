"""The NumPy runtime computes what Keras computes, but for rounding."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from helpers import tiny

from groovekit.configs.presets import locate
from groovekit.converters.base import Converter
from groovekit.errors import RunFolderError
from groovekit.models.builder import build_model, build_optimizer
from groovekit.models.family import family_of
from groovekit.models.runtimes import threads
from groovekit.models.runtimes.keras import BatchedModel
from groovekit.models.runtimes.numpy.model import NumpyModel
from groovekit.models.runtimes.numpy.network import network_of
from groovekit.models.weights import load_weights, named_weights, save_weights
from groovekit.models.weights_file import halve_weights
from groovekit.plugins import catalogue
from groovekit.training import checkpoints

TOLERANCE = 1e-5
COUNT = 3

PARALLEL = {
    "decoder.options.refinement": [7, 6],
    "decoder.head_options.hidden": [5],
    "latent.prior_codes": 9,
    "latent.prior_clusters": 3,
}

# Of each kind of encoder, decoder and head at least one; levels are kept short.
MODELS = {
    "groove": ("groovae_2bar_humanize", {}),
    "groove_hits_only": (
        "groovae_2bar_humanize",
        {"decoder.head_options": {"silent_weight": 0.0, "velocity_weight": 10.0}},
    ),
    "residual": (
        "groovae_2bar_humanize",
        {
            "residual_encoder": True,
            "residual_decoder": True,
            "enc_rnn_size": [6, 5],
            "dec_rnn_size": [6, 6, 5],
        },
    ),
    "dropout": ("groovae_2bar_humanize", {"dropout_keep_prob": 0.5}),
    "controls": ("groovae_2bar_hits_control_tfds", {}),
    "control_rnn": (
        "groovae_2bar_hits_control_tfds",
        {"decoder.control_rnn_size": [3, 4]},
    ),
    "unidirectional": ("groovae_2bar_humanize", {"encoder.kind": "lstm"}),
    "bins": (
        "groovae_2bar_humanize",
        {
            "decoder.head": "groove_bins",
            "converter.velocity_bins": 4,
            "converter.offset_bins": 3,
        },
    ),
    "categorical": ("cat-drums_2bar_small", {}),
    "chords": ("cat-mel_2bar_med_chords", {}),
    "nade": ("nade-drums_2bar_reduced", {"decoder.head_options": {"hidden": 7}}),
    "boolean": (
        "nade-drums_2bar_reduced",
        {"decoder.head": "boolean", "decoder.head_options": {}},
    ),
    "multi_categorical": ("flat-trio_16bar", {"converter.bars": 1}),
    "hierarchical": ("hierdec-groovae_4bar_small", {}),
    "trio": (
        "hier-trio_16bar",
        {
            "converter.bars": 1,
            "encoder.level_lengths": [4, 4],
            "decoder.level_lengths": [4, 4],
        },
    ),
    "autoregressive": (
        "hier-mel_16bar",
        {
            "converter.bars": 1,
            "encoder.level_lengths": [4, 4],
            "decoder.level_lengths": [2, 2, 4],
            "decoder.autoregressive": [0, 1],
        },
    ),
    "reencoder": (
        "hier-mel_16bar",
        {
            "converter.bars": 1,
            "encoder.level_lengths": [4, 2, 2],
            "decoder.level_lengths": [2, 2, 4],
            "decoder.autoregressive": [0],
            "decoder.reencode": True,
        },
    ),
    "multitrack": ("hier-multiperf_vel_1bar_med", {}),
    "parallel": ("par-groove_2bar", PARALLEL),
    "parallel_1bar": ("par-groove_1bar", PARALLEL),
    "parallel_hits": ("par-drums_2bar", PARALLEL),
}


def config_of(case):
    name, overrides = MODELS[case]
    return tiny.config(name, **overrides)


def built(config):
    """A model with weights large enough to make a difference."""
    model = build_model(config, seed=1)
    for index, variable in enumerate(model.trainable_variables):
        rng = np.random.default_rng(index)
        variable.assign(rng.normal(0, 0.3, variable.shape))
    return model


def arrays(converter: Converter, seed):
    """Inputs, controls and lengths for some windows."""
    rng = np.random.default_rng(seed)
    inputs = rng.random((COUNT, converter.steps, converter.input_depth)) < 0.2
    controls = None
    if converter.control_depth:
        shape = (COUNT, converter.steps, converter.control_depth)
        controls = (rng.random(shape) < 0.3).astype(np.float32)
    segments = int(np.prod(converter.length_shape))
    lengths = rng.integers(
        0, converter.steps // segments + 1, (COUNT, *converter.length_shape)
    )
    lengths[0] = converter.steps // segments
    return inputs.astype(np.float32), controls, lengths.astype(np.int32)


def check(ours, keras, converter, *, steps=None, seed=0):
    inputs, controls, lengths = arrays(converter, seed)
    steps = converter.steps if steps is None else steps
    for used in (None, lengths):
        results = [m.encode(inputs, controls, used) for m in (ours, keras)]
        for a, b in zip(*results, strict=True):
            assert a.dtype == b.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE)
    z = np.random.default_rng(seed).standard_normal((COUNT, ours.z_size), np.float32)
    if controls is not None:
        controls = controls[:, :steps]
    for temperature in (0.0, 0.5, 1.0):
        made = [
            model.decode(
                z,
                steps,
                temperature=temperature,
                controls=controls,
                rng=np.random.default_rng(seed),
            )
            for model in (ours, keras)
        ]
        assert made[0].dtype == np.float32
        np.testing.assert_allclose(*made, rtol=0, atol=TOLERANCE)
        # Windows without a single note would prove little.
        assert made[0].any()


@pytest.mark.parametrize("case", list(MODELS))
def test_tiny_models(case, tmp_path):
    config = config_of(case)
    model, path = built(config), tmp_path / "model.safetensors"
    save_weights(model, path)
    keras = BatchedModel(model, max_batch_size=2)
    ours = NumpyModel.load(config, path, max_batch_size=2)
    names = ("z_size", "output_depth", "noise_depth", "forceable", "step_multiple")
    for name in names:
        assert getattr(ours, name) == getattr(keras, name)
    check(ours, keras, config.converter)


def test_windows_in_threads(tmp_path, monkeypatch):
    config = config_of("control_rnn")
    path = tmp_path / "model.safetensors"
    save_weights(built(config), path)
    ours = NumpyModel.load(config, path, max_batch_size=100)
    windows = [np.repeat(array, 30, axis=0) for array in arrays(config.converter, 0)]
    z = np.random.default_rng(0).standard_normal((90, ours.z_size), np.float32)
    results = []
    for count in (1, 2):
        library = SimpleNamespace(
            get_num_threads=lambda count=count: count, set_num_threads=lambda _: None
        )
        monkeypatch.setattr(threads, "_libraries", lambda given=library: [given])
        made = ours.decode(
            z, 32, temperature=1.0, controls=windows[1], rng=np.random.default_rng(0)
        )
        results.append([*ours.encode(*windows), made])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("case", list(MODELS))
def test_names_and_shapes_are_those_of_keras(case):
    config = config_of(case)
    weights = named_weights(build_model(config))
    shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
    # In the same order: checkpoints know no names.
    assert list(network_of(config).shapes().items()) == list(shapes.items())


def presets_that_encode():
    return [
        name
        for name in catalogue.presets.names()
        if "encode" in family_of(locate(name).config).abilities
    ]


@pytest.mark.parametrize("name", presets_that_encode())
def test_shipped_presets(name):
    files = locate(name)
    model = build_model(files.config)
    load_weights(model, files.weights)
    keras = BatchedModel(model, max_batch_size=8)
    ours = NumpyModel.load(files.config, files.weights, max_batch_size=8)
    check(ours, keras, files.config.converter)


@pytest.mark.parametrize("case", ["control_rnn", "dropout", "trio", "nade"])
def test_weights_of_checkpoints_and_in_half_precision(case, tmp_path):
    config = config_of(case)
    model, path = built(config), tmp_path / "model.safetensors"
    save_weights(model, path)
    optimizer = build_optimizer(config, model)
    saved = checkpoints.save(tmp_path, 1, model, optimizer, {}, keep=1)
    half = tmp_path / "half.safetensors"
    halve_weights(path, half, network_of(config).shapes())

    def sampled(weights):
        ours = NumpyModel.load(config, weights, max_batch_size=8)
        z = np.random.default_rng(0).standard_normal((2, ours.z_size), np.float32)
        _, controls, _ = arrays(config.converter, 0)
        return ours.decode(
            z,
            config.converter.steps,
            temperature=0,
            controls=None if controls is None else controls[:2],
            rng=np.random.default_rng(0),
        )

    np.testing.assert_array_equal(sampled(path), sampled(saved))
    load_weights(model, half)
    save_weights(model, path)
    np.testing.assert_array_equal(sampled(path), sampled(half))


def test_weights_that_do_not_fit(tmp_path):
    config = config_of("groove")
    model, path = built(config), tmp_path / "model.safetensors"
    save_weights(model, path)
    optimizer = build_optimizer(config, model)
    saved = checkpoints.save(tmp_path, 1, model, optimizer, {}, keep=1)
    larger = tiny.config("groovae_2bar_humanize", z_size=5)
    deeper = tiny.config("groovae_2bar_humanize", dec_rnn_size=[6, 5, 5])
    flatter = tiny.config("groovae_2bar_humanize", enc_rnn_size=[6], dec_rnn_size=[6])
    for other in (larger, deeper, flatter):
        for weights in (path, saved):
            with pytest.raises(RunFolderError, match="another model"):
                NumpyModel.load(other, weights, max_batch_size=8)
    with pytest.raises(RunFolderError, match="no weights"):
        NumpyModel.load(config, tmp_path / "none.safetensors", max_batch_size=8)
    saved.write_bytes(b"damaged")
    with pytest.raises(RunFolderError, match="Cannot read the checkpoint"):
        NumpyModel.load(config, saved, max_batch_size=8)
    path.write_bytes(b"damaged")
    with pytest.raises(RunFolderError, match="Cannot read the weights"):
        NumpyModel.load(config, path, max_batch_size=8)
