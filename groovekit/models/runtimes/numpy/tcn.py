"""Residual temporal convolutions in NumPy; what the masked model's network is in Keras.

See :mod:`groovekit.models.masked.network`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from groovekit.models.masked.constants import EPSILON, GROUPS, MEAN_SHARE
from groovekit.models.runtimes.numpy.layer import Cost, Layer, Shape, numbered
from groovekit.models.runtimes.numpy.lstm import Dense

# What gelu's approximation by a hyperbolic tangent is made of.
_GELU_SCALE = np.float32(math.sqrt(2 / math.pi))
_GELU_CUBE = np.float32(0.044715)


def gelu(x: np.ndarray) -> np.ndarray:
    """The Gaussian error linear unit, by its approximation with a tanh."""
    inner = np.tanh(_GELU_SCALE * (x + _GELU_CUBE * x * x * x))
    return np.asarray(np.float32(0.5) * x * (1 + inner))


class GroupNorm(Layer):
    """Normalises groups of channels over the steps of each window.

    Args:
      channels: of the input.
      groups: a divisor of them.
    """

    gamma: np.ndarray
    beta: np.ndarray

    def __init__(self, channels: int, groups: int) -> None:
        self.channels = channels
        self.groups = groups

    def own_shapes(self) -> dict[str, Shape]:
        """Scale and shift of each channel."""
        return {"gamma": (self.channels,), "beta": (self.channels,)}

    def take(self, **weights: np.ndarray) -> None:
        """Scale and shift."""
        self.gamma, self.beta = weights["gamma"], weights["beta"]

    def cost(self, steps: int) -> Cost:
        """No products of matrices; its output is kept."""
        return Cost(0, self.channels * steps)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``(batch, steps, channels)`` to the same shape."""
        batch, steps, channels = x.shape
        grouped = x.reshape(batch, steps, self.groups, channels // self.groups)
        mean = grouped.mean((1, 3), keepdims=True)
        variance = grouped.var((1, 3), keepdims=True)
        grouped = (grouped - mean) / np.sqrt(variance + np.float32(EPSILON))
        return np.asarray(grouped.reshape(x.shape) * self.gamma + self.beta)


class DilatedBlock(Layer):
    """``x + 1x1(gelu(norm(convolution of width 3)))``.

    Args:
      channels: of input and output.
      dilation: steps from one of the three to the next.
      groups: of the normalisation.
    """

    def __init__(self, channels: int, dilation: int, *, groups: int = GROUPS) -> None:
        self.dilation = dilation
        self.narrow = Dense(channels, channels)
        self.norm = GroupNorm(channels, groups)
        self.wide = Dense(3 * channels, channels)

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """In the order of Keras's variables."""
        yield "wide", self.wide
        yield "norm", self.norm
        yield "narrow", self.narrow

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``(batch, steps, channels)`` to the same shape."""
        d, steps = self.dilation, x.shape[1]
        padded = np.pad(x, ((0, 0), (d, d), (0, 0)))
        taps = [padded[:, :steps], x, padded[:, 2 * d :]]
        hidden = self.norm(self.wide(np.concatenate(taps, axis=-1)))
        return np.asarray(x + self.narrow(gelu(hidden)))


class ResidualTCN(Layer):
    """Dilated blocks, after each of which the window's mean is added.

    Args:
      channels: width.
      dilations: one a block.
      steps_per_bar: positions in a bar.
      input_depth: size of the inputs' last axis.
    """

    positions: np.ndarray

    def __init__(
        self,
        channels: int,
        dilations: tuple[int, ...],
        *,
        steps_per_bar: int,
        input_depth: int,
    ) -> None:
        self.channels = channels
        self.steps_per_bar = steps_per_bar
        self.project = Dense(input_depth, channels)
        self.blocks = [DilatedBlock(channels, d) for d in dilations]
        self.shared = Dense(channels, channels)

    def own_shapes(self) -> dict[str, Shape]:
        """An embedding of each position in a bar."""
        return {"positions": (self.steps_per_bar, self.channels)}

    def take(self, **weights: np.ndarray) -> None:
        """The embeddings."""
        self.positions = weights["positions"]

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """In the order of Keras's variables."""
        yield "project", self.project
        yield from numbered("blocks", self.blocks)
        yield "shared", self.shared

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``(batch, steps, input_depth)``, whole bars, to ``(..., channels)``."""
        bars = x.shape[1] // self.steps_per_bar
        x = self.project(x)
        x += np.tile(self.positions, (bars, 1))
        for block in self.blocks:
            x = block(x)
            x += np.float32(MEAN_SHARE) * self.shared(x.mean(1, keepdims=True))
        return x


class MaskedNetwork(Layer):
    """All that a masked model is made of.

    Args:
      classes: drum classes.
      input_depth: channels of a step of the inputs.
      steps_per_bar: of the grid.
      channels: width of the network.
      dilations: of its blocks.
      logits: of a drum.
    """

    def __init__(
        self,
        *,
        classes: int,
        input_depth: int,
        steps_per_bar: int,
        channels: int,
        dilations: tuple[int, ...],
        logits: int,
    ) -> None:
        self.classes = classes
        self.body = ResidualTCN(
            channels,
            dilations,
            steps_per_bar=steps_per_bar,
            input_depth=input_depth,
        )
        self.head = Dense(channels, classes * logits)

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """In the order of Keras's variables."""
        yield "body", self.body
        yield "head", self.head

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """``(batch, steps, input_depth)`` to ``(batch, steps, classes, logits)``."""
        logits = self.head(self.body(inputs))
        return logits.reshape(*inputs.shape[:2], self.classes, -1)
