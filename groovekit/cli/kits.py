"""``groovekit kits``: list and show kit maps."""

from __future__ import annotations

import click

from groovekit.cli import catalogue, options, output
from groovekit.converters.kits import get_kit
from groovekit.plugins import catalogue as plugins


@click.group()
def command() -> None:
    """List and show kit maps: which MIDI pitches are the same drum."""


@command.command("list")
@options.json_option
def list_kits(as_json: bool) -> None:
    """List every kit map by name, with the package it comes from."""
    catalogue.show_entries(
        plugins.kit_maps,
        as_json=as_json,
        describe=lambda name: f"{len(get_kit(name))} classes: {_about(name)}",
    )


def _about(name: str) -> str:
    return get_kit(name).description.partition("\n")[0]


@command.command("show")
@click.argument("name", metavar="NAME|FILE")
@options.json_option
def show_kit(name: str, as_json: bool) -> None:
    """Show the classes of a kit map and their pitches.

    The first pitch of a class is the one that is written. With --json the output
    is a kit map's file: change it and give it to --kit.
    """
    kit = get_kit(name)
    if as_json:
        output.echo_json(kit.to_dict())
        return
    click.echo(kit.name)
    if name in plugins.kit_maps.names():
        click.echo(f"from {plugins.kit_maps.describe(name)}")
    if kit.description:
        click.echo(f"\n{kit.description}")
    click.echo()
    rows = zip(kit.class_names, kit.classes, strict=True)
    output.echo_table(
        (
            (number, label, " ".join(map(str, pitches)))
            for number, (label, pitches) in enumerate(rows)
        ),
        header=("class", "name", "pitches"),
    )
