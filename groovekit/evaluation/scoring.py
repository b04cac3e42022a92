"""How well windows were predicted: a model and its baselines in one table.

NumPy only, on :class:`groovekit.evaluation.metrics.Drums`. All rows are measured on the
same windows; intervals come from resampling performances. Tables are dictionaries that
JSON can hold.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from groovekit.evaluation import metrics
from groovekit.evaluation.metrics import Difference, Drums, Ratio, Resampling
from groovekit.evaluation.metrics.paired import FEWEST

#: Rows that are given the hits are measured where the model hits, too.
GIVEN_HITS = "the hits"
MODEL = "model"
#: The row of a model that is given the hits, as ``--mode humanize`` gives them.
PLAYER = "player"
#: The row of a model whose codes are drawn from the posterior, not its means.
DRAWN = "drawn"


@dataclasses.dataclass(frozen=True)
class Measure:
    """A figure of a prediction.

    Attributes:
      name: in tables for programs.
      label: in tables for people.
      unit: of its values, "" for shares.
      higher: whether more is better.
    """

    name: str
    label: str
    unit: str = ""
    higher: bool = True

    @property
    def title(self) -> str:
        """The label with the unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def digits(self) -> int:
        """Digits behind the point that people read."""
        return 1 if self.unit else 3


MEASURES = (
    Measure("hit_precision", "hit precision"),
    Measure("hit_recall", "hit recall"),
    Measure("hit_f1", "hit F1"),
    Measure("cell_accuracy", "cell accuracy"),
    Measure("step_accuracy", "step accuracy"),
    Measure("velocity_error", "velocity error", "of 127", higher=False),
    Measure("timing_error_ms", "timing error", "ms", higher=False),
)
#: The same by name.
BY_NAME = {measure.name: measure for measure in MEASURES}
#: What a model is compared with its baselines by.
DECISIVE = ("hit_f1", "velocity_error", "timing_error_ms")


@dataclasses.dataclass(frozen=True, eq=False)
class Truth:
    """Windows that were predicted.

    Attributes:
      drums: as they were played.
      qpm: ``(windows,)`` tempo of each, for milliseconds.
      resampling: of their performances.
    """

    drums: Drums
    qpm: np.ndarray
    resampling: Resampling

    @property
    def step_ms(self) -> np.ndarray:
        """``(windows, 1, 1)``: how long a step lasts."""
        per_quarter = self.drums.steps_per_quarter
        step = metrics.step_milliseconds(1.0, steps_per_quarter=per_quarter)
        return (step / self.qpm)[:, None, None]


@dataclasses.dataclass(frozen=True, eq=False)
class Prediction:
    """A row of the table.

    Attributes:
      name: ``"model"``, ``"player"`` or a baseline's.
      label: for people.
      given: what it knows of a window.
      drums: what it predicts.
      compared: whether the model is to beat it.
    """

    name: str
    label: str
    given: str
    drums: Drums
    compared: bool = True


