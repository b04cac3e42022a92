"""The network of dynamics gives what its plain form gives, but for rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest

from groovekit.models.dynamics import (
    VELOCITY_BINS,
    draw_from_bins,
    dynamics_features,
)
from groovekit.models.runtimes.numpy.dynamics import Dynamics

CLASSES, STEPS_PER_BAR, STEPS = 3, 4, 8


@pytest.fixture
def weights():
    rng = np.random.default_rng(0)
    shapes = Dynamics(CLASSES, STEPS_PER_BAR, (6, 5)).shapes()
    return {n: rng.normal(0, 0.5, s).astype(np.float32) for n, s in shapes.items()}


def plain(weights, x):
    """The network layer by layer."""
    for index in range(2):
        x = x @ weights[f"hidden.{index}.kernel"] + weights[f"hidden.{index}.bias"]
        x = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
        x = x - x.mean(axis=1, keepdims=True)
        x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-3)
        x = x * weights[f"norms.{index}.gamma"] + weights[f"norms.{index}.beta"]
    return x @ weights["last.kernel"] + weights["last.bias"]


@pytest.mark.parametrize("windows", [1, 5, 200])
def test_draws(weights, windows):
    rng = np.random.default_rng(windows)
    shape = (windows, STEPS, CLASSES)
    hits = (rng.random(shape) < 0.4).astype(np.float32)
    window, step, drum = np.nonzero(hits)
    drafts = rng.random((len(drum), 2), np.float32)
    uniforms = rng.random((len(drum), 2), np.float32)
    network = Dynamics(CLASSES, STEPS_PER_BAR, (6, 5))
    network.load(weights)
    found = network.draw(hits, drafts, (window * STEPS + step, drum), uniforms)

    spread = np.zeros((windows, STEPS, 2, CLASSES), np.float32)
    spread[window, step, :, drum] = drafts
    features = dynamics_features(
        hits, spread, (window, step, drum), steps_per_bar=STEPS_PER_BAR, xp=np
    )
    told = plain(weights, features)
    velocity = draw_from_bins(told[:, :VELOCITY_BINS], uniforms[:, 0], np)
    offset = draw_from_bins(told[:, VELOCITY_BINS:], uniforms[:, 1], np)
    expected = np.stack([velocity, 2 * offset - 1], axis=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_no_hits(weights):
    network = Dynamics(CLASSES, STEPS_PER_BAR, (6, 5))
    network.load(weights)
    hits = np.zeros((2, STEPS, CLASSES), np.float32)
    none, nowhere = np.zeros((0, 2), np.float32), np.zeros(0, np.int64)
    assert network.draw(hits, none, (nowhere, nowhere), none).shape == (0, 2)


def test_bins_that_are_never_drawn():
    logits = np.full((2, VELOCITY_BINS), -1e4, np.float32)
    logits[:, 3] = 0
    drawn = draw_from_bins(logits, np.array([0.25, 0.5], np.float32), np)
    np.testing.assert_allclose(drawn * VELOCITY_BINS, [3.25, 3.5], atol=1e-5)
