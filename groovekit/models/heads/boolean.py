"""The output head for independent yes-or-no outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.heads.base import Head, describe

Tensor = Any


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
