from __future__ import annotations

import json
from pathlib import Path

import pytest

from groovekit.configs.base import ModelConfig, get_config
from groovekit.configs.overrides import FLAT_NAMES
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import ConfigError
from groovekit.plugins import catalogue

GOLDEN = Path(__file__).parents[2] / "golden"
HPARAMS = {
    name: table
    for name, table in json.loads((GOLDEN / "config_hparams.json").read_text()).items()
    # Models of our own making that the original's code was run on.
    if not name.startswith("x_")
}
NAMES = sorted(HPARAMS)
NEW = [
    "groovae_8bar",
    "hierdec-drums_16bar",
    "hierdec-drums_16bar_small",
    "hierdec-drums_4bar",
    "hierdec-drums_4bar_small",
    "hierdec-groovae_4bar",
    "hierdec-groovae_4bar_small",
]
CHORDS = [
    "cat-mel_2bar_med_chords",
    "hier-multiperf_vel_1bar_big_chords",
    "hier-multiperf_vel_1bar_med_chords",
]


def test_no_name_vanishes():
    assert len(NAMES) == 23
    expected = {*NAMES, *NEW, "groovae_2bar_hits_control"}
    assert expected <= set(catalogue.configs.names())


@pytest.mark.parametrize("name", NAMES)
def test_hyperparameters_are_the_original_s(name):
    config, hparams = get_config(name), HPARAMS[name]
    table = config.parts_to_dict()
    for flat, path in FLAT_NAMES.items():
        part, field = path.split(".")
        assert table[part][field] == hparams[flat], flat
    assert config.converter.steps == hparams["max_seq_len"]
    hidden = dict(config.decoder.head_options).get("hidden")
    assert hidden == hparams.get("nade_num_hidden")
    # All of them can be given back as overrides and change nothing; among them
    # control_preprocessing_rnn_size, which all of them have and none uses.
    assert hparams["control_preprocessing_rnn_size"]
    assert config.decoder.control_rnn_size == ()
    assert config.with_overrides(hparams) == config
    text = ",".join(f"{k}={json.dumps(v)}" for k, v in hparams.items())
    assert config.with_overrides(text.replace('"', "")) == config


def test_sizes_of_parts_that_few_configs_have():
    nade = get_config("nade-drums_2bar_reduced").with_overrides("nade_num_hidden=7")
    assert dict(nade.decoder.head_options) == {"hidden": 7}
    with pytest.raises(ConfigError, match=r"nade_num_hidden is for .* head 'nade'"):
        get_config("groovae_4bar").with_overrides("nade_num_hidden=7")
    hits = get_config("groovae_2bar_hits_control_tfds")
    with_network = hits.with_overrides("decoder.control_rnn_size=[8]")
    changed = with_network.with_overrides("control_preprocessing_rnn_size=[9]")
    assert changed.decoder.control_rnn_size == (9,)


@pytest.mark.parametrize("name", [*NAMES, *NEW])
def test_configs_name_themselves_and_survive_json(name):
    config = get_config(name)
    assert config.name == name
    assert config.description
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_older_name_means_the_same():
    assert get_config("groovae_2bar_hits_control") == (
        get_config("groovae_2bar_hits_control_tfds")
    )


# Converters -------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_tensors_are_shaped_like_the_original_s(name):
    path = GOLDEN / "converters" / f"{name}.json"
    theirs = json.loads(path.read_text())["converter"]
    ours = get_config(name).converter
    for depth in ("input_depth", "output_depth", "control_depth"):
        assert getattr(ours, depth) == theirs[depth], depth
    assert list(ours.length_shape) == theirs["length_shape"]
    limit = theirs["max_tensors_per_notesequence"]
    if isinstance(ours, GrooveConverter):
        # The original's groove converter has a limit and pays no heed to it.
        limit = None
    assert ours.windows_per_sequence == limit


@pytest.mark.parametrize("name", [*NAMES, *NEW])
def test_augmentation(name):
    transpose = {
        "cat-mel_2bar_big": (-5, 5),
        "cat-mel_2bar_small": (-5, 5),
        "cat-mel_2bar_med_chords": (-3, 3),
        "hier-multiperf_vel_1bar_big": (-3, 3),
        "hier-multiperf_vel_1bar_big_chords": (-3, 3),
        "hier-multiperf_vel_1bar_med": (-3, 3),
        "hier-multiperf_vel_1bar_med_chords": (-3, 3),
    }
    augmentation = get_config(name).augmentation
    assert augmentation.transpose == transpose.get(name, (0, 0))
    assert augmentation.stretch == (1, 1)


@pytest.mark.parametrize("name", [*NAMES, *NEW])
def test_chords(name):
    encoding = getattr(get_config(name).converter, "chord_encoding", None)
    assert encoding == ("triad" if name in CHORDS else None)


def converter(name):
    return get_config(name).converter


def test_options_of_melodies():
    melodies = [name for name in NAMES if "-mel_" in name]
    assert len(melodies) == 6
    for name in melodies:
        found = converter(name)
        assert found.bars == (2 if "2bar" in name else 16)
        # Piano to guitar for the two, anything for the others.
        both = name in ("cat-mel_2bar_small", "cat-mel_2bar_big")
        assert found.programs == (tuple(range(32)) if both else None)
        assert (found.gap_bars, found.max_bars, found.max_windows) == (1, 100, 5)
        assert (found.min_pitch, found.max_pitch) == (21, 108)
        for option in ("skip_polyphony", "end_token", "condition_on_key"):
            assert not getattr(found, option)
        assert found.sliding
        assert found.dedupe


