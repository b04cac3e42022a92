"""Verdicts between two predictors: values by hand, and how often they are wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from groovekit.evaluation.metrics import Ratio
from groovekit.evaluation.metrics.paired import _students_t, paired_difference
from groovekit.seeding import generator


def difference(first, second, wholes=None):
    first, second = np.array(first, float), np.array(second, float)
    wholes = np.ones(len(first)) if wholes is None else np.array(wholes, float)
    rng = generator(0, "swaps")
    return paired_difference(Ratio(first, wholes), Ratio(second, wholes), rng=rng)


def test_equal_weights_are_a_paired_t_test():
    values = np.array([0.3, 0.1, 0.4, -0.1, 0.5, 0.2, 0.2])
    found = difference(values, np.zeros(7))
    half = 2.446912 * values.std(ddof=1) / math.sqrt(7)
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, rel=1e-5)
    assert found.high == pytest.approx(values.mean() + half, rel=1e-5)
    # As large where none, that of -0.1, or both of 0.1 and -0.1 are swapped; mirrored.
    assert found.p == pytest.approx(6 / 2**7)
    assert found.direction == 0
    assert difference(values + 0.11, np.zeros(7)).direction == 1
    assert difference(np.zeros(7), values + 0.11).direction == -1


def test_students_t():
    # Tables of the 97.5 % quantile.
    for freedom, expected in ((1, 12.7062), (2, 4.30265), (9, 2.26216), (99, 1.98422)):
        assert _students_t(float(freedom)) == pytest.approx(expected, rel=1e-4)
    assert _students_t(2.0) > _students_t(2.5) > _students_t(3.0)


def test_one_long_performance_leaves_few_degrees_of_freedom():
    values = np.array([0.3, 0.1, 0.4, 0.1, 0.5, 0.2, 0.2])
    even = difference(values, np.zeros(7))
    long = difference(values * [50, *[1] * 6], np.zeros(7), [50, *[1] * 6])
    assert long.high - long.low > 3 * (even.high - even.low)


def test_five_performances_are_too_few_however_clear():
    found = difference([1.0, 1.1, 0.9, 1.2, 1.0], np.zeros(5))
    assert found.low > 0
    assert found.p == 2 / 2**5
    assert (found.enough, found.direction) == (False, 0)
    assert difference([1.0, 1.1, 0.9, 1.2, 1.0, 1.0], np.zeros(6)).direction == 1


def test_performances_without_anything_to_measure_do_not_count():
    with_empty = difference([1, 2, 0, 0], [2, 1, 0, 0], [3, 4, 0, 0])
    without = difference([1, 2], [2, 1], [3, 4])
    assert with_empty == without
    assert with_empty.performances == 2
    alone = difference([1.0, 0.0], [0.5, 0.0], [1, 0])
    assert alone.value == 0.5
    assert math.isnan(alone.low)
    assert math.isnan(alone.p)


def test_equal_predictors_do_not_differ():
    for count in (6, 40):
        found = difference(np.arange(count), np.arange(count))
        assert (found.value, found.low, found.high) == (0, 0, 0)
        assert (found.p, found.direction) == (1.0, 0)


# Predictors that are equally good -----------------------------------------------------


def normal(rng, size):
    return rng.normal(0, 1, size), rng.normal(0, 1, size)


def skewed(rng, size):
    return rng.lognormal(0, 1, size), rng.lognormal(0, 1, size)


def skewed_against_normal(rng, size):
    return rng.lognormal(0, 0.6, size) - math.exp(0.18), rng.normal(0, 0.3, size)


def heavy_tails(rng, size):
    return rng.standard_t(3, size), rng.standard_t(3, size)


def ties(rng, size):
    return tuple((rng.random(size) < 0.3) * rng.choice([-1, 1], size) for _ in range(2))


def as_loud_as_long(rng, size):
    scale = rng.uniform(0.1, 3, size)
    return scale * rng.normal(0, 1, size), scale * rng.normal(0, 1, size)


def wrong_verdicts(errors, performances, times, *, spread, seed=0):
    """Share of verdicts among predictors whose errors differ by chance alone.

    Performances have different numbers of windows (lognormal), share what is difficult
    about them, and count the hits that each predictor finds by itself.
    """
    rng = generator(seed, "simulation", f"{errors.__name__} {performances}")
    verdicts = 0
    for _ in range(times):
        windows = np.ceil(rng.lognormal(1.5, spread, performances))
        shared = 10 + rng.normal(0, 2, performances)
        ratios = []
        for own in errors(rng, performances):
            hits = np.ceil(windows * rng.uniform(0.6, 1, performances))
            ratios.append(Ratio((shared + own) * hits, hits))
        verdicts += paired_difference(*ratios, rng=rng).direction != 0
    return verdicts / times


@pytest.mark.parametrize("performances", [2, 5, 6, 9, 30])
def test_equally_good_predictors_get_no_verdict(performances):
    for errors in (normal, skewed_against_normal):
        share = wrong_verdicts(errors, performances, 300, spread=1.0)
        assert share <= 0.06, errors.__name__


@pytest.mark.slow
@pytest.mark.parametrize("performances", [2, 4, 6, 8, 12, 30, 100])
@pytest.mark.parametrize("spread", [0.0, 1.6])
def test_equally_good_predictors_of_all_kinds_get_no_verdict(performances, spread):
    for errors in (
        *(normal, skewed, skewed_against_normal),
        *(heavy_tails, ties, as_loud_as_long),
    ):
        share = wrong_verdicts(errors, performances, 1000, spread=spread)
        assert share <= 0.06, errors.__name__


def test_better_predictors_are_found():
    rng = generator(0, "simulation", "better")
    found = 0
    for _ in range(100):
        windows = np.ceil(rng.lognormal(1.5, 0.7, 40))
        worse = Ratio((10 + rng.normal(0, 1, 40)) * windows, windows)
        better = Ratio(worse.part - (1 + rng.normal(0, 1, 40)) * windows, windows)
        found += paired_difference(worse, better, rng=rng).direction == 1
    assert found >= 95
