"""Networks of dense layers whose outputs are added to something else, in NumPy.

See :class:`groovekit.models.residual.ResidualMLP`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from groovekit.models.runtimes.numpy.layer import Layer, Shape
from groovekit.models.runtimes.numpy.lstm import Dense

# Keras's own.
_NORM_EPSILON = 1e-3
# What GELU's tanh form is made of: tanh(x (a + a b x^2)).
_GELU_A = np.float32(math.sqrt(2.0 / math.pi))
_GELU_AB = np.float32(math.sqrt(2.0 / math.pi) * 0.044715)


class Norm(Layer):
    """Scale and shift of a layer normalisation, which the next layer's weights take.

    Args:
      units: size of what is normalised.
    """

    gamma: np.ndarray
    beta: np.ndarray

    def __init__(self, units: int) -> None:
        self._units = units

    def own_shapes(self) -> dict[str, Shape]:
        """Scale and shift."""
        return {"gamma": (self._units,), "beta": (self._units,)}

    def take(self, **weights: np.ndarray) -> None:
        """Scale and shift."""
        self.gamma, self.beta = weights["gamma"], weights["beta"]


class ResidualMLP(Layer):
    """See :class:`groovekit.models.residual.ResidualMLP`.

    A norm's scale and shift are multiplied into the weights of the layer behind it
    when they are loaded, which saves passes over the activations.
    """

    def __init__(self, inputs: int, sizes: Sequence[int], outputs: int) -> None:
        depths = [inputs, *sizes]
        self._hidden = [Dense(a, b) for a, b in zip(depths, sizes, strict=False)]
        self._norms = [Norm(units) for units in sizes]
        self._last = Dense(depths[-1], outputs)

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """Hidden layers, their norms, and the last one."""
        pairs = zip(self._hidden, self._norms, strict=True)
        for index, (dense, norm) in enumerate(pairs):
            yield f"hidden.{index}", dense
            yield f"norms.{index}", norm
        yield "last", self._last

    def load(self, weights: Mapping[str, np.ndarray], prefix: str = "") -> None:
        """See :class:`Layer`."""
        super().load(weights, prefix)
        layers = [*self._hidden[1:], self._last]
        for norm, dense in zip(self._norms, layers, strict=True):
            dense.bias = dense.bias + norm.beta @ dense.kernel
            dense.kernel = norm.gamma[:, None] * dense.kernel

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``(batch, inputs)`` to ``(batch, outputs)``."""
        if not self._hidden:
            return self._last(x)
        return self.behind_first(self._hidden[0](x))

    def behind_first(self, x: np.ndarray) -> np.ndarray:
        """What follows the response ``(batch, units)`` of the first hidden layer."""
        for dense in self._hidden[1:]:
            x = dense(_activate(x))
        return self._last(_activate(x))


def _activate(x: np.ndarray) -> np.ndarray:
    """GELU and what layer normalisation is without scale and shift, ``(batch, units)``.

    In as few passes as will do, and without halving the GELU, which is undone by the
    normalisation but for its epsilon.
    """
    units = x.shape[-1]
    y: np.ndarray = x * x
    y *= _GELU_AB
    y += _GELU_A
    y *= x
    np.tanh(y, out=y)
    y += 1
    y *= x
    # A product sums faster than `mean`.
    y -= (y @ np.full(units, 1 / units, np.float32))[:, None]
    variance = np.einsum("ij,ij->i", y, y)
    variance /= units
    variance += np.float32(4 * _NORM_EPSILON)
    y *= (1 / np.sqrt(variance))[:, None]
    return y
