"""Metrics pinned on examples made by hand, and what always holds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers.drums import drums
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from groovekit.errors import DataError
from groovekit.evaluation import metrics
from groovekit.evaluation.metrics import (
    BACKBEATS,
    DOWNBEATS,
    KICK,
    QUARTERS,
    SNARE,
    Drums,
)

ROCK = drums(
    (0, 0, KICK, 100, 0.0),
    (0, 4, SNARE, 120, -0.2),
    (0, 7, KICK, 60, 0.1),
    (0, 8, KICK, 90, 0.0),
    (0, 12, SNARE, 110, -0.1),
    (0, 15, SNARE, 20, 0.4),
)


class TestDrums:
    def test_parts_of_tensors(self):
        tensor = np.zeros((2, 4, 6))
        tensor[1, 3] = [0.6, 0.4, 1.0, 0.5, -1.0, 0.25]
        found = Drums(*np.split(tensor, 3, axis=-1))
        assert found.hits[1, 3].tolist() == [True, False]
        assert found.velocities[1, 3].tolist() == [127.0, 63.5]
        assert found.offsets[1, 3].tolist() == [-1.0, 0.25]
        assert found.hits.sum() == 1
        assert len(found) == 2

    def test_concatenate(self):
        parts = drums((0, 1, 0, 90, 0.5)), drums((1, 2, 1, 30, -0.5), windows=2)
        found = Drums.concatenate(parts)
        assert np.argwhere(found.hits).tolist() == [[0, 1, 0], [2, 2, 1]]
        assert found.velocities[found.hits] == pytest.approx([90, 30])
        assert found.offsets[found.hits].tolist() == [0.5, -0.5]
        labels = Drums.concatenate([Drums(part.hits) for part in parts])
        assert labels.velocities is None

    def test_integers_are_midi_velocities(self):
        hits = np.ones((1, 1, 1))
        midi = Drums(hits, np.array([[[100]]], np.uint8)).velocities
        unit = Drums(hits, np.array([[[0.5]]], np.float32)).velocities
        assert (midi.item(), unit.item()) == (100.0, 63.5)

    def test_from_labels(self):
        found = Drums.from_labels([[0, 1, 2, 5, 511]])
        assert found.hits.shape == (1, 5, 9)
        assert found.hits[0, 3].tolist() == [True, False, True] + 6 * [False]
        assert found.hits.sum(axis=2).tolist() == [[0, 1, 1, 2, 9]]

    def test_refuses_other_shapes(self):
        with pytest.raises(DataError, match=r"windows, steps, classes.*\(4, 9\)"):
            Drums(np.zeros((4, 9)))
        with pytest.raises(DataError, match=r"offsets of the hits' shape \(1, 4, 9\)"):
            Drums(np.zeros((1, 4, 9)), None, np.zeros((1, 4, 8)))

    def test_hits_only(self):
        with pytest.raises(DataError, match="there are no velocities"):
            metrics.velocity_spread(Drums(np.ones((1, 1, 1))))


class TestErrors:
    truth = drums((0, 0, 0, 100, 0.2), (0, 4, 1, 80, 0.0), (0, 8, 0, 60, -0.5))
    other = drums(
        (0, 0, 0, 90, 0.4), (0, 4, 1, 84, -0.4), (0, 9, 0, 60, 0), (0, 1, 2, 9, 0)
    )

    def test_hits(self):
        scores = metrics.hit_scores(self.truth, self.other)
        assert scores == metrics.HitScores(2, 2, 1)
        assert scores.precision == 0.5
        assert scores.recall == pytest.approx(2 / 3)
        assert scores.f1 == pytest.approx(4 / 7)

    def test_micro_average_adds_counts(self):
        # One window right, with one hit; one with three misses of four.
        truth = drums((0, 0, 0, 1, 0), *((1, i, 0, 1, 0) for i in range(4)), windows=2)
        found = drums((0, 0, 0, 1, 0), (1, 0, 0, 1, 0), windows=2)
        assert metrics.hit_scores(truth, found).recall == 2 / 5

    def test_cells(self):
        assert metrics.cell_accuracy(self.truth, self.other) == 45 / 48

    def test_velocity_of_matched_hits(self):
        error = metrics.velocity_error(self.truth, self.other)
        assert error.count == 2
        assert error.mean_absolute == 7.0
        assert error.bias == -3.0
        assert error.root_mean_square == pytest.approx(math.sqrt(58))

    def test_timing_in_milliseconds(self):
        # A step lasts 125 ms; offsets differ by +0.2 and -0.4 half steps.
        error = metrics.timing_error(self.truth, self.other, qpm=120)
        assert error.mean_absolute == pytest.approx(18.75)
        assert error.bias == pytest.approx(-6.25)
        slow = metrics.timing_error(self.truth, self.other, qpm=60)
        assert slow.mean_absolute == pytest.approx(37.5)

    def test_nothing_to_measure(self):
        silence = drums()
        scores = metrics.hit_scores(silence, silence)
        assert all(map(math.isnan, (scores.precision, scores.recall, scores.f1)))
        assert metrics.cell_accuracy(silence, silence) == 1.0
        assert math.isnan(metrics.velocity_error(silence, self.truth).bias)

    def test_shapes_must_agree(self):
        with pytest.raises(DataError, match=r"\(1, 16, 3\) and \(2, 16, 3\)"):
            metrics.hit_scores(drums(), drums(windows=2))


class TestDescriptions:
    def test_density(self):
        assert metrics.hits_per_step(ROCK) == 6 / 16
        assert metrics.hits_per_bar(ROCK) == 6.0

    def test_on_the_beat(self):
        assert metrics.share_at(ROCK, KICK, QUARTERS) == pytest.approx(2 / 3)
        assert metrics.share_at(ROCK, KICK, DOWNBEATS) == pytest.approx(2 / 3)
        assert metrics.share_at(ROCK, SNARE, BACKBEATS) == pytest.approx(2 / 3)
        assert metrics.share_at(ROCK, SNARE, DOWNBEATS) == 0.0
        assert math.isnan(metrics.share_at(ROCK, 2, QUARTERS))
        assert metrics.coverage_at(ROCK, SNARE, BACKBEATS) == 1.0
        assert metrics.coverage_at(ROCK, KICK, QUARTERS) == 0.5

    def test_positions_repeat_each_bar(self):
        two = drums((0, 4, SNARE, 1, 0), (0, 28, SNARE, 1, 0), steps=32)
        assert metrics.share_at(two, SNARE, BACKBEATS) == 1.0
        assert metrics.coverage_at(two, SNARE, BACKBEATS) == 0.5

    def test_velocities(self):
        spread = metrics.velocity_spread(ROCK)
        assert spread.count == 6
        assert spread.mean == pytest.approx(500 / 6)
        assert spread.sd == pytest.approx(np.std([100, 120, 60, 90, 110, 20]))
        assert (spread.low, spread.high) == pytest.approx((30.0, 117.5))
        kicks = metrics.velocity_spread(ROCK, drum=KICK)
        assert (kicks.mean, kicks.count) == (pytest.approx(250 / 3), 3)

    def test_microtiming_is_positive_when_early(self):
        early = drums((0, 4, 0, 1, 0.5), (0, 8, 0, 1, 0.3))
        steps = metrics.microtiming_steps(early)
        assert (steps.mean, steps.sd) == pytest.approx((0.2, 0.05))
        ms = metrics.microtiming_ms(early, qpm=120)
        assert (ms.mean, ms.sd) == pytest.approx((25.0, 6.25))

    def test_classes(self):
        np.testing.assert_allclose(metrics.class_shares(ROCK), [0.5, 0.5, 0])
        assert np.isnan(metrics.class_shares(drums())).all()

    def test_onset_histogram(self):
        two = drums((0, 0, KICK, 1, 0), (0, 16, KICK, 1, 0), (0, 20, 1, 1, 0), steps=32)
        histogram = metrics.onset_histogram(two)
        assert histogram.shape == (16, 3)
        assert histogram[0, KICK] == 1.0
        assert histogram[4, SNARE] == 0.5
        assert histogram.sum() == 1.5
        with pytest.raises(DataError, match="whole bars of 16 steps, got 20"):
            metrics.onset_histogram(drums(steps=20))

    def test_distinct(self):
        same = drums(*((w, w // 2, 0, 1, 0) for w in range(4)), windows=4)
        assert metrics.distinct_share(same) == 0.5

    def test_window_features(self):
        found = metrics.window_features(
            drums(
                (0, 0, 0, 100, 0.2),
                (0, 1, 1, 60, -0.2),
                (0, 2, 1, 80, 0.3),
                windows=2,
            )
        )
        assert found["hits_per_bar"].tolist() == [3.0, 0.0]
        assert found["drums_used"].tolist() == [2.0, 0.0]
        assert found["velocity_mean"][0] == pytest.approx(80)
        assert found["velocity_sd"][0] == pytest.approx(np.std([100, 60, 80]))
        assert found["microtiming_mean"][0] == pytest.approx(0.05)
        assert np.isnan(found["velocity_mean"][1])

    def test_empty_spread(self):
        spread = metrics.Spread.of([])
        assert spread.count == 0
        assert math.isnan(spread.mean)


class TestDistances:
    def test_wasserstein_by_hand(self):
        assert metrics.wasserstein_1([0, 1, 3], [5, 6, 8]) == pytest.approx(5.0)
        # Two thirds stay, one third moves by 3.
        assert metrics.wasserstein_1([0, 1, 3], [0, 1, 0]) == pytest.approx(1.0)
        # Different counts: half of the mass at 1 moves to 0.
        assert metrics.wasserstein_1([1.0], [0.0, 1.0]) == pytest.approx(0.5)

    def test_kolmogorov_smirnov_by_hand(self):
        assert metrics.kolmogorov_smirnov([1, 2], [3, 4]) == 1.0
        assert metrics.kolmogorov_smirnov([1, 2, 3, 4], [3, 4, 5, 6]) == 0.5
        assert metrics.kolmogorov_smirnov([1.0], [0.0, 1.0]) == 0.5

    def test_nan_is_left_out(self):
        assert metrics.wasserstein_1([1, np.nan], [1]) == 0.0
        assert math.isnan(metrics.wasserstein_1([np.nan], [1]))
        assert math.isnan(metrics.kolmogorov_smirnov([], [1]))

    def test_total_variation(self):
        assert metrics.total_variation([0.5, 0.5, 0], [0.25, 0.5, 0.25]) == 0.25


numbers = st.lists(st.floats(-100, 100, width=16), min_size=1, max_size=12)
grids = hnp.arrays(np.bool_, (2, 16, 3))


@given(numbers, numbers, st.floats(-10, 10, width=16))
def test_distances_are_distances(a, b, shift):
    for distance in (metrics.wasserstein_1, metrics.kolmogorov_smirnov):
        assert distance(a, a) == 0
        assert distance(a, b) == pytest.approx(distance(b, a))
        assert distance(a, b) >= 0
    assert metrics.kolmogorov_smirnov(a, b) <= 1
    moved = np.asarray(a) + shift
    assert metrics.wasserstein_1(a, moved) == pytest.approx(abs(shift), abs=1e-9)
    # Means cannot differ by more than the mass has moved.
    assert metrics.wasserstein_1(a, b) >= abs(np.mean(a) - np.mean(b)) - 1e-9


@given(numbers, st.integers(1, 4))
def test_repeating_a_sample_changes_nothing(a, times):
    assert metrics.wasserstein_1(a, a * times) == pytest.approx(0, abs=1e-9)
    assert metrics.kolmogorov_smirnov(a, a * times) == pytest.approx(0, abs=1e-9)


@given(grids, grids)
def test_scores(a, b):
    truth, found = Drums(a), Drums(b)
    scores = metrics.hit_scores(truth, found)
    back = metrics.hit_scores(found, truth)
    assert scores.true_positives + scores.false_negatives == a.sum()
    assert scores.true_positives + scores.false_positives == b.sum()
    np.testing.assert_equal(scores.precision, back.recall)
    np.testing.assert_equal(scores.f1, back.f1)
    if a.any() or b.any():
        precision, recall = scores.precision, scores.recall
        if precision > 0 and recall > 0:
            harmonic = 2 * precision * recall / (precision + recall)
            assert scores.f1 == pytest.approx(harmonic)
    wrong = (scores.false_positives + scores.false_negatives) / a.size
    assert metrics.cell_accuracy(truth, found) == pytest.approx(1 - wrong)


@given(grids)
def test_histogram_and_density_agree(hits):
    found = Drums(hits)
    total = metrics.onset_histogram(found).sum()
    assert total == pytest.approx(metrics.hits_per_bar(found))
    every = metrics.share_at(found, 0, range(16))
    assert math.isnan(every) or every == 1.0
