"""Output heads for labels, one or several a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.heads.base import Head, describe

Tensor = Any


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
