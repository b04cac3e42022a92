"""``groovekit recipes``: list and show how shipped models were trained."""

from __future__ import annotations

import dataclasses

import click

from groovekit.cli import catalogue, options, output
from groovekit.configs import recipes


@click.group()
def command() -> None:
    """List and show trainings to run again (groovekit train --recipe NAME)."""


@command.command("list")
@options.json_option
def list_recipes(as_json: bool) -> None:
    """List every recipe by name."""
    found = [recipes.get_recipe(name) for name in recipes.names()]
    if as_json:
        output.echo_json([dataclasses.asdict(recipe) for recipe in found])
        return
    output.echo_table((recipe.name, recipe.description) for recipe in found)


@command.command("show")
@click.argument("name")
@options.json_option
def show_recipe(name: str, as_json: bool) -> None:
    """Show the recipe NAME: config, changes, data, seed and length."""
    table = dataclasses.asdict(recipes.get_recipe(name))
    if as_json:
        output.echo_json(table)
        return
    output.echo_table(catalogue.flatten(table))
