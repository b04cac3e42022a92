"""Makes a preset of a trained run: halved weights, card, figures and pictures.

    python tools/make_preset.py RUN_DIR PRESET_DIR --train GROOVE_DIR

Everything is measured with the halved weights that are shipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np

# TensorFlow's notes about the machine say nothing about the preset.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from preset_card import write_card, write_filling_card

from groovekit.configs.run_folder import RunFolder
from groovekit.converters.drum_tensors import drums_of
from groovekit.converters.options import WithKits
from groovekit.data.datasets import load_examples
from groovekit.data.examples import Examples
from groovekit.data.performances import all_tensors, tempos_of
from groovekit.data.settings import DataSettings
from groovekit.evaluation import metrics
from groovekit.evaluation.evaluate import Settings, evaluate
from groovekit.evaluation.filling.evaluate import evaluate_filling
from groovekit.evaluation.metrics import Drums
from groovekit.generation.players import load_player
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.files import write_file, write_json
from groovekit.io.pictures import plot_sequence
from groovekit.models.family import family_of
from groovekit.models.weights_file import halve_weights
from groovekit.training import checkpoints

QPM = 120.0
# Grooves in a picture, and bars drawn of each.
SHOWN, BARS = 4, 4
LICENSE = "CC-BY-4.0"
ATTRIBUTION = (
    "Trained on the Groove MIDI Dataset (Google LLC, CC BY 4.0,"
    " https://magenta.tensorflow.org/datasets/groove)"
)


@click.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False))
@click.argument("preset_dir", type=click.Path(file_okay=False))
@click.option(
    "--train",
    "groove_dir",
    required=True,
    type=click.Path(exists=True),
    help="The Groove MIDI Dataset, with its info.csv.",
)
@click.option("--name", help="Of the preset.  [default: the folder's name]")
@click.option("--samples", default=504, show_default=True, help="Grooves to sample.")
@click.option("--seed", default=0, show_default=True, help="Of the samples.")
@click.option("--command", default="", help="The training command, for the card.")
@click.option("--hardware", default="", help="What it was trained on, and how long.")
@click.option(
    "--notes",
    type=click.Path(exists=True, dir_okay=False),
    help="A Markdown file with remarks on the figures, for the card.",
)
@click.option(
    "--images",
    default="docs/images",
    show_default=True,
    type=click.Path(file_okay=False),
    help="Where the pictures go.",
)
@click.option(
    "--plot/--no-plot", default=True, show_default=True, help="Draw pictures."
)
def main(
    run_dir: str,
    preset_dir: str,
    groove_dir: str,
    name: str | None,
    samples: int,
    seed: int,
    command: str,
    hardware: str,
    notes: str | None,
    images: str,
    plot: bool,
) -> None:
    """Makes PRESET_DIR of the trained run in RUN_DIR and prints its card."""
    run, target = RunFolder.open(run_dir), RunFolder(Path(preset_dir))
    name = name or target.path.name
    config = run.read_config()
    converter = config.converter
    target.path.mkdir(parents=True, exist_ok=True)
    family = family_of(config)
    shapes = family.network(config).shapes()
    halve_weights(run.require_weights(), target.weights_path, shapes)
    metadata = public_metadata(run, name)
    target.write_config(config)
    write_json(target.metadata_path, metadata)
    validation, train = (
        load_examples(groove_dir, converter, settings=DataSettings(split=split))
        for split in ("validation", "train")
    )
    remarks = Path(notes).read_text(encoding="utf-8") if notes else ""
    if "encode" not in family.abilities:
        player: Any = load_player(target.path)
        figures = evaluate_filling(
            player,
            player.converter,
            validation,
            train,
            name=name,
            seed=seed,
            stage=lambda text: click.echo(f"{text} ...", err=True),
        )
        metadata["validation"] = filling_headline(figures)
        write_json(target.metadata_path, metadata)
        card = write_filling_card(
            name=name,
            config=config,
            metadata=metadata,
            command=command,
            hardware=hardware,
            notes=remarks,
            report=train.report,
            evaluation=figures,
            weights_bytes=target.weights_path.stat().st_size,
        )
        write_file(target.path / "CARD.md", card)
        click.echo(card)
        return
    model = TrainedModel.load(target.path, runtime="keras")
    evaluation = evaluate(
        model,
        validation,
        train,
        qpm=tempos_of(groove_dir, "validation", validation.ids),
        settings=Settings(seed=seed, samples=samples),
        stage=lambda text: click.echo(f"{text} ...", err=True),
    )
    metadata["validation"] = headline(evaluation.figures)
    write_json(target.metadata_path, metadata)
    tensors = {
        temperature: sample(model, samples, temperature=temperature, seed=seed)
        for temperature in (1.0, 0.5)
    }
    sets = {
        "validation split": drums_of(all_tensors(validation).outputs, converter),
        "train split": drums_of(all_tensors(train).outputs, converter),
        **{
            f"samples, T = {temperature}": drums_of(array, converter)
            for temperature, array in tensors.items()
        },
    }
    pictures = {}
    if plot:
        pictures = draw(Path(images), name, model, validation, tensors)
    card = write_card(
        name=name,
        config=config,
        metadata=metadata,
        sets={label: describe(drums) for label, drums in sets.items()},
        samples=samples,
        sample_seed=seed,
        command=command,
        hardware=hardware,
        notes=remarks,
        pictures=pictures,
        report=train.report,
        evaluation=evaluation.figures,
        weights_bytes=target.weights_path.stat().st_size,
    )
    write_file(target.path / "CARD.md", card)
    click.echo(card)


def sample(
    model: TrainedModel, count: int, *, temperature: float, seed: int
) -> np.ndarray:
    """``(count, steps, depth)``: grooves drawn from the prior.

    Args:
      model: without controls.
      count: how many.
      temperature: of the hits.
      seed: of codes and hits; the codes are the same at each temperature.
    """
    return model.decode_to_tensors(
        model.draw(count, seed=seed),
        temperature=temperature,
        vectors="prior",
        seed=seed,
    )


# Figures -------------------------------------------------------------------------


def describe(drums: Drums) -> dict[str, Any]:
    """What the card says about one set of grooves."""
    features = metrics.window_features(drums)
    table = {
        "grooves": len(drums),
        "hits_per_bar": metrics.hits_per_bar(drums),
        "hits_per_bar_sd": float(np.std(features["hits_per_bar"])),
        "drums_used": float(np.mean(features["drums_used"])),
        "distinct": metrics.distinct_share(drums),
        "kick_quarters": metrics.share_at(drums, metrics.KICK, metrics.QUARTERS),
        "kick_downbeats": metrics.share_at(drums, metrics.KICK, metrics.DOWNBEATS),
        "downbeats_with_kick": metrics.coverage_at(
            drums, metrics.KICK, metrics.DOWNBEATS
        ),
        "snare_quarters": metrics.share_at(drums, metrics.SNARE, metrics.QUARTERS),
        "snare_backbeats": metrics.share_at(drums, metrics.SNARE, metrics.BACKBEATS),
        "backbeats_with_snare": metrics.coverage_at(
            drums, metrics.SNARE, metrics.BACKBEATS
        ),
        "class_shares": metrics.class_shares(drums),
    }
    if drums.velocities is not None:
        table["velocity"] = metrics.velocity_spread(drums)
        table["snare_velocity"] = metrics.velocity_spread(drums, drum=metrics.SNARE)
    if drums.offsets is not None:
        table["microtiming_steps"] = metrics.microtiming_steps(drums)
        table["microtiming_ms"] = metrics.microtiming_ms(drums, qpm=QPM)
    return table


def headline(figures: Mapping[str, Any]) -> dict[str, float]:
    """The figures of an evaluation that ``metadata.json`` holds."""
    row = figures["reconstruction"]["rows"][0]
    table = {
        name: score["value"]
        for name, score in row["scores"].items()
        if score["value"] is not None
    }
    return {
        "windows": figures["windows"],
        "kl_bits": figures["kl_bits"]["value"],
        "loss": figures["losses"]["loss"],
        **table,
    }


def filling_headline(figures: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a model that fills that ``metadata.json`` holds."""
    found = {
        f"{row['task']}.{name}": score["value"]
        for row in figures["filling"]
        for name, score in row["predictions"][0]["scores"].items()
    }
    return {"windows": figures["windows"], **found}


