"""Features of windows, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.drums import drums as builder

from groovekit.converters.grid.drums import CRASH, LOW_TOM, MID_TOM
from groovekit.errors import DataError
from groovekit.evaluation import metrics
from groovekit.evaluation.metrics import CLOSED_HAT, KICK, OPEN_HAT, SNARE, Drums


def drums(*notes, **shape):
    """Drums of notes ``(window, step, class, velocity, lateness in steps)``."""
    early = [(*note, -2 * late) for *note, late in notes]
    return builder(*early, classes=9, **shape)


def at(drum, *steps, late=0.0):
    return [(0, step, drum, 100, late) for step in steps]


def test_density_is_hits_a_step():
    found = metrics.density(drums(*at(KICK, 0, 8), *at(SNARE, 8), windows=2))
    assert found.tolist() == [3 / 16, 0.0]


class TestSyncopation:
    def test_weights(self):
        assert metrics.metric_weights().tolist() == [
            *(0, -4, -3, -4, -2, -4, -3, -4),
            *(-1, -4, -3, -4, -2, -4, -3, -4),
        ]
        waltz = metrics.metric_weights(12, 4).tolist()
        assert waltz == [0, -4, -3, -4, -2, -4, -3, -4, -2, -4, -3, -4]

    def test_on_the_beat_there_is_none(self):
        straight = drums(
            *at(KICK, 0, 8), *at(SNARE, 4, 12), *at(CLOSED_HAT, *range(16))
        )
        # A backbeat is followed by the silent middle of the bar, stronger by one.
        assert metrics.syncopation(straight).tolist() == [1.0]
        assert metrics.syncopation(drums(*at(KICK, 0, 4, 8, 12))).tolist() == [0.0]

    def test_weak_hit_before_a_silent_beat(self):
        # The sixteenth before the middle (-4) rests on the middle (-1).
        assert metrics.syncopation(drums(*at(KICK, 0, 7))).tolist() == [3.0]
        # Played on the middle, it is an upbeat.
        assert metrics.syncopation(drums(*at(KICK, 0, 7, 8))).tolist() == [0.0]

    def test_streams_do_not_hide_each_other(self):
        found = metrics.syncopation(drums(*at(KICK, 0, 7), *at(SNARE, 8)))
        assert found.tolist() == [3.0]
        # Snare and tom are of one stream.
        found = metrics.syncopation(drums(*at(SNARE, 7), *at(4, 8)))
        assert found.tolist() == [0.0]

    def test_is_per_bar(self):
        found = metrics.syncopation(drums(*at(KICK, 0, 7), steps=32))
        # In two bars the second downbeat (0) is silent, too.
        assert found.tolist() == [2.0]

    def test_the_drums_know_their_bars(self):
        # Before the second of three quarters (-2), and the next bar's first (0).
        hits = drums(*at(KICK, 0, 3, 11), steps=24).hits
        waltz = Drums(hits, quarters_per_bar=3)
        assert metrics.syncopation(waltz).tolist() == [(2.0 + 4.0) / 2]
        explicit = metrics.syncopation(
            Drums(hits), steps_per_bar=12, steps_per_quarter=4
        )
        assert explicit.tolist() == [3.0]

    def test_a_stroke_before_the_beat_on_a_fine_grid_is_none(self):
        # 24 steps a quarter: two before the middle of the bar is nearest to it.
        hits = np.zeros((2, 96, 9))
        hits[:, 0, KICK] = hits[0, 46, KICK] = hits[1, 42, KICK] = 1
        found = metrics.syncopation(Drums(hits, steps_per_quarter=24))
        assert found.tolist() == [0.0, 3.0]


class TestSwing:
    def test_even_eighths(self):
        found = metrics.swing(drums(*at(CLOSED_HAT, *range(0, 16, 2))))
        assert found.tolist() == [1.0]

    def test_late_upbeats(self):
        # 2.4 steps against 1.6.
        played = at(CLOSED_HAT, 0) + at(CLOSED_HAT, 2, late=0.4)
        assert metrics.swing(drums(*played))[0] == pytest.approx(1.5)

    def test_triplets_are_nearest_to_the_fourth_sixteenth(self):
        played = at(CLOSED_HAT, 0) + at(CLOSED_HAT, 3, late=-1 / 3)
        assert metrics.swing(drums(*played))[0] == pytest.approx(2.0)
        dotted = at(CLOSED_HAT, 0, 3)
        assert np.isnan(metrics.swing(drums(*dotted)))[0]

    def test_moving_everything_changes_nothing(self):
        late = [(0, s, CLOSED_HAT, 100, 0.2) for s in (0, 2, 4, 6)]
        assert metrics.swing(drums(*late))[0] == pytest.approx(1.0)

    def test_mean_over_drums_and_quarters(self):
        # Upbeats 2.2 (mean of 2.4 and 2.0) and 2.0 steps after the beat.
        played = at(KICK, 0, 4, 6) + at(SNARE, 2) + at(CLOSED_HAT, 2, late=0.4)
        expected = (2.2 / 1.8 + 1) / 2
        assert metrics.swing(drums(*played))[0] == pytest.approx(expected)

    @pytest.mark.parametrize("per_quarter", [3, 6, 12, 24])
    def test_other_grids(self, per_quarter):
        def played(late):
            """A ride: each beat, and an upbeat some quarters after it."""
            shape = (1, 4 * per_quarter, 9)
            hits, offsets = np.zeros(shape), np.zeros(shape)
            for beat in range(4):
                for quarter in (beat, beat + late):
                    step = round(quarter * per_quarter)
                    hits[0, step, CLOSED_HAT] = 1
                    early = step - quarter * per_quarter
                    offsets[0, step, CLOSED_HAT] = 2 * early
            return Drums(hits, None, offsets, steps_per_quarter=per_quarter)

        assert metrics.swing(played(2 / 3))[0] == pytest.approx(2.0)
        assert metrics.swing(played(0.6))[0] == pytest.approx(1.5)

    def test_needs_offsets(self):
        with pytest.raises(DataError, match="there are no offsets"):
            metrics.swing(Drums(np.ones((1, 4, 1))))


def test_velocity_range_is_that_of_the_hits():
    notes = [(0, i, KICK, 20 + 10 * i, 0) for i in range(8)] + [(1, 0, KICK, 50, 0)]
    found = metrics.velocity_range(drums(*notes, windows=3))
    low, high = np.percentile(20 + 10 * np.arange(8), [5, 95])
    assert found[0] == pytest.approx(high - low)
    assert found[1] == 0.0
    assert np.isnan(found[2])


def test_loudness_is_the_mean_velocity_of_the_hits():
    notes = [(0, 0, KICK, 30, 0), (0, 4, SNARE, 90, 0), (1, 2, CRASH, 127, 0)]
    found = metrics.loudness(drums(*notes, windows=3))
    assert found[:2] == pytest.approx([60, 127])
    assert np.isnan(found[2])
    with pytest.raises(DataError, match="there are no velocities"):
        metrics.loudness(Drums(np.ones((1, 4, 9))))


def test_ghost_notes_are_soft_hits_of_the_snare():
    notes = [(0, step, SNARE, 39 + step, 0) for step in range(4)]
    soft = [(0, 0, KICK, 10, 0), (1, 0, KICK, 10, 0), (2, 0, SNARE, 5, 0)]
    found = metrics.ghost_notes(drums(*notes, *soft, windows=3))
    assert found.tolist() == [0.25, 0.0, 1.0]
    # Shares of 127, which float32 may have made a little less of.
    exact = drums((0, 0, SNARE, 40, 0))
    shares = (exact.velocities / 127).astype(np.float32)
    assert metrics.ghost_notes(Drums(exact.hits, shares)).tolist() == [0.0]
    with pytest.raises(DataError, match="got 1 classes: there is no snare"):
        metrics.ghost_notes(Drums(np.ones((1, 4, 1)), np.ones((1, 4, 1))))


class TestFills:
    def test_last_bar_beyond_the_others(self):
        run = at(MID_TOM, 40, 42, 44) + at(CRASH, 47)
        # A kick and a snare of the last bar are none, a tom before it counts off.
        played = [*run, *at(KICK, 32), *at(SNARE, 36), *at(LOW_TOM, 5)]
        assert metrics.fills(drums(*played, steps=48)).tolist() == [4 - 1 / 2]

    def test_toms_throughout_and_fills_before_are_none(self):
        beat = at(LOW_TOM, *range(0, 32, 4))
        assert metrics.fills(drums(*beat, steps=32)).tolist() == [0.0]
        early = at(LOW_TOM, 12, 13, 14)
        assert metrics.fills(drums(*early, steps=32)).tolist() == [0.0]

    def test_bars_are_those_of_the_drums(self):
        hits = drums(*at(LOW_TOM, 12, 14), steps=24).hits
        assert metrics.fills(Drums(hits, quarters_per_bar=3)).tolist() == [2.0]
        assert metrics.fills(Drums(hits[:0], quarters_per_bar=3)).shape == (0,)

    def test_windows_that_have_none(self):
        with pytest.raises(DataError, match=r"at least two bars .* got 16 steps"):
            metrics.fills(drums(*at(LOW_TOM, 0)))
        with pytest.raises(DataError, match="and 3 classes"):
            metrics.fills(Drums(np.ones((1, 32, 3))))


def test_laid_back_is_positive_when_late():
    played = drums((0, 0, KICK, 1, 0.3), (0, 4, SNARE, 1, -0.1), windows=2)
    found = metrics.laid_back(played)
    assert found[0] == pytest.approx(0.1)
    assert np.isnan(found[1])


def test_open_hat_share():
    played = drums(*at(OPEN_HAT, 2), *at(CLOSED_HAT, 0, 4, 6), *at(KICK, 0), windows=2)
    found = metrics.open_hat_share(played)
    assert found[0] == 0.25
    assert np.isnan(found[1])
    assert metrics.open_hat_share(played, open_hat=KICK)[0] == 0.25
    with pytest.raises(DataError, match="got 3 classes"):
        metrics.open_hat_share(Drums(played.hits[..., :3]))


def test_windows_on_the_grid_of_the_drums():
    hits = drums(*at(KICK, 0, 12), *at(SNARE, 12), steps=24).hits
    waltz = Drums(hits, quarters_per_bar=3)
    assert metrics.window_features(waltz)["hits_per_bar"].tolist() == [1.5]
    assert metrics.hits_per_bar(waltz) == pytest.approx(1.5)
    assert metrics.share_at(waltz, KICK, (0,)) == 1.0
    assert metrics.coverage_at(waltz, SNARE, (0,)) == 0.5
    assert metrics.onset_histogram(waltz)[0, KICK] == 1.0
    fine = Drums(hits, None, np.full(hits.shape, 0.5), steps_per_quarter=12)
    assert metrics.microtiming_ms(fine, qpm=100).mean == pytest.approx(12.5)
    even = Drums(hits, None, np.zeros(hits.shape), steps_per_quarter=12)
    assert metrics.timing_error(fine, even, qpm=100).mean_absolute == (
        pytest.approx(12.5)
    )
    assert Drums.concatenate([waltz, waltz]).steps_per_bar == 12
    with pytest.raises(DataError, match="got 0 and 4"):
        Drums(hits, steps_per_quarter=0)


NONE = Drums(*np.zeros((3, 0, 16, 9)))


@pytest.mark.parametrize(
    "feature",
    [
        metrics.density,
        metrics.syncopation,
        metrics.swing,
        metrics.velocity_range,
        metrics.loudness,
        metrics.ghost_notes,
        metrics.laid_back,
        metrics.open_hat_share,
    ],
)
def test_no_windows_have_no_values(feature):
    assert feature(NONE).shape == (0,)


def test_sets_without_windows():
    assert {len(x) for x in metrics.window_features(NONE).values()} == {0}
    assert len(Drums.concatenate([NONE, NONE])) == 0
    assert np.isnan(metrics.hits_per_bar(NONE))
    assert np.isnan(metrics.onset_histogram(NONE)).all()
    assert np.isnan(metrics.distinct_share(NONE))
    assert metrics.hit_scores(NONE, NONE).true_positives == 0
    assert metrics.timing_error(NONE, NONE).count == 0
    one = np.ones((1, 16, 9), bool)
    assert metrics.dice_distances(NONE.hits, one).shape == (0, 1)
    assert [len(x) for x in metrics.nearest(NONE.hits, one)] == [0, 0]
    assert metrics.smoothness(np.zeros((0, 3, 16, 9), bool)).ways == 0
    with pytest.raises(DataError, match="at least one set of drums"):
        Drums.concatenate([])
    for shape in ((2, 0, 9), (2, 16, 0)):
        with pytest.raises(DataError, match="at least one step and one class"):
            Drums(np.zeros(shape))


def test_the_grid_of_other_drums():
    fine = Drums(np.ones((1, 8, 1)), np.full((1, 8, 1), 90), steps_per_quarter=8)
    found = Drums(np.ones((2, 4, 1)), np.full((2, 4, 1), 70)).on_grid_of(fine)
    assert (found.steps_per_quarter, found.steps_per_bar) == (8, 32)
    np.testing.assert_array_equal(found.velocities, 70)
