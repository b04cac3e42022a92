"""Quantities that change with the training step, as pure functions of it.

``step`` may be a Python number, a NumPy array or a backend's tensor; the
results are float32 tensors of the backend. Formulas: ``base_model.py`` and
``lstm_utils.py`` of the original.
"""

from __future__ import annotations

import math
from typing import Any

import keras

from groovekit.errors import ConfigError

Tensor = Any

SAMPLING_SCHEDULES = ("constant", "exponential", "inverse_sigmoid")


def beta(step: Tensor, *, max_beta: float, beta_rate: float) -> Tensor:
    """Weight of the KL term, ``(1 - beta_rate ** step) * max_beta``.

    ``0 ** 0`` counts as 1: with ``beta_rate`` 0, beta is 0 at step 0 and
    ``max_beta`` from then on.
    """
    step = keras.ops.cast(step, "float32")
    # Backends may compute a power as exp(step * log(rate)), and log(0) * 0 is NaN.
    if beta_rate == 0.0:
        decay = keras.ops.cast(keras.ops.equal(step, 0.0), "float32")
    else:
        decay = keras.ops.power(keras.ops.cast(beta_rate, "float32"), step)
    return (1.0 - decay) * max_beta


def learning_rate(
    step: Tensor, *, initial: float, minimum: float, decay_rate: float
) -> Tensor:
    """Exponential decay from ``initial`` to ``minimum``, a step at a time."""
    step = keras.ops.cast(step, "float32")
    decay = keras.ops.power(keras.ops.cast(decay_rate, "float32"), step)
    return (initial - minimum) * decay + minimum


def uses_scheduled_sampling(schedule: str, rate: float) -> bool:
    """Whether a decoder ever sees its own samples while training."""
    return not (schedule == "constant" and rate == 0)


def sampling_probability(step: Tensor, *, schedule: str, rate: float) -> Tensor:
    """Probability that a decoder's next input is its own sample (Bengio 2015).

    Args:
      step: training step.
      schedule: ``constant`` (``rate`` itself), ``exponential``
        (``1 - rate ** step``) or ``inverse_sigmoid``
        (``1 - rate / (rate + exp(step / rate))``).
      rate: in [0, 1], (0, 1) and [1, inf) respectively.

    Returns:
      A float32 scalar in [0, 1].

    Raises:
      ConfigError: unknown schedule or a rate outside its range.
    """
    check_sampling(schedule, rate)
    step = keras.ops.cast(step, "float32")
    if schedule == "constant":
        return keras.ops.cast(rate, "float32") + 0.0 * step
    if schedule == "exponential":
        return 1.0 - keras.ops.power(keras.ops.cast(rate, "float32"), step)
    # Beyond step = 80 * rate float32's exp would overflow; there the result is 1.
    exponent = keras.ops.minimum(step / rate, 80.0)
    return 1.0 - rate / (rate + keras.ops.exp(exponent))


def check_sampling(schedule: str, rate: float) -> None:
    """Raises ConfigError unless ``rate`` is in the schedule's range."""
    valid = {
        "constant": 0 <= rate <= 1,
        "exponential": 0 < rate < 1,
        "inverse_sigmoid": rate >= 1 and math.isfinite(rate),
    }
    if schedule not in valid:
        raise ConfigError(
            f"sampling_schedule must be one of {', '.join(SAMPLING_SCHEDULES)}; "
            f"received {schedule!r}."
        )
    if not valid[schedule]:
        ranges = {
            "constant": "[0, 1]",
            "exponential": "(0, 1)",
            "inverse_sigmoid": "[1, inf)",
        }
        raise ConfigError(
            f"sampling_rate of the {schedule} schedule must be in "
            f"{ranges[schedule]}; received {rate}."
        )
