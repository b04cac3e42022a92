"""Intervals by performance, distances of many weightings, likeness of patterns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groovekit.evaluation import metrics
from groovekit.evaluation.metrics import Interval, Ratio, Resampling
from groovekit.seeding import generator


def hits(*patterns):
    """Windows of one drum, e.g. ``"x..x"``."""
    return np.array([[[c == "x"] for c in pattern] for pattern in patterns])


class TestBootstrap:
    def test_ratio_is_of_sums(self):
        # Windows count by what they hold: (1 + 2) / (2 + 2), not the mean of ratios.
        assert Ratio(np.array([1.0, 2.0]), np.array([2.0, 2.0])).value == 0.75
        assert math.isnan(Ratio(np.zeros(2), np.zeros(2)).value)

    def test_interval_of_two_performances(self):
        # Drawn are both (half of the time), or one of them twice.
        ratio = Ratio(np.array([0.0, 0.0, 1.0]), np.ones(3))
        resampling = Resampling(["a", "a", "b"], rng=generator(0, "x"))
        assert resampling.performances == 2
        assert resampling.weights.shape == (1000, 2)
        assert set(resampling.weights.sum(axis=1)) == {2}
        found = resampling.interval(ratio)
        assert found == Interval(pytest.approx(1 / 3), 0.0, 1.0)

    def test_windows_of_a_performance_are_drawn_together(self):
        # 100 windows, but only two performances: the interval stays wide.
        values = np.repeat([0.0, 1.0], 50)
        ratio = Ratio(values, np.ones(100))
        by_performance, by_window = (
            Resampling(owners, rng=generator(0, "x")).interval(ratio)
            for owners in (values, np.arange(100))
        )
        assert (by_performance.low, by_performance.high) == (0.0, 1.0)
        # Of independent windows: 0.5 -+ 1.96 * 0.05.
        assert by_window.low == pytest.approx(0.402, abs=0.02)
        assert by_window.high == pytest.approx(0.598, abs=0.02)

    def test_differences_are_paired(self):
        a = Ratio(np.array([0.1, 0.9, 0.5]), np.ones(3))
        b = Ratio(a.part - 0.1, np.ones(3))
        found = Resampling([0, 1, 2], rng=generator(0, "x")).difference(a, b)
        assert found.low == pytest.approx(0.1)
        assert found.high == pytest.approx(0.1)

    def test_one_performance_has_no_interval(self):
        resampling = Resampling([7, 7], rng=generator(0, "x"))
        found = resampling.interval(Ratio(np.ones(2), np.ones(2)))
        assert found.value == 1.0
        assert math.isnan(found.low)

    def test_an_interval_of_a_distance_holds_it(self):
        # Draws of a distance lie above it: all do here, by about 1.
        found = Interval.around(0.5, [1.0, 1.5, 2.5, np.nan])
        assert found.value == 0.5
        assert (found.low, found.high) == pytest.approx((0.025, 1.45))
        assert Interval.around(0.1, [1.0, 1.5, 2.5]).low == 0.0
        assert Interval.around(0.9, [0.0, 0.5, 1.0], highest=1.0).high == 1.0
        assert math.isnan(Interval.around(0.5, [np.nan]).low)

    def test_weights_of_windows(self):
        resampling = Resampling([5, 3, 5], rng=generator(0, "x"), resamples=4)
        weights = resampling.by_window()
        assert weights.shape == (4, 3)
        np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
        np.testing.assert_array_equal(weights[:, 0] + weights[:, 1], 2)


class TestWeightedDistances:
    def test_as_if_repeated(self):
        a, b = np.array([0.0, 1.0, 5.0]), np.array([1.0, 2.0])
        once = metrics.weighted_distances(
            a, b, [[1, 1, 1], [2, 0, 1]], [[1, 1], [1, 3]]
        )
        repeated = [0, 0, 5], [1, 2, 2, 2]
        assert once[0][0] == pytest.approx(metrics.wasserstein_1(a, b))
        assert once[1][0] == pytest.approx(metrics.kolmogorov_smirnov(a, b))
        assert once[0][1] == pytest.approx(metrics.wasserstein_1(*repeated))
        assert once[1][1] == pytest.approx(metrics.kolmogorov_smirnov(*repeated))

    def test_equal_values_are_one_step(self):
        _, ks = metrics.weighted_distances([1, 1], [1, 1], [[1, 1]], [[1, 1]])
        assert ks.tolist() == [0.0]

    def test_nothing_drawn(self):
        distance, _ = metrics.weighted_distances([1], [2], [[0]], [[1]])
        assert math.isnan(distance[0])


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=8), st.integers(0, 100))
def test_weighted_distances_agree_with_repetition(values, seed):
    rng = np.random.default_rng(seed)
    other = rng.integers(-5, 5, 6)
    weights = rng.integers(0, 3, len(values)) + (np.arange(len(values)) == 0)
    wasserstein, ks = metrics.weighted_distances(values, other, [weights], [np.ones(6)])
    repeated = np.repeat(values, weights)
    assert wasserstein[0] == pytest.approx(metrics.wasserstein_1(repeated, other))
    assert ks[0] == pytest.approx(metrics.kolmogorov_smirnov(repeated, other))


class TestOverlap:
    rng = np.random.default_rng(0)
    human = rng.normal(0, 1, 300)

    def test_same_distribution(self):
        assert metrics.overlap_area(self.rng.normal(0, 1, 300), self.human) > 0.95

    def test_far_away(self):
        assert metrics.overlap_area(self.human + 50, self.human) < 0.01

    def test_equal_densities_by_hand(self):
        # Human values 0 and 2: one distance, 2. A generated 1 has the distances 1 and
        # 1. Both densities are narrow peaks (width 2 / 256), so nothing overlaps.
        assert metrics.overlap_area([1.0], [0.0, 2.0]) == pytest.approx(0.0, abs=1e-6)
        # A generated -2 has the distances 2 and 4: half of it lies on the peak.
        found = metrics.overlap_area([-2.0], [0.0, 2.0])
        assert 0.0 < found < 0.5 + 1e-6

    def test_constants(self):
        assert metrics.overlap_area([3.0, 3.0], [3.0, 3.0]) == 1.0
        assert math.isnan(metrics.overlap_area([1.0], [1.0]))
        assert math.isnan(metrics.overlap_area([np.nan], [1.0, 2.0]))


class TestNeighbours:
    def test_dice_by_hand(self):
        found = metrics.dice_distances(
            hits("xx..", "...."), hits("x.x.", "xx..", "....")
        )
        # One hit in common, two each: 1 - 2 / 4. Silence equals silence alone.
        np.testing.assert_allclose(found, [[0.5, 0.0, 1.0], [1.0, 1.0, 0.0]])

    def test_dice_is_one_less_f1(self):
        rng = np.random.default_rng(0)
        a, b = rng.random((2, 1, 16, 3)) < 0.3
        f1 = metrics.hit_scores(metrics.Drums(a), metrics.Drums(b)).f1
        assert metrics.dice_distances(a, b)[0, 0] == pytest.approx(1 - f1)

    def test_nearest(self, monkeypatch):
        reference = hits("....", "xx..", "xxx.", "xx..")
        for cells in (1, 1 << 22):
            # One window at a time, or all at once.
            monkeypatch.setattr(metrics.neighbours, "_AT_ONCE", cells)
            numbers, distances = metrics.nearest(hits("xx..", "x.x."), reference)
            assert numbers.tolist() == [1, 2]
            assert distances == pytest.approx([0.0, 1 - 4 / 5])

    def test_diversity(self, monkeypatch):
        for rows in (2, 256):
            monkeypatch.setattr(metrics.neighbours, "_ROWS_AT_ONCE", rows)
            assert metrics.mean_pairwise(hits("x...", "x...", ".x..")) == pytest.approx(
                2 / 3
            )
        assert math.isnan(metrics.mean_pairwise(hits("x...")))


class TestSmoothness:
    def test_even_steps(self):
        way = hits("....", "x...", "xx..", "xxx.")
        found = metrics.smoothness(way[None])
        assert (found.ways, found.steps) == (1, 3)
        assert found.largest_step == pytest.approx(1 / 3)
        assert (found.detour, found.monotonic) == (1.0, 1.0)

    def test_a_jump(self):
        found = metrics.smoothness(hits("....", "....", "xxxx")[None])
        assert found.largest_step == 1.0
        assert found.monotonic == 1.0

    def test_a_detour(self):
        # A hit that comes and goes: four changes for two, and one step back.
        found = metrics.smoothness(hits("....", "x..x", "xx.x", "xx..")[None])
        assert found.detour == 2.0
        assert found.largest_step == 0.5
        assert found.monotonic == pytest.approx(2 / 3)

    def test_equal_ends_are_no_way(self):
        found = metrics.smoothness(hits("x...", ".x..", "x...")[None])
        assert found.ways == 0
        assert math.isnan(found.detour)


class TestEvenness:
    def test_distances_from_both_ends(self):
        # From two hits to two others, one at a time; 1 - F1 of 2 * 1 / 4 in between.
        found = metrics.evenness(hits("xx..", "x.x.", "..xx")[None])
        assert found.from_start == pytest.approx((0.0, 0.5, 1.0))
        assert found.from_end == pytest.approx((1.0, 0.5, 0.0))
        assert found.largest_jump == pytest.approx(1.0)

    def test_a_jump_is_seen_in_each_way_though_not_on_average(self):
        early = hits("xx..", "..xx", "..xx", "..xx")
        late = hits("xx..", "xx..", "xx..", "..xx")
        found = metrics.evenness(np.stack([early, late]))
        assert found.largest_jump == pytest.approx(3.0)
        assert found.from_start == pytest.approx((0.0, 0.5, 0.5, 1.0))
        assert found.largest_mean_jump == pytest.approx(1.5)

    def test_equal_ends_do_not_count(self):
        still = hits("xx..", "..xx", "xx..")
        way = hits("xx..", "x.x.", "..xx")
        found = metrics.evenness(np.stack([still, way]))
        assert found.from_start == pytest.approx((0.0, 0.5, 1.0))
        assert math.isnan(metrics.evenness(still[None]).largest_jump)


def test_deviation_has_median_and_spread():
    found = metrics.Deviation.of(np.array([-1.0, 2.0, 6.0]))
    assert found.mean_absolute == 3.0
    assert found.median_absolute == 2.0
    assert found.spread == pytest.approx(np.std([-1, 2, 6]))
    assert math.isnan(metrics.Deviation.of(np.array([])).median_absolute)


def test_timing_at_each_windows_tempo():
    def at(offset):
        shape = (2, 4, 1)
        one = np.ones(shape)
        return metrics.Drums(one, one, np.full(shape, offset))

    # 0.2 half steps: 12.5 ms at 120, 25 ms at 60.
    found = metrics.timing_error(at(0.0), at(0.2), qpm=np.array([120.0, 60.0]))
    assert found.mean_absolute == pytest.approx((12.5 + 25) / 2)
