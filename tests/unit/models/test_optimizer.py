"""Adam as its authors wrote it down, on each backend's own fast path."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from groovekit.configs.base import get_config
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.models.family import family_of
from groovekit.models.optimizer import ClippedAdam, DecayToMinimum

SHAPES = ((3, 4), (5,))
STEPS = 6


def adam(values, gradients, rate):
    """Kingma and Ba (2015), Algorithm 1 with the order of section 2's end."""
    moments = [(np.zeros_like(value), np.zeros_like(value)) for value in values]
    values = [value.astype(np.float64) for value in values]
    for step, row in enumerate(gradients, start=1):
        factor = rate(step - 1) * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        for index, gradient in enumerate(row):
            m, v = moments[index]
            m = 0.9 * m + 0.1 * gradient
            v = 0.999 * v + 0.001 * gradient**2
            moments[index] = m, v
            values[index] -= factor * m / (np.sqrt(v) + 1e-8)
    return values


@pytest.mark.backends
def test_adam_without_clipping():
    rng = np.random.default_rng(0)
    start = [rng.standard_normal(shape).astype(np.float32) for shape in SHAPES]
    # Their joint norm is below 1.
    gradients = [
        [rng.uniform(-0.2, 0.2, shape).astype(np.float32) for shape in SHAPES]
        for _ in range(STEPS)
    ]
    variables = [keras.Variable(value) for value in start]
    optimizer = ClippedAdam(DecayToMinimum(1e-2, 1e-3, 0.5), grad_clip=1.0)
    optimizer.build(variables)
    for row in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in row], variables)
    expected = adam(start, gradients, lambda step: 9e-3 * 0.5**step + 1e-3)
    for variable, value in zip(variables, expected, strict=True):
        found = backend.to_numpy(variable.value)
        np.testing.assert_allclose(found, value, rtol=0, atol=1e-6)
    assert int(backend.to_numpy(optimizer.iterations.value)) == STEPS


@pytest.mark.backends
def test_amsgrad_is_keras_own():
    found = []
    for optimizer in (
        ClippedAdam(1e-2, amsgrad=True),
        keras.optimizers.Adam(1e-2, amsgrad=True, epsilon=1e-8),
    ):
        variable = keras.Variable(np.zeros(3, np.float32))
        optimizer.build([variable])
        # The largest second moment is kept while gradients shrink.
        for size in (0.2, 1e-3, 1e-3, 1e-3):
            gradient = keras.ops.convert_to_tensor(np.full(3, size, np.float32))
            optimizer.apply([gradient], [variable])
        found.append(backend.to_numpy(variable.value))
    np.testing.assert_allclose(*found, rtol=1e-6)


@pytest.mark.backends
@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_averages_weigh_only_what_was_seen(decay):
    variable = keras.Variable(np.full(3, 100.0, np.float32))
    optimizer = ClippedAdam(1.0, use_ema=True, ema_momentum=decay)
    optimizer.build([variable])
    seen = []
    for _ in range(STEPS):
        optimizer.apply([keras.ops.ones(3)], [variable])
        seen.append(np.array(backend.to_numpy(variable.value), np.float64))
        shares = decay ** np.arange(len(seen))[::-1]
        expected = shares @ np.stack(seen) / shares.sum()
        optimizer.finalize_variable_values([variable])
        found = backend.to_numpy(variable.value)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        variable.assign(seen[-1].astype(np.float32))


@pytest.mark.parametrize(
    ("name", "first"), [("mask-groove", 0.25), ("par-drums_2bar", 0)]
)
def test_warm_up_and_cosine(name, first):
    config = get_config(name).with_overrides(
        {
            "training.steps": 24,
            "training.warmup_steps": 4,
            "training.learning_rate": 1e-2,
        }
    )
    optimizer = family_of(config).optimizer(config, build_model(config))
    rates = np.array([float(optimizer._learning_rate(step)) for step in range(25)])
    np.testing.assert_allclose(rates[0], first * 1e-2, atol=1e-9)
    np.testing.assert_allclose(np.diff(rates[:4]), 0.25e-2, rtol=1e-4)
    falling = 0.5e-2 * (1 + np.cos(np.pi * np.arange(21) / 20))
    np.testing.assert_allclose(rates[4:], falling, atol=1e-7)
