"""``groovekit converters``: list and show data converters."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import click

from groovekit.cli import catalogue, options, output
from groovekit.plugins import catalogue as plugins


@click.group()
def command() -> None:
    """List and show data converters."""


@command.command("list")
@options.json_option
def list_converters(as_json: bool) -> None:
    """List every converter by name, with the package it comes from."""
    catalogue.show_entries(
        plugins.converters,
        as_json=as_json,
        describe=lambda name: inspect.getdoc(plugins.converters.get(name)) or "",
    )


@command.command("show")
@click.argument("name")
@options.json_option
def show_converter(name: str, as_json: bool) -> None:
    """Show what the converter NAME does and its options with their defaults."""
    # Registering checked that it is a dataclass, which its type does not say.
    converter: Any = plugins.converters.get(name)
    fields = [
        {"name": field.name, "type": str(field.type), "default": _default(field)}
        for field in dataclasses.fields(converter)
    ]
    description = inspect.getdoc(converter) or ""
    entry = plugins.converters.describe(name)
    if as_json:
        output.echo_json(
            {
                **dataclasses.asdict(entry),
                "description": description,
                "options": fields,
            }
        )
        return
    click.echo(name)
    click.echo(f"from {entry}")
    if description:
        click.echo(f"\n{description}")
    click.echo()
    output.echo_table(
        ((f["name"], f["type"], f["default"]) for f in fields),
        header=("option", "type", "default"),
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return catalogue.plain(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return catalogue.plain(field.default_factory())
    return "required"
