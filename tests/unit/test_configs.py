from __future__ import annotations

import json
from pathlib import Path

import pytest

from groovekit import plugins
from groovekit.config import ModelConfig, get_config
from groovekit.config_overrides import FLAT_NAMES

HPARAMS = json.loads(
    (Path(__file__).parents[1] / "golden" / "config_hparams.json").read_text()
)
NAMES = [
    "cat-drums_2bar_big",
    "cat-drums_2bar_small",
    "groovae_2bar_add_closed_hh",
    "groovae_2bar_hits_control_tfds",
    "groovae_2bar_humanize",
    "groovae_2bar_tap_fixed_velocity",
    "groovae_2bar_tap_fixed_velocity_note_dropout",
    "groovae_4bar",
]


def test_no_name_vanishes():
    assert {*NAMES, "groovae_2bar_hits_control"} <= set(plugins.configs.names())


@pytest.mark.parametrize("name", NAMES)
def test_hyperparameters_are_the_original_s(name):
    config = get_config(name)
    table = config.to_dict()
    for flat, path in FLAT_NAMES.items():
        part, field = path.split(".")
        assert table[part][field] == HPARAMS[name][flat], flat
    assert config.converter.steps == HPARAMS[name]["max_seq_len"]
    # All of them can be given back as overrides and change nothing.
    hparams = {k: v for k, v in HPARAMS[name].items() if k != "nade_num_hidden"}
    assert config.with_overrides(hparams) == config
    text = ",".join(f"{k}={json.dumps(v)}" for k, v in hparams.items())
    assert config.with_overrides(text.replace('"', "")) == config


@pytest.mark.parametrize("name", NAMES)
def test_configs_name_themselves_and_survive_json(name):
    config = get_config(name)
    assert config.name == name
    assert config.description
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_older_name_means_the_same():
    assert get_config("groovae_2bar_hits_control") == (
        get_config("groovae_2bar_hits_control_tfds")
    )


def test_converters_options():
    def converter(name):
        return get_config(name).converter

    for name in NAMES:
        bars = 4 if name == "groovae_4bar" else 2
        assert converter(name).steps == 16 * bars
    assert converter("groovae_2bar_humanize").humanize
    assert converter("groovae_2bar_add_closed_hh").add_instruments == (2,)
    assert converter("groovae_2bar_hits_control_tfds").control_depth == 9
    tap = converter("groovae_2bar_tap_fixed_velocity")
    assert (tap.tapify, tap.fixed_velocities, tap.max_note_dropout) == (True, True, 0.0)
    dropout = converter("groovae_2bar_tap_fixed_velocity_note_dropout")
    assert (dropout.tapify, dropout.max_note_dropout) == (True, 0.8)
    drums = converter("cat-drums_2bar_small")
    assert (drums.input_depth, drums.output_depth) == (10, 512)
    assert drums.windows_per_sequence == 5
