"""``groovekit train``: fits a config to examples, or evaluates a run."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groovekit.cli.options import (
    backend_option,
    boolean,
    device_option,
    json_option,
    obsolete_options,
    option,
    precision_option,
    seed_option,
)
from groovekit.cli.output import echo_json, note
from groovekit.cli.progress import Progress, duration
from groovekit.cli.start import start_keras, use_backend
from groovekit.configs.base import ModelConfig, get_config
from groovekit.configs.recipes import Recipe, get_recipe
from groovekit.configs.run_folder import RunFolder
from groovekit.converters.options import with_options
from groovekit.errors import UsageError
from groovekit.io.files import check_writable

if TYPE_CHECKING:
    from groovekit.data.report import ExampleReport
    from groovekit.data.settings import DataSettings
    from groovekit.training.estimate import Estimate
    from groovekit.training.trainer import TrainResult

_WATCH_SECONDS = 30.0
# Skipped files named before training; `groovekit inspect --each` names all.
_NAMED = 5


def _follow(
    context: click.Context, parameter: click.Parameter, name: str | None
) -> Recipe | None:
    """Makes a recipe's settings the defaults of the other options."""
    del parameter
    if name is None:
        return None
    recipe = get_recipe(name)
    fields = (
        *("examples", "split", "seed", "init_from"),
        *("steps", "eval_every", "patience"),
    )
    context.default_map = {
        "name": recipe.config,
        **{field: getattr(recipe, field) for field in fields},
    }
    return recipe


