"""Fits directions of attributes to a model, and measures what they do.

The idea is that of MusicVAE's attribute vectors (Roberts et al., "A Hierarchical
Latent Vector Model for Learning Long-Term Structure in Music", ICML 2018), which are
differences of mean latent vectors of music with and without an attribute. Here
attributes are numbers, directions come from regression, other attributes are held
equal, and the length is calibrated on what the decoder makes of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groovekit.converters.drum_tensors import drums_of
from groovekit.errors import DataError, UsageError
from groovekit.evaluation.metrics import Drums
from groovekit.generation.attributes import (
    AttributeFunction,
    Direction,
    Directions,
    functions_of,
    stored_name,
    weights_digest,
)
from groovekit.models.runtimes.base import Progress

if TYPE_CHECKING:
    from groovekit.data.examples import Examples
    from groovekit.generation.trained_model import TrainedModel

#: Strengths that :func:`measure` tries.
STRENGTHS = (-2.0, -1.0, 0.0, 1.0, 2.0)
#: What counts as rising may fall by so many standard deviations in a step: many
#: attributes have a least value, such as no open hi-hat at all.
TOLERANCE = 0.1
_BATCH = 256
# Ridge of the regressions, as a share of the mean variance of ``z``.
_RIDGE = 1e-3
# Of the inverse of what the decoder makes of the directions (squared changes, in
# standard deviations): what it hardly renders is not blown up without end.
_DAMPING = 0.02
_CALIBRATION_WINDOWS = 256
_STEP = 2.0
# The decoder answers steps of this length far from linearly (a drum enters when its
# probability passes a threshold): combinations are found in rounds, each of which
# goes a part of the way.
_ROUNDS = 6
_PART = 0.5
# A unit is no longer than so many standard deviations of the codes along it: two
# units further out the model has learnt nothing, and attributes stop following.
_LONGEST = 2.5


def fit(
    model: TrainedModel,
    examples: Examples,
    functions: Mapping[str, AttributeFunction],
    *,
    progress: Progress | None = None,
) -> Directions:
    """Fits a direction to each attribute.

    All windows are encoded, and their posterior means decoded again, taking the most
    probable values. Then

    1. for each attribute a ridge regression on ``z`` finds the weights ``w`` that
       predict what is played;
    2. a regression of ``z`` on all attributes finds how it differs on average
       where one attribute is higher and the others are equal: these are the ways,
       each as long as ``w`` predicts a unit for;
    3. what the decoder makes of a step of two units either way is measured on 256
       windows, and the ways are combined by the damped inverse ``J' (J J' + d I)^-1``
       of these changes, half the way in each of six rounds: so a unit is a unit as
       played, as far as the decoder can play it, and the others stay. No unit gets
       longer than two and a half standard deviations of the codes along it.

    The unit of an attribute is its standard deviation over the windows themselves, as
    recorded. What is fitted is what the model plays, not what the recordings have:
    directions of the latter move attributes that ``z`` holds little of (velocity
    range) hardly at all.

    Args:
      model: of drums or grooves.
      examples: windows of the model's converter; some hundreds at least.
      functions: the attributes, at least one.
      progress: called as ``progress(done, total)`` when windows are decoded.

    Raises:
      DataError: too few windows, or an attribute that does not vary.
      ConfigError: a converter whose tensors are not drums.
    """
    if not functions:
        raise UsageError("Expected at least one attribute to fit, got none.")
    z, controls, own = _encoded(model, examples, functions)
    if len(z) < 2 * len(functions) + 2:
        raise DataError(
            f"Expected some hundreds of windows to fit attributes to, got {len(z)}."
        )
    mean, sd = _standard(own, functions)
    rows = np.linspace(0, len(z) - 1, min(_CALIBRATION_WINDOWS, len(z)))
    rows = np.unique(rows.astype(int))
    total = len(z) + _ROUNDS * 2 * len(functions) * len(rows)
    player = _Player(model, functions, total, progress)
    played = (player.values(z, controls) - mean) / sd
    weights, r2 = _regressions(z, played, functions)
    ways = _partial_differences(z, played)
    ways = ways / np.einsum("da,da->a", weights, ways)
    part = None if controls is None else controls[rows]
    for _ in range(_ROUNDS):
        sides = (
            np.stack(
                [player.values(z[rows] + side * way, part) / sd for way in ways.T],
                axis=-1,
            )
            for side in (-_STEP, _STEP)
        )
        # What a unit of each (column) changes in each (row).
        changes = _means(-np.subtract(*sides) / (2 * _STEP))
        same = np.eye(len(changes))
        inverse = changes.T @ np.linalg.inv(changes @ changes.T + _DAMPING * same)
        ways = ways @ ((1 - _PART) * same + _PART * inverse)
        ways = ways * np.minimum(1.0, _LONGEST / _lengths(ways, z))
    return Directions(
        model.config.name,
        len(z),
        weights_digest(model.folder),
        tuple(
            Direction(
                name=name,
                function=stored_name(function),
                mean=float(mean[index]),
                sd=float(sd[index]),
                r2=float(r2[index]),
                vector=ways[:, index].astype(np.float32),
            )
            for index, (name, function) in enumerate(functions.items())
        ),
    )


def _encoded(
    model: TrainedModel,
    examples: Examples,
    functions: Mapping[str, AttributeFunction],
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Posterior means, controls, and attributes of the windows as recorded."""
    z, controls, values = [], [], []
    # The tensors of one batch at a time: those of all windows may be many.
    for batch in examples.batches(_BATCH):
        z.append(model.encode(batch, seed=0).mean.astype(np.float64))
        values.append(values_of(functions, drums_of(batch.outputs, model.converter)))
        if batch.controls is not None:
            controls.append(batch.controls)
    if not z:
        raise DataError("Expected some hundreds of windows, got none.")
    return (
        np.concatenate(z),
        np.concatenate(controls) if controls else None,
        np.concatenate(values),
    )


