"""Output heads: what a decoder's logits mean.

A head has no weights. It reads the converter's layout and says how logits
become a loss, metrics and samples. Randomness comes in as uniform numbers, so
that training (numbers drawn on the device) and generation (numbers drawn by
NumPy on the host, equal on every backend) share one path; without them the
choice is greedy.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from groovekit import plugins
from groovekit.errors import ConfigError

Tensor = Any

# Inside the logarithms, as in tf.losses.log_loss of TensorFlow 1.
LOG_EPSILON = 1e-7


class Part(NamedTuple):
    """One slice of a layout: what a converter's ``Slice`` says, without converters."""

    name: str
    size: int
    kind: str


class Head(abc.ABC):
    """Abstract output head.

    Args:
      layout: the converter's ``(name, size, kind)`` slices of the outputs.
    """

    def __init__(self, layout: tuple[Any, ...]) -> None:
        self.layout = tuple(layout)

    def to_dict(self) -> dict[str, Any]:
        """JSON-like values; :meth:`from_dict` reads them."""
        parts = [[part.name, part.size, part.kind] for part in self.layout]
        return {"name": plugins.heads.name_of(type(self)), "layout": parts}

    @staticmethod
    def from_dict(table: Mapping[str, Any]) -> Head:
        """The registered head of :meth:`to_dict`."""
        layout = tuple(Part(*part) for part in table["layout"])
        head: Head = plugins.heads.get(table["name"])(layout)
        return head

    @property
    def output_depth(self) -> int:
        """Size of targets and samples."""
        return sum(part.size for part in self.layout)

    @property
    def logits_depth(self) -> int:
        """Size of the decoder's output layer."""
        return self.output_depth

    @property
    @abc.abstractmethod
    def noise_depth(self) -> int:
        """How many uniform numbers one step's sample takes."""

    @abc.abstractmethod
    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Reconstruction loss of each step in nats: ``(batch, steps)``."""

    @abc.abstractmethod
    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """Draws ``(batch, output_depth)`` from ``(batch, logits_depth)``.

        Args:
          logits: decoder outputs of one step.
          uniforms: ``(batch, noise_depth)`` in [0, 1), or None for the most
            probable values.
          temperature: logits are divided by it.
        """

    @abc.abstractmethod
    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Sums over a batch that add up over batches; see :meth:`metrics`.

        Args:
          targets: ``(batch, steps, output_depth)``, or labels.
          logits: ``(batch, steps, logits_depth)``.
          mask: ``(batch, steps)`` float32, 1 where a step is in use.
        """

    @abc.abstractmethod
    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """The original's metrics, by its names, from added :meth:`statistics`."""

    def one_hot(self, targets: Tensor) -> Tensor:
        """Targets as ``(batch, steps, output_depth)``; labels are expanded."""
        if len(targets.shape) == 2:
            return ops.one_hot(targets, self.output_depth, dtype="float32")
        return ops.cast(targets, "float32")


