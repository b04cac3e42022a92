from __future__ import annotations

import h5py
import numpy as np
import pytest
from helpers import tiny

from groovekit.errors import RunFolderError
from groovekit.models.builder import build_model
from groovekit.models.weights import halve_weights, load_weights


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model and its file of weights."""
    model = build_model(tiny.config(), seed=1)
    for index, variable in enumerate(model.trainable_variables):
        rng = np.random.default_rng(index)
        variable.assign(rng.normal(0, 0.3, variable.shape))
    path = tmp_path_factory.mktemp("weights") / "model.weights.h5"
    model.save_weights(path)
    return model, path


def values(model):
    return [np.array(v.value) for v in model.trainable_variables]


def test_half_precision_round_trip(saved, tmp_path):
    model, path = saved
    half = tmp_path / "half.weights.h5"
    halve_weights(path, half)
    other = build_model(tiny.config(), seed=2)
    load_weights(other, half)
    for ours, theirs in zip(values(other), values(model), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs.astype(np.float16))
    with h5py.File(path) as old, h5py.File(half) as new:
        names: list[str] = []
        old.visit(names.append)
        assert names
        for name in names:
            assert dict(old[name].attrs) == dict(new[name].attrs)
            if isinstance(old[name], h5py.Dataset) and old[name].dtype == np.float32:
                assert new[name].dtype == np.float16


def test_what_half_precision_cannot_hold(saved, tmp_path):
    model, _ = saved
    large, target = tmp_path / "large.weights.h5", tmp_path / "half.weights.h5"
    bias = model.decoder.output_layer.bias
    before = np.array(bias.value)
    bias.assign(np.full(before.shape, 1e6))
    model.save_weights(large)
    bias.assign(before)
    with pytest.raises(RunFolderError, match="half precision"):
        halve_weights(large, target)
    assert not target.exists()


def test_weights_that_do_not_fit(saved, tmp_path):
    _, path = saved
    with pytest.raises(RunFolderError, match="do not fit"):
        load_weights(build_model(tiny.config(z_size=5)), path)
    with pytest.raises(RunFolderError, match="no weights"):
        load_weights(saved[0], tmp_path / "no.weights.h5")
    for content in (b"", b"text", path.read_bytes()[:3000]):
        damaged = tmp_path / "damaged.weights.h5"
        damaged.write_bytes(content)
        with pytest.raises(RunFolderError, match=r"damaged"):
            load_weights(saved[0], damaged)
        with pytest.raises(RunFolderError, match="damaged"):
            halve_weights(damaged, tmp_path / "half.weights.h5")
