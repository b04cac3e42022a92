"""Fast ways of running LSTM layers equal the plain ones, gradients included."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from groovekit.models import backend, recurrence
from groovekit.models.decoders.lstm import LSTMDecoder
from groovekit.models.feed import Feed
from groovekit.models.heads.base import Part
from groovekit.models.heads.categorical import CategoricalHead
from groovekit.models.lstm import LSTMStack

pytestmark = pytest.mark.backends

BATCH, STEPS, DEPTH, UNITS, Z = 3, 5, 4, 6, 2
RNG = np.random.default_rng(0)
X = RNG.normal(size=(BATCH, STEPS, DEPTH)).astype(np.float32)
STATE = [RNG.normal(size=(BATCH, UNITS)).astype(np.float32) for _ in range(2)]
WEIGHING = RNG.normal(size=(BATCH, STEPS, UNITS)).astype(np.float32)


def randomised(made):
    """Larger weights than the initial ones: every input makes a difference."""
    for variable in made.weights:
        if "seed" not in variable.path:
            value = RNG.normal(0, 0.5, variable.shape).astype(np.float32)
            variable.assign(value)
    return made


class Owner(keras.Model):
    """A model of one layer and of variables in place of its inputs."""

    def __init__(self, layer, *values):
        super().__init__()
        self.layer = layer
        self.values = [self.add_weight(shape=value.shape) for value in values]
        for variable, value in zip(self.values, values, strict=True):
            variable.assign(value)


def gradients_of(model, function):
    """Loss and gradients, compiled and by themselves."""
    (loss, _), found = backend.gradients(model, lambda: (function(), 0.0))()
    return [backend.to_numpy(value) for value in (loss, *found)]


def assert_near(ours, theirs, tolerance=1e-5):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def weighed(outputs, state):
    # Every output and both parts of the last state matter, each differently.
    hidden, cell = state
    weights = ops.convert_to_tensor(WEIGHING)
    return (
        ops.sum(outputs * weights)
        + ops.sum(hidden * weights[:, 0])
        + ops.sum(ops.square(cell))
    )


def lstm_layer():
    layer = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True)
    layer.build((None, None, DEPTH))
    return randomised(layer)


@pytest.mark.parametrize("with_state", [True, False])
def test_training_equals_keras(with_state):
    model = Owner(lstm_layer(), X, *STATE)

    def ours():
        x, *state = model.values
        state = tuple(state) if with_state else None
        return weighed(*recurrence.lstm(model.layer, x, state, training=True))

    def plain():
        x, *state = model.values
        state = state if with_state else None
        outputs, *last = model.layer(x, initial_state=state)
        return weighed(outputs, last)

    if not with_state:
        model.values[1].trainable = model.values[2].trainable = False
    assert_near(gradients_of(model, ours), gradients_of(model, plain))


def test_one_step_and_one_sequence():
    model = Owner(lstm_layer(), X[:1, :1])
    outputs, (hidden, _) = backend.inference(
        model, lambda x: recurrence.lstm(model.layer, x, None, training=True)
    )(X[:1, :1])
    plain = backend.inference(model, lambda x: model.layer(x)[0])(X[:1, :1])
    assert_near([backend.to_numpy(outputs)], [backend.to_numpy(plain)])
    assert_near([backend.to_numpy(hidden)], [backend.to_numpy(plain)[:, 0]])


@pytest.mark.parametrize("residual", [False, True])
def test_looked_up_inputs_equal_multiplied_ones(residual):
    stack = randomised(LSTMStack((UNITS, UNITS), DEPTH, residual=residual, seed=1))
    if not stack.takes_projected(training=True):
        pytest.skip("this backend's LSTM multiplies its inputs itself")
    labels = np.array([[-1, 1, 0, 0, 1], [-1, 0, 1, 1, 1], [1, 0, -1, 1, 0]], np.int32)
    # The last row stands for -1.
    one_hot = np.array([[1, 0], [0, 1], [0, 0]], np.float32)[labels]
    rest = X[..., : DEPTH - 2]
    model = Owner(stack, rest)

    def looked_up():
        x = stack.look_up(ops.convert_to_tensor(labels)) + stack.project(
            model.values[0], first=2
        )
        outputs, _, state = stack(x, projected=True, training=True)
        return weighed(outputs, state[-1])

    def multiplied():
        x = ops.concatenate([ops.convert_to_tensor(one_hot), model.values[0]], axis=-1)
        outputs, _, state = stack(x, training=False)
        return weighed(outputs, state[-1])

    assert_near(gradients_of(model, looked_up), gradients_of(model, multiplied))


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("control_depth", [0, 3])
def test_scheduled_sampling_equals_its_loop(residual, control_depth):
    """Feeding the loop's samples again gives the loop's logits and gradients."""
    head = CategoricalHead((Part("label", 5, "categorical"),))
    decoder = randomised(
        LSTMDecoder(
            (UNITS, 4), Z, head, control_depth=control_depth, residual=residual, seed=1
        )
    )
    z = RNG.normal(size=(BATCH, Z)).astype(np.float32)
    targets = np.eye(5, dtype=np.float32)[RNG.integers(0, 5, (BATCH, STEPS))]
    options = {
        "use_sample": RNG.random((STEPS, BATCH)).T < 0.5,
        "uniforms": RNG.random((STEPS, BATCH, 1), np.float32).transpose(1, 0, 2),
        "controls": None,
    }
    if control_depth:
        shape = (BATCH, STEPS, control_depth)
        options["controls"] = RNG.normal(size=shape).astype(np.float32)
    model = Owner(decoder, z)

    def loss(training):
        def run():
            true = ops.convert_to_tensor(targets)
            given = {
                name: None if value is None else ops.convert_to_tensor(value)
                for name, value in options.items()
            }
            feed = Feed(targets=true, training=training, **given)
            logits = decoder.decode(model.values[0], STEPS, feed).outputs
            return ops.mean(head.loss(true, logits))

        return run

    assert_near(gradients_of(model, loss(True)), gradients_of(model, loss(False)))


def test_the_fused_kernel_of_jax_is_for_float32():
    fused = backend.name() != backend.JAX
    for dtype, allowed in (("float32", True), ("mixed_bfloat16", fused)):
        stack = LSTMStack((UNITS,), DEPTH, dtype=dtype)
        assert stack.lstms[0].use_cudnn == ("auto" if allowed else False)
