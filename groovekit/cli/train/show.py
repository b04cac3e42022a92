"""What ``groovekit train`` shows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from groovekit.cli.output import echo_json, note
from groovekit.cli.progress import duration
from groovekit.configs.base import Config
from groovekit.converters.options import WithKits
from groovekit.data.report import ExampleReport

if TYPE_CHECKING:
    from groovekit.training.estimate import Estimate
    from groovekit.training.trainer import Trainer, TrainResult

# Skipped files named before training; `groovekit inspect --each` names all.
_NAMED = 5


def show_examples(config: Config, report: ExampleReport) -> None:
    """Shows what was read, and with which kit map."""
    note(report.table(names=_NAMED))
    if isinstance(config.converter, WithKits):
        which = f"map {next(iter(report.kits), config.converter.kit)}"
        if len(report.kits) > 1:
            names = (f"{kit} ({count:,})" for kit, count in report.kits.items())
            which = f"maps {', '.join(names)}"
        counts = report.counts
        note(
            f"Read with the kit {which}: {counts.unmapped:,} of {counts.notes:,} "
            "notes had no class."
        )


def show_plan(trainer: Trainer, estimate: Estimate) -> None:
    """Shows what will be trained, and what that takes."""
    train, size = trainer.data.train, trainer.batch_size
    asked = trainer.config.training.batch_size
    if size < asked:
        note(
            f"Fewer windows an epoch ({train.windows_per_epoch:,}) than a batch of "
            f"{asked}: training with batches of {size}."
        )
    note(
        f"{trainer.config.name}: {estimate.parameters:,} parameters, seed "
        f"{trainer.seed}, {train.windows_per_epoch:,} windows an epoch in batches of "
        f"{size} ({train.steps_per_epoch(size)} steps); {trainer.remaining:,} steps "
        f"to do, from step {trainer.state.step}."
    )
    line = f"About {estimate.memory / 2**30:.1f} GiB of memory"
    if estimate.step_seconds is not None:
        seconds = estimate.step_seconds * trainer.remaining
        line += f" and {duration(seconds)} on this CPU (rough; more exact below)"
    note(line + ".")
    if not estimate.fits:
        advice = "A smaller model is needed."
        if estimate.fitting_batch_size:
            advice = f"--batch-size {estimate.fitting_batch_size} should fit."
        note(f"Warning: that is more than the memory that is free. {advice}")


def show_result(
    result: TrainResult, config: Config, *, seed: int, as_json: bool
) -> None:
    """Shows what came of training, and what to do next."""
    if as_json:
        table = dataclasses.asdict(result) | {
            "config": config.name,
            "run": str(result.run.path),
            "seed": seed,
        }
        echo_json(table)
        return
    early = " (stopped early)" if result.stopped_early else ""
    click.echo(f"Trained {config.name} to step {result.step}{early}.")
    if result.best is not None:
        click.echo(
            f"Best evaluation loss {result.best:.2f} at step {result.best_step}; "
            "these weights are kept."
        )
    click.echo(f"Run folder: {result.run.path}")
    click.echo(f"Next: groovekit generate --run-dir {result.run.path}")


def show_scores(
    name: str, step: int, windows: int, scores: dict[str, float], *, as_json: bool
) -> None:
    """Shows the scores of a checkpoint of the config called ``name``."""
    if as_json:
        echo_json({"config": name, "step": step, "windows": windows, **scores})
        return
    click.echo(f"Step {step}, {windows:,} windows:")
    for key, value in scores.items():
        click.echo(f"  {key}: {value:.4f}")