@click.command("train")
@click.option("--config", "name", metavar="NAME", help="Config to train.")
@click.option(
    "--recipe",
    metavar="NAME",
    default=None,
    is_eager=True,
    callback=_follow,
    help="Train as a shipped model was: config, data, seed and length; what other "
    "options say goes first. `groovekit recipes list` shows them.",
)
@option(
    "--examples",
    aliases=("--examples-path",),
    metavar="E",
    help="TFRecord (or glob of shards), folder or zip of MIDI files, or tfds:NAME.",
)
@click.option("--tfds-name", hidden=True, default=None)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test", "all"]),
    default=None,
    show_default="train, where the examples have splits",
    help="Part of the examples to use.",
)
@click.option("--eval-examples", metavar="E", help="Other examples to evaluate on.")
@click.option(
    "--eval-fraction",
    type=click.FloatRange(0, 1, max_open=True),
    default=None,
    show_default="0.1, or the validation split",
    help="Share of the source files to hold out for evaluation; 0 for none.",
)
@click.option(
    "--run-dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=None,
    show_default="runs/CONFIG",
    help="Run folder; an existing run is resumed.",
)
@option(
    "--steps",
    aliases=("--num-steps",),
    type=click.IntRange(min=1),
    default=200_000,
    help="Step to stop at, counted from the start of the run.",
)
@click.option(
    "--patience",
    type=click.IntRange(min=1),
    default=None,
    show_default="never",
    help="Stop after this many evaluations without a better one.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=None,
    show_default="the config's",
    help="Windows a step.",
)
@click.option(
    "--hparams",
    metavar="A=1,B=2",
    default=None,
    help="Other values of the config: groovekit's names or the original's.",
)
@click.option(
    "--kit",
    metavar="NAME|FILE",
    default=None,
    show_default="the config's",
    help="Kit map to read drums with.",
)
@click.option(
    "--output-kit",
    metavar="NAME|FILE",
    default=None,
    show_default="the config's",
    help="Kit map that the model writes with, of as many classes.",
)
@seed_option
@boolean("resume", default=True, help="Go on where the run folder stopped.")
@click.option("--overwrite", is_flag=True, help="With --no-resume: replace a run.")
@click.option("--init-from", metavar="RUN|PRESET", help="Start from these weights.")
@click.option(
    "--mode",
    type=click.Choice(["train", "eval"]),
    default="train",
    help="Train, or evaluate the newest checkpoint on the examples and exit.",
)
@click.option(
    "--watch", is_flag=True, help="With --mode eval: repeat for each new one."
)
@click.option("--eval-every", type=click.IntRange(min=1), default=100, help="In steps.")
@option(
    "--eval-batches",
    aliases=("--eval-num-batches",),
    type=click.IntRange(min=1),
    default=None,
    show_default="all",
    help="Evaluate on this many batches only.",
)
@click.option(
    "--checkpoint-minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    help="Minutes between checkpoints.",
)
@option(
    "--keep",
    aliases=("--checkpoints-to-keep",),
    type=click.IntRange(min=0),
    default=3,
    help="Checkpoints to keep; 0 for all.",
)
@boolean(
    "cache",
    default=True,
    help="Keep converted examples for the next time.",
    aliases=("cache-dataset",),
)
@click.option(
    "--verify-cache", is_flag=True, help="Compare contents, not sizes and times."
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    help="Processes that read files.",
)
@backend_option
@device_option
@precision_option
@click.option(
    "--dry-run", is_flag=True, help="Stop before the first step: no run folder."
)
@json_option
@obsolete_options(
    "--master",
    "--task",
    "--num-ps-tasks",
    "--num-sync-workers",
    "--eval-dir-suffix",
    "--keep-checkpoint-every-n-hours",
    "--log",
)
def command(
    name: str | None,
    recipe: Recipe | None,
    examples: str | None,
    tfds_name: str | None,
    run_dir: Path | None,
    batch_size: int | None,
    hparams: str | None,
    kit: str | None,
    output_kit: str | None,
    backend: str | None,
    device: str | None,
    mode: str,
    watch: bool,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a model on a data set, or evaluate a run.

    Ctrl-C finishes the step and saves; the same command goes on from there. The
    run folder keeps the best weights, so that `groovekit generate --run-dir DIR`
    needs nothing else.
    """
    if tfds_name is not None:
        if examples is not None:
            raise UsageError("Give either --examples or --tfds-name, not both.")
        examples = f"tfds:{tfds_name}"
    if examples is None:
        raise UsageError("Give the examples to use: --examples E.")
    if watch and mode != "eval":
        raise UsageError("--watch goes with --mode eval.")
    if dry_run and mode == "eval":
        raise UsageError("--dry-run goes with --mode train.")
    # Before a plug-in's config might import Keras.
    use_backend(backend, device, "training")
    run_dir = None if run_dir is None else run_dir.expanduser()
    config = _config(name, recipe, run_dir, hparams, batch_size, kit, output_kit)
    run_dir = run_dir or Path("runs") / (recipe.name if recipe else config.name)
    data = _data_settings(options)
    start_keras(backend, device)
    if mode == "eval":
        _evaluate(
            config,
            examples,
            run_dir,
            data,
            watch=watch,
            as_json=as_json,
            eval_batches=options["eval_batches"],
        )
        return
    _train(config, examples, run_dir, data, dry_run=dry_run, as_json=as_json, **options)


def _data_settings(options: dict[str, Any]) -> DataSettings:
    """Takes the settings of the examples out of the command's options."""
    from groovekit.data.settings import DataSettings

    fields = dataclasses.fields(DataSettings)
    return DataSettings(**{field.name: options.pop(field.name) for field in fields})


def _config(
    name: str | None,
    recipe: Recipe | None,
    run_dir: Path | None,
    hparams: str | None,
    batch_size: int | None,
    kit: str | None,
    output_kit: str | None,
) -> ModelConfig:
    """The config named, the recipe's or the run folder's own, with overrides."""
    if recipe is not None:
        if name != recipe.config:
            raise UsageError(
                f"The recipe {recipe.name} trains the config {recipe.config}, not "
                f"{name}: leave --config out, or --recipe."
            )
        config = recipe.model_config()
    elif name is not None:
        config = get_config(name)
    elif run_dir is not None and RunFolder.is_run(run_dir):
        config = RunFolder.open(run_dir).read_config()
    else:
        raise UsageError(
            "Give a config to train: --config NAME. `groovekit configs list` shows "
            "them."
        )
    if hparams:
        config = config.with_overrides(hparams)
    if batch_size is not None:
        config = config.with_overrides({"batch_size": batch_size})
    converter = with_options(
        config.converter, kit=kit, output_kit=output_kit, trained=False
    )
    return config.replace(converter=converter)


def _train(
    config: ModelConfig,
    examples: str,
    run_dir: Path,
    data_settings: DataSettings,
    *,
    dry_run: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    from groovekit.data.prepared import prepare
    from groovekit.training.settings import TrainSettings
    from groovekit.training.trainer import Trainer

    check_writable(run_dir)
    with Progress(None, "Converting examples") as progress:
        data = prepare(
            examples,
            config.converter,
            settings=data_settings,
            progress=progress.follow,
        )
    _show_examples(config, data.train.report)
    note(data.note)
    trainer = Trainer(config, data, run_dir, TrainSettings(**settings))
    estimate = trainer.estimate()
    _show_plan(trainer, estimate)
    if dry_run:
        if as_json:
            report = data.train.report.to_dict()
            echo_json({"examples": report, "cost": dataclasses.asdict(estimate)})
        else:
            click.echo("Dry run: nothing was trained, no run folder was made.")
        return
    with Progress(
        trainer.settings.steps, "Training", unit="steps", start=trainer.state.step
    ) as progress:

        def update(step: int, scalars: dict[str, float]) -> None:
            progress.update(
                step,
                f"loss {scalars['loss']:.1f}  KL {scalars['losses/kl_bits']:.1f} bits",
            )

        result = trainer.fit(update)
    _show(result, config, seed=trainer.seed, as_json=as_json)


def _show_examples(config: ModelConfig, report: ExampleReport) -> None:
    note(report.table(names=_NAMED))
    kit = getattr(config.converter, "kit", None)
    if kit is not None:
        counts = report.counts
        note(
            f"Read with the kit map {kit}: {counts.unmapped:,} of {counts.notes:,} "
            "notes had no class."
        )


def _show_plan(trainer: Any, estimate: Estimate) -> None:
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


def _show(
    result: TrainResult, config: ModelConfig, *, seed: int, as_json: bool
) -> None:
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


def _evaluate(
    config: ModelConfig,
    examples: str,
    run_dir: Path,
    data_settings: DataSettings,
    *,
    watch: bool,
    as_json: bool,
    eval_batches: int | None,
) -> None:
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
    _show_examples(config, data.report)
    done: Path | None = None
    while True:
        newest = checkpoints.newest(run.checkpoints)
        if newest != done or not watch:
            step, windows, scores = evaluate_run(
                run,
                data,
                batch_size=config.training.batch_size,
                max_batches=eval_batches,
            )
            if as_json:
                table = {"config": config.name, "step": step, "windows": windows}
                echo_json({**table, **scores})
            else:
                click.echo(f"Step {step}, {windows:,} windows:")
                for key, value in scores.items():
                    click.echo(f"  {key}: {value:.4f}")
            done = newest
        if not watch:
            return
        time.sleep(_WATCH_SECONDS)
