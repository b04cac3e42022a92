"""Output heads: what a decoder's logits mean.

A head reads the converter's layout and says how logits become a loss, metrics
and samples. Most have no weights; :meth:`Head.build` gives the layer of those
that do. Randomness comes in as uniform numbers, so
that training (numbers drawn on the device) and generation (numbers drawn by
NumPy on the host, equal on every backend) share one path; without them the
choice is greedy.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from keras import ops

from groovekit.errors import ConfigError
from groovekit.plugins import catalogue

Tensor = Any


class Part(NamedTuple):
    """One slice of a layout: what a converter's ``Slice`` says, without converters."""

    name: str
    size: int
    kind: str


class Head(abc.ABC):
    """Abstract output head.

    Args:
      layout: the converter's ``(name, size, kind)`` slices of the outputs.

    Attributes:
      forceable: whether the hits, the layout's first slice, can be forced: sampling
        draws each where a number of its own, one of a step's first ones, lies below
        its probability. Numbers of -1 and 2 then decide.
    """

    forceable: ClassVar[bool] = False

    def __init__(self, layout: tuple[Any, ...]) -> None:
        self.layout = tuple(layout)

    def build(
        self,
        *,
        seed: int,  # noqa: ARG002 - for heads with weights
        dtype: Any,  # noqa: ARG002
    ) -> Any:
        """Makes the Keras layer that holds this head's weights; None for none.

        Args:
          seed: of the initial weights.
          dtype: Keras dtype policy.
        """
        return None

    def options(self) -> dict[str, Any]:
        """The constructor's other arguments, by name, as JSON-like values."""
        return {}

    def to_dict(self) -> dict[str, Any]:
        """JSON-like values; :meth:`from_dict` reads them."""
        parts = [[part.name, part.size, part.kind] for part in self.layout]
        name = catalogue.heads.name_of(type(self))
        return {"name": name, "layout": parts, "options": self.options()}

    @staticmethod
    def from_dict(table: Mapping[str, Any]) -> Head:
        """The registered head of :meth:`to_dict`."""
        layout = tuple(Part(*part) for part in table["layout"])
        cls = catalogue.heads.get(table["name"])
        head: Head = cls(layout, **table.get("options", {}))
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
                f"received {describe(self.layout)}."
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
        return draw_one_hot(logits, uniforms, temperature)

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


class MultiCategoricalHead(Head):
    """Several labels a step, independent of each other.

    Losses are summed over the outputs.

    Raises:
      ConfigError: the layout has other than categorical slices.
    """

    def __init__(self, layout: tuple[Any, ...]) -> None:
        super().__init__(layout)
        if not self.layout or {part.kind for part in self.layout} != {"categorical"}:
            raise ConfigError(
                "The multi_categorical head needs a layout of categorical slices; "
                f"received {describe(self.layout)}."
            )
        self.heads = [CategoricalHead((part,)) for part in self.layout]
        sizes = [part.size for part in self.layout]
        self._bounds = [sum(sizes[: i + 1]) for i in range(len(sizes) - 1)]

    @property
    def noise_depth(self) -> int:
        """One number an output."""
        return len(self.heads)

    def _split(self, values: Tensor) -> list[Tensor]:
        return list(ops.split(values, self._bounds, axis=-1))

    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Sum of the outputs' cross-entropies at each step."""
        parts = zip(self.heads, self._split(targets), self._split(logits), strict=True)
        return sum(head.loss(target, logit) for head, target, logit in parts)

    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """One-hot labels, concatenated."""
        samples = [
            draw_one_hot(
                logit, None if uniforms is None else uniforms[:, i : i + 1], temperature
            )
            for i, logit in enumerate(self._split(logits))
        ]
        return ops.concatenate(samples, axis=-1)

    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Steps and correct ones by true label, of each output."""
        parts = zip(self.heads, self._split(targets), self._split(logits), strict=True)
        return {
            f"{name}/output_{i}": value
            for i, (head, target, logit) in enumerate(parts)
            for name, value in head.statistics(target, logit, mask).items()
        }

    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Metrics of each output, and their means over the outputs."""
        results: dict[str, float] = {}
        values: dict[str, list[float]] = {}
        for i, head in enumerate(self.heads):
            own = {name: sums[f"{name}/output_{i}"] for name in ("total", "correct")}
            for name, value in head.metrics(own).items():
                results[f"{name}/output_{i}"] = value
                values.setdefault(name, []).append(value)
        return {n: float(np.mean(v)) for n, v in values.items()} | results


class BooleanHead(Head):
    """Independent yes-or-no outputs: sigmoid, cross-entropy summed over them.

    The original's ``BooleanLstmDecoder``, for any number of outputs.

    Raises:
      ConfigError: the layout has other than binary slices.
    """

    forceable = True

    def __init__(self, layout: tuple[Any, ...]) -> None:
        super().__init__(layout)
        if not self.layout or {part.kind for part in self.layout} != {"binary"}:
            raise ConfigError(
                "The boolean head needs a layout of binary slices; received "
                f"{describe(self.layout)}."
            )

    @property
    def noise_depth(self) -> int:
        """One number an output."""
        return self.output_depth

    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Sum of the outputs' cross-entropies at each step."""
        logits = ops.cast(logits, "float32")
        return ops.sum(
            ops.binary_crossentropy(
                ops.cast(targets, "float32"), logits, from_logits=True
            ),
            axis=-1,
        )

    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """Draws each output; greedy: yes where the logit is at least 0."""
        logits = ops.cast(logits, "float32")
        if uniforms is None:
            return ops.cast(logits >= 0, "float32")
        return ops.cast(uniforms < ops.sigmoid(logits / temperature), "float32")

    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Outputs and correct ones."""
        right = ops.cast(
            (ops.cast(targets, "float32") >= 0.5) == (logits >= 0), "float32"
        )
        return {
            "total": ops.sum(mask) * self.output_depth,
            "correct": ops.sum(ops.sum(right, axis=-1) * mask),
        }

    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Share of the outputs that are right at a threshold of one half."""
        return {
            "metrics/accuracy": float(sums["correct"]) / max(float(sums["total"]), 1.0)
        }


def draw_one_hot(
    logits: Tensor, uniforms: Tensor | None, temperature: Tensor
) -> Tensor:
    """One-hot labels drawn from the last axis of ``logits``.

    Args:
      logits: ``(..., depth)``.
      uniforms: ``(..., 1)`` in [0, 1), for the inverse of the distribution
        function; None for the most probable label.
      temperature: logits are divided by it.
    """
    logits = ops.cast(logits, "float32")
    depth = logits.shape[-1]
    if uniforms is None:
        label = ops.argmax(logits, axis=-1)
    else:
        cumulative = ops.cumsum(ops.softmax(logits / temperature, axis=-1), axis=-1)
        # Rounding may leave the last sum a little off 1.
        threshold = uniforms * cumulative[..., -1:]
        label = ops.sum(ops.cast(cumulative <= threshold, "int32"), axis=-1)
        label = ops.minimum(label, depth - 1)
    return ops.one_hot(label, depth, dtype="float32")


def describe(layout: tuple[Any, ...]) -> str:
    """Words for a layout, for messages."""
    return ", ".join(f"{p.name} ({p.kind}, {p.size})" for p in layout) or "nothing"