def test_options_of_trios():
    for name in ("flat-trio_16bar", "hierdec-trio_16bar", "hier-trio_16bar"):
        found = converter(name)
        assert (found.bars, found.gap_bars, found.max_bars) == (16, 2, 1024)
        assert found.melody_programs == tuple(range(32))
        assert found.bass_programs == tuple(range(32, 40))
        assert [part.size for part in found.layout] == [90, 90, 512]
        assert (found.melody_program, found.bass_program) == (0, 33)


def test_options_of_performances():
    names = [name for name in NAMES if "multiperf" in name]
    assert len(names) == 4
    for name in names:
        found = converter(name)
        assert (found.bars, found.chunk_bars, found.steps) == (1, 1, 8 * 64)
        assert (found.max_instruments, found.min_instruments) == (8, 2)
        assert (found.max_events, found.min_events) == (64, 8)
        assert (found.velocity_bins, found.steps_per_quarter) == (8, 24)
        assert (found.min_pitch, found.max_pitch) == (0, 127)
        assert found.max_windows is None
        assert found.tiles


def test_options_of_grooves():
    names = [name for name in [*NAMES, *NEW] if "groovae" in name]
    assert len(names) == 9
    for name in names:
        found = converter(name)
        assert found.steps == 16 * int(name.split("bar")[0][-1])
        changed = (found.humanize, found.add_instruments, found.hits_as_controls)
        assert changed == (
            "humanize" in name,
            (2,) if "add_closed_hh" in name else (),
            "hits_control" in name,
        )
        tapped = "tap_fixed_velocity" in name
        assert (found.tapify, found.fixed_velocities) == (tapped, tapped)
        assert found.max_note_dropout == (0.8 if "note_dropout" in name else 0)
        assert not found.split_instruments


def test_options_of_drums():
    names = [name for name in [*NAMES, *NEW] if "drums" in name]
    assert len(names) == 8
    for name in names:
        found = converter(name)
        nade = name.startswith("nade")
        assert found.bars == int(name.split("_")[1].removesuffix("bar"))
        assert found.roll_input
        assert found.roll_output == nade
        classes = 61 if name.endswith("full") else 9
        assert found.input_depth == classes + 1
        assert found.output_depth == (classes if nade else 512)
        assert found.windows_per_sequence == 5


# Ours -------------------------------------------------------------------------------

# Encoder, conductor, its projection, core decoder, levels, z, free bits, batch.
SIZES = {
    "hierdec-drums_4bar": (
        (1024, 1024), (1024, 1024), 512, (1024, 1024), (4, 16), 256, 48, 512,
    ),
    "hierdec-drums_16bar": (
        (2048, 2048), (1024, 1024), 512, (1024, 1024), (16, 16), 512, 256, 512,
    ),
    "hierdec-groovae_4bar": (
        (512,), (512, 512), 0, (256, 256), (4, 16), 256, 48, 512,
    ),
    "groovae_8bar": ((512,), (), 0, (256, 256), (), 256, 96, 512),
    "hierdec-drums_4bar_small": (
        (256,), (256, 256), 128, (128, 128), (4, 16), 256, 48, 128,
    ),
    "hierdec-drums_16bar_small": (
        (256,), (256, 256), 128, (128, 128), (16, 16), 512, 256, 128,
    ),
    "hierdec-groovae_4bar_small": (
        (256,), (256, 256), 0, (128, 128), (4, 16), 256, 48, 128,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NEW)
def test_sizes_of_our_own_configs(name):
    config = get_config(name)
    decoder, latent, training = config.decoder, config.latent, config.training
    assert (
        config.encoder.rnn_size,
        decoder.conductor_size,
        decoder.conductor_projection,
        decoder.rnn_size,
        decoder.level_lengths,
        latent.z_size,
        latent.free_bits,
        training.batch_size,
    ) == SIZES[name]
    assert config.encoder.kind == "bidirectional_lstm"
    flat = not decoder.level_lengths
    assert decoder.kind == ("lstm" if flat else "hierarchical_lstm")
    assert decoder.autoregressive == ()
    assert not decoder.reencode
    grooves = isinstance(config.converter, GrooveConverter)
    assert decoder.head == ("groove" if grooves else "categorical")
    assert (latent.max_beta, latent.beta_rate) == (0.2, 0)
    assert training.dropout_keep_prob == (0.3 if grooves else 1)
    # Teacher forcing.
    assert (training.sampling_schedule, training.sampling_rate) == ("constant", 0)


@pytest.mark.parametrize("name", [*NAMES, *NEW])
def test_levels_fill_the_window(name):
    config = get_config(name)
    for part in (config.encoder, config.decoder):
        steps = 1
        for length in part.level_lengths:
            steps *= length
        assert steps in (1, config.converter.steps)
        assert (part.kind == "hierarchical_lstm") == bool(part.level_lengths)
    if config.encoder.level_lengths:
        reverse = tuple(reversed(config.encoder.level_lengths))
        assert reverse == config.decoder.level_lengths
