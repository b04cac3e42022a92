from __future__ import annotations

import pytest

from groovekit.configs.base import Config, get_config
from groovekit.configs.presets import locate
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import ConfigError


@pytest.fixture
def config():
    return get_config("mask-groove")


def test_json_round_trip(config):
    table = config.to_dict()
    assert table["family"] == "masked"
    assert Config.from_dict(table) == config


@pytest.mark.parametrize(
    "override",
    [
        "network.channels=6",
        "network.velocity_bins=30",
        "network.offset_bins=32",
        "network.dilations=[]",
        "masking.whole=0.9",
        "training.warmup_steps=-1",
    ],
)
def test_values_out_of_range(config, override):
    with pytest.raises(ConfigError, match=override.partition("=")[0].split(".")[0]):
        config.with_overrides(override)


def test_configs_of_schema_2_load(config):
    table = config.to_dict()
    own = table["training"]
    for key, plain in (
        ("rate_schedule", "exponential"),
        ("warmup_steps", 0),
        ("weight_decay", 0.0),
    ):
        own[key] = plain
    table["schema_version"] = 2
    table["masked"]["annealing"] = {"steps": 2500, "warmup": 80, "weight_decay": 0.05}
    assert Config.from_dict(table) == config.with_overrides("training.steps=2500")
    table["masked"]["annealing"]["warm"] = 1
    with pytest.raises(ConfigError, match=r"annealing.warm"):
        Config.from_dict(table)
    table["schema_version"] = 3
    with pytest.raises(ConfigError, match=r"masked\.annealing"):
        Config.from_dict(table)


def test_the_shipped_preset_is_of_this_config(config):
    assert locate("mask-groove").config == config


def test_a_task_is_needed(config):
    with pytest.raises(ConfigError, match="a task of a weight above 0"):
        config.with_overrides(
            "masking.humanise=0,masking.taps=0,masking.add=0,"
            "masking.bars=0,masking.cells=0"
        )


@pytest.mark.parametrize(
    "options", [{}, {"context_as_controls": True, "hits_as_controls": True}]
)
def test_another_converter_is_refused(config, options):
    with pytest.raises(ConfigError, match="context_as_controls=true"):
        config.replace(converter=GrooveConverter(bars=8, **options))
