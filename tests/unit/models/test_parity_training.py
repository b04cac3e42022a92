"""The original's gradients and training steps, met by ours on the backend in use.

Tolerances: 1e-4 of an array's largest value; 1e-3 for changes of weights, leaving out
entries whose gradient is next to nothing.
"""

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest
from helpers import original
from helpers.original import MODELS, assert_met, batch_of

from groovekit.models import backend, optimizer
from groovekit.models.builder import build_optimizer
from groovekit.models.optimizer import global_norm

pytestmark = pytest.mark.backends


@pytest.fixture(params=MODELS, scope="module")
def case(request):
    return original.build_with_defects(request.param)


@functools.lru_cache(maxsize=2)
def compiled_gradients(model):
    """Compiled once a model: compiling takes longer than all else here."""
    return backend.gradients(model, model.training_loss)


def test_gradients(case):
    model, _, arrays, _ = case
    eps = arrays["in/eps"].astype(np.float32)
    _, gradients = compiled_gradients(model)(*batch_of(arrays), np.float32(1000), eps)
    assert float(backend.to_numpy(global_norm(gradients))) == pytest.approx(
        float(arrays["grad1000_global_norm"]), rel=1e-4
    )
    by_variable = {
        id(v): backend.to_numpy(g)
        for v, g in zip(model.trainable_variables, gradients, strict=True)
    }
    pairs = original.variables(model, arrays, "grad1000")
    assert len(pairs) >= 9
    for variable, theirs in pairs:
        assert_met(by_variable[id(variable)], theirs, what=variable.path)


def assert_changes_met(model, arrays, before, gradients):
    changes = {
        id(v): (backend.to_numpy(v.value) - b, g)
        for v, b, g in zip(model.trainable_variables, before, gradients, strict=True)
    }
    pairs = original.variables(model, arrays, "train/delta")
    assert len(pairs) >= 9
    compared = 0
    for variable, theirs in pairs:
        ours, gradient = changes[id(variable)]
        # Adam divides by the gradient's size: noise decides where it is tiny.
        clear = np.abs(gradient) >= 1e-5 * np.max(np.abs(gradient))
        limit = 1e-3 * np.max(np.abs(theirs))
        assert np.all(np.abs(ours - theirs)[clear] <= limit), variable.path
        compared += int(clear.sum())
    assert compared > 0


def test_three_training_steps(case):
    model, config, arrays, _ = case
    adam = build_optimizer(config, model)
    compute = compiled_gradients(model)
    before = [backend.to_numpy(v.value) for v in model.trainable_variables]
    eps, batch = arrays["in/eps"].astype(np.float32), batch_of(arrays)
    trained, norms, first_gradients = [], [], None
    try:
        for step in range(3):
            (loss, _), gradients = compute(*batch, np.float32(step), eps)
            trained.append(float(backend.to_numpy(loss)))
            norms.append(float(backend.to_numpy(global_norm(gradients))))
            if first_gradients is None:
                first_gradients = [backend.to_numpy(g) for g in gradients]
            adam.apply(list(gradients), model.trainable_variables)
        (loss, _), _ = compute(*batch, np.float32(3), eps)
        trained.append(float(backend.to_numpy(loss)))
        assert_met(trained, arrays["train/losses"], what="losses")
        assert_met(norms, arrays["train/global_norms"], what="global norms")
        assert_changes_met(model, arrays, before, first_gradients)
    finally:
        # Other tests use this model's weights.
        for variable, value in zip(model.trainable_variables, before, strict=True):
            variable.assign(value)


@pytest.mark.parametrize("name", ["groovae_4bar", "hierdec-mel_16bar"])
def test_three_compiled_training_steps(name):
    model, config, arrays, _ = original.build(name)
    update = backend.train_step(
        model, build_optimizer(config, model), model.training_loss
    )
    eps, batch = arrays["in/eps"].astype(np.float32), batch_of(arrays)
    scalars = [update(*batch, np.float32(step), eps) for step in range(3)]
    trained = [float(backend.to_numpy(row["loss"])) for row in scalars]
    norms = [float(backend.to_numpy(row["global_norm"])) for row in scalars]
    assert_met(trained, arrays["train/losses"][:3], what="losses")
    assert_met(norms, arrays["train/global_norms"], what="global norms")


@pytest.mark.parametrize(
    ("first", "expected"),
    [(3.0, [0.6, 0.8]), (20.0, [0, 0]), (np.inf, [0, 0]), (np.nan, [0, 0])],
)
def test_gradients_too_large_or_infinite_are_discarded(first, expected):
    gradient = keras.ops.convert_to_tensor(np.asarray([first, 4.0], np.float32))
    clipped = optimizer.clip([gradient], mode="global_norm", limit=1.0, zero_above=10.0)
    np.testing.assert_allclose(backend.to_numpy(clipped[0]), expected, rtol=1e-6)
