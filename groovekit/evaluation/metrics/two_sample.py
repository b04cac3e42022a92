"""Whether two sets of grooves can be told apart: two-sample tests on features.

Windows of a performance resemble each other, so one window a performance is drawn, as
many of either set, several times.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.converters.grid.drums import KICK, SNARE, Drums, by_bar, flat
from groovekit.evaluation.metrics.coherence import adjacent_bars
from groovekit.evaluation.metrics.features import window_features
from groovekit.evaluation.metrics.interval import Interval

#: Windows of either set in a draw, at most, and how many draws.
LARGEST, DRAWS = 76, 12
# Drums at a step from which on it is thick.
_THICK = 3


def two_sample_features(drums: Drums) -> tuple[np.ndarray, np.ndarray]:
    """Features of windows that begin with a bar: 20 of nine classes with dynamics.

    Hits a bar; classes used; mean likeness of adjacent bars; share of steps with three
    strokes or more, and of hits on odd steps; snare on the second and fourth quarter,
    kick on the first; share of each class; then mean and standard deviation of
    velocities (MIDI units) and of offsets, as far as there are any.

    Returns:
      Features of the hits ``(windows, 7 + classes)`` and of the dynamics ``(windows,
      0, 2 or 4)``; 0 where a window has nothing to measure.
    """
    hits, bars = drums.hits, by_bar(drums)
    counts = np.maximum(hits.sum(axis=(1, 2)), 1)
    described = window_features(drums)
    backbeats = np.arange(1, int(drums.quarters_per_bar), 2) * drums.steps_per_quarter
    backbeats = backbeats[backbeats < bars.shape[2]]
    pattern = np.column_stack(
        [
            described["hits_per_bar"],
            described["drums_used"],
            adjacent_bars(drums),
            (hits.sum(axis=2) >= _THICK).mean(axis=1),
            hits[:, 1::2].sum(axis=(1, 2)) / counts,
            flat(bars[:, :, backbeats, SNARE]).mean(axis=1)
            if len(backbeats)
            else np.zeros(len(hits)),
            bars[:, :, 0, KICK].mean(axis=1),
            hits.sum(axis=1) / counts[:, None],
        ]
    )
    dynamics = [
        described[f"{name}_{kind}"] * factor
        # Steps, positive when early, as offsets are twice.
        for name, factor in (("velocity", 1), ("microtiming", 2))
        for kind in ("mean", "sd")
        if f"{name}_{kind}" in described
    ]
    measured = np.column_stack(dynamics) if dynamics else np.zeros((len(hits), 0))
    return np.nan_to_num(pattern), np.nan_to_num(measured)


def energy_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The energy distance of two samples (at least 0; 0 for equal ones).

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|`` of Euclidean distances (Szekely and Rizzo,
    "Energy statistics: A class of statistics based on distances", 2013).

    Args:
      first: ``(m, features)``.
      second: ``(n, features)``.
    """
    across, own, other = (
        np.sqrt(_squares(a, b)).mean()
        for a, b in ((first, second), (first, first), (second, second))
    )
    return max(0.0, float(2 * across - own - other))


def neighbour_accuracy(first: np.ndarray, second: np.ndarray) -> float:
    """How often the nearest neighbour of a window is of its own set (0..1).

    Leave-one-out accuracy of a nearest-neighbour classifier between the sets: 0.5 if
    they cannot be told apart, 1 if they can, less than 0.5 if windows lie nearer to
    the other set's than to their own (Lopez-Paz and Oquab, "Revisiting Classifier
    Two-Sample Tests", 2017).

    Args:
      first: ``(n, features)``.
      second: ``(n, features)``, as many.
    """
    together = np.concatenate([first, second])
    sets = np.arange(len(together)) >= len(first)
    distances = _squares(together, together)
    np.fill_diagonal(distances, np.inf)
    return float((sets[distances.argmin(axis=1)] == sets).mean())


@dataclasses.dataclass(frozen=True)
class TwoSample:
    """How well two sets of grooves can be told apart.

    Attributes:
      windows: of either set in a draw.
      energy: energy distance on all features, each divided by its standard deviation
        in the reference.
      neighbours: :func:`neighbour_accuracy` on all features.
      neighbours_hits: on those of the hits alone.
    """

    windows: int
    energy: Interval
    neighbours: Interval
    neighbours_hits: Interval


def two_sample(
    found: Drums,
    reference: Drums,
    *,
    found_owners: np.ndarray,
    reference_owners: np.ndarray,
    rng: np.random.Generator,
) -> TwoSample:
    """Compares a set of grooves with a reference.

    Args:
      found: windows that begin with a bar.
      reference: e.g. held-out windows.
      found_owners: ``(windows,)``: which performance each is of; samples are
        performances of their own.
      reference_owners: of the reference.
      rng: draws one window a performance, and performances.

    Returns:
      Means over the draws, with the interval that 95 % of the draws lie in: how much
      it depends on the windows drawn.
    """
    described = [two_sample_features(drums) for drums in (found, reference)]
    pattern = described[0][0].shape[1]
    features = [np.concatenate(parts, axis=1) for parts in described]
    scale = features[1].std(axis=0)
    scale[scale == 0] = 1
    owners = [np.asarray(found_owners), np.asarray(reference_owners)]
    size = min(LARGEST, *(len(np.unique(own)) for own in owners))
    draws = []
    for _ in range(DRAWS):
        a, b = (
            part[_one_each(own, rng)[:size]] / scale
            for part, own in zip(features, owners, strict=True)
        )
        draws.append(
            (
                energy_distance(a, b),
                neighbour_accuracy(a, b),
                neighbour_accuracy(a[:, :pattern], b[:, :pattern]),
            )
        )
    intervals = (Interval.of(np.mean(part), part) for part in zip(*draws, strict=True))
    return TwoSample(size, *intervals)


def _one_each(owners: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A window of each performance, both in random order."""
    order = rng.permutation(len(owners))
    _, first = np.unique(owners[order], return_index=True)
    return np.asarray(rng.permutation(order[first]))


def _squares(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``(m, n)``: squared Euclidean distances."""
    return np.asarray(((first[:, None] - second[None]) ** 2).sum(axis=2))
