"""Parts of networks in NumPy: what they hold and cost is known without weights.

The twin of a network is also its description. Names and shapes of weights, with which
files are compared, and the work that a window costs are those of its layers.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

Shape = tuple[int, ...]


class NoTwinError(Exception):
    """A network of which something has no twin in NumPy; says what."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one window costs.

    Attributes:
      multiplications: of weights with activations, forward.
      activations: numbers kept for the backward pass.
    """

    multiplications: int = 0
    activations: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.multiplications + other.multiplications,
            self.activations + other.activations,
        )


class Layer:
    """A part of a network: weights of its own, or parts that have some.

    Made of sizes alone; :meth:`load` gives it its weights. Names are the attributes
    that hold the same layers and weights in Keras, joined by dots.
    """

    def own_shapes(self) -> dict[str, Shape]:
        """Shapes of the layer's own weights, in the order of Keras's variables."""
        return {}

    def take(self, **weights: np.ndarray) -> None:
        """Takes the layer's own weights, float32, by their names."""

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The layers in it with their names, in the order of Keras's variables."""
        return iter(())

    def cost(self, steps: int) -> Cost:
        """What a window costs in which the layer is used so many times."""
        return sum((part.cost(steps) for _, part in self.parts()), Cost())

    def shapes(self, prefix: str = "") -> dict[str, Shape]:
        """Shapes of all weights by name, in the order of Keras's variables."""
        found = {prefix + name: shape for name, shape in self.own_shapes().items()}
        for name, part in self.parts():
            found |= part.shapes(f"{prefix}{name}.")
        return found

    def load(self, weights: Mapping[str, np.ndarray], prefix: str = "") -> None:
        """Gives the layer and its parts their weights, one array after the other."""
        own = {
            name: np.asarray(weights[prefix + name], np.float32)
            for name in self.own_shapes()
        }
        if own:
            self.take(**own)
        for name, part in self.parts():
            part.load(weights, f"{prefix}{name}.")

    @property
    def parameters(self) -> int:
        """How many trainable numbers it holds."""
        return sum(map(math.prod, self.shapes().values()))


def numbered(name: str, parts: Iterable[Layer]) -> Iterator[tuple[str, Layer]]:
    """The names of a list's parts: ``cores.0``, ``cores.1``, ..."""
    return ((f"{name}.{index}", part) for index, part in enumerate(parts))
