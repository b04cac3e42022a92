"""The words and tables of a preset's card."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from groovekit.cli.modes import MODES
from groovekit.config import ModelConfig, get_config
from groovekit.errors import UnknownNameError
from groovekit.evaluation import Reconstruction
from groovekit.metrics import Spread
from groovekit.reports import ExampleReport
from groovekit.runs import differences


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Sets of grooves beside each other.

    Attributes:
      sets: what describes each set, by its label; the first one is the reference.
      class_names: of the drums.
      distances: of each other set from the reference, by feature: Wasserstein-1
        and Kolmogorov-Smirnov, or total variation and None.
    """

    sets: Mapping[str, Mapping[str, Any]]
    class_names: Sequence[str]
    distances: Mapping[str, Mapping[str, tuple[float, float | None]]]


def _number(digits: int) -> Callable[[Any], str]:
    return lambda value: "–" if math.isnan(value) else f"{value:.{digits}f}"


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def _mean(digits: int, *, sign: bool = False) -> Callable[[Spread], str]:
    return lambda spread: f"{spread.mean:{'+' if sign else ''}.{digits}f}"


def _sd(digits: int) -> Callable[[Spread], str]:
    return lambda spread: f"{spread.sd:.{digits}f}"


def _range(spread: Spread) -> str:
    return f"{spread.low:.0f} to {spread.high:.0f}"


_ROWS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("grooves", "grooves", str),
    ("hits a bar", "hits_per_bar", _number(1)),
    ("hits a bar, sd over grooves", "hits_per_bar_sd", _number(1)),
    ("drums used in a groove (of 9)", "drums_used", _number(1)),
    ("different hit patterns", "distinct", _percent),
    ("kicks on a quarter (chance: 25 %)", "kick_quarters", _percent),
    ("kicks on 1 and 3 (chance: 12.5 %)", "kick_downbeats", _percent),
    ("beats 1 and 3 with a kick", "downbeats_with_kick", _percent),
    ("snares on a quarter (chance: 25 %)", "snare_quarters", _percent),
    ("snares on 2 and 4 (chance: 12.5 %)", "snare_backbeats", _percent),
    ("beats 2 and 4 with a snare", "backbeats_with_snare", _percent),
    ("velocity, mean", "velocity", _mean(1)),
    ("velocity, sd", "velocity", _sd(1)),
    ("velocity, 5 to 95 %", "velocity", _range),
    ("snare velocity, sd", "snare_velocity", _sd(1)),
    ("microtiming, mean (steps; early is +)", "microtiming_steps", _mean(3, sign=True)),
    ("microtiming, sd (steps)", "microtiming_steps", _sd(3)),
    ("microtiming, sd (ms at 120 bpm)", "microtiming_ms", _sd(1)),
)
_FEATURES = {
    "hits_per_bar": "hits a bar",
    "drums_used": "drums used",
    "velocity_mean": "velocity, mean",
    "velocity_sd": "velocity, sd",
    "microtiming_mean": "microtiming, mean (steps)",
    "microtiming_sd": "microtiming, sd (steps)",
    "drums": "share of each drum (total variation)",
    "positions": "place in the bar and drum (total variation)",
}


def write_card(
    *,
    name: str,
    config: ModelConfig,
    metadata: Mapping[str, Any],
    reconstruction: Reconstruction,
    comparison: Comparison,
    samples: int,
    sample_seed: int,
    command: str,
    hardware: str,
    notes: str,
    pictures: Mapping[str, Path],
    report: ExampleReport,
    evaluation: Mapping[str, Any],
    weights_bytes: int,
) -> str:
    """The text of ``CARD.md``.

    Args:
      name: of the preset.
      config: of the model.
      metadata: of the preset.
      reconstruction: figures on the validation split.
      comparison: of samples with real drumming.
      samples: how many were sampled at each temperature.
      sample_seed: of the samples.
      command: that trained the model; empty for one made up of the metadata.
      hardware: what it was trained on; may be empty.
      notes: remarks in Markdown; may be empty.
      pictures: paths by what is seen.
      report: of the training examples.
      evaluation: figures of :func:`groovekit.evaluation.evaluate`.
      weights_bytes: size of the weights file.
    """
    parts = [
        _head(name, config, metadata, weights_bytes),
        _data(metadata, report),
        _training(config, metadata, command, hardware),
        _validation(reconstruction),
        _baselines(evaluation),
        _comparison(comparison, samples, sample_seed),
    ]
    if notes.strip():
        parts.append(notes.strip())
    if pictures:
        listing = ", ".join(f"`docs/images/{path.name}`" for path in pictures.values())
        parts.append(
            "## Pictures\n\nIn groovekit's repository, not chosen by hand (the first "
            f"samples; validation windows at equal distances): {listing}."
        )
    parts.append(_limits(config))
    return "\n\n".join(parts) + "\n"


