"""Layers and optimiser survive JSON: their configs make equal ones."""

from __future__ import annotations

import json

import pytest
from helpers import tiny

from groovekit.errors import ConfigError
from groovekit.models.builder import build_model
from groovekit.models.decoders import LSTMDecoder
from groovekit.models.encoders import BidirectionalLSTMEncoder, LSTMEncoder
from groovekit.models.heads import CategoricalHead, GrooveHead, Part
from groovekit.models.latent import LatentLayer
from groovekit.models.lstm import LSTMStack
from groovekit.models.optimizer import ClippedAdam, DecayToMinimum

GROOVE = tuple(
    Part(name, 2, kind)
    for name, kind in (
        ("hits", "binary"),
        ("velocities", "unit"),
        ("offsets", "signed"),
    )
)
MADE = [
    LSTMStack((3, 4), 5, residual=True, dropout=0.2, seed=1),
    BidirectionalLSTMEncoder((3,), 5, seed=2),
    LSTMEncoder((3,), 5, read_padding=True),
    LatentLayer(4, 6, seed=3),
    LSTMDecoder((3, 4), 2, GrooveHead(GROOVE), control_depth=1, residual=True, seed=4),
    ClippedAdam(1e-3, clip_mode="value", grad_clip=0.5),
    DecayToMinimum(1e-3, 1e-5, 0.99),
]


@pytest.mark.parametrize("made", MADE, ids=lambda made: type(made).__name__)
def test_configs_survive_json(made):
    table = json.loads(json.dumps(made.get_config()))
    again = type(made).from_config(table)
    assert json.loads(json.dumps(again.get_config())) == table
    if hasattr(made, "weights"):
        shapes = [tuple(w.shape) for w in made.weights]
        assert [tuple(w.shape) for w in again.weights] == shapes
        assert shapes


def test_heads_refuse_other_layouts():
    with pytest.raises(ConfigError, match=r"one categorical slice; received hits"):
        CategoricalHead(GROOVE)
    with pytest.raises(ConfigError, match=r"binary hits.*received labels"):
        GrooveHead((Part("labels", 4, "categorical"),))


def test_options_that_a_part_does_not_take_are_named():
    config = tiny.config()
    encoder = type(config.encoder)(rnn_size=(3,), options={"colour": "red"})
    with pytest.raises(ConfigError, match=r"encoder 'bidirectional_lstm'.*colour"):
        build_model(config.replace(encoder=encoder))