@dataclasses.dataclass(eq=False)
class _Player:
    """Measures what a model plays, so many windows at a time.

    Attributes:
      model: that plays.
      functions: what is measured.
      total: windows to play in all, for ``progress``.
      progress: called as ``progress(done, total)``.
      temperature: of the decoder; 0 takes the most probable values.
      done: windows played.
    """

    model: TrainedModel
    functions: Mapping[str, AttributeFunction]
    total: int
    progress: Progress | None = None
    temperature: float = 0.0
    done: int = 0

    def values(self, z: np.ndarray, controls: np.ndarray | None) -> np.ndarray:
        """Attributes of what the model makes of latent vectors."""
        found = []
        for start in range(0, len(z), _BATCH):
            rows = slice(start, start + _BATCH)
            tensors = self.model.decode_to_tensors(
                z[rows],
                temperature=self.temperature,
                controls=None if controls is None else controls[rows],
                seed=0,
            )
            drums = drums_of(tensors, self.model.converter)
            found.append(values_of(self.functions, drums))
            self.done += len(tensors)
            if self.progress is not None:
                self.progress(self.done, self.total)
        return np.concatenate(found)


def _standard(
    values: np.ndarray, names: Iterable[str]
) -> tuple[np.ndarray, np.ndarray]:
    known = (~np.isnan(values)).sum(axis=0)
    for name, count in zip(names, known, strict=True):
        if count < 2:
            raise DataError(
                f"The attribute {name} can be measured in {count} windows: leave it "
                "out, or give other examples."
            )
    mean, sd = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    for name, spread in zip(names, sd, strict=True):
        if not spread > 0:
            raise DataError(
                f"The attribute {name} is the same in all windows: leave it out, or "
                "give other examples."
            )
    return mean, sd