def _head(
    name: str, config: ModelConfig, metadata: Mapping[str, Any], size: int
) -> str:
    return f"""# {name}

{config.description.rstrip(".")}: config `{config.name}`, {metadata["parameters"]:,} \
parameters, weights in half precision ({size / 2**20:.1f} MiB).

    groovekit generate --preset {name} {_usage(name)}

Licence of the weights: Creative Commons Attribution 4.0 International \
(<https://creativecommons.org/licenses/by/4.0/>). Attribution: the groovekit \
developers, and the data set below."""


def _usage(name: str) -> str:
    """Options of the first mode that plays with the preset unless told otherwise."""
    for mode, description in MODES.items():
        if description.preset == name and description.least:
            return f"--mode {mode} --input FILE"
        if description.preset == name:
            break
    return "--mode sample --num-outputs 5"


def _data(metadata: Mapping[str, Any], report: ExampleReport) -> str:
    data = metadata.get("data", {})
    windows = data.get("windows", report.windows)
    takes = data.get("sequences", report.sequences)
    return f"""## Data

Groove MIDI Dataset 1.0.0, Google LLC, licensed under CC BY 4.0, \
<https://magenta.tensorflow.org/datasets/groove>. MIDI only. The training split gave \
{windows:,} windows of {takes} takes (of {report.sequences}; the others are shorter \
than a window or not in 4/4). The validation split chose when to stop and which \
weights to keep; the test split was not used.

Jon Gillick, Adam Roberts, Jesse Engel, Douglas Eck and David Bamman. "Learning to \
Groove with Inverse Sequence Transformations." International Conference on Machine \
Learning (ICML), 2019.

The weights were derived from these recordings by training; they contain no \
recording."""


def _training(
    config: ModelConfig, metadata: Mapping[str, Any], command: str, hardware: str
) -> str:
    steps = metadata.get("steps", {})
    trained, best = steps.get("trained"), steps.get("best")
    try:
        changed = differences(get_config(config.name), config)
    except UnknownNameError:
        changed = []
    if not command:
        command = (
            f"groovekit train --config {config.name} --examples GROOVE"
            f" --split train --seed {metadata['seed']}"
        )
        command += f" --steps {trained}" if trained else ""
        batch_size = config.training.batch_size
        if "training.batch_size" in "".join(changed):
            command += f" --batch-size {batch_size}"
        if metadata.get("precision", "float32") != "float32":
            command += f" --precision {metadata['precision']}"
    versions = metadata.get("versions", {})
    used = [metadata.get("backend", ""), "keras", "numpy", "note-seq", "groovekit"]
    listing = ", ".join(f"{v} {versions[v]}" for v in used if v in versions)
    lines = [
        f"    {command}",
        "",
        f"- seed {metadata['seed']}, batch {config.training.batch_size}, "
        f"precision {metadata.get('precision', 'float32')}",
        f"- backend {metadata.get('backend')}: Python {versions.get('python')}, "
        f"{listing}",
    ]
    if trained:
        lines.insert(
            2,
            f"- {trained:,} steps; these are the weights of step {best:,}, "
            "the best on the validation split",
        )
    if hardware:
        lines.append(f"- {hardware}")
    lines += [f"- unlike the config of that name: {line}" for line in changed]
    return "## Training\n\n" + "\n".join(lines)


def _validation(found: Reconstruction) -> str:
    rows = [
        ("hit F1 (micro)", f"{found.hits.f1:.3f}"),
        ("hit precision", f"{found.hits.precision:.3f}"),
        ("hit recall", f"{found.hits.recall:.3f}"),
        ("cells right, silent ones included", _percent(found.cell_accuracy)),
    ]
    if found.velocity:
        rows.append(
            (
                "velocity error at matched hits",
                f"{found.velocity.mean_absolute:.1f} of 127 "
                f"(bias {found.velocity.bias:+.1f})",
            )
        )
    if found.timing:
        rows.append(
            (
                "timing error at matched hits",
                f"{found.timing.mean_absolute:.1f} ms at {found.qpm:g} bpm",
            )
        )
    rows += [
        ("KL divergence", f"{found.losses['losses/kl_bits']:.1f} bits"),
        (
            "reconstruction loss (teacher forcing)",
            f"{found.losses['losses/r_loss']:.1f} nats a window",
        ),
    ]
    table = "\n".join(f"| {label} | {value} |" for label, value in rows)
    where = f"the {found.windows} windows of the validation split"
    return f"""## Validation

On {where}, with these halved weights. Hits, velocities and timing: each window is \
encoded, the posterior's mean is decoded step by step from the model's own outputs, \
and a drum is hit where its logit exceeds 0.

| figure | value |
| --- | --- |
{table}"""


