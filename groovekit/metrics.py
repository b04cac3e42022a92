"""Numbers about drumming: how grooves are, and how far two sets of them differ.

NumPy only. Everything works on :class:`Drums`: hits, velocities and offsets of
many windows on a grid. Errors compare a window with its reconstruction cell by
cell (a cell is one class at one step); the other functions describe a set of
windows, and :func:`wasserstein_1` and :func:`kolmogorov_smirnov` compare what two
sets have been described by.

Units: velocities are MIDI velocities (0..127); positions are steps of the grid,
counted from the start of a bar; microtiming is *positive when early*, as in the
tensors, in steps or in milliseconds. Where nothing can be measured (no hit, no
pair of hits), the value is NaN.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from groovekit.errors import DataError

#: Classes of the kick and the snare in groovekit's nine-class kit maps.
KICK, SNARE = 0, 1
STEPS_PER_QUARTER = 4
QUARTERS_PER_BAR = 4
STEPS_PER_BAR = STEPS_PER_QUARTER * QUARTERS_PER_BAR
MAX_VELOCITY = 127.0
#: Sixteenths of a bar of 4/4: every quarter; the first and third (where rock
#: and pop put the kick); the second and fourth (the backbeat, the snare's).
QUARTERS = (0, 4, 8, 12)
DOWNBEATS = (0, 8)
BACKBEATS = (4, 12)


@dataclasses.dataclass(frozen=True, eq=False)
class Drums:
    """Windows of drumming on a grid.

    Attributes:
      hits: ``(windows, steps, classes)`` bool. Numbers are taken as hits above
        0.5, so probabilities are allowed too.
      velocities: same shape, float64 MIDI velocities, or None. Given as integers
        they are MIDI velocities, given as floats shares of 127 (0..1).
      offsets: same shape, float64 in -1..1: twice the distance from the grid in
        steps, positive when early; or None.

    Raises:
      DataError: arrays of other or different shapes.
    """

    hits: np.ndarray
    velocities: np.ndarray | None = None
    offsets: np.ndarray | None = None

    def __post_init__(self) -> None:
        hits = np.asarray(self.hits)
        if hits.ndim != 3:
            raise DataError(
                "Expected hits of shape (windows, steps, classes), got "
                f"{hits.shape}. A single window needs a first axis of 1."
            )
        velocities, offsets = self.velocities, self.offsets
        if velocities is not None:
            velocities = np.asarray(velocities)
            factor = 1.0 if np.issubdtype(velocities.dtype, np.integer) else 127.0
            velocities = velocities.astype(np.float64) * factor
        if offsets is not None:
            offsets = np.asarray(offsets, np.float64)
        for name, array in (("velocities", velocities), ("offsets", offsets)):
            if array is not None and array.shape != hits.shape:
                raise DataError(
                    f"Expected {name} of the hits' shape {hits.shape}, got "
                    f"{array.shape}."
                )
        object.__setattr__(self, "hits", hits > 0.5)
        object.__setattr__(self, "velocities", velocities)
        object.__setattr__(self, "offsets", offsets)

    def __len__(self) -> int:
        return len(self.hits)

    @classmethod
    def from_tensor(cls, tensor: Any) -> Drums:
        """Reads ``[hits, velocities, offsets]`` beside each other.

        Args:
          tensor: ``(windows, steps, 3 * classes)``: hits above 0.5, velocities
            0..1, offsets -1..1.

        Raises:
          DataError: an array of another shape.
        """
        tensor = np.asarray(tensor)
        if tensor.ndim != 3 or tensor.shape[2] % 3:
            raise DataError(
                "Expected a tensor of shape (windows, steps, 3 * classes), got "
                f"{tensor.shape}."
            )
        return cls(*np.split(tensor.astype(np.float64), 3, axis=-1))

    @classmethod
    def from_labels(cls, labels: Any, classes: int = 9) -> Drums:
        """Reads drum labels: the sum of ``2 ** class`` over what sounds.

        Args:
          labels: ``(windows, steps)`` integers.
          classes: how many bits a label has.
        """
        labels = np.asarray(labels).astype(np.int64)
        return cls((labels[..., None] >> np.arange(classes)) & 1)


# Reconstruction: a window against another one of it ------------------------------


@dataclasses.dataclass(frozen=True)
class HitScores:
    """How well predicted hits match true ones, cell by cell, over all windows.

    Micro-averaged: counts of all cells are added before they are divided, so that
    a rare drum counts as often as it is played.

    Attributes:
      true_positives: hits in both.
      false_positives: hits in the prediction only.
      false_negatives: hits in the truth only.
    """

    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def precision(self) -> float:
        """``TP / (TP + FP)``; NaN where nothing was predicted."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """``TP / (TP + FN)``; NaN where nothing was played."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """``2 TP / (2 TP + FP + FN)``, the harmonic mean of both."""
        double = 2 * self.true_positives
        return _ratio(double, double + self.false_positives + self.false_negatives)


@dataclasses.dataclass(frozen=True)
class Deviation:
    """Differences ``prediction - truth`` at matched hits.

    Attributes:
      mean_absolute: mean of their sizes.
      root_mean_square: square root of the mean square.
      bias: their mean.
      count: matched hits.
    """

    mean_absolute: float
    root_mean_square: float
    bias: float
    count: int


def hit_scores(truth: Drums, prediction: Drums) -> HitScores:
    """Compares hits cell by cell.

    Args:
      truth: what was played.
      prediction: of the same shape.
    """
    _same_shape(truth, prediction)
    both = truth.hits & prediction.hits
    return HitScores(
        true_positives=int(both.sum()),
        false_positives=int((prediction.hits & ~truth.hits).sum()),
        false_negatives=int((truth.hits & ~prediction.hits).sum()),
    )


def cell_accuracy(truth: Drums, prediction: Drums) -> float:
    """Share of all cells, silent ones included, that agree (0..1).

    Most cells are silent, so silence alone scores high: read it beside F1.
    """
    _same_shape(truth, prediction)
    return _ratio(int((truth.hits == prediction.hits).sum()), truth.hits.size)


def velocity_error(truth: Drums, prediction: Drums) -> Deviation:
    """Errors of velocity in MIDI units at cells that are hit in both."""
    _same_shape(truth, prediction)
    matched = truth.hits & prediction.hits
    difference = _of(prediction, "velocities") - _of(truth, "velocities")
    return _deviation(difference[matched])


def timing_error(
    truth: Drums,
    prediction: Drums,
    *,
    qpm: float = 120.0,
    steps_per_quarter: int = STEPS_PER_QUARTER,
) -> Deviation:
    """Errors of onset in milliseconds at cells that are hit in both.

    Args:
      truth: what was played.
      prediction: of the same shape.
      qpm: tempo at which steps become milliseconds.
      steps_per_quarter: grid.

    Returns:
      Deviations; a *negative* bias means that the prediction is later.
    """
    _same_shape(truth, prediction)
    matched = truth.hits & prediction.hits
    difference = _of(prediction, "offsets") - _of(truth, "offsets")
    step_ms = step_milliseconds(qpm, steps_per_quarter=steps_per_quarter)
    return _deviation(difference[matched] / 2 * step_ms)


def step_milliseconds(
    qpm: float, *, steps_per_quarter: int = STEPS_PER_QUARTER
) -> float:
    """How long a step lasts: ``60,000 / qpm / steps_per_quarter``."""
    return 60_000.0 / qpm / steps_per_quarter


# What a set of grooves is like ---------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Spread:
    """A distribution in five numbers.

    Attributes:
      mean: arithmetic mean.
      sd: standard deviation (of the population).
      low: 5th percentile, linearly interpolated.
      high: 95th percentile.
      count: number of values.
    """

    mean: float
    sd: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Any) -> Spread:
        """The spread of an array; NaN without values."""
        values = np.asarray(values, np.float64).ravel()
        if not len(values):
            return cls(np.nan, np.nan, np.nan, np.nan, 0)
        low, high = np.percentile(values, [5, 95])
        return cls(
            float(values.mean()),
            float(values.std()),
            float(low),
            float(high),
            len(values),
        )


def hits_per_step(drums: Drums) -> float:
    """Mean number of hits a step."""
    windows, steps, _ = drums.hits.shape
    return _ratio(int(drums.hits.sum()), windows * steps)


def hits_per_bar(drums: Drums, *, steps_per_bar: int = STEPS_PER_BAR) -> float:
    """Mean number of hits a bar."""
    return hits_per_step(drums) * steps_per_bar


def share_at(
    drums: Drums,
    drum: int,
    positions: Iterable[int],
    *,
    steps_per_bar: int = STEPS_PER_BAR,
) -> float:
    """Share of a drum's hits that lie at certain steps of the bar (0..1).

    Microtiming does not matter: a hit belongs to the step that it is nearest to.
    By chance it would be ``len(positions) / steps_per_bar``. Kicks on the beat are
    ``share_at(drums, KICK, QUARTERS)``, snares on the backbeat
    ``share_at(drums, SNARE, BACKBEATS)``.

    Args:
      drums: windows that begin with a bar.
      drum: class.
      positions: steps of the bar, such as :data:`QUARTERS`.
      steps_per_bar: grid.
    """
    of_drum = drums.hits[:, :, drum]
    return _ratio(
        int(of_drum[:, _at(drums, positions, steps_per_bar)].sum()), int(of_drum.sum())
    )


def coverage_at(
    drums: Drums,
    drum: int,
    positions: Iterable[int],
    *,
    steps_per_bar: int = STEPS_PER_BAR,
) -> float:
    """Share of certain steps of the bars at which a drum is hit (0..1).

    The counterpart of :func:`share_at`: how many backbeats have a snare, not how
    many snares lie on backbeats. Arguments as there.
    """
    cells = drums.hits[:, _at(drums, positions, steps_per_bar), drum]
    return _ratio(int(cells.sum()), cells.size)


def velocity_spread(drums: Drums, *, drum: int | None = None) -> Spread:
    """How loud hits are, in MIDI units: of all drums, or of one class."""
    velocities = _of(drums, "velocities")
    if drum is not None:
        return Spread.of(velocities[:, :, drum][drums.hits[:, :, drum]])
    return Spread.of(velocities[drums.hits])


def microtiming_steps(drums: Drums) -> Spread:
    """How far hits lie from the grid, in steps (-0.5..0.5), positive when early."""
    return Spread.of(_of(drums, "offsets")[drums.hits] / 2)


def microtiming_ms(
    drums: Drums, *, qpm: float = 120.0, steps_per_quarter: int = STEPS_PER_QUARTER
) -> Spread:
    """How far hits lie from the grid, in milliseconds, positive when early.

    Args:
      drums: windows.
      qpm: tempo at which steps become milliseconds; the tensors have none.
      steps_per_quarter: grid.
    """
    step_ms = step_milliseconds(qpm, steps_per_quarter=steps_per_quarter)
    return Spread.of(_of(drums, "offsets")[drums.hits] / 2 * step_ms)


def class_shares(drums: Drums) -> np.ndarray:
    """``(classes,)``: each drum's share of all hits; they add up to 1."""
    counts = drums.hits.sum(axis=(0, 1))
    total = counts.sum()
    return counts / total if total else np.full(len(counts), np.nan)


