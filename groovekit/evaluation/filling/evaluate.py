"""Measures a model that fills, and its rivals, on the same hidden cells."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from groovekit.converters.drum_tensors import drums_of
from groovekit.converters.groove import GrooveConverter
from groovekit.data.examples import Examples
from groovekit.data.performances import owners_of, positions_of
from groovekit.errors import ConfigError
from groovekit.evaluation import scoring
from groovekit.evaluation.filling.repeats import repeats
from groovekit.evaluation.filling.rivals import Rival, Rivals
from groovekit.evaluation.filling.tasks import BARS, Task, partial, tasks
from groovekit.evaluation.metrics import Drums, Ratio, Resampling
from groovekit.generation.partial import Filled, Filler
from groovekit.io.groove_table import STYLES
from groovekit.models.runtimes.base import Progress
from groovekit.seeding import derive, generator

SCHEMA_VERSION = 1
# Bars from one window to the next.
_HOP = 4


@dataclasses.dataclass(frozen=True, eq=False)
class _Windows:
    """Windows of eight bars, four bars apart.

    Attributes:
      drums: as they were played.
      owners: ``(windows,)``: the performance that each is of.
      tempos: ``(windows,)``.
      styles: ``(windows,)``: numbers of styles; -1 where unknown.
    """

    drums: Drums
    owners: np.ndarray
    tempos: np.ndarray
    styles: np.ndarray

    @classmethod
    def of(cls, examples: Examples, converter: GrooveConverter) -> _Windows:
        every = np.arange(len(examples))
        chosen = every[positions_of(examples, every) % _HOP == 0]
        tensors = examples.tensors(chosen)
        assert tensors.controls is not None
        tempos, styles = np.moveaxis(tensors.controls[:, 0], -1, 0)
        return cls(
            drums_of(tensors.outputs, converter),
            owners_of(examples, chosen),
            tempos.astype(np.float64),
            styles.astype(np.int64),
        )


def evaluate_filling(
    model: Filler,
    converter: GrooveConverter,
    examples: Examples,
    train: Examples,
    *,
    name: str,
    seed: int = 0,
    stage: Callable[[str], None] = lambda _: None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures a model and its rivals on the same windows.

    Windows have eight bars and begin every fourth one. The model gives its one best
    answer (``expected``): hits that are likely, medians of velocities and offsets.

    Args:
      model: that fills.
      converter: that has cut the windows, at every bar, with context as controls.
      examples: windows held out.
      train: windows it was trained on, for rivals.
      name: of the model's config.
      seed: of intervals and of what is drawn for repeats.
      stage: called with what is done next.
      progress: called as ``progress(done, total)`` with windows filled.

    Returns:
      All figures, as JSON takes them; ``schema_version`` first.

    Raises:
      ConfigError: windows of another length or distance.
    """
    if converter.bars != BARS or converter.hop_bars != 1:
        raise ConfigError(
            f"Filling is measured on windows of {BARS} bars at every bar; the config "
            f"has {converter.bars} bars and a hop of {converter.hop_bars}."
        )
    stage("Reading windows")
    held, known = (_Windows.of(part, converter) for part in (examples, train))
    rivals = Rivals.of(known.drums, known.owners)
    resampling = Resampling(held.owners, rng=generator(seed, "bootstrap"))
    rows = []
    for task in tasks(converter.kit_map.class_names):
        stage(f"Filling: {task.label}")
        truth = _cut(held.drums, task)
        made = _filled(model, task, held, converter, progress)
        predictions = [Rival(scoring.MODEL, name, made)]
        predictions += rivals.of_task(task, truth)
        scored = [
            (row.name, row.label, _scores(task, truth, row.drums, held.tempos))
            for row in predictions
        ]
        rows.append(
            {
                "task": task.name,
                "label": task.label,
                "predictions": [
                    {
                        "name": row,
                        "label": label,
                        "scores": {
                            key: dataclasses.asdict(resampling.interval(ratio))
                            for key, ratio in ratios.items()
                        },
                    }
                    for row, label, ratios in scored
                ],
                "verdicts": _verdicts(scored, resampling),
            }
        )
    stage("Filling: repeats of a stroke")
    found: dict[str, Any] = scoring.rounded(
        {
            "schema_version": SCHEMA_VERSION,
            "config": name,
            "windows": len(held.drums),
            "performances": resampling.performances,
            "training_windows": len(known.drums),
            "seed": seed,
            "intervals": "95 %, percentile bootstrap by performance",
            "filling": rows,
            "repeats": _repeats(model, held, converter, seed, progress),
        }
    )
    return found