def _baselines(evaluation: Mapping[str, Any]) -> str:
    measures = ("hit_f1", "velocity_error", "timing_error_ms")

    def cell(scores: Mapping[str, Any], name: str) -> str:
        found = scores.get(name)
        if not found or found["value"] is None:
            return "–"
        digits = 3 if name == "hit_f1" else 1
        value, low, high = (f"{found[k]:.{digits}f}" for k in ("value", "low", "high"))
        return f"{value} [{low}, {high}]"

    table = evaluation["reconstruction"]
    rows = [
        f"| {row['label']} | {row['given']} | "
        + " | ".join(cell(row["scores"], name) for name in measures)
        + " |"
        for row in table["rows"]
    ]
    verdicts = [f"- {verdict['text']}" for verdict in table["verdicts"]]
    beyond = evaluation["distributions"]["beyond_halves"].get("samples", [])
    if beyond:
        verdicts.append(
            "- Samples at temperature 1 lie farther from the validation split than "
            "twice its halves from each other in: "
            + ", ".join(name.replace("_", " ") for name in beyond)
            + "."
        )
    newline = "\n"
    return f"""## Beside baselines

`groovekit evaluate` (seed {evaluation["seed"]}); in brackets 95 %, by performance; \
timing at each window's own tempo. Baselines are fitted on the training split.

| predicted by | given | hit F1 | velocity error | timing error, ms |
| --- | --- | --- | --- | --- |
{newline.join(rows)}

{newline.join(verdicts)}"""


def _comparison(comparison: Comparison, samples: int, seed: int) -> str:
    labels = list(comparison.sets)
    head = f"| | {' | '.join(labels)} |\n| --- |{' --- |' * len(labels)}"
    rows = [
        f"| {label} | "
        + " | ".join(show(table[key]) for table in comparison.sets.values())
        + " |"
        for label, key, show in _ROWS
    ]
    classes = [
        f"| {name.replace('_', ' ').replace('hihat', 'hi-hat')} | "
        + " | ".join(
            _percent(float(table["class_shares"][i]))
            for table in comparison.sets.values()
        )
        + " |"
        for i, name in enumerate(comparison.class_names)
    ]
    others = list(comparison.distances)
    reference = labels[0]
    distance_head = f"| | {' | '.join(others)} |\n| --- |{' --- |' * len(others)}"
    distance_rows = []
    for key, label in _FEATURES.items():
        cells = []
        for other in others:
            first, second = comparison.distances[other][key]
            digits = 1 if first >= 10 else 2 if first >= 1 else 3
            text = f"{first:.{digits}f}"
            cells.append(text if second is None else f"{text} / {second:.2f}")
        distance_rows.append(f"| {label} | {' | '.join(cells)} |")
    newline = "\n"
    return f"""## Does it sound like drumming?

{samples} grooves were sampled from the prior at each of two temperatures (seed \
{seed}) and compared with what the drummers played.

{head}
{newline.join(rows)}

Share of each drum among all hits:

{head}
{newline.join(classes)}

How far each set lies from the {reference}, groove by groove: Wasserstein-1 \
distance (in the feature's unit) / Kolmogorov-Smirnov distance (0 to 1). The training \
split is the yardstick: other real drumming differs by as much.

{distance_head}
{newline.join(distance_rows)}"""


def _limits(config: ModelConfig) -> str:
    bars = getattr(config.converter, "bars", 4)
    return f"""## Limits

- {bars} bars of 4/4 on a grid of sixteenths, nine drum classes, one stroke a drum \
and step: flams, rolls, triplets and other metres cannot be written.
- Tempo is not modelled. Microtiming is learnt as a share of a step, whatever the \
tempo was; grooves come out at the tempo that you ask for.
- Velocities and microtiming are the model's expectation for each stroke, not draws: \
they tend to vary less than a drummer's.
- Ten drummers on one electronic kit (Roland TD-11), mostly rock, funk, jazz and \
Latin styles: other traditions are hardly represented.
- Grooves sampled from the prior have no style that one could ask for."""