def onset_histogram(drums: Drums, *, steps_per_bar: int = STEPS_PER_BAR) -> np.ndarray:
    """``(steps_per_bar, classes)``: how often each step of a bar is hit (0..1).

    Args:
      drums: windows of whole bars.
      steps_per_bar: grid.

    Raises:
      DataError: the windows are not whole bars.
    """
    windows, steps, classes = drums.hits.shape
    if steps % steps_per_bar:
        raise DataError(
            f"Expected windows of whole bars of {steps_per_bar} steps, got {steps} "
            "steps."
        )
    bars = drums.hits.reshape(-1, steps_per_bar, classes)
    if not windows:
        return np.full((steps_per_bar, classes), np.nan)
    return np.asarray(bars.mean(axis=0))


def distinct_share(drums: Drums) -> float:
    """Share of different hit patterns among the windows (1: no two are alike)."""
    if not len(drums):
        return float("nan")
    flat = np.packbits(drums.hits.reshape(len(drums), -1), axis=1)
    return len(np.unique(flat, axis=0)) / len(drums)


def window_features(
    drums: Drums, *, steps_per_bar: int = STEPS_PER_BAR
) -> dict[str, np.ndarray]:
    """Describes each window by numbers whose distributions can be compared.

    Args:
      drums: windows that begin with a bar.
      steps_per_bar: grid.

    Returns:
      Arrays ``(windows,)``, NaN where a window has nothing to measure:
      ``hits_per_bar``; ``drums_used`` (classes hit at least once); with
      velocities ``velocity_mean`` and ``velocity_sd`` (MIDI units); with offsets
      ``microtiming_mean`` and ``microtiming_sd`` (steps, positive when early).
    """
    hits = drums.hits
    counts = hits.sum(axis=(1, 2))
    features = {
        "hits_per_bar": counts / hits.shape[1] * steps_per_bar,
        "drums_used": hits.any(axis=1).sum(axis=1).astype(np.float64),
    }
    for name, array in (
        ("velocity", drums.velocities),
        ("microtiming", None if drums.offsets is None else drums.offsets / 2),
    ):
        if array is None:
            continue
        number = np.where(counts > 0, counts, np.nan)
        mean = (array * hits).sum(axis=(1, 2)) / number
        square = (np.square(array - mean[:, None, None]) * hits).sum(axis=(1, 2))
        features[f"{name}_mean"] = mean
        features[f"{name}_sd"] = np.sqrt(square / number)
    return features


