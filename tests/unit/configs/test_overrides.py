from __future__ import annotations

import dataclasses

import pytest

from groovekit.configs.base import ModelConfig, get_config
from groovekit.configs.overrides import (
    FLAT_NAMES,
    OBSOLETE_NAMES,
    describe_fields,
    parse_overrides,
)
from groovekit.errors import ConfigError


@pytest.fixture
def config() -> ModelConfig:
    return get_config("groovae_4bar")


def test_flat_names_of_the_original(config):
    new = config.with_overrides(
        "enc_rnn_size=[512,256],dec_rnn_size=[7], z_size=32,free_bits=1,"
        "residual_encoder=true,residual_decoder=False,batch_size=64,"
        "learning_rate=1e-2,sampling_schedule=inverse_sigmoid,sampling_rate=1000,"
        "clip_mode=value"
    )
    assert new.encoder.rnn_size == (512, 256)
    assert new.encoder.residual is True
    assert new.decoder.rnn_size == (7,)
    assert new.latent.z_size == 32
    assert new.latent.free_bits == 1.0
    assert new.training.batch_size == 64
    assert new.training.learning_rate == 0.01
    assert new.training.sampling_rate == 1000.0
    assert new.training.clip_mode == "value"
    assert new.converter == config.converter


def test_dotted_names_reach_everything(config):
    new = config.with_overrides(
        "converter.bars=2,converter.add_instruments=[2,3],decoder.head=my.head,"
        "encoder.rnn_size=8,training.decay_rate=1"
    )
    assert new.converter.bars == 2
    assert new.converter.add_instruments == (2, 3)
    assert new.decoder.head == "my.head"
    assert new.encoder.rnn_size == (8,)
    assert new.training.decay_rate == 1.0


def test_augmentation(config):
    new = config.with_overrides(
        "augmentation.transpose=[-5,5],augmentation.stretch=[0.9,1.1]"
    )
    assert new.augmentation.transpose == (-5, 5)
    assert new.augmentation.stretch == (0.9, 1.1)


def test_values_may_be_python_values(config):
    new = config.with_overrides({"batch_size": 3, "enc_rnn_size": [4], "z_size": "5"})
    assert (new.training.batch_size, new.encoder.rnn_size) == (3, (4,))
    assert new.latent.z_size == 5


def test_options_of_other_parts(config):
    new = config.with_overrides("decoder.head_options.bins=8,encoder.options.x=[1,a]")
    assert new.decoder.head_options == (("bins", 8),)
    assert new.encoder.options == (("x", (1, "a")),)
    again = new.with_overrides("decoder.head_options.kind=b")
    assert again.decoder.head_options == (("bins", 8), ("kind", "b"))


def test_quarters_of_a_bar_are_a_time_signature(config):
    new = config.with_overrides("converter.quarters_per_bar=3")
    assert new.converter.time_signature == (3, 4)
    assert new == config.with_overrides("converter.time_signature=[3,4]")
    assert new == config.with_overrides("converter.time_signature=3/4")
    with pytest.raises(ConfigError, match=r"Two values for converter\.time_sig"):
        config.with_overrides(
            "converter.quarters_per_bar=3,converter.time_signature=[6,8]"
        )
    # As schema 1 of config.json has them.
    table = config.to_dict()
    del table["converter"]["time_signature"]
    table["converter"]["quarters_per_bar"] = 3
    assert type(config).from_dict(table) == new


def test_nothing_is_no_override(config):
    assert config.with_overrides("") == config
    assert config.with_overrides({}) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch_siz=3", "Unknown config field 'batch_siz'. Did you mean 'batch_size'"),
        ("latent.zsize=3", "Did you mean 'latent.z_size'"),
        ("encoder=3", "Unknown config field 'encoder'"),
        ("batch_size=x", "batch_size takes an integer, got 'x'"),
        ("batch_size=1.5", "batch_size takes an integer, got '1.5'"),
        ("batch_size=0", "training.batch_size takes an integer of at least 1, got 0"),
        ("batch_size=", "batch_size takes an integer, got ''"),
        ("learning_rate=nan", "learning_rate takes a finite number"),
        ("enc_rnn_size=[a]", r"enc_rnn_size takes a list of integers, got \[a\]"),
        ("enc_rnn_size=[]", "encoder.rnn_size takes one or more sizes"),
        ("enc_rnn_size=[1", "brackets do not match"),
        ("enc_rnn_size=1]", "brackets do not match"),
        ("residual_encoder=maybe", "residual_encoder takes true or false, got 'maybe'"),
        ("batch_size", "take name=value, got 'batch_size'"),
        ("=3", "take name=value, got '=3'"),
        ("decoder.head_options=3", "set its parts, e.g. decoder.head_options.NAME"),
        ("augmentation.transpose=5", "augmentation.transpose takes 2 values, got 1"),
        ("augmentation.transpose=[5,-5]", "transpose takes the lowest and the highest"),
        ("transpose=[-5,5]", "Unknown config field 'transpose'"),
        ("sampling_schedule=linear", "Available: constant, exponential, inverse"),
    ],
)
def test_mistakes(config, text, message):
    with pytest.raises(ConfigError, match=message):
        config.with_overrides(text)


@pytest.mark.parametrize(
    "text", ["batch_size=3,training.batch_size=4", "batch_size=3,batch_size=4"]
)
def test_two_values_for_one_thing(config, text):
    with pytest.raises(ConfigError, match=r"Two values for training\.batch_size: .*=3"):
        config.with_overrides(text)


def test_the_same_value_twice_is_fine(config):
    new = config.with_overrides("batch_size=3,training.batch_size=3")
    assert new.training.batch_size == 3


def test_names_without_a_counterpart(config):
    text = (
        "use_cudnn=true,conditional=true,control_preprocessing_rnn_size=[9],"
        "max_seq_len=64"
    )
    assert config.with_overrides(text) == config
    # The length follows the converter, also one that is changed at once.
    short = config.with_overrides("max_seq_len=32,converter.bars=2")
    assert short.converter.steps == 32
    with pytest.raises(ConfigError, match="max_seq_len=32 contradicts the converter"):
        config.with_overrides("max_seq_len=32")
    with pytest.raises(ConfigError, match="conditional=false is not supported"):
        config.with_overrides("conditional=false")
    with pytest.raises(ConfigError, match="use_cudnn takes true or false"):
        config.with_overrides("use_cudnn=x")


def test_parse_keeps_order_and_lists():
    assert parse_overrides(" a=1, b=[2,3] ,c=x=y") == [
        ("a", "1"),
        ("b", "[2,3]"),
        ("c", "x=y"),
    ]


def test_every_field_is_described(config):
    fields = {field.path: field for field in describe_fields(config)}
    assert fields["latent.z_size"].flat == "z_size"
    assert fields["latent.z_size"].kind == "an integer"
    assert fields["encoder.rnn_size"].kind == "a list of integers"
    assert fields["training.batch_size"].value == 512
    assert set(FLAT_NAMES.values()) <= fields.keys()
    assert not FLAT_NAMES.keys() & OBSOLETE_NAMES.keys()
    names = {f.name for f in dataclasses.fields(config.converter)}
    assert {f"converter.{name}" for name in names} <= fields.keys()
