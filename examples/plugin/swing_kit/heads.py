"""An output head: what a decoder's numbers mean for strokes, dynamics and timing.

groovekit's own groove head takes velocity and offset for single numbers, also
where nothing sounds. Drummers vary both, so this one learns *distributions*, of
struck cells only: sampling gives accents and looseness instead of the average.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

import groovekit as gk

Tensor = Any

# What counts as the same: one MIDI velocity, a 32nd of the way to the next step.
VELOCITY_WIDTH = 1.0 / 127.0
OFFSET_WIDTH = 1.0 / 32.0
# Narrower than that, and the loss of a single stroke would rule the training.
MIN_SPREAD = 0.01
# Spreads at the start of training are about a seventh of the range.
SPREAD_SCALE = 0.2
SMALLEST = 1e-6


def spread_of(raw: Tensor) -> Tensor:
    """Any number as the spread of a distribution, above :data:`MIN_SPREAD`."""
    return MIN_SPREAD + SPREAD_SCALE * ops.softplus(raw)


def logistic_loss(x: Tensor, mean: Tensor, spread: Tensor, width: float) -> Tensor:
    """Nats that ``x`` costs: -log of what a logistic distribution gives to its bin.

    ``sigmoid(a) - sigmoid(b)`` for the bin's ends, written so that it neither
    rounds to nothing far away from the mean nor needs a limit.

    Args:
      x: values.
      mean: of the distribution.
      spread: of the distribution, positive.
      width: of the bin around ``x``.
    """
    upper = (x - mean + width / 2) / spread
    lower = (x - mean - width / 2) / spread
    inside = ops.log(-ops.expm1(-width / spread))
    return -(ops.log_sigmoid(upper) + ops.log_sigmoid(-lower) + inside)


def binary_loss(x: Tensor, logits: Tensor) -> Tensor:
    """Nats that hits (0 or 1) cost."""
    return ops.softplus(logits) - x * logits


@gk.register_head("swing_kit.feel")
class FeelHead(gk.Head):
    """Hits, and of struck cells the distributions of velocity and offset.

    The five parts of the logits, each of one number a drum: hits; mean and spread
    of the velocity; mean and spread of the offset.

    Args:
      layout: binary hits, unit velocities and signed offsets of equal size.

    Raises:
      GroovekitError: another layout.
    """

    # Hits are drawn by the first of the numbers: humanize can say which there are.
    forceable = True

    def __init__(self, layout: tuple[Any, ...]) -> None:
        super().__init__(layout)
        kinds = [part.kind for part in self.layout]
        if kinds != ["binary", "unit", "signed"] or len({p.size for p in layout}) != 1:
            found = ", ".join(f"{p.name} ({p.kind}, {p.size})" for p in layout)
            raise gk.GroovekitError(
                "The head swing_kit.feel takes binary hits, unit velocities and signed "
                f"offsets of equal size. Received: {found or 'nothing'}"
            )

    @property
    def drums(self) -> int:
        """How many drums there are."""
        return int(self.layout[0].size)

    @property
    def logits_depth(self) -> int:
        """Five numbers a drum."""
        return 5 * self.drums

    @property
    def noise_depth(self) -> int:
        """A number for each hit, velocity and offset."""
        return 3 * self.drums

    def _parameters(self, logits: Tensor) -> tuple[Tensor, ...]:
        hits, *rest = ops.split(ops.cast(logits, "float32"), 5, axis=-1)
        velocity, velocity_spread, offset, offset_spread = rest
        return (
            hits,
            ops.sigmoid(velocity),
            spread_of(velocity_spread),
            ops.tanh(offset),
            spread_of(offset_spread),
        )

    def _losses(self, targets: Tensor, logits: Tensor) -> tuple[Tensor, ...]:
        """Hits and the three losses, each ``(batch, steps, drums)``."""
        hit, velocity, v_spread, offset, o_spread = self._parameters(logits)
        hits, velocities, offsets = ops.split(ops.cast(targets, "float32"), 3, axis=-1)
        return (
            hits,
            binary_loss(hits, hit),
            hits * logistic_loss(velocities, velocity, v_spread, VELOCITY_WIDTH),
            hits * logistic_loss(offsets, offset, o_spread, OFFSET_WIDTH),
        )

    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Nats that each step costs: ``(batch, steps)``."""
        _, hits, velocities, offsets = self._losses(targets, logits)
        return ops.sum(hits + velocities + offsets, axis=-1)

    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """Draws ``(batch, output_depth)``; silent cells stay at zero.

        Args:
          logits: ``(batch, logits_depth)``.
          uniforms: ``(batch, noise_depth)`` in [0, 1), or None: hits where they
            are more probable than not, and the means.
          temperature: of the hits' logits and of the spreads.
        """
        hit, velocity, v_spread, offset, o_spread = self._parameters(logits)
        if uniforms is None:
            hits = ops.cast(hit > 0, "float32")
        else:
            chance, *rest = ops.split(uniforms, 3, axis=-1)
            hits = ops.cast(chance < ops.sigmoid(hit / temperature), "float32")
            # The inverse of the logistic distribution function.
            inside = [ops.clip(u, SMALLEST, 1.0 - SMALLEST) for u in rest]
            quantiles = [ops.log(u) - ops.log(1.0 - u) for u in inside]
            velocity = velocity + temperature * v_spread * quantiles[0]
            offset = offset + temperature * o_spread * quantiles[1]
        velocity = ops.clip(velocity, VELOCITY_WIDTH, 1.0)
        offset = ops.clip(offset, -1.0, 1.0)
        return ops.concatenate([hits, hits * velocity, hits * offset], axis=-1)

    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Steps, strokes and the sums of the three losses."""
        hits, *losses = self._losses(targets, logits)
        mask = mask[:, :, None]
        names = ("hits_loss", "velocities_loss", "offsets_loss")
        sums = {n: ops.sum(p * mask) for n, p in zip(names, losses, strict=True)}
        return {"steps": ops.sum(mask), "strokes": ops.sum(hits * mask), **sums}

    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Nats of the hits a step; nats of velocity and offset a stroke."""
        steps = max(float(sums["steps"]), 1.0)
        strokes = max(float(sums["strokes"]), 1.0)
        return {
            "metrics/hits_loss": float(sums["hits_loss"]) / steps,
            "metrics/velocities_loss": float(sums["velocities_loss"]) / strokes,
            "metrics/offsets_loss": float(sums["offsets_loss"]) / strokes,
        }
