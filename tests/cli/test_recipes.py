"""Recipes: listed, shown, and what `train --recipe` makes of them."""

from __future__ import annotations

import dataclasses
import json

import pytest
from helpers import tiny

from groovekit.configs import recipes
from groovekit.configs.run_folder import RunFolder
from groovekit.io.tfrecord.records import write_records
from groovekit.plugins import catalogue

NAME = "groovae_4bar_original"
TINY = "enc_rnn_size=[6],dec_rnn_size=[6],z_size=4"


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "grooves.tfrecord"
    with write_records(path) as writer:
        for number in range(6):
            writer.write(tiny.groove(number, bars=8).SerializeToString())
    return str(path)


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_makes_a_config_from_public_data(name):
    recipe = recipes.get_recipe(name)
    config = recipe.model_config()
    assert config.name == recipe.config
    # A recipe names nothing that is as it was.
    changed = config != recipes.get_config(recipe.config)
    assert changed == bool(recipe.overrides)
    assert (recipe.examples, recipe.split) == ("tfds:groove/full-midionly", "train")


def test_recipes_are_listed_and_shown(command):
    table = command("recipes", "list").stdout
    assert all(name in table for name in recipes.names())
    rows = json.loads(command("recipes", "list", "--json").stdout)
    assert [row["name"] for row in rows] == recipes.names()
    assert "overrides.training.batch_size" in command("recipes", "show", NAME).stdout
    shown = json.loads(command("recipes", "show", NAME, "--json").stdout)
    assert shown["config"] == "groovae_4bar"
    result = command("recipes", "show", "groovae_4bar_orignal")
    assert result.exit_code == 1
    assert f"Did you mean '{NAME}'" in result.stderr


def test_train_follows_a_recipe_and_options_go_first(command, examples, tmp_path):
    run = tmp_path / "run"
    options = ("--hparams", TINY, "--steps", "2", "--split", "all", "--run-dir", run)
    result = command("train", "--recipe", NAME, "--examples", examples, *options)
    assert result.exit_code == 0, result.output
    recipe = recipes.get_recipe(NAME)
    config = json.loads((run / "config.json").read_text())
    assert config["name"] == recipe.config
    assert config["training"]["batch_size"] == recipe.overrides["training.batch_size"]
    assert config["vae"]["latent"]["z_size"] == 4
    metadata = json.loads((run / "metadata.json").read_text())
    assert metadata["seed"] == recipe.seed
    assert f"{recipe.config} to step 2" in result.stdout


GROOVES = [name for name in recipes.names() if name.startswith("groovae_")]


@pytest.mark.parametrize("name", GROOVES)
def test_recipes_of_grooves_can_start_from_each_other(name):
    folder = catalogue.preset_folder("groovae_4bar")
    start = RunFolder.open(folder).read_config()
    config = recipes.get_recipe(name).model_config()
    assert config.encoder == start.encoder
    assert config.decoder.rnn_size == start.decoder.rnn_size


@pytest.mark.parametrize("name", recipes.names())
def test_no_recipe_starts_from_another_model(name):
    shown = dataclasses.asdict(recipes.get_recipe(name))
    assert "init_from" not in shown


def test_a_recipe_starts_from_a_model_when_told(command, examples, tmp_path):
    name = "groovae_2bar_humanize"
    options = ("--hparams", TINY, "--split", "all", "--run-dir", tmp_path / "run")
    start = ("--init-from", "groovae_4bar")
    result = command(
        "train", "--recipe", name, "--examples", examples, *start, *options
    )
    # Other sizes than the preset's.
    assert result.exit_code == 1
    assert f"Cannot start {name} from groovae_4bar" in result.stderr


def test_a_recipe_of_another_config_is_refused(command, examples):
    result = command(
        "train", "--recipe", NAME, "--config", "groovae_8bar", "--examples", examples
    )
    assert result.exit_code == 2
    assert f"The recipe {NAME} trains the config groovae_4bar, not groovae_8bar" in (
        result.stderr
    )
