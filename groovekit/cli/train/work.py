"""What ``groovekit train`` does, once its options are read and Keras has started."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import click

from groovekit.cli.output import echo_json, note
from groovekit.cli.progress import Progress
from groovekit.cli.train.show import (
    show_examples,
    show_plan,
    show_result,
    show_scores,
)
from groovekit.configs.base import Config
from groovekit.configs.run_folder import RunFolder
from groovekit.data.settings import DataSettings
from groovekit.io.files import check_writable
from groovekit.training.settings import TrainSettings
from groovekit.training.words import progress_in_words

_WATCH_SECONDS = 30.0


def train(
    config: Config,
    examples: str,
    run_dir: Path,
    data_settings: DataSettings,
    settings: TrainSettings,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Trains in a run folder and shows what came of it.

    Args:
      config: the model.
      examples: what to train on.
      run_dir: the run folder, new or to be resumed.
      data_settings: which of the examples, and how they are read.
      settings: how long, what to keep.
      dry_run: stop before the first step; nothing is written.
      as_json: show the result as JSON.
    """
    from groovekit.data.prepared import prepare
    from groovekit.training.trainer import Trainer

    check_writable(run_dir)
    with Progress(None, "Converting examples") as progress:
        data = prepare(
            examples,
            config.converter,
            settings=data_settings,
            progress=progress.follow,
        )
    show_examples(config, data.train.report)
    note(data.note)
    trainer = Trainer(config, data, run_dir, settings)
    estimate = trainer.estimate()
    show_plan(trainer, estimate)
    if dry_run:
        if as_json:
            report = data.train.report.to_dict()
            echo_json({"examples": report, "cost": dataclasses.asdict(estimate)})
        else:
            click.echo("Dry run: nothing was trained, no run folder was made.")
        return
    with Progress(
        trainer.steps, "Training", unit="steps", start=trainer.state.step
    ) as progress:

        def update(step: int, scalars: dict[str, float]) -> None:
            progress.update(step, progress_in_words(scalars))

        result = trainer.fit(update)
    show_result(result, config, seed=trainer.seed, as_json=as_json)


def evaluate(
    config: Config,
    examples: str,
    run_dir: Path,
    data_settings: DataSettings,
    *,
    batches: int | None,
    watch: bool,
    as_json: bool,
) -> None:
    """Shows the scores of a run's newest checkpoint.

    Args:
      config: of the run, perhaps with another batch size.
      examples: what the run trains on, or others.
      run_dir: the run folder.
      data_settings: which of the examples, and how they are read.
      batches: evaluate on the first ones only; None for all.
      watch: repeat for each new checkpoint, without end.
      as_json: show the scores as JSON.
    """
    from groovekit.data.prepared import held_out_examples
    from groovekit.training import checkpoints
    from groovekit.training.validation import evaluate_run

    while watch and not checkpoints.listing(RunFolder(run_dir).checkpoints):
        note(f"Waiting for a first checkpoint in {run_dir}.")
        time.sleep(_WATCH_SECONDS)
    run = RunFolder.open(run_dir)
    # The batch size changes no score.
    batch_size = run.read_config().training.batch_size
    run.check_same(config.with_overrides({"batch_size": batch_size}))
    with Progress(None, "Converting examples") as progress:
        data, what = held_out_examples(
            examples,
            config.converter,
            settings=data_settings,
            progress=progress.follow,
        )
    if what:
        note(what)
    show_examples(config, data.report)
    done: Path | None = None
    while True:
        newest = checkpoints.newest(run.checkpoints)
        if newest != done or not watch:
            step, windows, scores = evaluate_run(
                run,
                data,
                batch_size=config.training.batch_size,
                max_batches=batches,
            )
            show_scores(config.name, step, windows, scores, as_json=as_json)
            done = newest
        if not watch:
            return
        time.sleep(_WATCH_SECONDS)
