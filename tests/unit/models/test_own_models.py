"""Encoders, decoders and heads as layers of models of one's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from groovekit.errors import UsageError
from groovekit.models import backend
from groovekit.models.decoders.hierarchical import HierarchicalLSTMDecoder
from groovekit.models.decoders.lstm import LSTMDecoder
from groovekit.models.encoders.bidirectional import BidirectionalLSTMEncoder
from groovekit.models.encoders.hierarchical import HierarchicalLSTMEncoder
from groovekit.models.encoders.lstm import LSTMEncoder
from groovekit.models.feed import Feed
from groovekit.models.heads.base import Part
from groovekit.models.heads.categorical import CategoricalHead
from groovekit.models.heads.groove import GrooveHead
from groovekit.models.heads.layer import HeadLayer, HeadLoss
from groovekit.models.heads.nade import NADEHead

pytestmark = pytest.mark.backends

PARTS = (("hits", "binary"), ("velocities", "unit"), ("offsets", "signed"))
GROOVE = tuple(Part(name, 2, kind) for name, kind in PARTS)
STEPS = 8


def autoencoder(encoder, decoder):
    """A model without a posterior: window to logits."""
    window = keras.Input((STEPS, 6))
    z = keras.layers.Dense(3, activation="tanh")(encoder(window))
    return keras.Model(window, decoder(z, window))


def grooves(count=4):
    rng = np.random.default_rng(1)
    hits = rng.random((count, STEPS, 2)) < 0.4
    values = rng.random((count, STEPS, 4)) * np.tile(hits, 2)
    return np.concatenate([hits, values], -1).astype(np.float32)


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        pytest.param(
            lambda: BidirectionalLSTMEncoder((4, 3), 6),
            lambda head: LSTMDecoder((4,), 3, head),
            id="flat",
        ),
        pytest.param(
            lambda: LSTMEncoder((4,), 6),
            lambda head: HierarchicalLSTMDecoder((4,), 3, head, level_lengths=(2, 4)),
            id="hierarchical",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            lambda: HierarchicalLSTMEncoder((4,), 6, level_lengths=(4, 2)),
            lambda head: LSTMDecoder((4,), 3, head),
            id="segments",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_layers_train_in_a_model_and_come_back_from_its_file(
    encoder, decoder, tmp_path
):
    head = GrooveHead(GROOVE)
    model = autoencoder(encoder(), decoder(head))
    model.compile(keras.optimizers.Adam(0.05), HeadLoss(head))
    x = grooves()
    losses = model.fit(x, x, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.95 * losses[0]
    model.save(tmp_path / "own.keras")
    again = keras.saving.load_model(tmp_path / "own.keras")
    np.testing.assert_allclose(
        again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6
    )
    assert again.evaluate(x, x, verbose=0) == pytest.approx(
        model.evaluate(x, x, verbose=0), rel=1e-6
    )


def test_variables_have_paths_of_their_own():
    # By these PyTorch knows them.
    head = GrooveHead(GROOVE)
    encoder = HierarchicalLSTMEncoder((4, 3), 6, level_lengths=(4, 2))
    decoder = HierarchicalLSTMDecoder((4, 3), 3, head, level_lengths=(2, 2, 2))
    model = autoencoder(encoder, decoder)
    paths = [variable.path for variable in model.variables]
    assert len(set(paths)) == len(paths) > 20
    if backend.name() == backend.TORCH:
        known = {id(parameter) for parameter in model.parameters()}
        assert known == {id(variable.value) for variable in model.variables}


def test_logits_become_outputs():
    head = GrooveHead(GROOVE)
    decoder = LSTMDecoder((4,), 3, head, seed=1)
    z, x = np.zeros((4, 3), np.float32), grooves()
    logits = decoder(z, x)
    outputs = backend.to_numpy(HeadLayer(head)(logits))
    assert outputs.shape == x.shape
    hits = backend.to_numpy(logits)[..., :2] > 0
    np.testing.assert_array_equal(outputs[..., :2], hits)
    # Without targets a decoder runs freely.
    assert decoder.decode(z, STEPS, Feed()).outputs.shape == x.shape


def test_labels_have_the_loss_of_one_hot_targets():
    head = CategoricalHead((Part("note", 5, "categorical"),))
    logits = np.random.default_rng(2).normal(size=(3, STEPS, 5)).astype(np.float32)
    labels = np.arange(3 * STEPS).reshape(3, STEPS) % 5
    losses = [
        float(HeadLoss(head)(targets, logits))
        for targets in (labels, np.eye(5, dtype=np.float32)[labels])
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.parametrize("kind", [HeadLayer, HeadLoss])
def test_heads_with_weights_stay_with_their_decoders(kind):
    with pytest.raises(UsageError, match="NADEHead has weights"):
        kind(NADEHead((Part("roll", 3, "binary"),)))
