from __future__ import annotations

import dataclasses
import json

import pytest

from groovekit.configs.base import ModelConfig, get_config
from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.base import AugmentationConfig
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import ConfigError, PluginLoadError, UnknownNameError
from groovekit.plugins import catalogue


@pytest.fixture
def config() -> ModelConfig:
    return get_config("groovae_4bar")


def _json(config: ModelConfig) -> dict:
    return json.loads(json.dumps(config.to_dict()))


def _part(table: dict, name: str) -> dict:
    """What holds a key of a config: the whole, or the family's own parts."""
    return table["vae"] if name in ("encoder", "decoder", "latent") else table


def test_json_round_trip_keeps_everything(config):
    config = config.replace(
        converter=dataclasses.replace(config.converter, add_instruments=(2, 3)),
        decoder=dataclasses.replace(config.decoder, head_options={"b": [1, 2], "a": 1}),
    )
    again = ModelConfig.from_dict(_json(config))
    assert again == config
    assert hash(again) == hash(config)
    assert again.converter.add_instruments == (2, 3)
    assert again.decoder.head_options == (("a", 1), ("b", (1, 2)))


def test_a_field_that_is_missing_takes_its_default(config):
    table = _json(config)
    del table["training"], table["converter"]["humanize"]
    del table["vae"]["latent"]["free_bits"]
    again = ModelConfig.from_dict(table)
    assert again.training == TrainingConfig()
    assert again.latent.free_bits == 48.0


def test_configs_from_before_augmentation_load(config):
    table = _json(config)
    del table["augmentation"]
    assert ModelConfig.from_dict(table) == config


def test_augmentation_survives_json(config):
    augmentation = AugmentationConfig(transpose=[-5, 5], stretch=(1, 1.1))
    again = ModelConfig.from_dict(_json(config.replace(augmentation=augmentation)))
    assert again.augmentation == AugmentationConfig((-5, 5), (1.0, 1.1))
    assert not again.augmentation.identity
    assert config.augmentation.identity


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("latent.zsize", 3, "Unknown key 'latent.zsize'. Did you mean 'latent.z_size'"),
        ("converter.humanise", True, "Did you mean 'converter.humanize'"),
        ("trainings", {}, "Unknown config key 'trainings'. Did you mean 'training'"),
        ("latent.z_size", "9", r"latent.z_size takes an integer, got '9' \(str\)"),
        ("latent.z_size", True, "latent.z_size takes an integer, got True"),
        ("latent.z_size", 1.5, "latent.z_size takes an integer, got 1.5"),
        ("encoder.rnn_size", [1, "x"], r"encoder.rnn_size\[1\] takes an integer"),
        ("encoder.rnn_size", 5, "encoder.rnn_size takes a list of integers, got 5"),
        ("encoder.residual", 1, "encoder.residual takes true or false, got 1"),
        ("training", 5, "training takes a table, got 5"),
        ("converter", "groove", "converter takes a table with a 'name'"),
        ("converter.name", "groov", "Unknown converter 'groov'. Did you mean 'groove'"),
        ("schema_version", 4, "schema version 4, .* upgrade groovekit"),
        ("schema_version", "1", "schema_version .* takes an integer"),
        ("decoder.head_options", 5, "decoder.head_options takes a table of options"),
        ("training.clip_mode", "norm", "clip_mode.*Unknown value 'norm'"),
        ("family", "gan", "Unknown family 'gan'.*vae.* upgrade groovekit"),
        ("vae", 5, "vae takes a table, got 5"),
        ("vae.latnt", {}, "Unknown config key 'vae.latnt'. Did you mean 'vae.latent'"),
        ("latent.free_bits", float("inf"), "latent.free_bits takes a finite number"),
    ],
)
def test_from_dict_names_the_path(config, path, value, message):
    table = _json(config)
    *parents, last = path.split(".")
    inner = _part(table, path.partition(".")[0])
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    with pytest.raises(ConfigError, match=message):
        ModelConfig.from_dict(table)


@pytest.mark.parametrize("key", ["name", "converter", "encoder", "latent"])
def test_from_dict_says_what_is_missing(config, key):
    table = _json(config)
    del _part(table, key)[key]
    with pytest.raises(ConfigError, match=f"no '{key}'"):
        ModelConfig.from_dict(table)


def test_configs_of_schema_1_load(config):
    table = {"schema_version": 1, **json.loads(json.dumps(config.parts_to_dict()))}
    del table["converter"]["time_signature"]
    table["converter"]["quarters_per_bar"] = 4
    assert ModelConfig.from_dict(table) == config
    # Beside each other is where schema 1 has a family's parts.
    table["schema_version"] = 2
    with pytest.raises(ConfigError, match=r"encoder stands beneath .*vae\.encoder"):
        ModelConfig.from_dict(table)


