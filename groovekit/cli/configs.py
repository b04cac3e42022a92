"""``groovekit configs``: list and show model configs."""

from __future__ import annotations

import click

from groovekit.cli.catalogue import flatten, list_and_show, show_entries
from groovekit.cli.output import echo_table
from groovekit.cli.types import CONFIG
from groovekit.configs.base import Config, get_config
from groovekit.plugins import catalogue


def _list(as_json: bool) -> None:
    """List every config by name, with the package it comes from."""
    show_entries(
        catalogue.configs,
        as_json=as_json,
        describe=lambda name: get_config(name).description,
    )


def _show(name: str) -> None:
    """Show what the config NAME holds."""
    config = get_config(name)
    click.echo(config.name)
    if config.description:
        click.echo(config.description)
    click.echo(f"from {catalogue.configs.describe(name)}")
    click.echo()
    echo_table(flatten(config.parts_to_dict(), skip=("name", "description")))
    click.echo()
    for line in _cost(config):
        click.echo(line)


def _cost(config: Config) -> list[str]:
    """What the model weighs and what training it takes, as lines."""
    from groovekit.models.size import network_size
    from groovekit.training.estimate import estimate

    batch = config.training.batch_size
    model = None
    if network_size(config) is None:
        # With parts from plug-ins: only building it tells.
        from groovekit.cli.start import start_keras

        start_keras(None, None, "counting the parts of a plug-in")
        from groovekit.models.builder import build_model

        model = build_model(config)
    cost = estimate(config, batch, on_cpu=True, timed=False, model=model)
    lines = [
        f"{cost.parameters:,} parameters "
        f"({cost.parameters * 4 / 2**20:,.0f} MiB in float32).",
        f"Training at batch size {batch:,} takes roughly "
        f"{cost.memory / 2**30:.1f} GiB of memory.",
    ]
    if cost.available is not None:
        free = f"This machine has {cost.available / 2**30:.1f} GiB to spare"
        if cost.fits:
            lines.append(f"{free}: it fits.")
        elif cost.fitting_batch_size < 1:
            lines.append(f"{free}: the model does not fit at any batch size.")
        else:
            lines.append(
                f"{free}: try --batch-size {cost.fitting_batch_size} on its CPU, or a "
                "smaller model."
            )
    return lines


command = list_and_show(
    "List and show model configs.",
    entries=_list,
    value=lambda name: get_config(name).to_dict(),
    show=_show,
    type=CONFIG,
)
