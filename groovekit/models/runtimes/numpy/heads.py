"""Output heads in NumPy: sampling as in :mod:`groovekit.models.heads.base`."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np

from groovekit.models.runtimes.numpy.layer import Cost, Layer, Shape
from groovekit.models.runtimes.numpy.lstm import sigmoid

#: See :mod:`groovekit.models.heads.groove`.
LEAST_VELOCITY_SHARE, LEAST_OFFSET_SHARE = np.float32(0.05), np.float32(0.5)


class Part(Protocol):
    """A slice of a converter's layout."""

    @property
    def size(self) -> int:
        """Columns."""

    @property
    def kind(self) -> str:
        """Of its values."""


class Head(Layer, abc.ABC):
    """What a decoder's logits mean.

    Args:
      layout: the converter's slices of the outputs.

    Attributes:
      output_depth: size of samples.
      logits_depth: size of the decoder's output layer.
      noise_depth: how many uniform numbers one step's sample takes.
      forceable: whether a step's first numbers decide on its hits.
    """

    forceable: ClassVar[bool] = False

    def __init__(self, layout: Sequence[Part]) -> None:
        self.layout = tuple(layout)
        self.output_depth = sum(part.size for part in layout)
        self.logits_depth = self.output_depth
        self.noise_depth = self.output_depth

    @abc.abstractmethod
    def sample(
        self, logits: np.ndarray, uniforms: np.ndarray | None, temperature: np.ndarray
    ) -> np.ndarray:
        """Draws ``(batch, output_depth)`` from ``(batch, logits_depth)``.

        Args:
          logits: decoder outputs of one step.
          uniforms: ``(batch, noise_depth)`` in [0, 1), or None for the most
            probable values.
          temperature: float32 scalar; logits are divided by it.
        """

    def respond(self, x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        """The product of samples with as many rows of a kernel."""
        response: np.ndarray = x @ kernel[: x.shape[-1]]
        return response


class Categorical(Head):
    """Labels, one or several independent ones a step."""

    def __init__(self, layout: Sequence[Part]) -> None:
        super().__init__(layout)
        self.noise_depth = len(self.layout)
        self._slices, position = [], 0
        for part in self.layout:
            self._slices.append(slice(position, position + part.size))
            position += part.size

    def sample(
        self, logits: np.ndarray, uniforms: np.ndarray | None, temperature: np.ndarray
    ) -> np.ndarray:
        """One-hot labels, concatenated."""
        samples = [
            draw_one_hot(
                logits[:, own],
                None if uniforms is None else uniforms[:, index : index + 1],
                temperature,
            )
            for index, own in enumerate(self._slices)
        ]
        return samples[0] if len(samples) == 1 else np.concatenate(samples, axis=-1)

    def respond(self, x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        """Looks the labels' rows up; the first step has no labels."""
        if not x.any():
            return np.zeros((len(x), kernel.shape[1]), np.float32)
        total = None
        for own in self._slices:
            rows: np.ndarray = kernel[own.start + x[:, own].argmax(axis=-1)]
            total = rows if total is None else total + rows
        assert total is not None
        return total


class Boolean(Head):
    """Independent yes-or-no outputs."""

    forceable = True

    def sample(
        self, logits: np.ndarray, uniforms: np.ndarray | None, temperature: np.ndarray
    ) -> np.ndarray:
        """Draws each output; greedy: yes where the logit is at least 0."""
        if uniforms is None:
            return (logits >= 0).astype(np.float32)
        return (uniforms < sigmoid(logits / temperature)).astype(np.float32)


class Groove(Head):
    """Hits are drawn; velocities and offsets are what the model says."""

    forceable = True

    def __init__(
        self,
        layout: Sequence[Part],
        *,
        silent_weight: float = 1.0,
        velocity_weight: float = 1.0,  # noqa: ARG002 - for training
        offset_weight: float = 1.0,  # noqa: ARG002
    ) -> None:
        super().__init__(layout)
        self._silent_weight = np.float32(silent_weight)
        self.noise_depth = self.layout[0].size

    def sample(
        self, logits: np.ndarray, uniforms: np.ndarray | None, temperature: np.ndarray
    ) -> np.ndarray:
        """See :meth:`groovekit.models.heads.groove.GrooveHead.sample`."""
        classes = self.noise_depth
        hits, velocities, offsets = np.split(logits, [classes, 2 * classes], axis=1)
        drawn = np.empty_like(logits)
        drawn[:, :classes] = (
            hits > 0 if uniforms is None else uniforms < sigmoid(hits / temperature)
        )
        drawn[:, classes : 2 * classes] = sigmoid(velocities)
        np.tanh(offsets, out=drawn[:, 2 * classes :])
        weight = self._silent_weight
        if weight > 0 and uniforms is not None and (uniforms < 0).any():
            probabilities = sigmoid(hits)
            share = probabilities / (probabilities + weight * (1 - probabilities))
            share = np.where(uniforms < 0, share, np.float32(1))
            drawn[:, classes : 2 * classes] /= np.maximum(share, LEAST_VELOCITY_SHARE)
            drawn[:, 2 * classes :] /= np.maximum(share, LEAST_OFFSET_SHARE)
            np.clip(drawn, -1, 1, out=drawn)
        if weight < 1:
            drawn[:, classes : 2 * classes] *= drawn[:, :classes]
            drawn[:, 2 * classes :] *= drawn[:, :classes]
        return drawn


class GrooveBins(Head):
    """Hits, and velocities and offsets in bins: all are drawn."""

    forceable = True

    def __init__(self, layout: Sequence[Part]) -> None:
        super().__init__(layout)
        self._classes = self.layout[0].size
        self.noise_depth = 3 * self._classes

    def sample(
        self, logits: np.ndarray, uniforms: np.ndarray | None, temperature: np.ndarray
    ) -> np.ndarray:
        """Draws hits and bins; greedy: hits where the logit exceeds 0."""
        count, classes = len(logits), self._classes
        middle = classes + classes * self.layout[1].size
        hits, *bins = np.split(logits, [classes, middle], axis=1)
        noise: list[np.ndarray | None] = [None] * 3
        if uniforms is None:
            drawn = hits > 0
        else:
            noise = list(np.split(uniforms, 3, axis=1))
            drawn = noise[0] < sigmoid(hits / temperature)
        parts = [drawn.astype(np.float32)]
        for values, own in zip(bins, noise[1:], strict=True):
            one_hot = draw_one_hot(
                values.reshape(count, classes, -1),
                None if own is None else own[..., None],
                temperature,
            )
            parts.append(one_hot.reshape(count, -1))
        return np.concatenate(parts, axis=1)


class NADE(Head):
    """Binary outputs, each given those before it in the same step."""

    forceable = True

    def __init__(self, layout: Sequence[Part], *, hidden: int = 128) -> None:
        super().__init__(layout)
        self._hidden = hidden
        self.logits_depth = hidden + self.output_depth

    def own_shapes(self) -> dict[str, Shape]:
        """The two kernels of the NADE."""
        shape = (self.output_depth, self._hidden)
        return {"encoder": shape, "decoder": shape}

    def take(self, **weights: np.ndarray) -> None:
        """The two kernels of the NADE."""
        self._encoder, self._decoder = weights["encoder"], weights["decoder"]

    def cost(self, steps: int) -> Cost:
        """Each output goes through the hidden units."""
        pairs = self._hidden * self.output_depth * steps
        return Cost(2 * pairs, pairs)

    def sample(
        self, logits: np.ndarray, uniforms: np.ndarray | None, temperature: np.ndarray
    ) -> np.ndarray:
        """Draws one output after the other; greedy: those of at least one half."""
        memory, bias = np.split(logits, [self._hidden], axis=1)
        drawn = np.empty_like(bias)
        for index, (encoder, decoder) in enumerate(
            zip(self._encoder, self._decoder, strict=True)
        ):
            logit = sigmoid(memory) @ decoder + bias[:, index]
            if uniforms is None:
                drawn[:, index] = logit >= 0
            else:
                drawn[:, index] = uniforms[:, index] < sigmoid(logit / temperature)
            memory = memory + drawn[:, index : index + 1] * encoder
        return drawn


def draw_one_hot(
    logits: np.ndarray, uniforms: np.ndarray | None, temperature: np.ndarray
) -> np.ndarray:
    """See :func:`groovekit.models.heads.categorical.draw_one_hot`."""
    depth = logits.shape[-1]
    if uniforms is None:
        label = logits.argmax(axis=-1)
    else:
        scaled = logits / temperature
        scaled -= scaled.max(axis=-1, keepdims=True)
        cumulative = np.cumsum(np.exp(scaled), axis=-1)
        # The sum of all stands for 1, so that nothing needs to be normalised.
        threshold = uniforms * cumulative[..., -1:]
        label = np.minimum((cumulative <= threshold).sum(axis=-1), depth - 1)
    one_hot = np.zeros(logits.shape, np.float32)
    np.put_along_axis(one_hot, label[..., None], np.float32(1), axis=-1)
    return one_hot
