"""Adam with the original's gradient clipping and learning rate."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models import backend, schedules
from groovekit.models.protocols import Optimizer, Variables

Tensor = Any

CLIP_MODES = ("global_norm", "value")

# On PyTorch Keras makes a subclass that updates all variables together.
_Adam: Any = type(keras.optimizers.Adam())


@keras.saving.register_keras_serializable(package="groovekit")
class DecayToMinimum(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate of :func:`groovekit.models.schedules.learning_rate`.

    Args:
      initial: rate at step 0.
      minimum: rate approached in the end.
      decay_rate: factor of the difference a step.
    """

    def __init__(self, initial: float, minimum: float, decay_rate: float) -> None:
        self.initial = initial
        self.minimum = minimum
        self.decay_rate = decay_rate

    def __call__(self, step: Tensor) -> Tensor:
        """The rate at ``step``."""
        return schedules.learning_rate(
            step,
            initial=self.initial,
            minimum=self.minimum,
            decay_rate=self.decay_rate,
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "initial": self.initial,
            "minimum": self.minimum,
            "decay_rate": self.decay_rate,
        }


@keras.saving.register_keras_serializable(package="groovekit")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises in a line, from the first step on, and falls in half a cosine.

    Keras's own schedule has a rate of 0 at the first step of its warm-up.

    Args:
      peak: rate after the rise.
      minimum: rate from ``steps`` on.
      warmup: steps of the rise.
      steps: at which the fall ends.
    """

    def __init__(self, peak: float, minimum: float, warmup: int, steps: int) -> None:
        self.peak = peak
        self.minimum = minimum
        self.warmup = warmup
        self.steps = steps

    def __call__(self, step: Tensor) -> Tensor:
        """The rate at ``step``."""
        step = ops.cast(step, "float32")
        rising = self.peak * (step + 1.0) / max(self.warmup, 1)
        done = (step - self.warmup) / (self.steps - self.warmup)
        share = 0.5 + 0.5 * ops.cos(math.pi * ops.clip(done, 0.0, 1.0))
        falling = self.minimum + (self.peak - self.minimum) * share
        return ops.where(step < self.warmup, rising, falling)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "peak": self.peak,
            "minimum": self.minimum,
            "warmup": self.warmup,
            "steps": self.steps,
        }


def global_norm(gradients: list[Tensor]) -> Tensor:
    """Euclidean norm of all gradients together."""
    squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients]
    return ops.sqrt(ops.sum(ops.stack(squares)))


def clip(
    gradients: list[Tensor], *, mode: str, limit: float, zero_above: float
) -> list[Tensor]:
    """Clips gradients as ``music_vae_train.py`` of the original does.

    Args:
      gradients: one for each variable.
      mode: ``global_norm`` scales all so that their joint norm is at most
        ``limit``, and sets all to zero where it is ``zero_above`` or more;
        ``value`` limits each entry to [-limit, limit].
      limit: see ``mode``.
      zero_above: see ``mode``.
    """
    if mode == "value":
        return [ops.clip(g, -limit, limit) for g in gradients]
    norm = global_norm(gradients)
    scale = limit / ops.maximum(norm, limit)
    # Chosen, not multiplied by zero: infinite gradients must go as well.
    return [
        ops.where(norm < zero_above, g * ops.cast(scale, g.dtype), ops.zeros_like(g))
        for g in gradients
    ]


@keras.saving.register_keras_serializable(package="groovekit")
class ClippedAdam(_Adam):
    """Adam (Kingma and Ba, 2015; epsilon 1e-8) on clipped gradients.

    Args:
      learning_rate: a number or schedule.
      clip_mode: ``global_norm`` or ``value``; see :func:`clip`.
      grad_clip: limit of the norm or of the values.
      grad_norm_clip_to_zero: norm from which on gradients are discarded.
      **kwargs: of ``keras.optimizers.Adam``.

    Raises:
      ConfigError: unknown ``clip_mode``.
    """

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        *,
        clip_mode: str = "global_norm",
        grad_clip: float = 1.0,
        grad_norm_clip_to_zero: float = 10000.0,
        **kwargs: Any,
    ) -> None:
        if clip_mode not in CLIP_MODES:
            raise ConfigError(
                f"clip_mode must be one of {', '.join(CLIP_MODES)}; "
                f"received {clip_mode!r}."
            )
        super().__init__(learning_rate, **{"epsilon": 1e-8, **kwargs})
        self.clip_mode = clip_mode
        self.grad_clip = grad_clip
        self.grad_norm_clip_to_zero = grad_norm_clip_to_zero

    def apply(self, grads: list[Tensor], trainable_variables: Any = None) -> Any:
        """Clips ``grads``, then updates the variables."""
        clipped = clip(
            list(grads),
            mode=self.clip_mode,
            limit=self.grad_clip,
            zero_above=self.grad_norm_clip_to_zero,
        )
        return super().apply(clipped, trainable_variables)

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Any) -> None:
        """One variable's update; on TensorFlow in one operation, as in the original.

        Keras's own takes sixteen, each of which passes over all weights.
        """
        if backend.name() != backend.TENSORFLOW or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf  # noqa: TID251 - Keras has no such operation

        index = self._get_variable_index(variable)
        step = ops.cast(self.iterations + 1, variable.dtype)
        powers = {
            f"beta{number}_power": ops.power(ops.cast(beta, variable.dtype), step)
            for number, beta in ((1, self.beta_1), (2, self.beta_2))
        }
        # Inside a strategy's scope Keras gives TensorFlow's variable itself.
        own = variable if hasattr(variable, "handle") else variable.value
        tf.raw_ops.ResourceApplyAdam(
            var=own.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            lr=ops.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=ops.cast(gradient, variable.dtype),
            **powers,
        )

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        """Averages the weights over the steps done, without those of the start.

        Keras starts from the weights after the first step, which keep a share of
        ``momentum ** (steps - 1)``: after 500 steps at 0.998 a third of the average.
        Here each step has its share of what was seen: ``1 - momentum`` at the newest,
        falling by ``momentum`` a step, divided by ``1 - momentum ** steps``.
        """
        step = ops.cast(self.iterations + 1, "float32")
        seen = -ops.expm1(step * math.log(self.ema_momentum))
        share = (1 - self.ema_momentum) / seen
        for variable, average in zip(
            trainable_variables, self._model_variables_moving_average, strict=True
        ):
            change = ops.subtract(variable, average)
            average.assign(average + ops.cast(share, average.dtype) * change)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "clip_mode": self.clip_mode,
            "grad_clip": self.grad_clip,
            "grad_norm_clip_to_zero": self.grad_norm_clip_to_zero,
        }


def averages(optimizer: Optimizer) -> bool:
    """Whether the optimiser keeps a running average of the weights."""
    return bool(_unscaled(optimizer).use_ema)


@contextlib.contextmanager
def averaged(model: Variables, optimizer: Optimizer) -> Iterator[None]:
    """Gives the model its weights' running averages inside the block.

    Nothing changes where the optimiser keeps none.

    Args:
      model: a Keras model.
      optimizer: that trains it.
    """
    # Before the first step there is nothing to average.
    if not averages(optimizer) or not int(_unscaled(optimizer).iterations):
        yield
        return
    variables = model.trainable_variables
    trained = [backend.to_numpy(v.value).copy() for v in variables]
    _unscaled(optimizer).finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, trained, strict=True):
            variable.assign(value)


def _unscaled(optimizer: Optimizer) -> Any:
    """The optimiser inside one that scales losses."""
    return getattr(optimizer, "inner_optimizer", optimizer)
