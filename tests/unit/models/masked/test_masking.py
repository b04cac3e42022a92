from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.masked import BAR, performances

from groovekit.configs.masked import MaskingConfig
from groovekit.models.masked.bins import Bins
from groovekit.models.masked.features import depth, features
from groovekit.models.masked.masking import TASKS, hide, tapped, varied
from groovekit.models.masked.targets import targets

NONE = dict.fromkeys(TASKS, 0.0)


def hidden(whole, *, seed=0, **weights):
    config = MaskingConfig(**{**NONE, **weights}) if weights else MaskingConfig()
    rng = np.random.default_rng(seed)
    return hide(whole, config, rng, steps_per_bar=BAR)


@pytest.mark.parametrize("task", ["humanise", "bars", "cells"])
@pytest.mark.parametrize("seed", range(4))
def test_features_cannot_tell_what_is_hidden(task, seed):
    """These tasks choose cells by chance alone: other secrets look the same."""
    whole = performances(batch=8, seed=seed)
    known = hidden(whole, seed=seed, **{task: 1.0})
    rng = np.random.default_rng(100 + seed)
    secret = np.isnan(known.hits)
    hits = np.where(secret, rng.random(secret.shape) < 0.5, whole.hits)

    def others(values, shown):
        noise = rng.random(values.shape).astype(np.float32)
        return np.where(np.isnan(shown), noise, values) * hits

    other = dataclasses.replace(
        whole,
        hits=hits,
        velocities=others(whole.velocities, known.velocities),
        offsets=others(whole.offsets, known.offsets),
    )
    again = hidden(other, seed=seed, **{task: 1.0})
    # What is said of the whole is no secret.
    again = dataclasses.replace(again, numbers=known.numbers)
    assert not np.array_equal(other.velocities, whole.velocities)
    np.testing.assert_array_equal(
        *(features(k, steps_per_bar=BAR, styles=18) for k in (known, again))
    )


def test_values_at_hidden_hits_are_hidden_too():
    for seed in range(5):
        known = hidden(performances(batch=16, seed=seed), seed=seed)
        silent = known.hits != 1
        assert np.isnan(known.velocities[silent]).all()
        assert np.isnan(known.offsets[silent]).all()


def test_what_is_known_is_true():
    whole = performances(batch=16)
    known = hidden(whole)
    for shown, true in (
        (known.hits, whole.hits),
        (known.velocities, whole.velocities),
        (known.offsets, whole.offsets),
    ):
        there = ~np.isnan(shown)
        np.testing.assert_array_equal(shown[there], true[there])


def test_humanising_knows_all_hits():
    known = hidden(performances(batch=16), humanise=1.0)
    assert not np.isnan(known.hits).any()
    assert np.isnan(known.taps).all()


def test_taps_are_the_loudest_strokes():
    whole = performances(batch=4)
    taps = tapped(whole)
    np.testing.assert_array_equal(taps[..., 0], whole.hits.any(-1))
    there = taps[..., 0] == 1
    loudest = np.where(whole.hits, whole.velocities, -1).max(-1)
    np.testing.assert_array_equal(taps[..., 1][there], loudest[there])
    assert np.isnan(taps[..., 1:][~there]).all()


def test_bars_are_hidden_whole():
    known = hidden(performances(batch=16, bars=8, density=0.9), bars=1.0, seed=3)
    bars = np.isnan(known.hits).reshape(16, 8, -1)
    # In some windows nothing of them is revealed.
    assert bars.all(2).any()
    assert (~bars.any(2)).any(1).all()


def test_equal_generators_hide_the_same():
    first, second = (hidden(performances(batch=8), seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.hits, second.hits)
    np.testing.assert_array_equal(first.velocities, second.velocities)
    np.testing.assert_array_equal(first.numbers, second.numbers)


def test_variations_keep_ranges_and_add_no_hits():
    whole = performances(batch=32)
    other = varied(whole, MaskingConfig(varied=1.0), np.random.default_rng(1))
    assert not (other.hits & ~whole.hits).any()
    assert ((other.velocities > 0) == other.hits).all()
    assert other.velocities.max() <= 1
    assert np.abs(other.offsets).max() <= 1
    assert not other.velocities[~other.hits].any()


def test_the_channels_are_as_many_as_is_said():
    known = hidden(performances())
    assert features(known, steps_per_bar=BAR, styles=18).shape == (3, 64, depth(9, 18))


def test_targets_ask_for_what_is_hidden_alone():
    whole, bins = performances(batch=16), Bins()
    known = hidden(whole)
    columns = np.split(targets(whole, known, bins, steps_per_bar=BAR), 14, axis=-1)
    hits, asked, velocity, velocity_asked, offset, offset_asked = columns[:6]
    np.testing.assert_array_equal(hits, whole.hits)
    np.testing.assert_array_equal(asked, np.isnan(known.hits))
    unknown = whole.hits & np.isnan(known.velocities)
    np.testing.assert_array_equal(velocity_asked, unknown)
    np.testing.assert_array_equal(offset_asked, whole.hits & np.isnan(known.offsets))
    np.testing.assert_array_equal(velocity, bins.of_velocities(whole.velocities))
    np.testing.assert_array_equal(offset, bins.of_offsets(whole.offsets))
