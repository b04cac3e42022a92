"""``groovekit evaluate``: how good a trained model is, beside baselines."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groovekit.cli.options import (
    backend_option,
    cache_option,
    device_option,
    examples_option,
    json_option,
    model_options,
    split_option,
    workers_option,
)
from groovekit.cli.output import echo_json, note
from groovekit.cli.progress import Progress
from groovekit.cli.start import use_backend
from groovekit.cli.types import CONFIG, EXAMPLES
from groovekit.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from groovekit.configs.presets import ModelFiles
    from groovekit.converters.base import Converter
    from groovekit.data.examples import Examples
    from groovekit.data.settings import DataSettings
    from groovekit.evaluation.evaluate import Evaluation


@click.command("evaluate")
@model_options(preset="par-groove_4bar")
@click.option(
    "--config",
    type=CONFIG,
    default=None,
    show_default="that of the model",
    help="Config of the model.",
)
@examples_option(
    "What to evaluate on: a TFRecord (or glob of shards), a folder, zip or file of "
    "music, or tfds:NAME."
)
@split_option("Which of them.", shown="validation, of examples with splits")
@click.option(
    "--train-examples",
    type=EXAMPLES,
    default=None,
    show_default="the training split, or what is not held out",
    help="What the model was trained on, for baselines and copies.",
)
@click.option(
    "--report",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Write metrics.json and report.html into this folder.",
)
@click.option(
    "--overwrite", is_flag=True, help="Replace a report that is in the folder."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    help="Of samples, baselines that draw, and intervals.",
)
@click.option(
    "--teacher-forcing",
    is_flag=True,
    help="Predict each step from the true steps before it.",
)
@click.option(
    "--max-windows",
    metavar="N",
    type=click.IntRange(min=1),
    default=None,
    show_default="all",
    help="Evaluate on performances drawn at random with this many windows.",
)
@click.option(
    "--samples",
    metavar="N",
    type=click.IntRange(min=0),
    default=200,
    help="Windows to sample from the prior; 0 for none.",
)
@click.option(
    "--temperature",
    metavar="T",
    type=click.FloatRange(min=0),
    default=1.0,
    help="Of the samples: 1 as learnt, 0 the most probable.",
)
@cache_option
@workers_option
@backend_option
@device_option
@json_option
def command(
    run_dir: str | None,
    preset: str | None,
    checkpoint: str | None,
    config: str | None,
    examples: str,
    split: str | None,
    train_examples: str | None,
    report: Path | None,
    overwrite: bool,
    seed: int,
    teacher_forcing: bool,
    max_windows: int | None,
    samples: int,
    temperature: float,
    cache: bool,
    workers: int,
    backend: str | None,
    device: str | None,
    as_json: bool,
) -> None:
    """Measure a trained model on held-out music, beside baselines.

    Reconstruction (hits, velocities, timing, bits), samples against what people
    played, copies of the training grooves, interpolations. Decoding takes the most
    probable choice from the posterior's mean, each step following the model's own
    ones unless --teacher-forcing. Intervals hold 95 % of the draws of performances.

    Models that fill what is missing are shown performances of which something is
    hidden: velocities and timing, drums, bars, all but taps.
    """
    # Before a plug-in's config might import Keras.
    use_backend(backend, device, "evaluating")
    from groovekit.configs.presets import find_model
    from groovekit.data.settings import DataSettings
    from groovekit.evaluation.report import check_report_folder
    from groovekit.models.family import family_of

    if report is not None:
        report = report.expanduser()
        check_report_folder(report, overwrite=overwrite)
    files = find_model(
        run_dir=run_dir, preset=preset, checkpoint=checkpoint, config=config
    )
    held_out, train, qpm, described = _examples(
        files.config.converter,
        examples,
        train_examples=train_examples,
        max_windows=max_windows,
        seed=seed,
        settings=DataSettings(split=split, cache=cache, workers=workers),
    )
    described["trained_on"] = _trained_on(files, held_out)
    if "encode" not in family_of(files.config).abilities:
        table = _evaluate_filling(files, held_out, train, seed=seed)
        figures = {
            **table,
            "model": {"kind": files.kind, "source": files.source},
            "examples": described,
        }
        if report is not None:
            from groovekit.evaluation.report import write_report

            note(f"Report: {write_report(report, figures)}")
        if as_json:
            echo_json(figures)
            return
        from groovekit.cli.evaluate.filling_tables import show_filling

        show_filling(figures)
        return
    from groovekit.cli.start import start_keras

    start_keras(backend, device)
    from groovekit.evaluation.evaluate import Settings

    settings = Settings(
        seed=seed,
        teacher_forcing=teacher_forcing,
        samples=samples,
        temperature=temperature,
    )
    found = _evaluate(files, held_out, train, qpm, settings)
    figures = {
        **found.figures,
        "model": {"kind": files.kind, "source": files.source},
        "examples": described,
    }
    if report is not None:
        from groovekit.evaluation.report import write_report

        note("Writing the report ...")
        rows = _rows(files.config.converter)
        page = write_report(report, figures, found.listening, rows=rows)
        note(f"Report: {page}")
    if as_json:
        echo_json(figures)
        return
    from groovekit.cli.evaluate.tables import show

    show(figures)


def _examples(
    converter: Converter,
    examples: str,
    *,
    train_examples: str | None,
    max_windows: int | None,
    seed: int,
    settings: DataSettings,
) -> tuple[Examples, Examples, np.ndarray | None, dict[str, Any]]:
    """Held-out and training windows, tempos, and what they are."""
    from groovekit.data.datasets import load_examples
    from groovekit.data.performances import some_windows, tempos_of
    from groovekit.data.prepared import hold_out
    from groovekit.io.sources import has_splits

    splits = has_splits(examples)
    if settings.split is not None and not splits:
        raise UsageError(
            f"{examples} has no splits: leave --split out, or evaluate on the Groove "
            "MIDI Dataset or a data set of TFDS."
        )
    own = (settings.split or "validation") if splits else None
    with Progress(None, "Converting examples") as progress:

        def load(source: str, part: str | None) -> Examples:
            chosen = dataclasses.replace(settings, split=part)
            return load_examples(
                source, converter, settings=chosen, progress=progress.follow
            )

        held_out = load(examples, own)
        if train_examples is not None:
            known = "train" if has_splits(train_examples) else None
            train = load(train_examples, known)
            note(f"Training grooves: {train_examples}.")
        elif splits:
            train = load(examples, "train")
        else:
            prepared = hold_out(held_out)
            train = prepared.train
            held_out = prepared.evaluation or held_out
            note(prepared.note)
            if prepared.evaluation is None:
                note("Evaluating on the windows that the baselines know.")
    every = held_out.sequences
    if max_windows is not None:
        held_out = some_windows(held_out, max_windows, seed=seed)
    timed = any(part.name == "offsets" for part in converter.layout)
    qpm = tempos_of(examples, own, held_out.ids) if timed else None
    note(
        f"Evaluating on {held_out.windows_per_epoch:,} windows of "
        f"{held_out.sequences} of {every} performances; {len(train):,} training "
        "windows."
    )
    described = {"source": Path(examples).name or examples, "split": own}
    return held_out, train, qpm, described


def _trained_on(files: ModelFiles, examples: Examples) -> int:
    """How many of the performances the model knows from its training; says so."""
    from groovekit.configs.run_folder import RunFolder
    from groovekit.data.performances import trained_on

    if files.folder is None:
        return 0
    found = trained_on(RunFolder(files.folder).read_metadata(), examples)
    if found:
        note(
            f"{found} of the {len(set(examples.performances))} performances are among "
            f"those that {files.source} was trained on: these figures say how well it "
            "knows them, not how good it is."
        )
    return found


def _evaluate(
    files: ModelFiles,
    held_out: Examples,
    train: Examples,
    qpm: np.ndarray | None,
    settings: Any,
) -> Evaluation:
    from groovekit.evaluation.evaluate import evaluate
    from groovekit.generation.trained_model import TrainedModel

    model = TrainedModel.load(files, runtime="keras")
    with _Stages() as stages:
        return evaluate(
            model,
            held_out,
            train,
            qpm=qpm,
            settings=settings,
            stage=stages.begin,
            progress=stages.follow,
        )


def _evaluate_filling(
    files: ModelFiles, held_out: Examples, train: Examples, *, seed: int
) -> dict[str, Any]:
    from groovekit.evaluation.filling.evaluate import evaluate_filling
    from groovekit.generation.players import load_player

    player: Any = load_player(files)
    with _Stages() as stages:
        return evaluate_filling(
            player,
            player.converter,
            held_out,
            train,
            name=files.config.name,
            seed=seed,
            stage=stages.begin,
            progress=stages.follow,
        )


class _Stages(contextlib.ExitStack):
    """A bar of progress for each stage that takes long."""

    _progress: Progress | None = None

    def begin(self, text: str) -> None:
        """Ends the stage before and says what is done next."""
        self.close()
        self._progress = self.enter_context(Progress(None, text, unit="windows"))
        note(f"{text} ...")

    def follow(self, done: int, total: int) -> None:
        """Windows done, of the stage."""
        if self._progress is not None:
            self._progress.follow(done, total)


def _rows(converter: Converter) -> list[tuple[str, tuple[int, ...]]]:
    """Names and pitches of the drums that the model writes, the lowest first."""
    from groovekit.converters.options import WithKits

    if not isinstance(converter, WithKits):
        return []
    kit = converter.output_kit_map
    return [
        (name.replace("_", " "), (int(pitch),))
        for name, pitch in zip(kit.class_names, kit.representatives, strict=True)
    ]
