"""``groovekit configs``: list and show model configs."""

from __future__ import annotations

import click

from groovekit import plugins
from groovekit.cli import listing, options
from groovekit.config import get_config


@click.group()
def command() -> None:
    """List and show model configs."""


@command.command("list")
@options.json_option
def list_configs(as_json: bool) -> None:
    """List every config by name, with the package it comes from."""
    listing.show_entries(
        plugins.configs,
        as_json=as_json,
        describe=lambda name: get_config(name).description,
    )


@command.command("show")
@click.argument("name")
@options.json_option
def show_config(name: str, as_json: bool) -> None:
    """Show what the config NAME holds."""
    config = get_config(name)
    if as_json:
        options.echo_json(config.to_dict())
        return
    click.echo(config.name)
    if config.description:
        click.echo(config.description)
    click.echo(f"from {plugins.configs.describe(name)}")
    click.echo()
    options.echo_table(listing.flatten(config.to_dict(), skip=("name", "description")))