class CategoricalHead(Head):
    """One label a step: softmax, cross-entropy.

    Targets are one-hot ``(batch, steps, depth)`` or labels ``(batch, steps)``.

    Raises:
      ConfigError: the layout is not a single categorical slice.
    """

    def __init__(self, layout: tuple[Any, ...]) -> None:
        super().__init__(layout)
        if [part.kind for part in self.layout] != ["categorical"]:
            raise ConfigError(
                "The categorical head needs a layout of one categorical slice; "
                f"received {_describe(self.layout)}."
            )

    @property
    def noise_depth(self) -> int:
        """One number, for the inverse of the distribution function."""
        return 1

    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Cross-entropy of each step."""
        log_probs = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
        if len(targets.shape) == 2:
            labels = ops.cast(targets, "int32")[:, :, None]
            return -ops.take_along_axis(log_probs, labels, axis=-1)[:, :, 0]
        return -ops.sum(ops.cast(targets, "float32") * log_probs, axis=-1)

    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """One-hot labels, drawn by inverting the distribution function."""
        logits = ops.cast(logits, "float32")
        if uniforms is None:
            label = ops.argmax(logits, axis=-1)
        else:
            cumulative = ops.cumsum(ops.softmax(logits / temperature, axis=-1), axis=-1)
            # Rounding may leave the last sum a little off 1.
            threshold = uniforms * cumulative[:, -1:]
            label = ops.sum(ops.cast(cumulative <= threshold, "int32"), axis=-1)
            label = ops.minimum(label, self.output_depth - 1)
        return ops.one_hot(label, self.output_depth, dtype="float32")

    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Steps and correct ones by true label, each ``(depth,)``."""
        predicted = ops.cast(ops.argmax(logits, axis=-1), "int32")
        if len(targets.shape) == 2:
            labels = ops.cast(targets, "int32")
        else:
            labels = ops.cast(ops.argmax(targets, axis=-1), "int32")
        hits = ops.cast(labels == predicted, "float32") * mask
        flat = ops.reshape(labels, (-1,))
        segments = {"num_segments": self.output_depth}
        return {
            "total": ops.segment_sum(ops.reshape(mask, (-1,)), flat, **segments),
            "correct": ops.segment_sum(ops.reshape(hits, (-1,)), flat, **segments),
        }

    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Accuracy, and the mean over classes where absent classes count as 0."""
        total = np.asarray(sums["total"], np.float64)
        correct = np.asarray(sums["correct"], np.float64)
        per_class = correct / np.maximum(total, 1)
        return {
            "metrics/accuracy": float(correct.sum() / max(total.sum(), 1)),
            "metrics/mean_per_class_accuracy": float(per_class.mean()),
        }


class GrooveHead(Head):
    """Hits (log loss), velocities and offsets (squared error).

    The logits of hits go through a sigmoid, of velocities through a sigmoid, of
    offsets through a hyperbolic tangent. Errors of velocity and offset count on
    silent cells too. Sampling draws hits; velocities and offsets are what the
    model says.

    Raises:
      ConfigError: the layout is not hits, velocities and offsets of equal size.
    """

    def __init__(self, layout: tuple[Any, ...]) -> None:
        super().__init__(layout)
        kinds = [part.kind for part in self.layout]
        sizes = {part.size for part in self.layout}
        if kinds != ["binary", "unit", "signed"] or len(sizes) != 1:
            raise ConfigError(
                "The groove head needs a layout of binary hits, unit velocities and "
                f"signed offsets of equal size; received {_describe(self.layout)}."
            )

    @property
    def noise_depth(self) -> int:
        """One number for each drum class."""
        return int(self.layout[0].size)

    def activate(self, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Hit probabilities (0..1), velocities (0..1) and offsets (-1..1)."""
        hits, velocities, offsets = ops.split(ops.cast(logits, "float32"), 3, axis=-1)
        return ops.sigmoid(hits), ops.sigmoid(velocities), ops.tanh(offsets)

    def _parts(self, targets: Tensor, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hits, velocities, offsets = self.activate(logits)
        true_hits, true_velocities, true_offsets = ops.split(
            ops.cast(targets, "float32"), 3, axis=-1
        )
        hit_loss = -true_hits * ops.log(hits + LOG_EPSILON) - (
            1.0 - true_hits
        ) * ops.log(1.0 - hits + LOG_EPSILON)
        return (
            ops.sum(hit_loss, axis=-1),
            ops.sum(ops.square(true_velocities - velocities), axis=-1),
            ops.sum(ops.square(true_offsets - offsets), axis=-1),
        )

    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Sum of the three losses of each step."""
        hits, velocities, offsets = self._parts(targets, logits)
        return hits + velocities + offsets

    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """``[hits, velocities, offsets]``; greedy: hits where the logit exceeds 0."""
        hit_logits, _, _ = ops.split(ops.cast(logits, "float32"), 3, axis=-1)
        _, velocities, offsets = self.activate(logits)
        if uniforms is None:
            hits = hit_logits > 0
        else:
            hits = uniforms < ops.sigmoid(hit_logits / temperature)
        return ops.concatenate(
            [ops.cast(hits, "float32"), velocities, offsets], axis=-1
        )

    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Steps in use and the sums of the three losses."""
        names = ("hits_loss", "velocities_loss", "offsets_loss")
        parts = self._parts(targets, logits)
        sums = {n: ops.sum(p * mask) for n, p in zip(names, parts, strict=True)}
        return {"steps": ops.sum(mask), **sums}

    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Mean losses a step."""
        steps = max(float(sums["steps"]), 1.0)
        names = ("hits_loss", "velocities_loss", "offsets_loss")
        return {f"metrics/{n}": float(sums[n]) / steps for n in names}


def _describe(layout: tuple[Any, ...]) -> str:
    return ", ".join(f"{p.name} ({p.kind}, {p.size})" for p in layout) or "nothing"