def score(
    truth: Truth, predictions: Sequence[Prediction], *, class_names: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of figures, the model's first.

    Velocity and timing errors are means of absolute differences at matched hits. Of
    baselines that are given the hits, only those count that the model matches, too:
    it would otherwise be compared where it has an easier task. A player matches all.

    Args:
      truth: what was played.
      predictions: the model's first.
      class_names: of the drums, for the figures by drum.

    Returns:
      For each prediction ``name``, ``label``, ``given``, ``scores`` (intervals by
      measure), ``velocity`` and ``timing`` (further figures of the deviations) and
      ``by_class`` (values by drum and measure).
    """
    rows = []
    player = _player(predictions)
    for prediction in predictions:
        where = _where(truth, prediction, player)
        ratios = _ratios(truth, prediction.drums, where)
        by_class = {}
        for index, name in enumerate(class_names):
            own = slice(index, index + 1)
            parts = _ratios(
                dataclasses.replace(truth, drums=_classes(truth.drums, own)),
                _classes(prediction.drums, own),
                None if where is None else where[..., own],
            )
            by_class[name] = {
                "hits": int(truth.drums.hits[..., index].sum()),
                **{key: part.value for key, part in parts.items()},
            }
            # Of one drum a step is a cell.
            del by_class[name]["step_accuracy"]
        rows.append(
            {
                "name": prediction.name,
                "label": prediction.label,
                "given": prediction.given,
                "scores": {
                    key: dataclasses.asdict(truth.resampling.interval(part))
                    for key, part in ratios.items()
                },
                **_deviations(truth, prediction.drums, where),
                "by_class": by_class,
            }
        )
    return rows


def verdicts(truth: Truth, predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Whether the model beats the baselines, in figures and words.

    It is compared with each baseline: by F1 with those that are not given the hits, by
    errors at the hits that both match; where the model has been given the hits, the
    errors are those that it then makes. Differences are paired by performance
    (:mod:`groovekit.evaluation.metrics.paired`); with less than six performances there
    is no verdict. The model beats the baselines if it beats each. The closest one is,
    of those with the least favourable outcome, the one with the least favourable
    difference.

    Args:
      truth: what was played.
      predictions: the model's first.

    Returns:
      By measure the ``outcome`` against the closest baseline, the ``text``, and
      under ``against`` the comparison with each.
    """
    free, player = predictions[0], _player(predictions)
    baselines = [row for row in predictions[1:] if row is not player and row.compared]
    ratios = _ratios(truth, free.drums, None)
    played = ratios if player is free else _ratios(truth, player.drums, None)
    found = []
    for name in DECISIVE:
        model, own = (free, ratios) if name == "hit_f1" else (player, played)
        if name not in own:
            continue
        measure = BY_NAME[name]
        against: list[dict[str, Any]] = []
        for baseline in baselines:
            if measure.name == "hit_f1" and baseline.given == GIVEN_HITS:
                continue
            both = model.drums.hits & baseline.drums.hits
            first, second = (
                _ratios(truth, row.drums, both)[name] for row in (model, baseline)
            )
            if np.isnan(first.value) or np.isnan(second.value):
                continue
            row = baseline.name, baseline.label
            against.append(compare(truth.resampling, measure, row, first, second))
        if against:
            found.append(verdict(measure, own[name].value, against))
    return found


def compare(
    resampling: Resampling,
    measure: Measure,
    baseline: tuple[str, str],
    first: Ratio,
    second: Ratio,
) -> dict[str, Any]:
    """A model's figure against a baseline's, paired by performance.

    Args:
      resampling: of the windows' performances.
      measure: what the figure is.
      baseline: its name and label.
      first: the model's.
      second: the baseline's.
    """
    name, label = baseline
    difference = resampling.difference(first, second)
    return {
        "baseline": name,
        "label": label,
        "model": first.value,
        "value": second.value,
        "difference": dataclasses.asdict(difference),
        "outcome": _outcome(difference, higher=measure.higher),
    }


def verdict(
    measure: Measure, value: float, against: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Whether a model beats all baselines that it was compared with.

    Args:
      measure: what the figure is.
      value: the model's.
      against: at least one of :func:`compare`.
    """
    sign = 1 if measure.higher else -1
    # A wide interval may hold 0 though the difference is not the smallest.
    closest = min(
        against,
        key=lambda row: (
            _OUTCOMES.index(row["outcome"]),
            sign * row["difference"]["value"],
        ),
    )
    return {
        "measure": measure.name,
        "model": value,
        "outcome": closest["outcome"],
        "closest": closest["baseline"],
        "text": _sentence(measure, value, closest),
        "against": list(against),
    }


def _player(predictions: Sequence[Prediction]) -> Prediction:
    """The model that velocities and timing are judged by."""
    return next((row for row in predictions if row.name == PLAYER), predictions[0])


def _outcome(difference: Difference, *, higher: bool) -> str:
    if not difference.enough:
        return "too few"
    gain = difference.direction if higher else -difference.direction
    return "better" if gain > 0 else "worse" if gain < 0 else "no different"


_WORDS = {
    "worse": "does NOT beat the baselines: it is worse than",
    "no different": "does NOT beat the baselines: no clear difference from",
    "too few": "has no verdict",
    "better": "beats every baseline; the closest is",
}
# The least favourable first.
_OUTCOMES = tuple(_WORDS)


def _sentence(measure: Measure, value: float, closest: Mapping[str, Any]) -> str:
    digits = 1 if measure.unit else 3
    unit = f" {measure.unit}" if measure.unit else ""
    table, words = closest["difference"], _WORDS[closest["outcome"]]
    if closest["outcome"] == "too few":
        count = table["performances"]
        noun = "performance is" if count == 1 else "performances are"
        words += (
            f": {count} {noun} too few to tell, {FEWEST} are needed; the closest is"
        )
    text = (
        f"{measure.label}: the model's {value:.{digits}f}{unit} {words} "
        f"{closest['label']} ({closest['value']:.{digits}f}"
    )
    if measure.unit:
        text += f" against {closest['model']:.{digits}f} at the hits that both match"
    text += f"; difference {table['value']:+.{digits}f}"
    if not np.isnan(table["low"]):
        text += f", 95 % {table['low']:+.{digits}f} to {table['high']:+.{digits}f}"
    return text + ")."


def _where(
    truth: Truth, prediction: Prediction, model: Prediction
) -> np.ndarray | None:
    if prediction.given != GIVEN_HITS or prediction is model:
        return None
    return np.asarray(model.drums.hits & truth.drums.hits)


def _ratios(truth: Truth, drums: Drums, where: np.ndarray | None) -> dict[str, Ratio]:
    """All measures as ratios of sums over windows."""
    hits, found = truth.drums.hits, drums.hits
    windows, steps, classes = hits.shape

    def count(cells: np.ndarray) -> np.ndarray:
        return np.asarray(cells.sum(axis=(1, 2)), np.float64)

    matched = hits & found
    true, played, predicted = count(matched), count(hits), count(found)
    agree = hits == found
    ratios = {
        "hit_precision": Ratio(true, predicted),
        "hit_recall": Ratio(true, played),
        "hit_f1": Ratio(2 * true, played + predicted),
        "cell_accuracy": Ratio(count(agree), np.full(windows, steps * classes)),
        "step_accuracy": Ratio(
            agree.all(axis=2).sum(axis=1), np.full(windows, float(steps))
        ),
    }
    if where is not None:
        matched = matched & where
    number = count(matched)
    for name, difference in _differences(truth, drums).items():
        ratios[name] = Ratio(count(np.abs(difference) * matched), number)
    return ratios


def _differences(truth: Truth, drums: Drums) -> dict[str, np.ndarray]:
    """Differences of velocity (MIDI units) and timing (ms), late if negative."""
    found = {}
    if truth.drums.velocities is not None and drums.velocities is not None:
        found["velocity_error"] = drums.velocities - truth.drums.velocities
    if truth.drums.offsets is not None and drums.offsets is not None:
        late = drums.offsets - truth.drums.offsets
        found["timing_error_ms"] = late / 2 * truth.step_ms
    return found


def _deviations(
    truth: Truth, drums: Drums, where: np.ndarray | None
) -> dict[str, dict[str, float]]:
    matched = truth.drums.hits & drums.hits
    if where is not None:
        matched = matched & where
    names = {"velocity_error": "velocity", "timing_error_ms": "timing"}
    return {
        names[name]: dataclasses.asdict(metrics.Deviation.of(difference[matched]))
        for name, difference in _differences(truth, drums).items()
    }


def _classes(drums: Drums, own: slice) -> Drums:
    velocities, offsets = (
        None if part is None else part[..., own]
        for part in (drums.velocities, drums.offsets)
    )
    if velocities is not None:
        velocities = velocities / metrics.MAX_VELOCITY
    return Drums(drums.hits[..., own], velocities, offsets)


def rounded(value: Any, digits: int = 6) -> Any:
    """Figures as JSON takes them: so many significant digits, None for NaN."""
    if isinstance(value, Mapping):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item, digits) for item in value]
    if isinstance(value, bool | str | int) or value is None:
        return value
    number = float(value)
    return float(f"{number:.{digits}g}") if np.isfinite(number) else None