# Distances between two sets of numbers -------------------------------------------


def wasserstein_1(first: Any, second: Any) -> float:
    """The earth mover's distance between two samples, in their unit.

    The area between the two empirical distribution functions, ``integral of
    |F(x) - G(x)| dx``: how far, on average, mass has to be moved to turn one
    sample into the other (Ramdas, Garcia and Cuturi, "On Wasserstein Two-Sample
    Testing and Related Families of Nonparametric Tests", 2017).

    Args:
      first: numbers; NaN are left out.
      second: numbers, perhaps of another count.

    Returns:
      At least 0; NaN where a sample is empty.
    """
    a, b = _sample(first), _sample(second)
    if not len(a) or not len(b):
        return float("nan")
    points = np.sort(np.concatenate([a, b]))
    gaps = np.abs(_cumulative(a, points[:-1]) - _cumulative(b, points[:-1]))
    return float(np.sum(gaps * np.diff(points)))


def kolmogorov_smirnov(first: Any, second: Any) -> float:
    """The largest distance between two empirical distribution functions (0..1).

    ``max |F(x) - G(x)|`` (Massey, "The Kolmogorov-Smirnov Test for Goodness of
    Fit", 1951); has no unit, and no notion of how far apart values are.

    Args:
      first: numbers; NaN are left out.
      second: numbers, perhaps of another count.

    Returns:
      0..1; NaN where a sample is empty.
    """
    a, b = _sample(first), _sample(second)
    if not len(a) or not len(b):
        return float("nan")
    points = np.concatenate([a, b])
    return float(np.max(np.abs(_cumulative(a, points) - _cumulative(b, points))))


