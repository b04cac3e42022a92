"""Commands where neither Keras nor note-seq is installed."""

from __future__ import annotations

import importlib.util
import json

import pytest

from groovekit.configs.presets import locate
from groovekit.models.family import family_of
from groovekit.plugins import catalogue

TAKE, OTHER = "my_midi/take.mid", "my_midi/other.mid"
INSTALL = (
    "pip install 'groovekit[tensorflow]' (in a clone: pip install '.[tensorflow]')"
)


def test_nothing_heavy_can_be_imported(light):
    code = (
        "import importlib.util as u; print([u.find_spec(name) for name in "
        "('keras', 'tensorflow', 'jax', 'torch', 'h5py', 'note_seq')])"
    )
    assert light("-c", code).stdout.strip() == str([None] * 6)


# Playing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "options", "count"),
    [
        ("sample", ["--num-outputs", 5], 5),
        ("sample", ["--num-outputs", 1, "--bars", 8], 1),
        ("interpolate", ["--input", TAKE, "--input", OTHER, "--num-outputs", 3], 3),
        ("reconstruct", ["--input", TAKE], 1),
        ("vary", ["--input", TAKE, "--num-outputs", 2], 2),
        ("continue", ["--input", TAKE], 1),
        ("attribute", ["--input", TAKE, "--attribute", "density=+1"], 1),
        ("humanize", ["--input", TAKE, "--amount", 0.7], 1),
        ("drumify", ["--input", TAKE], 1),
        ("add", ["--input", TAKE], 1),
        ("fill", ["--input", TAKE, "--bars", "2", "--drums", "snare"], 1),
        ("groove", ["--input", TAKE, "--input", OTHER], 1),
    ],
)
def test_every_mode_plays(groovekit, takes, tmp_path, mode, options, count):
    options = ["--seed", 1, "--wav", "--json", *options]
    done = groovekit("generate", "--mode", mode, *options)
    said = json.loads(done.stdout)
    assert said["runtime"] == "numpy"
    files = [tmp_path / file["path"] for file in said["files"]]
    assert len(files) == count
    assert all(path.read_bytes().startswith(b"MThd") for path in files)
    assert all(file["notes"] for file in said["files"])
    sounds = [tmp_path / file["audio"] for file in said["files"]]
    assert all(path.read_bytes().startswith(b"RIFF") for path in sounds)


@pytest.mark.parametrize("name", sorted(catalogue.presets.names()))
def test_every_preset_plays(groovekit, takes, name):
    abilities = family_of(locate(name).config).abilities
    mode = "reconstruct" if "encode" in abilities else "humanize"
    options = ["--mode", mode, "--input", TAKE, "--preset", name]
    said = json.loads(groovekit("generate", "--json", *options).stdout)
    assert said["model"] == {"kind": "preset", "source": name}
    assert said["runtime"] == "numpy"


def test_many_windows_are_no_reason_to_ask_for_a_backend(light, tmp_path):
    code = (
        "from groovekit.models.runtimes import choice; choice._SMALL_JOB = 0\n"
        "import groovekit as gk\n"
        "print(len(gk.TrainedModel.load('groovae_4bar').sample(3, seed=1)))"
    )
    done = light("-c", code)
    assert done.stdout == "3\n", done.stderr


# Files --------------------------------------------------------------------------------


def test_folders_are_converted_and_inspected(groovekit, takes):
    (takes / "score.musicxml").write_text("<score-partwise/>")
    done = groovekit("convert", "--input-dir", "my_midi", "--output", "a.tfrecord")
    assert "Converted 3 of 4 files" in done.stdout
    assert (
        "score.musicxml: reading MusicXML needs music21: pip install "
        "'groovekit[scores]' (in a clone: pip install '.[scores]')"
    ) in done.stderr
    for source in ("a.tfrecord", "my_midi"):
        shown = groovekit("inspect", source, "--config", "groovae_4bar").stdout
        assert "windows" in shown
        assert "in 3 sequences" in shown


def test_odd_files_are_read(groovekit, odd_midi_dir):
    options = ["--recursive", "--output", "odd.tfrecord", "--json"]
    said = json.loads(
        groovekit("convert", "--input-dir", odd_midi_dir, *options).stdout
    )
    assert (said["files"], said["converted"]) == (108, 102)
    assert said["notes"] == 48_774


def test_pictures(light, takes):
    done = light("-m", "groovekit", "plot", TAKE)
    if importlib.util.find_spec("matplotlib"):
        assert done.returncode == 0, done.stderr
    else:
        assert "pip install 'groovekit[plot]'" in done.stderr
    # What is drawn, whether or not there is anything to draw it with.
    code = (
        "import groovekit as gk; from groovekit.io.pictures import _rolls; "
        f"print(len(_rolls([gk.read_midi({TAKE!r})], None)[1]))"
    )
    assert light("-c", code).stdout == "1\n"


def test_sound(groovekit, takes, tmp_path):
    (row,) = json.loads(groovekit("render", TAKE, "--json").stdout)["files"]
    assert row["seconds"] > 1
    assert 0.1 < row["peak"] < 0.9
    assert (tmp_path / row["path"]).stat().st_size > 44_100


@pytest.mark.parametrize(
    "words",
    [
        "presets list",
        "presets show groovae_4bar",
        "configs list",
        "configs show groovae_4bar",
        "configs show hier-multiperf_vel_1bar_big_chords",
        "converters list",
        "converters show performance",
        "kits show roland_td11",
        "recipes list",
        "attributes list",
        "--help",
        "train --help",
    ],
)
def test_lists_and_cards(groovekit, words):
    assert groovekit(*words.split()).stdout


# What needs more ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("train --config groovae_4bar --examples my_midi", "training"),
        ("train --recipe groovae_4bar --run-dir r --dry-run", "training"),
        ("evaluate --preset groovae_4bar --examples my_midi", "evaluating"),
        (
            "attributes fit --preset groovae_4bar --examples my_midi --output a.json",
            "fitting attributes",
        ),
        (
            "attributes measure --preset groovae_4bar --examples my_midi",
            "measuring attributes",
        ),
        ("generate --precision bfloat16", "what was asked for"),
        ("generate --device gpu", "what was asked for"),
    ],
)
def test_what_needs_a_backend_says_so_at_once(light, takes, tmp_path, words, what):
    before = sorted(tmp_path.rglob("*"))
    done = light("-m", "groovekit", *words.split())
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"Error: No backend is installed, and {what} needs Keras with one: {INSTALL}.\n"
    )
    assert sorted(tmp_path.rglob("*")) == before


def test_a_backend_that_was_asked_for_is_named(light):
    expected = (
        "Error: The backend jax is not installed (keras is missing): pip install "
        "'groovekit[jax]' (in a clone: pip install '.[jax]'), or choose another "
        "backend.\n"
    )
    done = light("-m", "groovekit", "generate", "--backend", "jax")
    assert (done.returncode, done.stderr) == (2, expected)
    done = light("-m", "groovekit", "generate", KERAS_BACKEND="jax")
    assert (done.returncode, done.stderr) == (2, expected)
