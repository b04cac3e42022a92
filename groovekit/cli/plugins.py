"""``groovekit plugins``: what other packages add."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import click

from groovekit.cli import options, output
from groovekit.errors import UnknownNameError, suggest
from groovekit.plugins.catalogue import Plugin, installed_plugins
from groovekit.plugins.registry import plugins_enabled
from groovekit.plugins.template import write_plugin


@click.group()
def command() -> None:
    """List and show installed plug-ins and the names they add; begin a new one."""


@command.command("list")
@click.option(
    "--check", is_flag=True, help="Import everything offered, to find what fails."
)
@options.json_option
def list_plugins(check: bool, as_json: bool) -> None:
    """List packages that add converters, configs and the like.

    Names that cannot be used are marked with the reason.
    """
    found = installed_plugins(check=check)
    if as_json:
        output.echo_json([dataclasses.asdict(plugin) for plugin in found])
        return
    if not plugins_enabled():
        output.note("GROOVEKIT_PLUGINS=0: installed plug-ins are left out.")
    elif not found:
        output.note("No plug-ins are installed.")
    for plugin in found:
        _show(plugin)


@command.command("show")
@click.argument("name")
@options.json_option
def show_plugin(name: str, as_json: bool) -> None:
    """Show what the package NAME adds: kinds, names and what is wrong.

    Everything it offers is imported.
    """
    found = installed_plugins(check=True, package=name)
    if not found:
        # Nothing is imported to find the other names.
        packages = [plugin.package for plugin in installed_plugins()]
        raise UnknownNameError(suggest(name, packages, kind="plug-in package"))
    if as_json:
        output.echo_json([dataclasses.asdict(plugin) for plugin in found])
        return
    for plugin in found:
        click.echo(f"{plugin.package}\nversion {plugin.version or 'unknown'}")
        offers = sorted(plugin.offers, key=lambda offer: offer.kind)
        for kind, group in itertools.groupby(offers, key=lambda offer: offer.kind):
            click.echo(f"\n{kind}s")
            rows = [(f"  {o.name}", o.origin, _mark(o.problem)) for o in group]
            output.echo_table(rows)


@command.command("new")
@click.argument("name")
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder in which the package's folder is made.",
)
def new_plugin(name: str, output_dir: Path) -> None:
    """Write a package to start a plug-in from, with tests that pass.

    NAME is the name of its folder and of what it registers: swing_kit becomes the
    package swing_kit, the distribution swing-kit and the names swing_kit.groove, ...
    It holds a converter, a kit map, a config and an output head; replace what you
    do not need.
    """
    folder = write_plugin(name, output_dir)
    click.echo(folder)
    output.note(
        f"Install it with: pip install -e '{folder}[test]'\n"
        f"and test it with: pytest {folder}"
    )


def _show(plugin: Plugin) -> None:
    click.echo(" ".join(filter(None, (plugin.package, plugin.version))))
    rows = [
        (f"  {offer.kind}", offer.name, offer.origin, _mark(offer.problem))
        for offer in plugin.offers
    ]
    output.echo_table(rows)


def _mark(problem: str | None) -> str:
    return f"CANNOT BE USED: {problem}" if problem else ""