def test_a_missing_size_is_named(config):
    table = _json(config)
    table["vae"]["encoder"] = {}
    with pytest.raises(ConfigError, match=r"encoder.rnn_size is missing"):
        ModelConfig.from_dict(table)


def test_a_missing_plug_in_is_named(config, monkeypatch):
    table = _json(config)
    table["converter"] = {"name": "swing.drums"}
    with pytest.raises(ConfigError, match=r"'swing.drums' is not installed.*'swing'"):
        ModelConfig.from_dict(table)
    with pytest.raises(ConfigError, match=r"from the package swing-kit 0\.3"):
        ModelConfig.from_dict(table, packages={"swing.drums": "swing-kit 0.3"})
    monkeypatch.setenv("GROOVEKIT_PLUGINS", "0")
    with pytest.raises(ConfigError, match="unset GROOVEKIT_PLUGINS"):
        ModelConfig.from_dict(table)


@pytest.mark.parametrize(
    ("part", "fields", "message"),
    [
        (EncoderConfig, {"rnn_size": ()}, "encoder.rnn_size takes one or more sizes"),
        (DecoderConfig, {"rnn_size": (4, 0)}, "decoder.rnn_size takes one or more"),
        (LatentConfig, {"z_size": 0}, "latent.z_size"),
        (LatentConfig, {"z_size": 1, "free_bits": -1}, "latent.free_bits"),
        (LatentConfig, {"z_size": 1, "beta_rate": 1.1}, "latent.beta_rate"),
        (TrainingConfig, {"batch_size": 0}, "training.batch_size takes .* at least 1"),
        (TrainingConfig, {"learning_rate": 0}, "training.learning_rate"),
        (TrainingConfig, {"min_learning_rate": 1}, "training.min_learning_rate"),
        (TrainingConfig, {"decay_rate": 0}, "training.decay_rate"),
        (TrainingConfig, {"dropout_keep_prob": 0}, "training.dropout_keep_prob"),
        (TrainingConfig, {"dropout_keep_prob": 1.1}, "training.dropout_keep_prob"),
        (TrainingConfig, {"grad_clip": 0}, "training.grad_clip"),
        (TrainingConfig, {"sampling_rate": 1000}, "probability .* 'constant'"),
        (AugmentationConfig, {"transpose": (5, -5)}, "augmentation.transpose takes"),
        (AugmentationConfig, {"transpose": (0, 128)}, "semitones from -127 to 127"),
        (AugmentationConfig, {"transpose": (1,)}, "transpose takes 2 values, got 1"),
        (AugmentationConfig, {"stretch": (0, 1)}, "stretch takes .* factors above 0"),
        (AugmentationConfig, {"stretch": (1.1, 0.9)}, "augmentation.stretch takes"),
        (
            TrainingConfig,
            {"sampling_schedule": "exponential", "sampling_rate": 1},
            "between 0 and 1 .* 'exponential'",
        ),
        (
            TrainingConfig,
            {"sampling_schedule": "inverse_sigmoid"},
            "at least 1 .* 'inverse_sigmoid'",
        ),
    ],
)
def test_values_out_of_range(part, fields, message):
    with pytest.raises(ConfigError, match=message):
        part(**fields)


def test_python_values_are_normalised():
    encoder = EncoderConfig(rnn_size=[1, 2])
    assert encoder.rnn_size == (1, 2)
    latent = LatentConfig(z_size=1, free_bits=0)
    assert isinstance(latent.free_bits, float)


def test_parts_of_another_type_are_refused(config):
    with pytest.raises(ConfigError, match="latent takes a table, got 3"):
        config.replace(latent=3)
    with pytest.raises(ConfigError, match="converter takes a Converter"):
        config.replace(converter="groove")
    with pytest.raises(ConfigError, match="Did you mean 'converter'"):
        config.replace(convertr=GrooveConverter(bars=2))


def test_get_config_suggests():
    with pytest.raises(UnknownNameError, match="Did you mean 'groovae_4bar'"):
        get_config("grovae_4bar")


def test_what_is_no_config_is_refused():
    catalogue.register_config("tests.nothing")(lambda: None)
    with pytest.raises(PluginLoadError, match="gives NoneType, not Config"):
        get_config("tests.nothing")


def test_a_converter_with_a_field_called_name_cannot_be_written(config):
    @dataclasses.dataclass(frozen=True)
    class Named(GrooveConverter):
        name: str = "x"

    with pytest.raises(ConfigError, match="has a field 'name'"):
        config.replace(converter=Named(bars=2)).to_dict()
