"""How large a config's model is, without building it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from groovekit.models.family import family_of
from groovekit.models.runtimes.numpy.layer import NoTwinError

if TYPE_CHECKING:
    from groovekit.configs.base import Config


@dataclasses.dataclass(frozen=True)
class NetworkSize:
    """What a model holds, and what one window costs.

    Attributes:
      parameters: trainable numbers.
      multiplications: of weights with activations, forward, a window.
      activations: numbers kept for the backward pass, a window.
    """

    parameters: int
    multiplications: int
    activations: int


def network_size(config: Config) -> NetworkSize | None:
    """The size of a config's model, as its layers tell it.

    None where a part has no twin in NumPy (:mod:`groovekit.models.runtimes.numpy`):
    such models have to be built to be counted.
    """
    try:
        network = family_of(config).network(config)
    except NoTwinError:
        return None
    converter = config.converter
    cost = network.cost(converter.steps)
    inputs = (converter.input_depth + converter.control_depth) * converter.steps
    return NetworkSize(
        network.parameters, cost.multiplications, cost.activations + inputs
    )
