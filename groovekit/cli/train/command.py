"""``groovekit train``: fits a config to examples, or evaluates a run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from groovekit.cli.options import (
    backend_option,
    boolean,
    cache_option,
    device_option,
    drum_track_option,
    examples_option,
    json_option,
    kit_option,
    obsolete_options,
    option,
    precision_option,
    seed_option,
    split_option,
    window_options,
    workers_option,
)
from groovekit.cli.start import start_keras, use_backend
from groovekit.cli.train.work import evaluate, train
from groovekit.cli.types import CONFIG, EXAMPLES, FOLDER, PRESET, RECIPE
from groovekit.configs.base import Config, get_config
from groovekit.configs.presets import DEFAULT_CONFIG
from groovekit.configs.recipes import Recipe, get_recipe
from groovekit.configs.run_folder import RunFolder
from groovekit.converters.options import with_options
from groovekit.data.settings import DataSettings
from groovekit.errors import UsageError
from groovekit.training.settings import TrainSettings


def _follow(
    context: click.Context, parameter: click.Parameter, name: str | None
) -> Recipe | None:
    """Makes a recipe's settings the defaults of the other options."""
    del parameter
    if name is None:
        return None
    recipe = get_recipe(name)
    fields = (
        *("examples", "split", "seed"),
        *("steps", "eval_every", "patience"),
    )
    context.default_map = {
        "name": recipe.config,
        **{field: getattr(recipe, field) for field in fields},
    }
    return recipe


@click.command("train")
@click.option(
    "--config",
    "name",
    type=CONFIG,
    default=None,
    show_default=f"the run folder's, or {DEFAULT_CONFIG}",
    help="Config to train.",
)
@click.option(
    "--recipe",
    type=RECIPE,
    default=None,
    is_eager=True,
    callback=_follow,
    help="Train on public data by a recipe: config, data, seed and length; what other "
    "options say goes first. `groovekit recipes list` shows them.",
)
@examples_option(
    "TFRecord (or glob of shards), folder or zip of MIDI files, or tfds:NAME.",
    required=False,
)
@click.option("--tfds-name", hidden=True, default=None)
@split_option(
    "Part of the examples to use.", shown="train, where the examples have splits"
)
@click.option("--eval-examples", type=EXAMPLES, help="Other examples to evaluate on.")
@click.option(
    "--eval-fraction",
    type=click.FloatRange(0, 1, max_open=True),
    default=None,
    show_default="0.1, or the validation split",
    help="Share of the windows to hold out for evaluation, in whole performances; 0 "
    "for none.",
)
@click.option(
    "--run-dir",
    type=FOLDER,
    default=None,
    show_default="runs/CONFIG",
    help="Run folder; an existing run is resumed.",
)
@option(
    "--steps",
    aliases=("--num-steps",),
    type=click.IntRange(min=0),
    default=None,
    show_default="the config's",
    help="Step to stop at, counted from the start of the run; 0 for a model in closed "
    "form, where the config has one.",
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
@kit_option("--kit", "Kit map to read drums with.")
@kit_option("--output-kit", "Kit map that the model writes with, of as many classes.")
@window_options
@drum_track_option
@seed_option
@boolean("resume", default=True, help="Go on where the run folder stopped.")
@click.option("--overwrite", is_flag=True, help="With --no-resume: replace a run.")
@click.option(
    "--init-from", metavar="RUN|PRESET", type=PRESET, help="Start from these weights."
)
@click.option(
    "--mode",
    type=click.Choice(["train", "eval"]),
    default="train",
    help="Train, or evaluate the newest checkpoint on the examples and exit.",
)
@click.option(
    "--watch", is_flag=True, help="With --mode eval: repeat for each new one."
)
@click.option(
    "--eval-every",
    type=click.IntRange(min=1),
    default=TrainSettings.eval_every,
    help="In steps.",
)
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
    default=TrainSettings.checkpoint_minutes,
    help="Minutes between checkpoints.",
)
@option(
    "--keep",
    aliases=("--checkpoints-to-keep",),
    type=click.IntRange(min=0),
    default=TrainSettings.keep,
    help="Checkpoints to keep; 0 for all.",
)
@cache_option
@click.option(
    "--verify-cache", is_flag=True, help="Compare contents, not sizes and times."
)
@workers_option
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
    time_signature: tuple[int, int] | None,
    loop: bool | None,
    keep_silence: bool | None,
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
    config = _overridden(
        _config(name, recipe, run_dir),
        hparams=hparams,
        batch_size=batch_size,
        kit=kit,
        output_kit=output_kit,
        time_signature=time_signature,
        loop=loop,
        keep_silence=keep_silence,
    )
    run_dir = run_dir or Path("runs") / (recipe.name if recipe else config.name)
    fields = dataclasses.fields(DataSettings)
    data = DataSettings(**{field.name: options.pop(field.name) for field in fields})
    if mode == "eval":
        start_keras(backend, device)
        evaluate(
            config,
            examples,
            run_dir,
            data,
            batches=options["eval_batches"],
            watch=watch,
            as_json=as_json,
        )
        return
    settings = TrainSettings(**options)
    start_keras(backend, device)
    train(config, examples, run_dir, data, settings, dry_run=dry_run, as_json=as_json)


def _config(name: str | None, recipe: Recipe | None, run_dir: Path | None) -> Config:
    """The config named, the recipe's, the run folder's own, or the default one."""
    if recipe is not None:
        if name != recipe.config:
            raise UsageError(
                f"The recipe {recipe.name} trains the config {recipe.config}, not "
                f"{name}: leave --config out, or --recipe."
            )
        return recipe.model_config()
    if name is not None:
        return get_config(name)
    if run_dir is not None and RunFolder.is_run(run_dir):
        return RunFolder.open(run_dir).read_config()
    return get_config(DEFAULT_CONFIG)


def _overridden(
    config: Config,
    *,
    hparams: str | None,
    batch_size: int | None,
    **options: Any,
) -> Config:
    """The config with other values, and with other options of its converter."""
    if hparams:
        config = config.with_overrides(hparams)
    if batch_size is not None:
        config = config.with_overrides({"batch_size": batch_size})
    converter = with_options(config.converter, trained=False, **options)
    return config.replace(converter=converter)
