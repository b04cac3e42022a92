"""Baselines on training grooves made by hand."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from helpers.drums import drums as builder

from groovekit.errors import DataError
from groovekit.evaluation import baselines
from groovekit.evaluation.baselines import Case, fit_baselines
from groovekit.evaluation.baselines.bars import Bars
from groovekit.evaluation.baselines.linear_code import LinearReconstruction
from groovekit.evaluation.baselines.threshold import best_threshold
from groovekit.evaluation.hit_cells import Cells
from groovekit.evaluation.metrics import (
    Drums,
    class_shares,
    hit_scores,
    timing_error,
    velocity_error,
)
from groovekit.seeding import generator

# Bars of four steps.
drums = functools.partial(builder, steps=8, classes=2, quarters_per_bar=1)

# A kick on the first step in three of four bars.
TRAIN = drums(
    (0, 0, 0, 100, 0.2),
    (0, 4, 0, 80, 0.0),
    (1, 0, 0, 60, 0.4),
    (1, 5, 1, 40, -0.4),
    windows=2,
)


def predict(name, inputs, train=TRAIN, train_inputs=None, seed=0):
    fitted = {b.name: b for b in fit_baselines(train, train_inputs or train)}
    return fitted[name].predict(Case(inputs, inputs.hits, generator(seed, name)))


def test_which_there_are():
    names = [b.name for b in fit_baselines(TRAIN, TRAIN)]
    assert names == [
        *("silence", "frequent", "nearest", "bar_by_bar"),
        *("quantised", "medians", "nearest_bar", "nearest_bars"),
        *("jitter", "humaniser"),
    ]
    labels = Drums(TRAIN.hits, quarters_per_bar=1)
    found = fit_baselines(labels, labels)
    assert [b.name for b in found] == names[:4]
    assert [b.given for b in found] == ["nothing"] * 2 + ["the input"] * 2
    # Where the input does not tell the hits, they are learnt.
    taps = Drums(TRAIN.hits * [1, 0], quarters_per_bar=1)
    found = fit_baselines(labels, taps)
    assert [b.name for b in found][4:] == ["neighbours", "voting_bars", "ridge"]


def test_silence():
    found = predict("silence", TRAIN)
    assert found.hits.shape == TRAIN.hits.shape
    assert not found.hits.any()


def test_most_frequent_bar():
    found = predict("frequent", drums(windows=3, steps=12))
    assert np.argwhere(found.hits[1]).tolist() == [[0, 0], [4, 0], [8, 0]]
    assert found.velocities[2, 4, 0] == pytest.approx(80)
    assert found.offsets[2, 4, 0] == pytest.approx(0.2)


def test_silent_bars_are_no_pattern():
    train = drums((0, 0, 0, 90, 0.0), windows=4)
    assert predict("frequent", drums(), train=train).hits[0, :, 0].tolist() == [
        *(True, False, False, False),
        *(True, False, False, False),
    ]


def test_nearest_by_the_input():
    # The model sees other windows than it is to play: taps of the first drum.
    inputs = drums((0, 0, 0, 1, 0), (1, 5, 0, 1, 0), windows=2)
    asked = drums((0, 5, 0, 1, 0.0))
    found = predict("nearest", asked, train_inputs=inputs)
    np.testing.assert_array_equal(found.hits[0], TRAIN.hits[1])
    assert found.velocities[0, 5, 1] == pytest.approx(40)
    assert found.offsets[0, 5, 1] == pytest.approx(-0.4)


def test_constant_velocity_is_the_median():
    found = predict("quantised", TRAIN)
    np.testing.assert_array_equal(found.hits, TRAIN.hits)
    assert found.velocities[TRAIN.hits] == pytest.approx([70] * 4)
    assert not found.offsets.any()


def test_medians_of_cells(monkeypatch):
    monkeypatch.setattr("groovekit.evaluation.hit_cells._FEWEST", 1)
    train = drums(
        *(
            (window, 0, 0, velocity, 0.2)
            for window, velocity in enumerate((30, 80, 90))
        ),
        (1, 1, 1, 40, -0.4),
        windows=3,
    )
    asked = drums((0, 4, 0, 1, 0), (0, 1, 1, 1, 0), (0, 2, 0, 1, 0))
    found = predict("medians", asked, train=train)
    # The cell's own median; a cell that was never hit has its drum's.
    assert found.velocities[0, 4, 0] == pytest.approx(80)
    assert found.offsets[0, 4, 0] == pytest.approx(0.2)
    assert found.velocities[0, 1, 1] == pytest.approx(40)
    assert found.velocities[0, 2, 0] == pytest.approx(80)
    assert found.velocities[0, 3, 0] == 0


# Bars of four steps: kick and snare, kick alone twice (soft and loud), snare alone.
BARS = drums(
    *((0, 0, 0, 100, 0.2), (0, 2, 1, 90, 0.1)),
    *((0, 4, 0, 40, -0.2), (1, 0, 0, 60, 0.0)),
    (1, 6, 1, 20, -0.5),
    windows=2,
)


def test_nearest_bars_hold_what_is_asked_for():
    asked = drums((0, 0, 0, 1, 0), (0, 4, 0, 1, 0), (0, 6, 1, 1, 0), (0, 7, 1, 1, 0))
    found = predict("nearest_bars", asked, train=BARS)
    np.testing.assert_array_equal(found.hits, asked.hits)
    # Three bars have the kick on 1: 100, 40 and 60; two the snare on 3.
    assert found.velocities[0, 0, 0] == pytest.approx(60)
    assert found.offsets[0, 0, 0] == pytest.approx(0.0)
    assert found.velocities[0, 6, 1] == pytest.approx(55)
    # No bar has a snare on 4: the median of all hits, of so few.
    assert found.velocities[0, 7, 1] == pytest.approx(60)
    assert found.velocities[0, 1, 0] == 0


def test_the_nearest_bar_alone():
    asked = drums((0, 0, 0, 1, 0), (0, 2, 1, 1, 0), (0, 6, 1, 1, 0))
    found = predict("nearest_bar", asked, train=BARS)
    assert found.velocities[0, 0, 0] == pytest.approx(100)
    assert found.offsets[0, 2, 1] == pytest.approx(0.1)
    assert found.velocities[0, 6, 1] == pytest.approx(20)


def test_bar_by_bar():
    # Neither window has these bars in this order.
    asked = drums((0, 2, 1, 1, 0), (0, 4, 0, 1, 0), (0, 6, 1, 1, 0))
    found = predict("bar_by_bar", asked, train=BARS)
    assert np.argwhere(found.hits[0]).tolist() == [[2, 1], [4, 0], [6, 1]]
    assert found.velocities[0, 6, 1] == pytest.approx(90)
    assert found.velocities[0, 2, 1] == pytest.approx(20)


def test_a_bar_in_several_windows_counts_once():
    twice = Drums.concatenate([BARS, BARS])
    owners = np.array([0, 1, 0, 1])
    assert len(Bars.of(twice, twice, owners).hits) == 4
    # Others may play the same.
    assert len(Bars.of(twice, twice, np.arange(4)).hits) == 8


def pairs(count, seed):
    """Taps that tell the drums: after a soft one a snare, after a loud one none."""
    rng = np.random.default_rng(seed)
    hits = np.zeros((count, 8, 2), bool)
    velocities = np.zeros(hits.shape, int)
    soft = rng.random(count) < 0.5
    place = rng.integers(2, size=count)
    rows = np.arange(count)
    hits[rows, place, 0] = True
    velocities[rows, place, 0] = np.where(soft, 20, 120)
    hits[rows, place + 2, 1] = soft
    velocities[rows, place + 2, 1] = 50 * soft
    whole = Drums(hits, velocities, np.zeros(hits.shape), quarters_per_bar=1)
    taps = whole.replaced(
        hits * [True, False], whole.velocities * [1, 0], whole.offsets
    )
    return whole, taps


@pytest.mark.parametrize("name", ["neighbours", "ridge"])
def test_taps_are_learnt(name):
    train, inputs = pairs(200, seed=1)
    truth, asked = pairs(50, seed=2)
    found = predict(name, asked, train=train, train_inputs=inputs)
    if name == "neighbours":
        np.testing.assert_array_equal(found.hits, truth.hits)
    assert hit_scores(truth, found).f1 > 0.9
    # The tap itself is told.
    np.testing.assert_array_equal(found.hits[..., 0], truth.hits[..., 0])
    # Medians, whether of neighbours or of the cells.
    assert found.velocities[..., 1][found.hits[..., 1]] == pytest.approx(50)


def test_bars_vote_by_hits_alone():
    train, inputs = pairs(200, seed=1)
    _, asked = pairs(50, seed=2)
    found = predict("voting_bars", asked, train=train, train_inputs=inputs)
    # Half of the bars with such a tap have the snare, so that either has the best F1.
    by_place = {
        int(place): found.hits[rows, place + 2, 1].tolist()
        for place in (0, 1)
        if len(rows := np.flatnonzero(asked.hits[:, place, 0]))
    }
    assert all(len(set(votes)) == 1 for votes in by_place.values())
    np.testing.assert_array_equal(found.hits[..., 0], asked.hits[..., 0])


def test_threshold_with_the_best_f1():
    scores = np.array([0.1, 0.2, 0.6, 0.9])
    hits = np.array([False, True, False, True])
    # Both hits and one too many: 4 / 5; the surest alone: 2 / 3.
    assert 0.1 <= best_threshold(scores, hits) < 0.2


def test_few_hits_are_filled_up():
    # With fewer than 20 hits of a drum all hits count.
    found = predict("medians", drums((0, 0, 1, 1, 0)))
    assert found.velocities[0, 0, 1] == pytest.approx(70)


def many(seed=0, windows=400, shared=0.0, persistence=0.0):
    """Both drums on each step, early by a clock that they share, and on their own."""
    rng = np.random.default_rng(seed)
    shape = (windows, 16, 2)
    clock = rng.normal(0, 1, shape[:2])
    for step in range(1, 16):
        clock[:, step] *= np.sqrt(1 - persistence**2)
        clock[:, step] += persistence * clock[:, step - 1]
    own = rng.normal(0, 1, shape)
    offsets = np.sqrt(shared) * clock[..., None] + np.sqrt(1 - shared) * own
    # Louder when early: velocity and timing belong together.
    offsets = np.clip(0.1 * offsets + 0.05, -1, 1)
    velocities = np.clip(64 + 200 * offsets, 1, 127).astype(np.int64)
    return Drums(np.ones(shape), velocities, offsets)


def test_jitter_has_the_spread_of_the_training():
    train = many()
    found = predict("jitter", train, train=train)
    assert found.offsets.mean() == pytest.approx(0.0, abs=0.005)
    root_mean_square = np.sqrt(np.square(train.offsets).mean())
    assert found.offsets.std() == pytest.approx(root_mean_square, rel=0.03)
    assert found.velocities.mean() == pytest.approx(train.velocities.mean(), abs=0.5)


class TestHumaniser:
    def test_measures_the_clock(self):
        train = many(shared=0.6, persistence=0.8)
        cells = Cells.fit(train)
        found = baselines.Humaniser.fit(train, cells)
        assert found.coupling == pytest.approx(0.6, abs=0.05)
        assert found.persistence == pytest.approx(0.8, abs=0.05)

    def test_hits_of_their_own_have_no_clock(self):
        train = many()
        found = baselines.Humaniser.fit(train, Cells.fit(train))
        assert found.coupling == pytest.approx(0.0, abs=0.03)

    def test_plays_as_the_training_does(self):
        train = many(shared=0.6, persistence=0.8)
        made = predict("humaniser", train, train=train, seed=3)
        assert made.offsets.mean() == pytest.approx(train.offsets.mean(), abs=0.01)
        assert made.offsets.std() == pytest.approx(train.offsets.std(), rel=0.1)
        first, second = made.offsets[..., 0], made.offsets[..., 1]
        together = np.corrcoef(first.ravel(), second.ravel())[0, 1]
        assert together == pytest.approx(0.6, abs=0.12)
        onwards = np.corrcoef(first[:, 1:].ravel(), second[:, :-1].ravel())[0, 1]
        assert onwards == pytest.approx(0.48, abs=0.12)
        joint = np.corrcoef(made.offsets.ravel(), made.velocities.ravel())[0, 1]
        assert joint > 0.7

    def test_is_reproducible_and_keeps_the_hits(self):
        asked = drums((0, 3, 1, 1, 0.0), (0, 6, 0, 1, 0.0))
        one, again, other = (predict("humaniser", asked, seed=s) for s in (1, 1, 2))
        np.testing.assert_array_equal(one.hits, asked.hits)
        np.testing.assert_array_equal(one.offsets, again.offsets)
        assert (one.offsets != other.offsets).any()
        assert not one.velocities[~asked.hits].any()
        assert (one.velocities[asked.hits] >= 1).all()


def test_silent_training():
    with pytest.raises(DataError, match="with hits, got silence"):
        fit_baselines(drums(), drums())


def test_baselines_without_velocities():
    labels = Drums(TRAIN.hits, quarters_per_bar=1)
    for baseline in fit_baselines(labels, labels)[1:]:
        found = baseline.predict(Case(labels, labels.hits, generator(0, "x")))
        assert np.isfinite(class_shares(found)).all()


class TestLinearCode:
    def grooves(self, count, seed=0, *, dynamics=True):
        """Three independent choices of groups of hits, one louder, one earlier."""
        rng = np.random.default_rng(seed)
        hits = np.zeros((count, 8, 2), bool)
        velocities, offsets = np.zeros(hits.shape), np.zeros(hits.shape)
        first, second, third = rng.random((3, count)) < 0.5
        hits[:, ::4, 0] = first[:, None]
        hits[:, 2::4, 1] = second[:, None]
        hits[:, 7, :] = third[:, None]
        velocities[:] = 0.3 + 0.6 * rng.random((count, 1, 1))
        offsets[:] = rng.uniform(-0.5, 0.5, (count, 1, 1))
        if not dynamics:
            return Drums(hits, quarters_per_bar=1)
        return Drums(hits, velocities * hits, offsets * hits, quarters_per_bar=1)

    def code(self, bits, **options):
        train, asked = (self.grooves(400, seed, **options) for seed in (1, 2))
        rng = generator(0, "x")
        return asked, LinearReconstruction.of(asked, train, bits, rng)

    def test_costs_what_it_shall_on_windows_not_fitted_to(self):
        for bits in (5.0, 20.0):
            _, found = self.code(bits)
            assert found.bits == pytest.approx(bits, rel=0.01)

    def test_enough_bits_say_all(self):
        asked, found = self.code(60.0)
        assert hit_scores(asked, found.mean).f1 > 0.99
        assert velocity_error(asked, found.mean).mean_absolute < 4
        assert timing_error(asked, found.mean).mean_absolute < 4

    def test_drawn_codes_say_less(self):
        asked, found = self.code(5.0)
        mean, drawn = (hit_scores(asked, d).f1 for d in (found.mean, found.drawn))
        assert 0.6 < drawn < mean < 1
        _, again = self.code(5.0)
        np.testing.assert_array_equal(found.drawn.hits, again.drawn.hits)
        assert not found.mean.velocities[~found.mean.hits].any()
        assert np.abs(found.mean.offsets).max() <= 1

    def test_hits_alone(self):
        asked, found = self.code(30.0, dynamics=False)
        assert found.mean.velocities is None
        assert hit_scores(asked, found.mean).f1 > 0.99
