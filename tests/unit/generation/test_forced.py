from __future__ import annotations

import numpy as np
import pytest
from helpers.playing import made

from groovekit.configs.run_folder import RunFolder
from groovekit.errors import UsageError
from groovekit.generation.trained_model import TrainedModel
from groovekit.models import backend
from groovekit.models.feed import Feed
from groovekit.models.weights import save_weights

CODES = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
HITS = (np.random.default_rng(1).random((3, 32, 9)) < 0.2).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return made()


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_forced_hits_are_played_and_nothing_else(model, temperature):
    made_ = model.decode_to_tensors(CODES, temperature=temperature, forced=HITS, seed=1)
    np.testing.assert_array_equal(made_[..., :9], HITS)
    free = np.where(np.arange(9) == 2, np.nan, HITS)
    made_ = model.decode_to_tensors(CODES, temperature=temperature, forced=free, seed=1)
    np.testing.assert_array_equal(
        np.delete(made_[..., :9], 2, -1), np.delete(HITS, 2, -1)
    )
    assert made_[..., 2].any()


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_where_the_model_decides_nothing_changes(model, temperature):
    free = model.decode_to_tensors(CODES, temperature=temperature, seed=1)
    nothing = np.full(HITS.shape, np.nan)
    again = model.decode_to_tensors(
        CODES, temperature=temperature, forced=nothing, seed=1
    )
    np.testing.assert_allclose(again, free, atol=1e-6)
    # Its own hits forced upon it: the same hits, at the velocity of a hit.
    own = model.decode_to_tensors(
        CODES, temperature=temperature, forced=free[..., :9], seed=2
    )
    np.testing.assert_array_equal(own[..., :9], free[..., :9])


@pytest.mark.backends
def test_forced_hits_have_the_velocity_of_a_hit(model):
    """What is predicted is velocity x probability (floored)."""
    first = model.decode_to_tensors(
        CODES, temperature=0, steps=1, forced=HITS[:, :1], seed=1
    )[:, 0]
    decoder = model.model.decoder
    logits = backend.to_numpy(
        decoder.decode(CODES, 1, Feed(targets=np.zeros((3, 1, 27), np.float32))).outputs
    )[:, 0]
    hits, velocities = (1 / (1 + np.exp(-logits[:, i : i + 9])) for i in (0, 9))
    offsets = np.tanh(logits[:, 18:])
    for column, said, least in ((9, velocities, 0.05), (18, offsets, 0.5)):
        share = np.where(HITS[:, 0] == 1, np.maximum(hits, least), 1.0)
        np.testing.assert_allclose(
            first[:, column : column + 9], np.clip(said / share, -1, 1), atol=1e-5
        )


def test_numpy_forces_as_keras_does(model, tmp_path):
    folder = RunFolder.create(tmp_path / "r", model.config, {})
    save_weights(model.model, folder.weights_path)
    numpy = TrainedModel.load(folder.path, runtime="numpy")
    forced = np.where(np.arange(9) == 2, np.nan, HITS)
    ours, theirs = (
        m.decode_to_tensors(CODES, temperature=0.7, forced=forced, seed=3)
        for m in (numpy, model)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_what_cannot_be_forced_is_refused(model):
    with pytest.raises(UsageError, match=r"hits of shape \(3, 32, 9\), got \(3, 9\)"):
        model.decode_to_tensors(CODES, forced=HITS[:, 0])
    melody = made("cat-mel_2bar_small")
    with pytest.raises(UsageError, match="none can be forced"):
        melody.decode_to_tensors(CODES, forced=HITS)
