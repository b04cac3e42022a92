"""``groovekit presets``: list and show trained models."""

from __future__ import annotations

import json

import click

from groovekit.cli import catalogue, options, output
from groovekit.cli.generate.modes import MODES
from groovekit.configs.recipes import get_recipe
from groovekit.plugins import catalogue as plugins

CARD_FILE = "CARD.md"


@click.group()
def command() -> None:
    """List and show trained models that are ready to play."""


@command.command("list")
@options.json_option
def list_presets(as_json: bool) -> None:
    """List every preset: what it plays, or the package it comes from."""
    catalogue.show_entries(plugins.presets, as_json=as_json, describe=_describe)


def _describe(name: str) -> str:
    """What a preset plays, and the modes that take it unless told otherwise."""
    description = get_recipe(name).description
    played = [mode for mode, own in MODES.items() if own.preset == name]
    return f"{description} (--mode {', '.join(played)})" if played else description


@command.command("show")
@click.argument("name")
@options.json_option
def show_preset(name: str, as_json: bool) -> None:
    """Show the card of the preset NAME: data, licence, figures."""
    folder = plugins.preset_folder(name)
    card = folder / CARD_FILE
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    if as_json:
        files = {
            part: json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
            for part in ("config", "metadata")
            if (folder / f"{part}.json").is_file()
        }
        output.echo_json({"name": name, "folder": str(folder), **files, "card": text})
        return
    click.echo(text.rstrip() or f"{name} has no {CARD_FILE}.")
    click.echo(f"\nFolder: {folder}")