# Metadata ------------------------------------------------------------------------


def public_metadata(run: RunFolder, name: str) -> dict[str, Any]:
    """The run's metadata without traces of the machine."""
    metadata = _without_folders(run.read_metadata())
    newest = checkpoints.newest(run.checkpoints)
    if newest is not None:
        with np.load(newest) as arrays:
            state = json.loads(arrays["state"].tobytes())
        metadata["steps"] = {"trained": state["step"], "best": state["best_step"]}
    return {
        **metadata,
        "preset": name,
        "weights": "float16",
        "license": LICENSE,
        "attribution": ATTRIBUTION,
    }


def _without_folders(value: Any) -> Any:
    """Replaces paths by the name they end in."""
    if isinstance(value, dict):
        return {key: _without_folders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_folders(item) for item in value]
    if isinstance(value, str) and ("/" in value or "\\" in value):
        return value.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return value


# Pictures ------------------------------------------------------------------------


def draw(
    folder: Path,
    name: str,
    model: TrainedModel,
    validation: Examples,
    samples: Mapping[float, np.ndarray],
) -> dict[str, Path]:
    """Draws samples, real grooves and reconstructions.

    Nothing is chosen by hand: samples are the first ones, real grooves lie at
    equal distances in the validation split.

    Returns:
      Paths by what is seen.
    """
    converter = model.converter
    numbers = np.linspace(0, len(validation) - 1, SHOWN + 2).astype(int)[1:-1]
    batch = converter.expand(validation.take(numbers))
    decoded = model.decode_to_tensors(model.encode(batch).mean, temperature=0)
    pairs = np.stack([batch.outputs, decoded], axis=1)
    pairs = pairs[: SHOWN // 2].reshape(-1, *batch.outputs.shape[1:])
    grooves = {
        f"samples-{str(temperature).replace('.', '-')}": (
            tensors[:SHOWN],
            [f"sample {i + 1}, temperature {temperature}" for i in range(SHOWN)],
        )
        for temperature, tensors in samples.items()
    }
    grooves["validation"] = (
        batch.outputs,
        [f"validation window {i + 1}" for i in numbers],
    )
    grooves["reconstructions"] = (
        pairs,
        [
            f"validation window {i + 1}{suffix}"
            for i in numbers[: SHOWN // 2]
            for suffix in ("", ", reconstructed")
        ],
    )
    folder.mkdir(parents=True, exist_ok=True)
    return {
        kind: plot_sequence(
            converter.decode(tensors, qpm=QPM),
            folder / f"{name}-{kind}.png",
            title=titles[: len(tensors)],
            kit=converter.output_kit_map if isinstance(converter, WithKits) else None,
            bars=BARS,
            overwrite=True,
        )
        for kind, (tensors, titles) in grooves.items()
    }


if __name__ == "__main__":
    main()
