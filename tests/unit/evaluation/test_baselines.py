"""Baselines on training grooves made by hand."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from helpers.drums import drums as builder

from groovekit.errors import DataError
from groovekit.evaluation import baselines
from groovekit.evaluation.baselines import Case, fit_baselines
from groovekit.evaluation.hit_cells import Cells
from groovekit.evaluation.metrics import Drums, class_shares
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
        *("silence", "frequent", "nearest"),
        *("quantised", "means", "jitter", "humaniser"),
    ]
    labels = Drums(TRAIN.hits, quarters_per_bar=1)
    found = fit_baselines(labels, labels)
    assert [b.name for b in found] == names[:3]
    assert [b.given for b in found] == ["nothing", "nothing", "the input"]


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


def test_means_of_cells(monkeypatch):
    monkeypatch.setattr("groovekit.evaluation.hit_cells._FEWEST", 1)
    asked = drums((0, 4, 0, 1, 0), (0, 1, 1, 1, 0), (0, 2, 0, 1, 0))
    found = predict("means", asked)
    # The cell's own mean; a cell that was never hit has its drum's.
    assert found.velocities[0, 4, 0] == pytest.approx(80)
    assert found.offsets[0, 4, 0] == pytest.approx(0.2)
    assert found.velocities[0, 1, 1] == pytest.approx(40)
    assert found.velocities[0, 2, 0] == pytest.approx(80)
    assert found.velocities[0, 3, 0] == 0


def test_few_hits_are_filled_up():
    # With fewer than 20 hits of a drum all hits count.
    found = predict("means", drums((0, 0, 1, 1, 0)))
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
