"""How sets of grooves differ: generated ones from what people played.

NumPy only, on :class:`groovekit.evaluation.metrics.Drums`. Tables are dictionaries that
JSON can hold; intervals come from resampling performances (and samples one by one).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from groovekit.evaluation import metrics
from groovekit.evaluation.metrics import Drums, Interval, Ratio, Resampling

#: Features of windows whose distributions are compared: name, label, unit.
FEATURES = (
    ("density", "hits a step", ""),
    ("drums_used", "drums used", ""),
    ("syncopation", "syncopation a bar", ""),
    ("swing", "swing ratio", ""),
    ("velocity_mean", "velocity, mean", "of 127"),
    ("velocity_sd", "velocity, sd", "of 127"),
    ("microtiming_mean", "microtiming, mean", "steps"),
    ("microtiming_sd", "microtiming, sd", "steps"),
    ("open_hat_share", "open hi-hats", ""),
    ("velocity", "velocity of hits", "of 127"),
    ("microtiming", "microtiming of hits", "steps"),
)
#: Sets of windows that an evaluation compares with the held-out one, by title.
TITLES = {
    "samples": "samples",
    "model": "reconstructions",
    "player": "the model, hits given",
    "humaniser": "statistical humaniser",
    "nearest": "nearest training groove",
}
#: Shares of hits, compared by total variation.
SHARES = (("classes", "share of each drum"), ("positions", "drum and place in the bar"))
_RESAMPLES, _SPLITS, _BINS = 200, 20, 24
# Hits of a set that are compared one by one; more say no more.
_LARGEST_POOL = 20_000


@dataclasses.dataclass(frozen=True, eq=False)
class Described:
    """What a set of windows is like.

    Attributes:
      windows: how many.
      values: by feature, numbers and the window that each is of.
      shares: by name, ``(windows, kinds)``: how many hits are of each kind.
    """

    windows: int
    values: Mapping[str, tuple[np.ndarray, np.ndarray]]
    shares: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, drums: Drums) -> Described:
        """Measures windows that begin with a bar."""
        by_window = metrics.window_features(drums)
        del by_window["hits_per_bar"]
        by_window["density"] = metrics.density(drums)
        by_window["syncopation"] = metrics.syncopation(drums)
        if drums.hits.shape[2] > metrics.OPEN_HAT:
            by_window["open_hat_share"] = metrics.open_hat_share(drums)
        if drums.offsets is not None:
            by_window["swing"] = metrics.swing(drums)
        values = {}
        for name, array in by_window.items():
            known = np.flatnonzero(~np.isnan(array))
            values[name] = (array[known], known)
        window = np.nonzero(drums.hits)[0]
        pool = np.linspace(0, len(window) - 1, min(len(window), _LARGEST_POOL))
        pool = pool.astype(np.int64)
        if drums.velocities is not None:
            values["velocity"] = drums.velocities[drums.hits][pool], window[pool]
        if drums.offsets is not None:
            values["microtiming"] = drums.offsets[drums.hits][pool] / 2, window[pool]
        windows, steps, classes = drums.hits.shape
        by_position = np.zeros((windows, min(steps, drums.steps_per_bar), classes))
        for step in range(steps):
            by_position[:, step % drums.steps_per_bar] += drums.hits[:, step]
        shares = {
            "classes": drums.hits.sum(axis=1).astype(np.float64),
            "positions": by_position.reshape(windows, -1),
        }
        return cls(windows, values, shares)


def compare(
    found: Described,
    human: Described,
    *,
    found_weights: np.ndarray,
    human_weights: np.ndarray,
) -> dict[str, dict[str, Any]]:
    """How far a set lies from what people played.

    Args:
      found: the set.
      human: held-out windows.
      found_weights: ``(resamples, windows)``: how often each window of the set was
        drawn; for intervals.
      human_weights: the same for the human windows.

    Returns:
      By feature ``wasserstein`` (in the feature's unit) and ``kolmogorov_smirnov``
      (0 to 1) as intervals and ``overlap``
      (:func:`groovekit.evaluation.metrics.overlap_area`); for shares
      ``total_variation`` as an interval.
    """
    table: dict[str, dict[str, Any]] = {}
    for name, _, _ in FEATURES:
        if name not in found.values or name not in human.values:
            continue
        (a, a_rows), (b, b_rows) = found.values[name], human.values[name]
        draws = metrics.weighted_distances(
            a, b, found_weights[:, a_rows], human_weights[:, b_rows]
        )
        distances = metrics.wasserstein_1(a, b), metrics.kolmogorov_smirnov(a, b)
        table[name] = {
            key: dataclasses.asdict(Interval.around(value, draw, highest=highest))
            for (key, highest), value, draw in zip(
                (("wasserstein", np.inf), ("kolmogorov_smirnov", 1.0)),
                distances,
                draws,
                strict=True,
            )
        }
        table[name]["overlap"] = metrics.overlap_area(a, b)
    for name, _ in SHARES:
        first, second = found.shares[name], human.shares[name]
        value = metrics.total_variation(_share(first.sum(0)), _share(second.sum(0)))
        draw = [
            metrics.total_variation(_share(a @ first), _share(b @ second))
            for a, b in zip(found_weights, human_weights, strict=True)
        ]
        interval = dataclasses.asdict(Interval.around(value, draw, highest=1.0))
        table[name] = {"total_variation": interval}
    return table


def independent_weights(windows: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of windows that are independent of each other, such as samples."""
    shares = np.full(windows, 1 / windows)
    return rng.multinomial(windows, shares, size=_RESAMPLES)


def performance_weights(resampling: Resampling) -> np.ndarray:
    """Draws of windows by performance; one that draws all where there are none."""
    weights = resampling.by_window()[:_RESAMPLES]
    if len(weights):
        return weights
    return np.ones((_RESAMPLES, len(resampling.owners)), np.int64)


def halves(
    human: Described, resampling: Resampling, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """How far two halves of the human performances lie from each other.

    The yardstick for :func:`compare`: people differ by as much. Performances are
    split at random, means are taken over 20 splits.

    Returns:
      As :func:`compare`, numbers instead of intervals; nothing for one performance.
    """
    if resampling.performances < 2:
        return {}
    parts: dict[str, dict[str, list[float]]] = {}
    for _ in range(_SPLITS):
        order = rng.permutation(resampling.performances)
        first = np.isin(resampling.owners, order[: len(order) // 2])
        a, b = (_rows(human, kept) for kept in (first, ~first))
        for name, table in _distances(a, b).items():
            for key, value in table.items():
                parts.setdefault(name, {}).setdefault(key, []).append(value)
    return {
        name: {key: _mean(values) for key, values in table.items()}
        for name, table in parts.items()
    }


def beyond_halves(
    table: Mapping[str, Mapping[str, Any]], human: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Features that lie farther from the human ones than twice their halves do.

    Args:
      table: of :func:`compare`.
      human: of :func:`halves`.

    Returns:
      Names, by Wasserstein-1 distance or total variation.
    """
    found = []
    for name, distances in table.items():
        key = "wasserstein" if "wasserstein" in distances else "total_variation"
        if name in human and distances[key]["value"] > 2 * human[name][key]:
            found.append(name)
    return found


def histograms(sets: Mapping[str, Described]) -> dict[str, dict[str, Any]]:
    """Shares of values in common bins, to draw: 24 between 1st and 99th percentile.

    What lies beyond the percentiles of all sets together counts in the outer bins.

    Returns:
      By feature ``edges`` (25) and ``sets`` (shares by set).
    """
    table: dict[str, dict[str, Any]] = {}
    for name, _, _ in FEATURES:
        known = {key: d.values[name][0] for key, d in sets.items() if name in d.values}
        known = {key: values for key, values in known.items() if len(values)}
        if not known:
            continue
        low, high = np.percentile(np.concatenate(list(known.values())), [1, 99])
        edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
        table[name] = {"edges": edges.tolist(), "sets": {}}
        for key, values in known.items():
            counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
            table[name]["sets"][key] = (counts / len(values)).tolist()
    return table


def _distances(a: Described, b: Described) -> dict[str, dict[str, float]]:
    table = {}
    for name in b.values:
        x, y = a.values[name][0], b.values[name][0]
        table[name] = {
            "wasserstein": metrics.wasserstein_1(x, y),
            "kolmogorov_smirnov": metrics.kolmogorov_smirnov(x, y),
            "overlap": metrics.overlap_area(x, y),
        }
    for name in b.shares:
        first, second = (_share(part.shares[name].sum(axis=0)) for part in (a, b))
        table[name] = {"total_variation": metrics.total_variation(first, second)}
    return table


def _rows(described: Described, kept: np.ndarray) -> Described:
    values = {
        name: (array[kept[rows]], rows[kept[rows]])
        for name, (array, rows) in described.values.items()
    }
    shares = {name: counts[kept] for name, counts in described.shares.items()}
    return Described(int(kept.sum()), values, shares)


def _share(counts: np.ndarray) -> np.ndarray:
    total = counts.sum()
    return np.asarray(counts / total if total else np.full(counts.shape, np.nan))


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


# Copies and variety ------------------------------------------------------------------

#: A window this near (Dice distance) to a training window counts as a copy of it.
COPY = 0.05


def memorising(
    samples: np.ndarray,
    human: np.ndarray,
    train: np.ndarray,
    *,
    resampling: Resampling,
) -> dict[str, Any]:
    """Whether samples are nearer to the training grooves than new human playing is.

    Drummers repeat themselves and each other, so that held-out windows may lie near
    training windows, too. A model memorises if its share of copies is above what the
    share of the held-out windows could be (the interval's upper end).

    Args:
      samples: hits ``(m, steps, classes)``.
      human: hits of held-out windows.
      train: hits of the training windows.
      resampling: of the held-out windows' performances.

    Returns:
      Distances to the nearest training groove (median, 5th percentile) and shares of
      copies for both, and ``memorises``.
    """
    _, sampled = metrics.nearest(samples, train)
    _, held_out = metrics.nearest(human, train)
    copies = Ratio((held_out <= COPY).astype(np.float64), np.ones(len(held_out)))
    expected = resampling.interval(copies)
    share = float((sampled <= COPY).mean())
    limit = expected.value if np.isnan(expected.high) else expected.high
    return {
        "threshold": COPY,
        "samples": {"copies": share, **_percentiles(sampled)},
        "held_out": {
            "copies": dataclasses.asdict(expected),
            **_percentiles(held_out),
        },
        "memorises": bool(share > limit),
    }


def _percentiles(distances: np.ndarray) -> dict[str, float]:
    low, median = np.percentile(distances, [5, 50])
    return {"distance_5th": float(low), "distance_median": float(median)}


def diversity(drums: Drums) -> dict[str, float]:
    """Share of different patterns, and mean Dice distance of pairs."""
    return {
        "distinct": metrics.distinct_share(drums),
        "mean_distance": metrics.mean_pairwise(drums.hits),
    }
