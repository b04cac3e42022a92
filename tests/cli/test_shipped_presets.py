"""The shipped presets, played by the commands that people give."""

from __future__ import annotations

import json

import pytest
from helpers import tiny

from groovekit.cli.generate.mode import own_modes
from groovekit.configs import recipes
from groovekit.configs.base import Config
from groovekit.io.midi.files import read_midi, write_midi
from groovekit.plugins import catalogue

# Hi-hats of General MIDI: closed, with the pedal, open.
HATS = (42, 44, 46)
MODES = own_modes()
PRESETS = catalogue.presets.names()
MORE = {
    "attribute": ("--attribute", "density=+1"),
    "fill": ("--bars", "2-3", "--drums", "snare"),
}


@pytest.fixture(scope="module")
def takes(tmp_path_factory):
    """Two performances of six bars."""
    folder = tmp_path_factory.mktemp("takes")
    return [write_midi(tiny.groove(n, bars=6), folder / f"{n}.mid") for n in range(2)]


def played(command, mode, *arguments):
    options = ("--mode", mode, "--num-outputs", 1, "--seed", 1, *arguments)
    result = command("generate", *options, "--json")
    assert result.exit_code == 0, result.output
    (file,) = json.loads(result.stdout)["files"]
    return read_midi(file["path"])


def pitches(sequence):
    return sorted(note.pitch for note in sequence.notes if note.is_drum)


# A checkout may lack a preset that is trained elsewhere.
PLAYED = [name for name, mode in MODES.items() if mode.preset in PRESETS]


@pytest.mark.parametrize("mode", [m for m in PLAYED if m != "interpolate"])
def test_every_mode_plays_with_its_preset(command, takes, tmp_path, mode):
    inputs = [("--input", take) for take in takes[: MODES[mode].arity.least]]
    options = [option for pair in inputs for option in pair]
    options += MORE.get(mode, ())
    made = played(command, mode, *options, "--output-dir", tmp_path)
    assert made.notes
    assert all(note.is_drum for note in made.notes)
    original = pitches(read_midi(takes[0]))
    if mode in ("humanize", "groove"):
        assert pitches(made) == original
    if mode == "add":
        kept = [pitch for pitch in pitches(made) if pitch not in HATS]
        assert kept == [pitch for pitch in original if pitch not in HATS]


def test_the_way_from_one_take_to_another(command, takes, tmp_path):
    inputs = ("--input", takes[0], "--input", takes[1], "--output-dir", tmp_path)
    result = command("generate", "--mode", "interpolate", *inputs, "--num-outputs", 3)
    assert result.exit_code == 0, result.output
    assert len(list(tmp_path.glob("*.mid"))) == 3


def test_hats_are_added_to_drums_without(command, takes, tmp_path):
    take = read_midi(takes[0])
    others = [note for note in take.notes if note.pitch not in HATS]
    del take.notes[:]
    take.notes.extend(others)
    bare = write_midi(take, tmp_path / "bare.mid")
    made = played(command, "add", "--input", bare, "--output-dir", tmp_path)
    found = pitches(made)
    assert [pitch for pitch in found if pitch not in HATS] == pitches(take)
    assert 42 in found


@pytest.mark.parametrize("name", catalogue.presets.names())
def test_a_preset_can_be_trained_again_and_says_whose_data_it_holds(name):
    folder = catalogue.preset_folder(name)
    metadata = json.loads((folder / "metadata.json").read_text())
    assert metadata["license"] == "CC-BY-4.0"
    assert "Groove MIDI Dataset" in metadata["attribution"]
    card = (folder / "CARD.md").read_text()
    assert "CC BY 4.0" in card
    recipe = recipes.get_recipe(name)
    table = json.loads((folder / "config.json").read_text())
    assert recipe.config == table["name"]
    # Whichever schema it was written in.
    assert recipe.model_config() == Config.from_dict(table)
    assert metadata["steps"]["trained"] == recipe.steps
    # The recipe alone makes it; the weights of one that it was told to start from are
    # named in the card, with the commands that make them.
    start = metadata["init_from"]
    assert start is None or f"--recipe {start}" in card


def test_presets_are_small_enough_for_a_wheel():
    files = [f for name in PRESETS for f in catalogue.preset_folder(name).iterdir()]
    assert sum(file.stat().st_size for file in files) <= 40e6
