"""Linear codes against rate-distortion theory, and the features that they code."""

from __future__ import annotations

import numpy as np
import pytest

from groovekit.models.linear_code import Spectrum, fit_linear_code
from groovekit.models.window_features import (
    SCALES,
    class_means,
    read_features,
    window_features,
)


@pytest.fixture(scope="module")
def data():
    """Gaussian vectors with variances 16, 4, 1 and 1/4 along turned axes."""
    rng = np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    return rng.standard_normal((50_000, 4)) * [4, 2, 1, 0.5] @ turn.T + [1, 2, 3, 4]


def test_reverse_water_filling(data):
    # theta = 1: log2 of 4 and 2 are 3 bits; the others cost nothing.
    code = fit_linear_code(data, 3.0)
    assert code.theta == pytest.approx(1.0, rel=0.02)
    assert code.vectors.shape[1] in {2, 3}
    np.testing.assert_allclose(code.gains[:2], [15 / 16, 3 / 4], rtol=0.01)
    assert code.bits == pytest.approx(3.0, abs=1e-6)
    mean = code.encode(data)
    # The posteriors together are the prior, and cost what was asked for.
    assert code.kl_bits(mean).mean() == pytest.approx(3.0, rel=1e-3)
    sigma = np.exp(code.log_sigma)
    np.testing.assert_allclose(mean.var(axis=0) + sigma**2, 1.0, rtol=1e-6)
    drawn = mean + sigma * np.random.default_rng(1).standard_normal(mean.shape)
    errors = np.square(code.decode(drawn) - data).sum(axis=1).mean()
    # The error is theta on the axes that are used, and all of the others' variance.
    assert errors == pytest.approx(1 + 1 + 1 + 0.25, rel=0.02)


def test_more_bits_and_fewer_axes(data):
    spectrum = Spectrum.of(data)
    np.testing.assert_allclose(spectrum.values, [16, 4, 1, 0.25], rtol=0.03)
    fine = spectrum.code(20.0)
    np.testing.assert_allclose(fine.decode(fine.encode(data[:5])), data[:5], atol=0.1)
    few = spectrum.code(20.0, 1)
    assert few.encode(data[:5]).shape == (5, 1)
    assert few.bits < 20
    wide = spectrum.code(3.0, 4)
    assert wide.gains[3] == 0
    assert wide.log_sigma[3] == 0
    np.testing.assert_array_equal(wide.encode(data[:5])[:, 3], 0)


def test_features_of_grooves():
    hits = np.zeros((1, 2, 2))
    hits[0, 0] = 1
    hits[0, 1, 0] = 1
    velocities = np.array([[[0.4, 0.9], [0.8, 0.0]]])
    offsets = np.array([[[0.1, -0.5], [0.3, 0.0]]])
    windows = np.concatenate([hits, velocities, offsets], axis=-1)
    centres = class_means(windows, 2)
    np.testing.assert_allclose(centres, [[0.6, 0.9], [0.2, -0.5]])
    scales = (SCALES["unit"], SCALES["signed"])
    vectors = window_features(windows, centres, scales, np)
    np.testing.assert_allclose(
        vectors, [[[1, 1, -0.4, 0, -0.15, 0], [1, 0, 0.4, 0, 0.15, 0]]], atol=1e-6
    )
    read = np.split(read_features(vectors, centres, scales), 3, axis=-1)
    for found, part in zip(read, (hits, velocities, offsets), strict=True):
        np.testing.assert_allclose(found[hits > 0], part[hits > 0], atol=1e-6)
    # Half as sure, half as large.
    _, half, _ = np.split(read_features(vectors / 2, centres, scales), 3, axis=-1)
    np.testing.assert_allclose(half[hits > 0], velocities[hits > 0], atol=1e-6)
