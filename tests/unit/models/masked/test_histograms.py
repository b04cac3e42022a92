from __future__ import annotations

import numpy as np
import pytest
from helpers.masked import BAR, performances

from groovekit.models.masked.bins import Bins, quantile
from groovekit.models.masked.histograms import VELOCITY_WIDTHS, Histograms


def histograms(seed=1):
    whole = performances(seed=seed)
    rng = np.random.default_rng(seed)
    known = whole.hits & (rng.random(whole.hits.shape) < 0.5)
    return whole, Histograms.of(
        Bins().of_velocities(whole.velocities),
        known,
        count=32,
        widths=VELOCITY_WIDTHS,
        steps_per_bar=BAR,
    )


def test_single_bins_are_looked_up_in_the_histograms():
    whole, found = histograms()
    wanted = Bins().of_velocities(whole.velocities)
    densities, there = found.everywhere()
    at = np.take_along_axis(densities, wanted[..., None, None], axis=-1)[..., 0]
    np.testing.assert_allclose(found.at(wanted), np.where(there, at, -1), atol=1e-6)


def test_histograms_add_up_to_one():
    densities, there = histograms()[1].everywhere()
    np.testing.assert_allclose(densities.sum(-1), there, atol=1e-5)


def test_bins_of_midi_velocities_are_of_one_size():
    bins = Bins().of_velocities(np.arange(128, dtype=np.float32) / 127)
    np.testing.assert_array_equal(np.bincount(bins), np.full(32, 4))


def test_the_grid_is_the_middle_of_a_bin():
    bins = Bins()
    middle = bins.of_offsets(np.zeros(1))[0]
    edges = bins.offset_edges()
    assert edges[middle] == -edges[middle + 1]
    assert bins.of_offsets(np.array([-1.0, 1.0])).tolist() == [0, 32]


@pytest.mark.parametrize("level", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_quantiles_of_an_even_distribution(level):
    found = quantile(np.full((2, 4), 0.25), np.linspace(0, 1, 5), level)
    np.testing.assert_allclose(found, level)


def test_a_quantile_lies_in_the_bin_that_holds_all():
    found = quantile(np.eye(4)[2], np.linspace(0, 1, 5), 0.5)
    assert found == pytest.approx(0.625)
