"""The words and tables of a preset's card."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from groovekit.cli.generate.mode import own_modes
from groovekit.configs.base import Config, ModelConfig, get_config
from groovekit.configs.run_folder import differences
from groovekit.data.report import ExampleReport
from groovekit.errors import UnknownNameError
from groovekit.evaluation.distributions import FEATURES, SHARES, TITLES
from groovekit.evaluation.metrics import Spread
from groovekit.evaluation.sample_figures import (
    BETWEEN,
    DESCRIBED,
    FIGURES,
    TOLD_APART,
)
from groovekit.evaluation.scoring import GIVEN_HITS
from groovekit.evaluation.words import interval
from groovekit.models.family import family_of


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
# Measures of an evaluation: titles and digits.
_MEASURES = {
    "hit_f1": ("hit F1", 3),
    "hit_precision": ("precision", 3),
    "hit_recall": ("recall", 3),
    "step_accuracy": ("steps right", 3),
    "velocity_error": ("velocity error", 1),
    "timing_error_ms": ("timing error, ms", 1),
}
_OF_HITS = ("hit_f1", "hit_precision", "hit_recall", "step_accuracy")
# Sets of windows that the card compares.
_SETS = {name: TITLES[name] for name in ("samples", "model", "player", "humaniser")}
_SETS["samples"] += ", T = 1.0"


def write_card(
    *,
    name: str,
    config: ModelConfig,
    metadata: Mapping[str, Any],
    sets: Mapping[str, Mapping[str, Any]],
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
      sets: what describes sets of grooves, by their labels: samples beside real
        drumming.
      samples: how many were sampled at each temperature.
      sample_seed: of the samples.
      command: that trained the model; empty for one made up of the metadata.
      hardware: what it was trained on; may be empty.
      notes: remarks in Markdown; may be empty.
      pictures: paths by what is seen.
      report: of the training examples.
      evaluation: figures of :func:`groovekit.evaluation.evaluate.evaluate`.
      weights_bytes: size of the weights file.
    """
    parts = [
        _head(name, config, metadata, weights_bytes),
        _data(metadata, report),
        _training(config, metadata, command, hardware),
        _validation(evaluation),
        _comparison(
            sets,
            list(evaluation["reconstruction"]["rows"][0]["by_class"]),
            samples,
            sample_seed,
        ),
        _distances(evaluation),
        _figures(evaluation),
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


def write_filling_card(
    *,
    name: str,
    config: Config,
    metadata: Mapping[str, Any],
    command: str,
    hardware: str,
    notes: str,
    report: ExampleReport,
    evaluation: Mapping[str, Any],
    weights_bytes: int,
) -> str:
    """The text of ``CARD.md`` of a model that fills.

    Args:
      name: of the preset.
      config: of the model.
      metadata: of the preset.
      command: that trained the model; empty for one made up of the metadata.
      hardware: what it was trained on; may be empty.
      notes: remarks in Markdown; may be empty.
      report: of the training examples.
      evaluation: figures of
        :func:`groovekit.evaluation.filling.evaluate.evaluate_filling`.
      weights_bytes: size of the weights file.
    """
    parts = [
        _head(name, config, metadata, weights_bytes),
        _data(metadata, report),
        _training(config, metadata, command, hardware),
        _filling(evaluation),
        notes.strip(),
        _FILLING_LIMITS,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _filling(evaluation: Mapping[str, Any]) -> str:
    tables = []
    for measures, title in (
        (("velocity_error", "timing_error_ms"), "Hits known, dynamics hidden"),
        (("hit_f1",), "Hits hidden"),
    ):
        head = ["hidden", "predicted by", *(_MEASURES[m][0] for m in measures)]
        rows = [
            [
                row["label"] if number == 0 else "",
                prediction["label"],
                *(
                    _interval(prediction["scores"][m], _MEASURES[m][1])
                    for m in measures
                ),
            ]
            for row in evaluation["filling"]
            if measures[0] in row["predictions"][0]["scores"]
            for number, prediction in enumerate(row["predictions"])
        ]
        tables.append(f"{title}:\n\n{_table(head, rows)}")
    spread = [
        [name, f"{row['velocity']:.1f}", f"{row['timing']:.1f}"]
        for name, row in evaluation["repeats"].items()
    ]
    repeated = _table(["", "velocity", "timing, ticks of 480 a quarter"], spread)
    newline = "\n\n"
    return f"""## Validation

`groovekit evaluate` with these halved weights on {evaluation["windows"]:,} windows of \
eight bars, four bars apart, of {evaluation["performances"]} performances of the \
validation split. Something is hidden of each window; the model gives its one best \
answer (likely hits, medians). In brackets 95 %, by performance; timing in \
milliseconds at each window's own tempo. The others are fitted on the training split.

{newline.join(tables)}

Standard deviations over the repeats of a stroke in eight bars, as drawn (in a loop, \
the first bar is repeated):

{repeated}"""


_FILLING_LIMITS = """## Limits

- A grid of sixteenths in 4/4, nine drum classes, one stroke a drum and step: flams, \
rolls, triplets and other time signatures cannot be written.
- What a pattern does not tell, such as how loud a take is, is guessed: say it \
(`--level`, `--push`), or give bars to play like (`--like`).
- Ten drummers on one electronic kit (Roland TD-11), mostly rock, funk, jazz and \
Latin styles: other traditions are hardly represented."""


def _head(name: str, config: Config, metadata: Mapping[str, Any], size: int) -> str:
    return f"""# {name}

{config.description.rstrip(".")}: config `{config.name}`, {metadata["parameters"]:,} \
parameters, weights in half precision ({size / 2**20:.1f} MiB).

    groovekit generate --preset {name} {_usage(name, config)}

Licence of the weights: Creative Commons Attribution 4.0 International \
(<https://creativecommons.org/licenses/by/4.0/>). Attribution: the groovekit \
developers, and the data set below."""


def _usage(name: str, config: Config) -> str:
    """Options of the first mode that plays with the preset unless told otherwise."""
    if "encode" not in family_of(config).abilities:
        return "--mode humanize --input FILE"
    for mode, description in own_modes().items():
        if description.preset == name and description.arity.least:
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
    config: Config, metadata: Mapping[str, Any], command: str, hardware: str
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


def _validation(evaluation: Mapping[str, Any]) -> str:
    table = evaluation["reconstruction"]
    measures = [name for name in _MEASURES if name in table["rows"][0]["scores"]]
    head = ["predicted by", "given", *(_MEASURES[name][0] for name in measures)]
    rows = [
        [
            row["label"],
            row["given"],
            *(
                "given"
                if row["given"] == GIVEN_HITS and name in _OF_HITS
                else _interval(row["scores"].get(name), _MEASURES[name][1])
                for name in measures
            ),
        ]
        for row in table["rows"]
    ]
    verdicts = "\n".join(f"- {verdict['text']}" for verdict in table["verdicts"])
    return f"""## Validation

`groovekit evaluate` with these halved weights on the {evaluation["windows"]:,} \
windows of the validation split: each window is encoded and the posterior's mean is \
decoded ({evaluation["decoding"]}), the most probable choice each time. \
KL divergence {_interval(evaluation["kl_bits"], 1)} bits; loss \
{evaluation["losses"]["loss"]:.1f} nats a window (teacher forcing). In brackets 95 %, \
by performance; timing in milliseconds at each window's own tempo. Baselines are \
fitted on the training split.

{_table(head, rows)}

{verdicts}"""


def _comparison(
    sets: Mapping[str, Mapping[str, Any]],
    class_names: Sequence[str],
    samples: int,
    seed: int,
) -> str:
    head = ["", *sets]
    rows = [
        [label, *(show(table[key]) for table in sets.values())]
        for label, key, show in _ROWS
        if all(key in table for table in sets.values())
    ]
    classes = [
        [
            name.replace("_", " ").replace("hihat", "hi-hat"),
            *(_percent(float(table["class_shares"][i])) for table in sets.values()),
        ]
        for i, name in enumerate(class_names)
    ]
    return f"""## Does it sound like drumming?

{samples} grooves were sampled from the prior at each of two temperatures (seed \
{seed}) and compared with what the drummers played.

{_table(head, rows)}

Share of each drum among all hits:

{_table(head, classes)}"""


def _distances(evaluation: Mapping[str, Any]) -> str:
    table = evaluation["distributions"]
    sets = {
        title: table["sets"][name]
        for name, title in _SETS.items()
        if name in table["sets"]
    }
    sets["two halves"] = table["halves"]
    rows = [
        [label, *(_distance(found.get(name)) for found in sets.values())]
        for name, label, *_ in (*FEATURES, *SHARES)
        if any(name in found for found in sets.values())
    ]
    labels = {name: label for name, label, *_ in (*FEATURES, *SHARES)}
    far = [
        f"- {title}, farther than twice the halves: "
        + ("; ".join(labels[feature] for feature in table["beyond_halves"][name]) + ".")
        for name, title in _SETS.items()
        if table["beyond_halves"].get(name)
    ]
    newline = "\n"
    return f"""How far each set lies from the validation split, window by window: \
Wasserstein-1 distance (in the feature's unit) / Kolmogorov-Smirnov distance (0 to 1); \
for shares the total variation. The yardstick is how far two halves of the validation \
split's performances lie from each other.

{_table(["", *sets], rows)}

{newline.join(far)}""".rstrip()


def _figures(evaluation: Mapping[str, Any]) -> str:
    """What samples are like beside takes, and what lies between windows."""
    samples = evaluation["samples"]
    described = samples["figures"]
    rows = [
        [
            figure.label,
            *(figure.text(described[name].get(figure.name)) for name in DESCRIBED),
        ]
        for figure in FIGURES
        if figure.name in described["samples"]
    ]
    told = [(TOLD_APART[name], found) for name, found in samples["two_sample"].items()]
    way = evaluation.get("interpolation")
    between = ""
    if way and way["ways"]:
        realism = way["realism"]
        told += [(BETWEEN[name], found) for name, found in realism.items()]
        between = f"""

Interpolations: {way["ways"]} ways of {way["steps"]} steps between windows of \
different performances; the largest jump of the distance from the start is \
{way["largest_jump"]:.2f} times the mean."""
    apart = [
        [
            label,
            *(
                _interval(found[name], 2)
                for name in ("neighbours", "neighbours_hits", "energy")
            ),
        ]
        for label, found in told
    ]
    copies = samples["memorising"]
    return f"""{samples["windows"]} samples at temperature {samples["temperature"]:g} \
(`docs/howto/evaluate.md` says what each figure is), and windows of takes that do not \
overlap:

{_table(["", *DESCRIBED.values()], rows)}

Copies of a training groove (F1 over 0.95): \
{_percent(copies["samples"]["copies"])} of the samples, \
{_percent(copies["held_out"]["copies"]["value"])} of the held-out windows.{between}

Whether windows can be told from held-out ones, one a performance: accuracy of a \
nearest-neighbour test, 0.5 if not, and energy distance.

{_table(["", "1-NN, all", "1-NN, hits", "energy distance"], apart)}"""


def _distance(found: Mapping[str, Any] | None) -> str:
    if not found:
        return "–"
    values = {
        key: value["value"] if isinstance(value, Mapping) else value
        for key, value in found.items()
    }
    first = values.get("wasserstein", values.get("total_variation"))
    if first is None:
        return "–"
    digits = 1 if first >= 10 else 2 if first >= 1 else 3
    text = f"{first:.{digits}f}"
    if "kolmogorov_smirnov" in values:
        text += f" / {values['kolmogorov_smirnov']:.2f}"
    return text


def _interval(found: Mapping[str, Any] | None, digits: int) -> str:
    if not found or found["value"] is None:
        return "–"
    return interval(found, digits)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _limits(config: ModelConfig) -> str:
    bars = getattr(config.converter, "bars", 4)
    played = """\
- Which drums sound on which step is all: no velocities, no microtiming. `--mode \
humanize` can play it."""
    if len(config.converter.layout) > 1:
        played = """\
- Tempo is not modelled. Microtiming is learnt as a share of a step, whatever the \
tempo was; grooves come out at the tempo that you ask for."""
    if config.decoder.head == "groove":
        played += """
- Velocities and microtiming are the model's expectation for each stroke, not draws: \
they tend to vary less than a drummer's."""
    return f"""## Limits

- {bars} bars of 4/4 on a grid of sixteenths, nine drum classes, one stroke a drum \
and step: flams, rolls, triplets and other time signatures cannot be written.
{played}
- Ten drummers on one electronic kit (Roland TD-11), mostly rock, funk, jazz and \
Latin styles: other traditions are hardly represented.
- Grooves sampled from the prior have no style that one could ask for."""
