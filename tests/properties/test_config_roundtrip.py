from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from groovekit.configs.base import ModelConfig
from groovekit.configs.overrides import FLAT_NAMES
from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.base import AugmentationConfig
from groovekit.converters.groove import GrooveConverter

sizes = st.lists(st.integers(1, 4096), min_size=1, max_size=4).map(tuple)
positive = st.floats(1e-9, 1e9)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
options = st.dictionaries(
    st.text(min_size=1, max_size=5), st.one_of(scalars, st.lists(scalars, max_size=3))
)
sampling = st.one_of(
    st.tuples(st.just("constant"), st.floats(0, 1)),
    st.tuples(st.just("exponential"), st.floats(0.001, 0.999)),
    st.tuples(st.just("inverse_sigmoid"), st.floats(1, 1e6)),
)


@st.composite
def configs(draw):
    schedule, rate = draw(sampling)
    learning_rate = draw(positive)
    return ModelConfig(
        name=draw(st.text(max_size=10)),
        converter=GrooveConverter(
            bars=draw(st.integers(1, 8)),
            humanize=draw(st.booleans()),
            add_instruments=tuple(draw(st.sets(st.integers(0, 8), max_size=3))),
        ),
        encoder=EncoderConfig(
            rnn_size=draw(sizes), residual=draw(st.booleans()), options=draw(options)
        ),
        decoder=DecoderConfig(
            rnn_size=draw(sizes), head="groove", head_options=draw(options)
        ),
        latent=LatentConfig(
            z_size=draw(st.integers(1, 4096)),
            free_bits=draw(st.floats(0, 1e6)),
            beta_rate=draw(st.floats(0, 1)),
        ),
        training=TrainingConfig(
            batch_size=draw(st.integers(1, 10**6)),
            learning_rate=learning_rate,
            min_learning_rate=learning_rate * draw(st.floats(0, 1)),
            dropout_keep_prob=draw(st.floats(0.01, 1)),
            sampling_schedule=schedule,
            sampling_rate=rate,
        ),
        augmentation=AugmentationConfig(
            transpose=tuple(sorted(draw(st.tuples(*[st.integers(-127, 127)] * 2)))),
            stretch=tuple(sorted(draw(st.tuples(*[st.floats(0.1, 10)] * 2)))),
        ),
        description=draw(st.text(max_size=10)),
    )


@given(configs())
def test_json_gives_the_same_config(config):
    again = ModelConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert again.to_dict() == config.to_dict()


@given(configs(), configs())
def test_overrides_carry_one_config_s_fields_to_another(one, other):
    table = one.parts_to_dict()
    flat = {}
    for name, path in FLAT_NAMES.items():
        part, field = path.split(".")
        flat[name] = table[part][field]
    as_text = ",".join(f"{k}={str(v).replace(' ', '')}" for k, v in flat.items())
    changed = other.with_overrides(as_text)
    assert changed == other.with_overrides(flat)
    assert changed.training == one.training
    assert changed.latent == one.latent
    assert changed.encoder.rnn_size == one.encoder.rnn_size
    assert changed.converter == other.converter
