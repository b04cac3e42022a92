"""``groovekit attributes``: directions of latent space, such as more density."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groovekit.cli.catalogue import show_entries
from groovekit.cli.options import (
    F,
    backend_option,
    device_option,
    examples_option,
    json_option,
    model_options,
    split_option,
)
from groovekit.cli.output import echo_json, echo_table, note
from groovekit.cli.progress import Progress
from groovekit.cli.start import use_backend
from groovekit.cli.types import ATTRIBUTE, FILE, FiniteRange, PathOf
from groovekit.errors import DataError
from groovekit.plugins import catalogue

if TYPE_CHECKING:
    from groovekit.data.examples import Examples
    from groovekit.evaluation.attribute_fitting import Effects
    from groovekit.generation.attributes import AttributeFunction, Directions
    from groovekit.generation.trained_model import TrainedModel


@click.group()
def command() -> None:
    """Fit, measure and list attributes: more density, less swing, ..."""


_examples = examples_option(
    "Music: a TFRecord, a folder, zip or file of MIDI, or tfds:NAME."
)
_model = model_options(preset="par-groove_4bar", checkpoint=False)


def _split(default: str) -> Callable[[F], F]:
    return split_option(
        "Part of the examples.", shown=f"{default}, where the examples have splits"
    )


def _functions_option(text: str) -> Callable[[F], F]:
    return click.option(
        "--function",
        "functions",
        metavar="MODULE:FUNCTION",
        multiple=True,
        help=text,
    )


@command.command("list")
@model_options(preset="none: all that can be fitted", checkpoint=False)
@json_option
def list_attributes(run_dir: str | None, preset: str | None, as_json: bool) -> None:
    """List the attributes that can be fitted, or those of a model."""
    if run_dir is None and preset is None:
        show_entries(catalogue.attributes, as_json=as_json, describe=_describe)
        return
    directions = _stored(run_dir, preset)
    if as_json:
        echo_json(
            {
                "config": directions.config,
                "windows": directions.windows,
                "attributes": [
                    {
                        "name": a.name,
                        "function": a.function,
                        "mean": a.mean,
                        "sd": a.sd,
                        "r2": a.r2,
                    }
                    for a in directions.attributes
                ],
            }
        )
        return
    _show_fit(directions)


@command.command("fit")
@_model
@_examples
@_split("train")
@click.option(
    "--attribute",
    "names",
    type=ATTRIBUTE,
    multiple=True,
    show_default="all that the model has",
    help="Attribute to fit (groovekit attributes list). Repeat the option for each.",
)
@_functions_option(
    "One of your own: takes groovekit.metrics.Drums, gives a number a window."
)
@click.option(
    "--output",
    type=FILE,
    default=None,
    show_default="attributes.json in the model's folder",
    help="Where to write.",
)
@click.option("--overwrite", is_flag=True, help="Replace what was fitted before.")
@backend_option
@device_option
@json_option
def fit_attributes(
    run_dir: str | None,
    preset: str | None,
    examples: str,
    split: str | None,
    names: tuple[str, ...],
    functions: tuple[str, ...],
    output: Path | None,
    overwrite: bool,
    backend: str | None,
    device: str | None,
    as_json: bool,
) -> None:
    """Find the direction of each attribute in a model's latent space.

    One unit of strength is one standard deviation of the attribute over the
    examples. generate --mode attribute --attribute NAME=+1 uses what is written
    here; see measure for how well it works.
    """
    from groovekit.io import files

    use_backend(backend, device, "fitting attributes")
    found = _functions(names, functions)
    target = output
    if target is None:
        target = _model_folder(run_dir, preset) / _file_name()
    if target.exists() and not overwrite:
        raise DataError(
            f"{target} exists and is not overwritten. Choose another --output, or add "
            "--overwrite."
        )
    with files.output_folder(target.parent):
        model = _load(run_dir, preset)
        windows = _windows(model, examples, split, "train")
        if not names and not functions:
            found = _measurable(found, model, windows)
        from groovekit.evaluation.attribute_fitting import fit

        with Progress(None, "Fitting", unit="windows") as progress:
            directions = fit(model, windows, found, progress=progress.follow)
        directions.save(target)
    if as_json:
        echo_json(
            {
                "path": str(target),
                "windows": directions.windows,
                "attributes": {
                    a.name: {"mean": a.mean, "sd": a.sd, "r2": a.r2}
                    for a in directions.attributes
                },
            }
        )
        return
    _show_fit(directions)
    click.echo(f"Wrote {target}")


@command.command("measure")
@_model
@_examples
@_split("validation")
@click.option(
    "--attributes",
    "path",
    type=PathOf("file", as_text=True),
    default=None,
    show_default="attributes.json in the model's folder",
    help="What was fitted.",
)
@_functions_option(
    "One of your own that was fitted, again: none is imported because a file names it."
)
@click.option(
    "--temperature",
    metavar="T",
    type=FiniteRange(min=0),
    default=0.0,
    help="Of the decoder: 0 takes the most probable values, 1 draws.",
)
@backend_option
@device_option
@json_option
def measure_attributes(
    run_dir: str | None,
    preset: str | None,
    examples: str,
    split: str | None,
    path: str | None,
    functions: tuple[str, ...],
    temperature: float,
    backend: str | None,
    device: str | None,
    as_json: bool,
) -> None:
    """Measure how attributes follow their strength, and what moves with them.

    Grooves are encoded, shifted by strengths of -2 to 2 and decoded.
    """
    from groovekit.generation.attributes import find_functions, functions_of

    use_backend(backend, device, "measuring attributes")
    directions = _stored(run_dir, preset, path)
    # Before the model: functions may not be there any more.
    found = functions_of(directions, find_functions((), functions))
    model = _load(run_dir, preset)
    windows = _windows(model, examples, split, "validation")
    from groovekit.evaluation.attribute_fitting import measure

    with Progress(None, "Measuring", unit="windows") as progress:
        effects = measure(
            model,
            directions,
            windows,
            found,
            temperature=temperature,
            progress=progress.follow,
        )
    if as_json:
        echo_json(effects.to_dict())
        return
    _show_effects(effects)


# Parts -----------------------------------------------------------------------------


def _describe(name: str) -> str:
    return (catalogue.attributes.get(name).__doc__ or "").strip()


def _file_name() -> str:
    from groovekit.generation.attributes import ATTRIBUTES_FILE

    return ATTRIBUTES_FILE


def _model_folder(run_dir: str | None, preset: str | None) -> Path:
    from groovekit.configs.presets import find_model

    return find_model(run_dir=run_dir, preset=preset).weights.parent


def _stored(
    run_dir: str | None, preset: str | None, path: str | None = None
) -> Directions:
    from groovekit.generation.attributes import load_directions

    return load_directions(_model_folder(run_dir, preset), path)


def _functions(
    names: tuple[str, ...], functions: tuple[str, ...]
) -> dict[str, AttributeFunction]:
    from groovekit.generation.attributes import find_functions

    if not names and not functions:
        names = tuple(catalogue.attributes.names())
    return find_functions(names, functions)


def _load(run_dir: str | None, preset: str | None) -> TrainedModel:
    from groovekit.cli.start import start_keras
    from groovekit.configs.presets import find_model

    files = find_model(run_dir=run_dir, preset=preset)
    note(f"{files.config.name} ({files.kind} {files.source}).")
    start_keras(None, None)
    from groovekit.generation.trained_model import TrainedModel

    return TrainedModel.load(files, runtime="keras")


def _windows(
    model: TrainedModel, examples: str, split: str | None, default: str
) -> Examples:
    from groovekit.data.datasets import load_examples
    from groovekit.data.settings import DataSettings
    from groovekit.io.sources import has_splits

    if split is None and has_splits(examples):
        split = default
    with Progress(None, "Reading") as progress:
        found = load_examples(
            examples,
            model.converter,
            settings=DataSettings(split=split),
            progress=progress.follow,
        )
    note(f"{len(found):,} windows of {found.sequences:,} sequences.")
    return found


def _measurable(
    found: dict[str, AttributeFunction], model: TrainedModel, windows: Examples
) -> dict[str, AttributeFunction]:
    """Those that the tensors of the model's converter have a number for."""
    from groovekit.converters.drum_tensors import drums_of

    drums = drums_of(next(windows.batches(1)).outputs, model.converter)
    kept = {}
    for name, function in found.items():
        try:
            function(drums)
        except DataError as error:
            note(f"Left out: {name} ({error})")
        else:
            kept[name] = function
    return kept


def _show_fit(directions: Directions) -> None:
    rows = [
        (a.name, f"{a.mean:.3f}", f"{a.sd:.3f}", f"{a.r2:.2f}")
        for a in directions.attributes
    ]
    echo_table(rows, header=("attribute", "mean", "sd", "r2"))


def _show_effects(effects: Effects) -> None:
    click.echo(
        f"Mean of each attribute by strength, over {effects.windows:,} windows, in "
        "standard deviations:"
    )
    header = ["attribute", *(f"{s:+g}" for s in effects.strengths), "monotone"]
    rows = [
        (
            name,
            *(f"{level:+.2f}" for level in effects.levels[index, :, index]),
            "yes" if effects.monotone[index] else "no",
        )
        for index, name in enumerate(effects.names)
    ]
    echo_table(rows, header=header)
    click.echo("\nWhat a unit of each (row) changes in each (column):")
    echo_table(
        [
            (name, *(f"{slope:+.2f}" for slope in row))
            for name, row in zip(effects.names, effects.slopes, strict=True)
        ],
        header=["attribute", *effects.names],
    )
