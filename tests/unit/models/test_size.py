"""The sizes that are computed are those of the models that are built."""

from __future__ import annotations

import numpy as np
import pytest

from groovekit.configs.base import get_config
from groovekit.models.builder import build_model
from groovekit.models.size import network_size
from groovekit.plugins import catalogue

SHRUNK = {"enc_rnn_size": [3], "dec_rnn_size": [4, 3], "z_size": 2}
# One of each shape.
NAMES = [
    "cat-drums_2bar_small",
    "nade-drums_2bar_full",
    "groovae_2bar_hits_control_tfds",
    "hierdec-drums_4bar",
    "hierdec-trio_16bar",
    "flat-trio_16bar",
    "hier-multiperf_vel_1bar_med_chords",
]
REENCODING = {
    "decoder.autoregressive": [0],
    "decoder.reencode": True,
    "decoder.conductor_size": [5],
}
CASES = [(name, SHRUNK) for name in NAMES] + [
    ("cat-mel_2bar_small", {**SHRUNK, "residual_encoder": True}),
    ("cat-mel_2bar_small", {**SHRUNK, "residual_decoder": True}),
    ("cat-mel_2bar_small", {**SHRUNK, "encoder.kind": "lstm"}),
    ("groovae_2bar_hits_control_tfds", {**SHRUNK, "decoder.control_rnn_size": [3]}),
    ("hierdec-mel_16bar", {**SHRUNK, "decoder.autoregressive": [0]}),
    (
        "hierdec-mel_16bar",
        {
            **SHRUNK,
            "decoder.level_lengths": [4, 4, 16],
            "decoder.autoregressive": [0, 1],
        },
    ),
    ("hier-mel_16bar", {**SHRUNK, **REENCODING}),
    ("hierdec-trio_16bar", {**SHRUNK, "decoder.autoregressive": [0]}),
]


@pytest.mark.parametrize(("name", "overrides"), CASES)
def test_parameters_are_those_of_the_model(name, overrides):
    config = get_config(name).with_overrides(overrides)
    size = network_size(config)
    model = build_model(config)
    built = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert size.parameters == built
    assert size.activations > 0


def test_every_built_in_config_can_be_counted():
    for name in catalogue.configs.names():
        assert network_size(get_config(name)).parameters > 1e5


def test_multiplications_count_each_step():
    short, long = (
        network_size(get_config("groovae_4bar").with_overrides(f"converter.bars={n}"))
        for n in (4, 8)
    )
    assert short.parameters == long.parameters
    # All but the code's layers work at every step.
    assert 1.9 < long.multiplications / short.multiplications <= 2


def test_parts_from_plug_ins_have_to_be_built():
    config = get_config("groovae_4bar")
    assert network_size(config.with_overrides("decoder.head=my.head")) is None
    assert network_size(config.with_overrides("decoder.kind=my.decoder")) is None
    assert network_size(config.with_overrides("encoder.kind=my.encoder")) is None
