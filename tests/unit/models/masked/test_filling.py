from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.masked import BAR, CLASSES, performances

from groovekit.models.masked.bins import Bins
from groovekit.models.masked.filling import Filling, Rounds
from groovekit.models.masked.histograms import SOURCES
from groovekit.models.masked.known import Known

LOGITS = 1 + 32 + 33 + 2 * (1 + len(SOURCES))


def even(inputs):
    """A network that finds everything as likely."""
    return np.zeros((*inputs.shape[:2], CLASSES, LOGITS), np.float32)


def filling(network=even, **changes):
    return Filling(network, BAR, Bins(), 18, **changes)


def partly(bars=3, seed=1):
    known = performances(1, bars, seed).known()
    known.hits[:, 10:20] = np.nan
    known.velocities[:, 30:] = np.nan
    known.offsets[:, :30] = np.nan
    known.velocities[np.isnan(known.hits)] = np.nan
    return known


@pytest.mark.parametrize("expected", [False, True])
@pytest.mark.parametrize("bars", [1, 3, 8, 21])
def test_nothing_is_left_open_and_what_is_known_stays(bars, expected):
    known = partly(bars)
    made = filling().fill(known, rng=np.random.default_rng(0), expected=expected)
    assert not np.isnan(made.hits).any()
    hit = made.hits == 1
    for new, old in (
        (made.hits, known.hits),
        (made.velocities, known.velocities),
        (made.offsets, known.offsets),
    ):
        there = ~np.isnan(old)
        np.testing.assert_array_equal(new[there], old[there])
    for values, least in ((made.velocities, 0.0), (made.offsets, -1.0)):
        np.testing.assert_array_equal(np.isnan(values), ~hit)
        assert values[hit].min() >= least
        assert values[hit].max() <= 1.0


def test_the_input_is_not_changed():
    known = partly()
    before = [a.copy() for a in (known.hits, known.velocities, known.offsets)]
    filling().fill(known, rng=np.random.default_rng(0))
    for old, new in zip(
        before, (known.hits, known.velocities, known.offsets), strict=True
    ):
        np.testing.assert_array_equal(old, new)


def test_any_number_of_steps():
    known = Known.nothing(1, 21, CLASSES)
    made = filling().fill(known, rng=np.random.default_rng(0))
    assert made.hits.shape == (1, 21, CLASSES)
    assert not np.isnan(made.hits).any()


def test_the_same_generator_fills_the_same():
    first, second = (
        filling().fill(partly(21), rng=np.random.default_rng(3)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.hits, second.hits)
    np.testing.assert_array_equal(first.velocities, second.velocities)
    np.testing.assert_array_equal(first.offsets, second.offsets)


def test_every_bar_is_filled_once_with_bars_around_it():
    """Windows follow each other without gaps, with known bars on both sides."""
    made = list(filling()._windows(21 * BAR))
    done = 0
    for window, middle in made:
        assert window.stop - window.start == 8 * BAR
        assert window.start + middle.start == done
        done = window.start + middle.stop
    assert done == 21 * BAR
    assert all(middle.start > 0 for _, middle in made[1:])
    assert all(middle.stop < 8 * BAR for _, middle in made[:-1])


def test_probabilities_of_hits_are_kept():
    made = filling().fill(
        Known.nothing(1, 8 * BAR, CLASSES), rng=np.random.default_rng(0)
    )
    assert made.hits.mean() == pytest.approx(0.5, abs=0.05)


def test_low_temperatures_repeat_what_is_known():
    """Gates that trust the histograms, and one velocity in the first bar."""

    def trusting(inputs):
        logits = even(inputs)
        logits[..., 67:71] = logits[..., 72:] = 9.0
        return logits

    known = Known.nothing(1, 8 * BAR, CLASSES)
    hits = np.zeros((1, 8 * BAR, CLASSES), np.float32)
    hits[:, ::BAR, 0] = 1
    known = dataclasses.replace(known, hits=hits)
    known.velocities[0, 0, 0] = 0.5
    spread = []
    for heat in (1.0, 0.1):
        rounds = Rounds(repeated_velocity=heat, repeated_offset=heat)
        made = filling(trusting, rounds=rounds).fill(
            known, rng=np.random.default_rng(0)
        )
        spread.append(np.nanstd(made.velocities))
    assert spread[1] < spread[0] < 0.1


def test_repeats_lie_about_the_median():
    """The loudest bin is the most probable one, and most hits are softer."""

    def accented(inputs):
        logits = even(inputs)
        logits[..., 32] = np.log(31 * 0.4 / 0.6)
        logits[..., 66] = 20.0
        return logits

    known = Known.nothing(1, 8 * BAR, CLASSES)
    hits = np.zeros((1, 8 * BAR, CLASSES), np.float32)
    hits[:, :, 0] = 1
    known = dataclasses.replace(known, hits=hits)
    known.velocities[0, :BAR, 0] = 0.5
    rounds = Rounds(repeated_velocity=0.3)
    made = filling(accented, rounds=rounds).fill(known, rng=np.random.default_rng(0))
    drawn = made.velocities[0, BAR:, 0]
    # The median: 5 of 6 of what is softer than the accent.
    assert np.median(drawn) == pytest.approx(0.81, abs=0.03)
    assert np.mean(drawn > 0.95) < 0.3