def total_variation(first: Any, second: Any) -> float:
    """Half the sum of differences of two distributions over the same classes.

    ``sum |p - q| / 2``: the share of hits that would have to change their class
    (0: equal, 1: nothing in common).
    """
    return float(np.abs(np.asarray(first) - np.asarray(second)).sum() / 2)


# Helpers -------------------------------------------------------------------------


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _same_shape(truth: Drums, prediction: Drums) -> None:
    if truth.hits.shape != prediction.hits.shape:
        raise DataError(
            "Expected drums of the same shape to compare, got "
            f"{truth.hits.shape} and {prediction.hits.shape}."
        )


def _of(drums: Drums, name: str) -> np.ndarray:
    array: np.ndarray | None = getattr(drums, name)
    if array is None:
        raise DataError(f"These drums have hits only: there are no {name} to measure.")
    return array


def _deviation(differences: np.ndarray) -> Deviation:
    if not len(differences):
        return Deviation(np.nan, np.nan, np.nan, 0)
    return Deviation(
        mean_absolute=float(np.abs(differences).mean()),
        root_mean_square=float(np.sqrt(np.square(differences).mean())),
        bias=float(differences.mean()),
        count=len(differences),
    )


def _at(drums: Drums, positions: Iterable[int], steps_per_bar: int) -> np.ndarray:
    steps = np.arange(drums.hits.shape[1])
    return np.isin(steps % steps_per_bar, list(positions))


def _sample(values: Any) -> np.ndarray:
    array = np.asarray(values, np.float64).ravel()
    return np.sort(array[~np.isnan(array)])


def _cumulative(ordered: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.searchsorted(ordered, points, side="right") / len(ordered)
