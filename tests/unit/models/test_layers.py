"""Layers and optimiser survive JSON: their configs make equal ones."""

from __future__ import annotations

import json

import pytest
from helpers import tiny

from groovekit.configs.base import get_config
from groovekit.errors import ConfigError
from groovekit.models.builder import build_model
from groovekit.models.decoders.hierarchical import HierarchicalLSTMDecoder
from groovekit.models.decoders.lstm import LSTMDecoder
from groovekit.models.decoders.split import SplitLSTMDecoder
from groovekit.models.encoders.bidirectional import BidirectionalLSTMEncoder
from groovekit.models.encoders.hierarchical import HierarchicalLSTMEncoder
from groovekit.models.encoders.lstm import LSTMEncoder
from groovekit.models.heads.base import Part
from groovekit.models.heads.boolean import BooleanHead
from groovekit.models.heads.categorical import CategoricalHead, MultiCategoricalHead
from groovekit.models.heads.groove import GrooveHead
from groovekit.models.heads.groove_bins import GrooveBinsHead
from groovekit.models.heads.nade import NADEHead, NADELayer
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
LABELS = (Part("a", 3, "categorical"), Part("b", 4, "categorical"))
ROLL = (Part("roll", 3, "binary"),)
MADE = [
    LSTMStack((3, 4), 5, residual=True, dropout=0.2, seed=1),
    BidirectionalLSTMEncoder((3,), 5, seed=2),
    LSTMEncoder((3,), 5, read_padding=True),
    LatentLayer(4, 6, seed=3),
    LSTMDecoder((3, 4), 2, GrooveHead(GROOVE), control_depth=1, residual=True, seed=4),
    LSTMDecoder((3,), 2, NADEHead(ROLL, hidden=5)),
    NADELayer(3, 5, seed=1),
    SplitLSTMDecoder((3, 4), 2, MultiCategoricalHead(LABELS), seed=5),
    HierarchicalLSTMEncoder((3,), 5, level_lengths=(4, 2), seed=6),
    HierarchicalLSTMDecoder(
        (3, 4),
        2,
        MultiCategoricalHead(LABELS),
        level_lengths=(2, 2, 4),
        core="split_lstm",
        conductor_size=(5,),
        conductor_projection=2,
        autoregressive=(1,),
        seed=7,
    ),
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
    with pytest.raises(ConfigError, match=r"categorical slices; received hits"):
        MultiCategoricalHead(GROOVE)
    with pytest.raises(ConfigError, match=r"binary slices; received hits"):
        BooleanHead(GROOVE)
    with pytest.raises(ConfigError, match=r"velocity_bins and offset_bins"):
        GrooveBinsHead(GROOVE)
    with pytest.raises(ConfigError, match=r"roll_output.*received a \(categorical\)"):
        NADEHead(LABELS)
    with pytest.raises(ConfigError, match="at least 1 hidden unit, got 0"):
        NADEHead(ROLL, hidden=0)


def test_options_that_a_part_does_not_take_are_named():
    config = tiny.config()
    encoder = type(config.encoder)(rnn_size=(3,), options={"colour": "red"})
    with pytest.raises(ConfigError, match=r"encoder 'bidirectional_lstm'.*colour"):
        build_model(config.replace(encoder=encoder))


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        (
            "hierdec-drums_4bar_small",
            "encoder.kind=hierarchical_lstm,encoder.level_lengths=[16,4],"
            "decoder.autoregressive=[0],decoder.reencode=true",
            r"takes 10 values a step; outputs have 512.*roll_input=false",
        ),
        ("groovae_4bar", "decoder.autoregressive=[0]", "is for hierarchical decoders"),
        (
            "groovae_4bar",
            "decoder.kind=hierarchical_lstm",
            r"needs decoder.level_lengths.*\[4,16\]",
        ),
        (
            "groovae_4bar",
            "decoder.kind=hierarchical_lstm,decoder.level_lengths=[4,8]",
            r"steps of a window, 64; it is 32",
        ),
        ("groovae_4bar", "decoder.level_lengths=[4,16]", "decoder 'lstm' cannot be"),
        ("groovae_4bar", "decoder.control_rnn_size=[4]", "converters with controls"),
    ],
)
def test_hierarchies_that_cannot_be(name, overrides, message):
    with pytest.raises(ConfigError, match=message):
        build_model(get_config(name).with_overrides(overrides))
