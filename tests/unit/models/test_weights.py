from __future__ import annotations

import json
import sys

import keras
import numpy as np
import pytest
from helpers import tiny
from safetensors.numpy import load_file, save_file

from groovekit.errors import RunFolderError
from groovekit.models import weights_file
from groovekit.models.builder import build_model
from groovekit.models.weights import load_weights, named_weights, save_weights
from groovekit.models.weights_file import halve_weights, open_weights, write_weights

pytestmark = pytest.mark.backends


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model and its file of weights."""
    model = build_model(tiny.config(), seed=1)
    for index, variable in enumerate(model.trainable_variables):
        rng = np.random.default_rng(index)
        variable.assign(rng.normal(0, 0.3, variable.shape))
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_weights(model, path)
    return model, path


def values(model):
    return [keras.ops.convert_to_numpy(v.value) for v in model.trainable_variables]


def shapes_of(model):
    return {name: tuple(w.shape) for name, w in named_weights(model).items()}


def test_what_is_saved_is_loaded(saved):
    model, path = saved
    other = build_model(tiny.config(), seed=2)
    load_weights(other, path)
    for ours, theirs in zip(values(other), values(model), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_names_are_paths_of_attributes(saved):
    model, path = saved
    names = load_file(path).keys()
    assert names == named_weights(model).keys()
    for name in (
        "encoder.layers_bw.0.lstms.0.cell.recurrent_kernel",
        "latent_layer.mean.kernel",
        "decoder.stack.lstms.1.cell.bias",
        "decoder.output_layer.bias",
    ):
        assert name in names


def test_the_same_weights_give_the_same_bytes(saved, tmp_path):
    _, path = saved
    again = tmp_path / "again.safetensors"
    arrays = load_file(path)
    write_weights(again, dict(reversed(arrays.items())))
    assert again.read_bytes() == path.read_bytes()


def test_names_in_layers_of_keras_and_in_tables():
    class Layer(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention = keras.layers.MultiHeadAttention(2, 3)
            self.attention.build((None, 4, 5), (None, 4, 5))
            self.shared = keras.layers.Dense(2)
            self.shared.build((None, 5))
            self.table = {"a": self.shared, "b": [keras.layers.Dense(1)]}
            self.table["b"][0].build((None, 5))
            self.scale = self.add_weight(shape=(), name="scale")
            self.built = True

    layer = Layer()
    weights = named_weights(layer)
    assert list(map(id, weights.values())) == list(map(id, layer.weights))
    assert set(weights) == {
        "scale",
        "shared.kernel",
        "shared.bias",
        "table.b.0.kernel",
        "table.b.0.bias",
        *(
            f"attention.{part}_dense.{name}"
            for part in ("query", "key", "value", "output")
            for name in ("kernel", "bias")
        ),
    }


def test_half_precision_round_trip(saved, tmp_path):
    model, path = saved
    half = tmp_path / "half.safetensors"
    halve_weights(path, half, shapes_of(model))
    assert {a.dtype for a in load_file(half).values()} == {np.dtype(np.float16)}
    other = build_model(tiny.config(), seed=2)
    load_weights(other, half)
    for ours, theirs in zip(values(other), values(model), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs.astype(np.float16))


def test_what_half_precision_cannot_hold(saved, tmp_path):
    model, _ = saved
    large, target = tmp_path / "large.safetensors", tmp_path / "half.safetensors"
    bias = model.decoder.output_layer.bias
    before = keras.ops.convert_to_numpy(bias.value).copy()
    bias.assign(np.full(before.shape, 1e6))
    save_weights(model, large)
    bias.assign(before)
    with pytest.raises(RunFolderError, match="half precision"):
        halve_weights(large, target, shapes_of(model))
    assert not target.exists()


def test_weights_that_do_not_fit(saved, tmp_path):
    model, path = saved
    with pytest.raises(RunFolderError, match="do not fit"):
        load_weights(build_model(tiny.config(z_size=5)), path)
    with pytest.raises(RunFolderError, match="no weights"):
        load_weights(model, tmp_path / "no.safetensors")
    for suffix in ("safetensors", "weights.h5"):
        for content in (b"", b"text", path.read_bytes()[:3000]):
            damaged = tmp_path / f"damaged.{suffix}"
            damaged.write_bytes(content)
            with pytest.raises(RunFolderError, match=r"damaged"):
                load_weights(model, damaged)
            with pytest.raises(RunFolderError, match="damaged"):
                halve_weights(damaged, tmp_path / "half", shapes_of(model))


def test_what_a_header_says_is_checked_before_anything_is_read(saved, tmp_path):
    model, path = saved
    before = values(model)
    shapes, arrays = shapes_of(model), load_file(path)
    last = next(reversed(shapes))
    for change, problem in (
        ({last: arrays[last][:-1]}, f"Expected shape .* for {last}, found shape"),
        ({last: arrays[last].astype(np.int32)}, "Expected float32 .*, found I32"),
        ({"more": np.zeros(1, np.float32)}, "config's model has no more"),
    ):
        other = tmp_path / "other.safetensors"
        save_file(arrays | change, other)
        with pytest.raises(RunFolderError, match=problem):
            load_weights(model, other)
    save_file({n: a for n, a in arrays.items() if n != last}, other)
    with pytest.raises(RunFolderError, match="found nothing"):
        load_weights(model, other)
    for one, same in zip(values(model), before, strict=True):
        np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
        {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]},
    ],
)
def test_absurd_headers(tmp_path, entry):
    header = json.dumps({"a": entry}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with (
        pytest.raises(RunFolderError, match="damaged"),
        open_weights(path, {"a": (1,)}),
    ):
        pass


def test_a_header_longer_than_any_network_has(tmp_path):
    path = tmp_path / "model.safetensors"
    header = b"{" + b" " * weights_file._LONGEST_HEADER + b"}"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(RunFolderError, match="a header of"), open_weights(path, {}):
        pass


def test_weights_of_earlier_versions_say_what_reads_them(saved, tmp_path, monkeypatch):
    model, _ = saved
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    other = build_model(tiny.config(), seed=2)
    load_weights(other, path)
    np.testing.assert_array_equal(values(other)[0], values(model)[0])
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(RunFolderError, match=r"\(pip install h5py\)"):
        load_weights(other, path)
