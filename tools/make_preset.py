"""Makes a preset of a trained run: halved weights, card, figures and pictures.

    python tools/make_preset.py RUN_DIR PRESET_DIR --train GROOVE_DIR

Everything is measured with the halved weights that are shipped. What the model
samples from its prior is compared with the validation split, and the training
split is put beside it: two sets of real drumming differ as well, and that is the
yardstick.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np

# TensorFlow's notes about the machine say nothing about the preset.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from preset_card import Comparison, write_card

from groovekit import checkpoints, metrics
from groovekit.converters.groove import GrooveConverter
from groovekit.datasets import load_examples, tempos_of
from groovekit.evaluation import drums_of, evaluate, reconstruction_metrics
from groovekit.examples import Examples
from groovekit.generation import TrainedModel
from groovekit.io.plotting import plot_sequence
from groovekit.metrics import Drums
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.runs import RunFolder, write_atomic, write_json
from groovekit.seeding import generator
from groovekit.weights import halve_weights, load_weights

QPM = 120.0
BATCH = 126
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
    config, converter = run.read_config(), run.read_config().converter
    if not isinstance(converter, GrooveConverter):
        raise click.UsageError("Only presets of groove configs can be made so far.")
    target.path.mkdir(parents=True, exist_ok=True)
    halve_weights(run.require_weights(), target.weights_path)
    model = build_model(config)
    load_weights(model, target.weights_path)

    splits = {
        split: load_examples(groove_dir, converter, split=split)
        for split in ("validation", "train")
    }
    click.echo(f"Reconstructing {len(splits['validation'])} windows ...", err=True)
    reconstruction = reconstruction_metrics(
        model, converter, splits["validation"], batch_size=BATCH, qpm=QPM
    )
    sets = {
        f"{split} split": drums_of(all_outputs(examples), converter)
        for split, examples in splits.items()
    }
    tensors = {}
    for temperature in (1.0, 0.5):
        click.echo(f"Sampling {samples} at temperature {temperature} ...", err=True)
        tensors[temperature] = sample(
            model, samples, converter.steps, temperature=temperature, seed=seed
        )
        drums = drums_of(tensors[temperature], converter)
        sets[f"samples, T = {temperature}"] = drums
    comparison = Comparison(
        {label: describe(drums) for label, drums in sets.items()},
        converter.kit_map.class_names,
        distances(sets, reference="validation split"),
    )

    metadata = public_metadata(run, name)
    metadata["validation"] = rounded(reconstruction.to_dict())
    target.write_config(config)
    write_json(target.metadata_path, metadata)
    click.echo("Measuring baselines ...", err=True)
    held_out = splits["validation"]
    evaluation = evaluate(
        TrainedModel.load(target.path, runtime="keras"),
        held_out,
        splits["train"],
        qpm=tempos_of(groove_dir, "validation", held_out.ids),
    )
    pictures = {}
    if plot:
        pictures = draw(
            Path(images), name, model, converter, splits["validation"], tensors
        )
    card = write_card(
        name=name,
        config=config,
        metadata=metadata,
        reconstruction=reconstruction,
        comparison=comparison,
        samples=samples,
        sample_seed=seed,
        command=command,
        hardware=hardware,
        notes=Path(notes).read_text(encoding="utf-8") if notes else "",
        pictures=pictures,
        report=splits["train"].report,
        evaluation=evaluation.figures,
        weights_bytes=target.weights_path.stat().st_size,
    )
    write_atomic(target.path / "CARD.md", card)
    click.echo(card)


# The model's output --------------------------------------------------------------


def all_outputs(examples: Examples) -> np.ndarray:
    """``(windows, steps, depth)``: all windows as they were played."""
    return np.concatenate([batch.outputs for batch in examples.batches(512)])


def sample(
    model: Any, count: int, steps: int, *, temperature: float, seed: int
) -> np.ndarray:
    """``(count, steps, depth)``: grooves drawn from the prior.

    Args:
      model: without controls.
      count: how many.
      steps: of each.
      temperature: of the hits.
      seed: of codes and hits; the codes are the same at each temperature.
    """
    decode = backend.inference(
        model,
        lambda z, uniforms, heat: model.decoder.generate(
            z, steps, uniforms=uniforms, temperature=heat
        ),
    )
    codes = generator(seed, "codes").standard_normal((count, model.z_size), np.float32)
    shape = (steps, count, model.head.noise_depth)
    uniforms = generator(seed, "hits").random(shape, np.float32)
    heat = np.asarray(temperature, np.float32)
    parts = [
        decode(codes[i : i + BATCH], uniforms[:, i : i + BATCH], heat)
        for i in range(0, count, BATCH)
    ]
    return np.concatenate([backend.to_numpy(part) for part in parts])


# Figures -------------------------------------------------------------------------


def describe(drums: Drums) -> dict[str, Any]:
    """What the card says about one set of grooves."""
    features = metrics.window_features(drums)
    return {
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
        "velocity": metrics.velocity_spread(drums),
        "snare_velocity": metrics.velocity_spread(drums, drum=metrics.SNARE),
        "microtiming_steps": metrics.microtiming_steps(drums),
        "microtiming_ms": metrics.microtiming_ms(drums, qpm=QPM),
        "class_shares": metrics.class_shares(drums),
    }


def distances(
    sets: Mapping[str, Drums], *, reference: str
) -> dict[str, dict[str, tuple[float, float | None]]]:
    """How far each set lies from the reference.

    Returns:
      For each other set, by feature, Wasserstein-1 and Kolmogorov-Smirnov
      distances of the windows' values; for drums and positions the total variation
      alone.
    """
    base = sets[reference]
    expected = metrics.window_features(base)
    found = {}
    for label, drums in sets.items():
        if label == reference:
            continue
        features = metrics.window_features(drums)
        table: dict[str, tuple[float, float | None]] = {
            name: (
                metrics.wasserstein_1(values, expected[name]),
                metrics.kolmogorov_smirnov(values, expected[name]),
            )
            for name, values in features.items()
        }
        for name, shares in (
            ("drums", metrics.class_shares),
            ("positions", _position_shares),
        ):
            table[name] = (metrics.total_variation(shares(drums), shares(base)), None)
        found[label] = table
    return found


def _position_shares(drums: Drums) -> np.ndarray:
    """``(positions x drums,)``: where in the bar all hits lie."""
    histogram = metrics.onset_histogram(drums).ravel()
    return np.asarray(histogram / histogram.sum())


def rounded(table: Mapping[str, float]) -> dict[str, float | None]:
    """Figures with five significant digits; None (JSON knows no NaN) for none."""
    return {
        key: value
        if isinstance(value, int)
        else float(f"{value:.5g}")
        if math.isfinite(value)
        else None
        for key, value in table.items()
    }


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
    model: Any,
    converter: GrooveConverter,
    validation: Examples,
    samples: Mapping[float, np.ndarray],
) -> dict[str, Path]:
    """Draws samples, real grooves and reconstructions.

    Nothing is chosen by hand: samples are the first ones, real grooves lie at
    equal distances in the validation split.

    Returns:
      Paths by what is seen.
    """
    numbers = np.linspace(0, len(validation) - 1, SHOWN + 2).astype(int)[1:-1]
    batch = converter.expand(validation.take(numbers))
    mean = model.encode(batch.inputs, batch.controls).mean
    decoded = model.decoder.generate(mean, converter.steps, controls=batch.controls)
    pairs = np.stack([batch.outputs, backend.to_numpy(decoded)], axis=1)
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
            kit=converter.output_kit_map,
            bars=BARS,
            overwrite=True,
        )
        for kind, (tensors, titles) in grooves.items()
    }


if __name__ == "__main__":
    main()
