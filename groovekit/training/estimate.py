"""What a training run will cost, before it starts. Rough by nature."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from groovekit.models.size import NetworkSize, network_size
from groovekit.training import machine

if TYPE_CHECKING:
    from groovekit.configs.base import Config

_BYTES = 4


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Cost of training.

    Attributes:
      parameters: trainable numbers.
      memory: bytes that weights, optimiser and one batch take.
      available: bytes of free memory of this machine; None if unknown.
      step_seconds: of one step on this CPU; None if unknown.
      batch_size: windows a step.
    """

    parameters: int
    memory: int
    available: int | None
    step_seconds: float | None
    batch_size: int

    @property
    def fits(self) -> bool:
        """Whether there is memory enough, as far as known."""
        return self.available is None or self.memory <= self.available

    @property
    def fitting_batch_size(self) -> int:
        """A power of two that should fit; 0 where not even one window does."""
        if self.available is None:
            return self.batch_size
        fixed = self.parameters * 4 * _BYTES
        window = (self.memory - fixed) / self.batch_size
        if self.available < fixed + window:
            return 0
        room = max(self.available - fixed, 1) / max(self.memory - fixed, 1)
        size = max(1, int(self.batch_size * min(room, 1.0)))
        return 1 << (size.bit_length() - 1)


def estimate(
    config: Config,
    batch_size: int,
    *,
    on_cpu: bool,
    timed: bool = True,
    model: Any = None,
) -> Estimate:
    """Estimates memory and time of training steps.

    Args:
      config: of the model.
      batch_size: windows a step.
      on_cpu: whether this CPU computes: then its memory counts.
      timed: time a matrix product of this CPU to tell seconds a step.
      model: built from ``config``; needed only where a plug-in's parts cannot be
        counted without building them (see
        :func:`groovekit.models.size.network_size`).

    Raises:
      ValueError: no model, where one is needed.
    """
    size = network_size(config)
    if size is None:
        if model is None:
            raise ValueError(f"{config.name} has to be built to be estimated.")
        size = _size_of(model, config)
    # Weights, gradients and Adam's two moments.
    memory = _BYTES * (4 * size.parameters + size.activations * batch_size)
    seconds = None
    if on_cpu and timed:
        # Forward and backward passes multiply three times, and a product is two
        # operations. LSTMs reach about half of what one large product does.
        operations = 6.0 * size.multiplications * batch_size
        seconds = operations / (0.5 * machine.matrix_rate())
    available = machine.available_memory() if on_cpu else None
    return Estimate(size.parameters, memory, available, seconds, batch_size)


def _size_of(model: Any, config: Config) -> NetworkSize:
    """A guess from the weights alone: all used at every step."""
    parameters = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    steps = config.converter.steps
    # What each kernel makes of its inputs is kept.
    width = sum(v.shape[-1] for v in model.trainable_variables if len(v.shape) > 1)
    width += config.converter.input_depth + config.converter.output_depth
    return NetworkSize(parameters, parameters * steps, 2 * width * steps)


def too_large(batch_size: int) -> str:
    """What to do about a batch that memory did not hold."""
    return (
        f"A batch of {batch_size} windows does not fit into memory. "
        f"Try `batch_size={max(1, batch_size // 2)}`."
    )
