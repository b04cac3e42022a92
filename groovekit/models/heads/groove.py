"""The output head for drumming: hits with velocities and offsets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.heads.base import Head, describe

Tensor = Any

# Inside the logarithms, as in tf.losses.log_loss of TensorFlow 1.
LOG_EPSILON = 1e-7
# Velocity and offset of a forced hit are divided by these shares at least: an offset
# is so uncertain that more of it would be more noise (measured on validation takes).
LEAST_VELOCITY_SHARE, LEAST_OFFSET_SHARE = 0.05, 0.5


class GrooveHead(Head):
    """Hits (log loss), velocities and offsets (squared error).

    The logits of hits go through a sigmoid, of velocities through a sigmoid, of
    offsets through a hyperbolic tangent. Sampling draws hits; velocities and offsets
    are what the model says.

    As in the original, errors of velocity and offset count on silent cells as much
    as on hits, where the targets are 0: what is learnt is the velocity times the
    probability of a hit, so that an unsure hit is soft and close to the grid. With
    a ``silent_weight`` of 0 it is the velocity that a hit would have.

    Args:
      layout: see :class:`groovekit.models.heads.base.Head`.
      silent_weight: weight of errors of velocity and offset on silent cells, 0 to 1.
        Below 1, silent cells of samples have neither, like those of recordings.
      velocity_weight: weight of errors of velocity, at least 0.
      offset_weight: weight of errors of offset, at least 0. Squared errors are a
        normal distribution's log likelihood: a weight of ``1 / (2 sd ** 2)`` is a
        distribution of that standard deviation.

    Raises:
      ConfigError: the layout is not hits, velocities and offsets of equal size, or
        weights out of range.
    """

    forceable = True

    def __init__(
        self,
        layout: tuple[Any, ...],
        *,
        silent_weight: float = 1.0,
        velocity_weight: float = 1.0,
        offset_weight: float = 1.0,
    ) -> None:
        super().__init__(layout)
        if not (0 <= silent_weight <= 1 and min(velocity_weight, offset_weight) >= 0):
            raise ConfigError(
                "The groove head takes a silent_weight from 0 to 1 and weights of at "
                f"least 0; received silent_weight={silent_weight}, "
                f"velocity_weight={velocity_weight}, offset_weight={offset_weight}."
            )
        self.silent_weight = silent_weight
        self.velocity_weight = velocity_weight
        self.offset_weight = offset_weight
        kinds = [part.kind for part in self.layout]
        sizes = {part.size for part in self.layout}
        if kinds != ["binary", "unit", "signed"] or len(sizes) != 1:
            raise ConfigError(
                "The groove head needs a layout of binary hits, unit velocities and "
                f"signed offsets of equal size; received {describe(self.layout)}."
            )

    def options(self) -> dict[str, Any]:
        """The three weights."""
        return {
            "silent_weight": self.silent_weight,
            "velocity_weight": self.velocity_weight,
            "offset_weight": self.offset_weight,
        }

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
        counted = true_hits + self.silent_weight * (1.0 - true_hits)
        velocity_loss = counted * ops.square(true_velocities - velocities)
        offset_loss = counted * ops.square(true_offsets - offsets)
        return (
            ops.sum(hit_loss, axis=-1),
            self.velocity_weight * ops.sum(velocity_loss, axis=-1),
            self.offset_weight * ops.sum(offset_loss, axis=-1),
        )

    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Sum of the three losses of each step."""
        hits, velocities, offsets = self._parts(targets, logits)
        return hits + velocities + offsets

    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """``[hits, velocities, offsets]``; greedy: hits where the logit exceeds 0.

        A number below 0 forces a hit. Where errors count on silent cells, what is
        predicted is the velocity (and offset) times their share of the errors that
        hits have: that of a forced one is divided by it.
        """
        hit_logits, _, _ = ops.split(ops.cast(logits, "float32"), 3, axis=-1)
        probabilities, velocities, offsets = self.activate(logits)
        if uniforms is None:
            hits = hit_logits > 0
        else:
            hits = uniforms < ops.sigmoid(hit_logits / temperature)
            if self.silent_weight > 0:
                silent = self.silent_weight * (1.0 - probabilities)
                share = probabilities / (probabilities + silent)
                share = ops.where(uniforms < 0, share, 1.0)
                louder = velocities / ops.maximum(share, LEAST_VELOCITY_SHARE)
                velocities = ops.clip(louder, 0.0, 1.0)
                wider = offsets / ops.maximum(share, LEAST_OFFSET_SHARE)
                offsets = ops.clip(wider, -1.0, 1.0)
        hits = ops.cast(hits, "float32")
        if self.silent_weight < 1:
            velocities, offsets = velocities * hits, offsets * hits
        return ops.concatenate([hits, velocities, offsets], axis=-1)

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
