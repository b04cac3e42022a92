"""How bars belong together and how drums are struck, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from groovekit import metrics
from groovekit.errors import DataError
from groovekit.evaluation.metrics import Drums
from groovekit.evaluation.sample_figures import FIGURES, sample_figures

KICK, SNARE, CLOSED, OPEN, LOW, MID, HIGH, CRASH, RIDE = range(9)


def drums(hits, bars=2, velocities=None, offsets=None):
    """A window of nine classes: ``{class: steps}``."""
    made = np.zeros((1, 16 * bars, 9))
    for drum, steps in hits.items():
        made[0, list(steps), drum] = 1
    velocity, offset = np.full(made.shape, 80 / 127), np.zeros(made.shape)
    for array, given in ((velocity, velocities), (offset, offsets)):
        for (step, drum), value in (given or {}).items():
            array[0, step, drum] = value
    return Drums(made, velocity * made, offset * made)


class TestBars:
    def test_adjacent_bars_by_hand(self):
        # Kick on 1 throughout; a snare in the second of three bars.
        found = metrics.adjacent_bars(drums({KICK: [0, 16, 32], SNARE: [20]}, bars=3))
        assert found.tolist() == [pytest.approx(2 / 3)]
        assert metrics.adjacent_bars(drums({KICK: [0, 16]})).tolist() == [1.0]
        # Silence on either side says nothing, silence on one is unlike.
        assert math.isnan(metrics.adjacent_bars(drums({}))[0])
        assert metrics.adjacent_bars(drums({KICK: [0]}, bars=3)).tolist() == [0.0]
        assert math.isnan(metrics.adjacent_bars(drums({KICK: [0]}, bars=1))[0])

    def test_flicker_takes_hats_and_ride_as_one(self):
        # Of nine strokes two stand alone: at step 5 and at step 7 of the bar.
        found = drums({CLOSED: [0, 4, 8, 5, 16], RIDE: [20, 24], OPEN: [23]})
        assert metrics.flicker(found) == pytest.approx(2 / 8)
        both = drums({CLOSED: [0, 16], RIDE: [0]})
        assert metrics.flicker(both) == 0.0
        assert math.isnan(metrics.flicker(drums({KICK: [0]})))

    def test_timekeepers(self):
        found = drums(
            {CLOSED: [0, 4, 8, 16, 20, 24], RIDE: [16, 18, 20, 24, 32, 36]}, bars=4
        )
        assert metrics.timekeepers(found).tolist() == [[CLOSED, RIDE, -1, -1]]
        assert metrics.timekeeper_changes(found) == pytest.approx(2 / 3)
        even = drums({CLOSED: [0, 4, 8], RIDE: [0, 4, 8]}, bars=1)
        assert metrics.timekeepers(even).tolist() == [[CLOSED]]

    def test_empty_bars(self):
        assert metrics.empty_bars(drums({KICK: [0]})) == 1.0
        assert metrics.empty_bars(drums({KICK: [0], CRASH: [31]})) == 0.0


class TestStrokes:
    def test_isolated_toms(self):
        # A run over three toms; two that are three steps apart; one at the very end.
        found = drums({LOW: [0, 12, 31], MID: [2, 15], HIGH: [1]})
        assert metrics.isolated_toms(found) == pytest.approx(3 / 6)
        # Several toms at a step are a step, not a run.
        assert metrics.isolated_toms(drums({LOW: [5], HIGH: [5]})) == 1.0
        assert math.isnan(metrics.isolated_toms(drums({KICK: [0]})))

    def test_toms_by_bar(self):
        found = drums({LOW: [0, 17], HIGH: [17, 18]})
        assert metrics.toms_by_bar(found).tolist() == [1.0, 3.0]

    def test_ghosts_and_dynamics(self):
        # 39 is a ghost note, 40 is none, whatever rounding does to 40 / 127.
        velocities = {
            (0, SNARE): 39 / 127,
            (4, SNARE): np.float32(40 / 127),
            (8, SNARE): 100 / 127,
        }
        found = drums({SNARE: [0, 4, 8]}, velocities=velocities)
        assert metrics.ghost_share(found) == pytest.approx(1 / 3)
        assert metrics.velocity_sd(found) == pytest.approx(
            np.std([39, 40, 100]), rel=1e-6
        )

    def test_timing_of_the_snare(self):
        # Half a step is 62.5 ms at 120 quarters a minute.
        offsets = {(0, SNARE): 1.0, (4, SNARE): -1.0, (0, KICK): 1.0}
        found = drums({SNARE: [0, 4], KICK: [0]}, offsets=offsets)
        assert metrics.snare_timing_sd(found) == pytest.approx(62.5)


class TestFigures:
    def test_all_of_them(self):
        found = sample_figures(drums({CLOSED: [0, 4, 8, 16, 20, 24], LOW: [30]}))
        assert list(found) == [figure.name for figure in FIGURES]
        assert found["toms_before"] == 0.0
        assert found["toms_last"] == 1.0
        texts = {figure.name: figure.text(found[figure.name]) for figure in FIGURES}
        assert texts["adjacent_bars"] == "0.857"
        assert texts["isolated_toms"] == "100.0 %"
        assert texts["velocity_sd"] == "0.0"
        assert FIGURES[0].text(None) == "-"

    def test_hits_of_other_kits_and_single_bars(self):
        four = Drums(np.ones((2, 32, 4)))
        assert set(sample_figures(four)) == {"adjacent_bars", "empty_bars"}
        with pytest.raises(DataError, match="nine-class"):
            metrics.flicker(four)
        assert "flicker" not in sample_figures(drums({CLOSED: [0]}, bars=1))


class TestTwoSample:
    def grooves(self, count, *, velocity=80, seed=0):
        rng = np.random.default_rng(seed)
        hits = rng.random((count, 32, 9)) < 0.2
        return Drums(
            hits,
            np.clip(rng.normal(velocity, 10, hits.shape) / 127, 0, 1) * hits,
            rng.normal(0, 0.1, hits.shape) * hits,
        )

    def compare(self, found, reference, owners=None):
        return metrics.two_sample(
            found,
            reference,
            found_owners=np.arange(len(found)),
            reference_owners=np.arange(len(reference)) if owners is None else owners,
            rng=np.random.default_rng(0),
        )

    def test_energy_distance_by_hand(self):
        # 2 * E|X - Y| = 2 * 1.5; E|X - X'| = 0 and E|Y - Y'| = 0.5.
        one, other = np.array([[0.0]]), np.array([[1.0], [2.0]])
        assert metrics.energy_distance(one, other) == pytest.approx(2.5)
        assert metrics.energy_distance(other, other) == 0.0

    def test_neighbours_by_hand(self):
        apart = np.array([[0.0], [1.0]]), np.array([[10.0], [11.5]])
        assert metrics.neighbour_accuracy(*apart) == 1.0
        mixed = np.array([[0.0], [2.0]]), np.array([[0.5], [2.5]])
        assert metrics.neighbour_accuracy(*mixed) == 0.0

    def test_twenty_features(self):
        found = drums(
            {KICK: [0, 16], SNARE: [4, 20, 28], CLOSED: [0, 4, 5, 20]},
            offsets={(0, KICK): 0.9},
        )
        pattern, dynamics = metrics.two_sample_features(found)
        assert pattern.shape == (1, 16)
        expected = [4.5, 3, 2 * 3 / 9, 0, 1 / 9, 3 / 4, 1, 2 / 9, 3 / 9, 4 / 9]
        np.testing.assert_allclose(pattern[0], [*expected, *[0] * 6])
        np.testing.assert_allclose(
            dynamics[0], [80, 0, 0.1, np.std([0.9] + [0] * 8)], atol=1e-12
        )
        assert metrics.two_sample_features(Drums(found.hits))[1].shape == (1, 0)

    def test_alike_and_not(self):
        reference = self.grooves(100, seed=1)
        alike = self.compare(self.grooves(90), reference)
        louder = self.compare(self.grooves(90, velocity=110), reference)
        assert alike.windows == louder.windows == 76
        assert alike.neighbours.value == pytest.approx(0.5, abs=0.06)
        assert louder.neighbours.value > 0.95
        assert louder.neighbours_hits.value == pytest.approx(0.5, abs=0.06)
        assert louder.energy.value > 5 * alike.energy.value
        for interval in (alike.energy, alike.neighbours, alike.neighbours_hits):
            assert interval.low <= interval.value <= interval.high

    def test_one_window_a_performance(self):
        reference = self.grooves(60, seed=1)
        found = self.compare(self.grooves(90), reference, np.arange(60) // 3)
        assert found.windows == 20