def _verdicts(
    scored: Sequence[tuple[str, str, Mapping[str, Ratio]]], resampling: Resampling
) -> list[dict[str, Any]]:
    """Whether the model, which comes first, beats its rivals."""
    (_, _, own), *others = scored
    found = []
    for key, ratio in own.items():
        measure = scoring.BY_NAME[key]
        against = [
            scoring.compare(resampling, measure, (name, label), ratio, ratios[key])
            for name, label, ratios in others
            if not np.isnan(ratio.value - ratios[key].value)
        ]
        if against:
            found.append(scoring.verdict(measure, ratio.value, against))
    return found


def _cut(drums: Drums, task: Task) -> Drums:
    bar = drums.steps_per_bar
    assert drums.velocities is not None
    assert drums.offsets is not None
    steps = slice(task.first * bar, task.end * bar)
    return drums.replaced(
        drums.hits[:, steps], drums.velocities[:, steps], drums.offsets[:, steps]
    )


def _filled(
    model: Filler,
    task: Task,
    held: _Windows,
    converter: GrooveConverter,
    progress: Progress | None,
) -> Drums:
    made = []
    for row, (qpm, style) in enumerate(zip(held.tempos, held.styles, strict=True)):
        given = partial(
            task,
            held.drums,
            row,
            qpm=float(qpm),
            style=STYLES[style] if style >= 0 else None,
            converter=converter,
        )
        made += model.fill(given, expected=True, seed=0)
        if progress is not None:
            progress(row + 1, len(held.drums))
    return _joined(made, held.drums)


def _joined(made: list[Filled], like: Drums) -> Drums:
    hits, velocities, offsets = (
        np.stack([getattr(one, part) for one in made])
        for part in ("hits", "velocities", "offsets")
    )
    return like.replaced(
        hits, 127.0 * np.nan_to_num(velocities), np.nan_to_num(offsets)
    )


def _scores(
    task: Task, truth: Drums, made: Drums, tempos: np.ndarray
) -> dict[str, Ratio]:
    """Figures of the hidden cells: F1 of hits, or mean errors of dynamics."""
    hidden = task.hidden(truth.hits.shape[2], truth.steps_per_bar)
    there = truth.hits & hidden
    if task.hits:
        found = made.hits & hidden
        both = 2 * (there & found).sum((1, 2))
        return {"hit_f1": Ratio(both, there.sum((1, 2)) + found.sum((1, 2)))}
    assert truth.velocities is not None
    assert truth.offsets is not None
    assert made.velocities is not None
    assert made.offsets is not None
    count = there.sum((1, 2))
    louder = np.abs(made.velocities - truth.velocities) * there
    # Offsets are twice the distance in steps.
    unit = 60_000.0 / tempos / truth.steps_per_quarter / 2
    apart = np.abs(made.offsets - truth.offsets) * there
    return {
        "velocity_error": Ratio(louder.sum((1, 2)), count),
        "timing_error_ms": Ratio(apart.sum((1, 2)) * unit, count),
    }


def _repeats(
    model: Filler,
    held: _Windows,
    converter: GrooveConverter,
    seed: int,
    progress: Progress | None,
) -> dict[str, dict[str, float]]:
    """Spreads of repeats: as played, as humanised, and over a loop of the first bar."""
    bar = converter.grid.steps_per_bar
    task = Task("repeats", "repeats", hits=False)
    first = np.r_[True, held.owners[1:] != held.owners[:-1]]
    rows = np.flatnonzero(first)
    played = held.drums.rows(rows)
    loops = np.tile(played.hits[:, :bar], (1, BARS, 1))
    drawn: dict[str, list[Filled]] = {"humanised": [], "loop": []}
    for number, row in enumerate(rows):
        given = partial(
            task,
            held.drums,
            int(row),
            qpm=float(held.tempos[row]),
            style=None,
            converter=converter,
        )
        loop = dataclasses.replace(given, hits=loops[number].astype(np.float32))
        for name, one in (("humanised", given), ("loop", loop)):
            drawn[name] += model.fill(one, seed=derive(seed, name, number))
        if progress is not None:
            progress(number + 1, len(rows))
    found = {"played": repeats(played)}
    found |= {name: repeats(_joined(made, played)) for name, made in drawn.items()}
    return {name: one._asdict() for name, one in found.items()}