def _regressions(
    z: np.ndarray, values: np.ndarray, names: Iterable[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Weights ``(z_size, attributes)`` and R2 ``(attributes,)`` of each."""
    weights, shares = [], []
    for name, column in zip(names, values.T, strict=True):
        known = ~np.isnan(column)
        target = column[known] - column[known].mean() if known.any() else column[:0]
        if not target.any():
            raise DataError(
                f"The model plays every window with the same {name}, or with none: "
                "leave it out (`names`)."
            )
        x = z[known] - z[known].mean(axis=0)
        gram = x.T @ x
        ridge = _RIDGE * max(np.trace(gram), np.finfo(float).tiny) / len(gram)
        own = np.linalg.solve(gram + ridge * np.eye(len(gram)), x.T @ target)
        weights.append(own)
        shares.append(1.0 - np.mean((target - x @ own) ** 2) / np.mean(target**2))
    return np.stack(weights, axis=1), np.array(shares)


def _partial_differences(z: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``(z_size, attributes)``: least squares of ``z`` on all attributes."""
    centred = np.nan_to_num(values - np.nanmean(values, axis=0))
    found, *_ = np.linalg.lstsq(centred, z - z.mean(axis=0), rcond=None)
    return np.asarray(found.T)


def _lengths(ways: np.ndarray, z: np.ndarray) -> np.ndarray:
    """``(attributes,)``: in standard deviations of the codes along each way."""
    tiny = np.finfo(float).tiny
    squared = np.square(ways).sum(axis=0)
    spread = (z @ ways).std(axis=0)
    return np.asarray(squared / np.maximum(spread, tiny))


def _means(values: np.ndarray) -> np.ndarray:
    """Means over the first axis of what is not NaN; 0 where all is."""
    known = ~np.isnan(values)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(sums / np.maximum(known.sum(axis=0), 1))


def values_of(functions: Mapping[str, AttributeFunction], drums: Drums) -> np.ndarray:
    """Attributes of windows, ``(windows, attributes)`` float64.

    Raises:
      DataError: a function that gives no number for each window, or that needs
        what the drums do not have.
    """
    columns = []
    for name, function in functions.items():
        column = np.asarray(function(drums), np.float64)
        if column.shape != (len(drums),):
            raise DataError(
                f"The attribute {name} should give one number a window, shape "
                f"({len(drums)},), and gives shape {column.shape}."
            )
        columns.append(np.where(np.isfinite(column), column, np.nan))
    return np.stack(columns, axis=1) if columns else np.zeros((len(drums), 0))


# Measuring -------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Effects:
    """What directions do to what a model plays.

    Attributes:
      names: of the attributes.
      strengths: that were tried, rising.
      windows: how many were shifted.
      levels: ``(moved, strengths, measured)``: mean of each attribute, in standard
        deviations from its mean over the windows that the directions were fitted
        to. A mean is over the windows that have a value at every strength.
    """

    names: tuple[str, ...]
    strengths: tuple[float, ...]
    windows: int
    levels: np.ndarray

    @property
    def slopes(self) -> np.ndarray:
        """``(moved, measured)``: change for each unit of strength, end to end."""
        span = self.strengths[-1] - self.strengths[0]
        return np.asarray((self.levels[:, -1] - self.levels[:, 0]) / span)

    @property
    def monotone(self) -> list[bool]:
        """Whether each attribute rises with its strength, and falls nowhere.

        It rises from the least strength to the greatest, and from none to the next
        by more than :data:`TOLERANCE` downwards.
        """
        own = np.diagonal(self.levels, axis1=0, axis2=2)
        rises = own[-1] - own[0] > TOLERANCE
        found: list[bool] = (
            rises & (np.diff(own, axis=0) > -TOLERANCE).all(axis=0)
        ).tolist()
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON-like figures."""
        return {
            "windows": self.windows,
            "strengths": list(self.strengths),
            "attributes": {
                name: {
                    "monotone": self.monotone[index],
                    "levels": np.round(self.levels[index, :, index], 4).tolist(),
                    "slopes": dict(
                        zip(
                            self.names,
                            np.round(self.slopes[index], 4).tolist(),
                            strict=True,
                        )
                    ),
                }
                for index, name in enumerate(self.names)
            },
        }


def measure(
    model: TrainedModel,
    directions: Directions,
    examples: Examples,
    functions: Mapping[str, AttributeFunction] | None = None,
    *,
    strengths: Sequence[float] = STRENGTHS,
    temperature: float = 0.0,
    progress: Progress | None = None,
) -> Effects:
    """Shifts windows along each direction and measures all attributes.

    Windows are encoded, their posterior means shifted and decoded.

    Args:
      model: that the directions belong to.
      directions: from :func:`fit`.
      examples: other windows than those fitted to.
      functions: of the attributes that are not registered, by the attribute's name.
      strengths: at least two, rising.
      temperature: of the decoder; 0 takes the most probable values, 1 draws as the
        data spread (seeded, alike at every strength).
      progress: called as ``progress(done, total)`` when windows are decoded.

    Raises:
      PluginLoadError: a plug-in's function cannot be imported any more.
      UsageError: strengths that do not rise, or a function that is neither registered
        nor given.
    """
    if len(strengths) < 2 or not (np.diff(strengths) > 0).all():
        raise UsageError(f"Expected rising strengths, got {list(strengths)}.")
    functions = functions_of(directions, functions)
    z, controls, _ = _encoded(model, examples, {})
    total = len(z) * len(strengths) * len(directions.names)
    player = _Player(model, functions, total, progress, temperature)
    mean = np.array([attribute.mean for attribute in directions.attributes])
    sd = np.array([attribute.sd for attribute in directions.attributes])
    levels = []
    for name in directions.names:
        played = []
        for strength in strengths:
            way = directions.shift({name: strength}, z_size=z.shape[1])
            played.append((player.values(z + way, controls) - mean) / sd)
        cube = np.stack(played)
        complete = ~np.isnan(cube).any(axis=0)
        levels.append([_means(np.where(complete, level, np.nan)) for level in cube])
    return Effects(tuple(directions.names), tuple(strengths), len(z), np.array(levels))
