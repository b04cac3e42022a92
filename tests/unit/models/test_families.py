"""Families from elsewhere: variations of both, known to trainer and players."""

from __future__ import annotations

import dataclasses
import json
from typing import ClassVar

import numpy as np
import pytest
from helpers import tiny

import groovekit as gk
from groovekit.configs.base import Config, ModelConfig, get_config
from groovekit.configs.masked import MaskedConfig
from groovekit.errors import ConfigError, PluginLoadError
from groovekit.models.encoders.parallel import ParallelEncoder
from groovekit.models.families.masked import MaskedFamily
from groovekit.models.families.vae import VAEFamily
from groovekit.models.family import family_of
from groovekit.models.runtimes.numpy import parallel
from groovekit.plugins import catalogue
from groovekit.training.settings import TrainSettings
from groovekit.training.trainer import train


@dataclasses.dataclass(frozen=True, kw_only=True)
class EchoConfig(ModelConfig):
    FAMILY: ClassVar[str] = "tests.echo"


class EchoFamily(VAEFamily):
    """Told apart from the one it varies by what it does at the end."""

    name = "tests.echo"
    config_class: ClassVar[type[Config]] = EchoConfig

    def has_rest(self, model):
        return True

    def finish(self, model, config, examples, evaluation, *, seed):
        super().finish(model, config, examples, evaluation, seed=seed)
        model.latent_layer.log_stddev.assign(np.full(config.latent.z_size, -3.0))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShyConfig(MaskedConfig):
    FAMILY: ClassVar[str] = "tests.shy"


class ShyFamily(MaskedFamily):
    name = "tests.shy"
    config_class: ClassVar[type[Config]] = ShyConfig


class HalfEncoder(ParallelEncoder):
    """A guest's encoder: the second half of a window is not read."""

    def call(self, x, lengths=None, training=False):
        mask = np.ones((1, self.steps, 1), np.float32)
        mask[:, self.steps // 2 :] = 0
        return super().call(x * mask, lengths, training=training)


class HalfTwin(parallel.Encoder):
    def __call__(self, x, lengths):
        x = np.array(x)
        x[:, x.shape[1] // 2 :] = 0
        return super().__call__(x, lengths)


@pytest.fixture(autouse=True)
def guest():
    for register, name, offered in (
        (catalogue.register_family, "tests.echo", EchoFamily()),
        (catalogue.register_family, "tests.shy", ShyFamily()),
        (catalogue.register_encoder, "tests.half", HalfEncoder),
        (catalogue.register_numpy_encoder, "tests.half", HalfTwin),
    ):
        if name not in register.__self__.names():
            register(name)(offered)


def fields_of(config):
    return {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}


def echo(**overrides):
    base = get_config("par-groove_2bar").with_overrides(
        {
            "enc_rnn_size": [8],
            "dec_rnn_size": [8],
            "z_size": 6,
            "batch_size": 4,
            "latent.target_bits": 5,
            "latent.prior_codes": 8,
            "latent.prior_clusters": 2,
            "encoder.kind": "tests.half",
            "decoder.options.refinement": [6],
            "decoder.head_options.hidden": [6],
            **overrides,
        }
    )
    return EchoConfig(**{**fields_of(base), "name": "tests.echoes"})


def shy():
    base = get_config("mask-groove").with_overrides(
        {"network.channels": 8, "network.dilations": [1, 2], "batch_size": 4}
    )
    return ShyConfig(**{**fields_of(base), "name": "tests.shies"})


@pytest.mark.parametrize("make", [echo, shy])
def test_json_names_the_family(make):
    config = make()
    table = json.loads(json.dumps(config.to_dict()))
    assert table["family"] == config.FAMILY
    assert sorted(table[config.FAMILY]) == sorted(config.FAMILY_PARTS)
    again = Config.from_dict(table)
    assert again == config
    assert type(again) is type(config)
    assert family_of(again).name == config.FAMILY


def test_a_variation_of_the_vae_trains_and_plays(tmp_path):
    config = echo()
    data = tiny.prepared(config, bars=4)
    result = train(
        config, data, tmp_path / "run", settings=TrainSettings(steps=2, seed=1)
    )
    player = gk.load_player(tmp_path / "run")
    assert player.config == config
    assert player.abilities == {"sample", "encode"}
    windows = data.train.tensors(np.arange(3))
    # What the family did at the end is in the weights.
    stddev = player.encode(windows, seed=1).stddev
    np.testing.assert_allclose(stddev, np.exp(-3.0), rtol=0.2)
    # And the guest's encoder has a twin, which reads no more than it does.
    half = np.array(windows.inputs)
    half[:, half.shape[1] // 2 :] = 0
    np.testing.assert_array_equal(
        player.encode(half, seed=1).mean, player.encode(windows.inputs, seed=1).mean
    )
    assert len(player.sample(2, seed=1)) == 2
    assert result.step == 2


def test_a_variation_of_the_masked_family_trains_and_fills(tmp_path):
    config = shy()
    data = tiny.prepared(config, sequences=8, bars=10)
    train(config, data, tmp_path / "run", settings=TrainSettings(steps=1, seed=1))
    player = gk.load_player(tmp_path / "run")
    assert player.config == config
    assert player.abilities == {"fill"}
    with pytest.raises(Exception, match=r"tests\.shies"):
        gk.TrainedModel.load(tmp_path / "run")


def test_what_is_no_family_is_refused():
    if "tests.nothing" not in catalogue.families.names():
        catalogue.register_family("tests.nothing")(object())
    with pytest.raises(PluginLoadError, match="gives object, not Family"):
        catalogue.produce(catalogue.families, "tests.nothing")


def test_a_family_that_is_not_installed():
    table = echo().to_dict()
    table["family"] = "elsewhere.flow"
    with pytest.raises(ConfigError, match=r"family 'elsewhere\.flow' is not inst"):
        Config.from_dict(table)
    packages = {"elsewhere.flow": "flow-kit 0.2"}
    with pytest.raises(ConfigError, match=r"flow-kit 0\.2: install that"):
        Config.from_dict(table, packages=packages)
