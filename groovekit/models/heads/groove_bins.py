"""The output head for drumming in bins: hits with distributions of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.heads.base import Head, describe
from groovekit.models.heads.categorical import draw_one_hot
from groovekit.models.heads.groove import LOG_EPSILON

Tensor = Any


class GrooveBinsHead(Head):
    """Hits (log loss), velocities and offsets in bins (cross-entropy).

    The layout is that of the groove converter with ``velocity_bins`` and
    ``offset_bins``: hits, then the velocity bins of each drum class, then its
    offset bins. Losses are summed over the classes; like the squared errors of
    :class:`GrooveHead` they count on silent cells too.

    Raises:
      ConfigError: another layout.
    """

    forceable = True

    def __init__(self, layout: tuple[Any, ...]) -> None:
        super().__init__(layout)
        hits, bins = self.layout[0], self.layout[1:]
        self.classes = int(hits.size)
        sizes = [part.size for part in bins]
        half = self.classes
        if (
            hits.kind != "binary"
            or len(bins) != 2 * self.classes
            or {part.kind for part in bins} != {"categorical"}
            or len(set(sizes[:half])) != 1
            or len(set(sizes[half:])) != 1
        ):
            raise ConfigError(
                "The groove_bins head needs a layout of binary hits, one categorical "
                "slice of velocities for each of them and then one of offsets (a "
                "groove converter with velocity_bins and offset_bins); received "
                f"{describe(self.layout)}."
            )
        self.velocity_bins, self.offset_bins = sizes[0], sizes[-1]

    @property
    def noise_depth(self) -> int:
        """Three numbers for each drum class: hit, velocity and offset."""
        return 3 * self.classes

    def split(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Hits ``(..., classes)``, velocities and offsets ``(..., classes, bins)``."""
        first = self.classes
        second = first + self.classes * self.velocity_bins
        hits, velocities, offsets = ops.split(
            ops.cast(values, "float32"), [first, second], axis=-1
        )
        shape = values.shape[1:-1]
        return (
            hits,
            ops.reshape(velocities, (-1, *shape, self.classes, self.velocity_bins)),
            ops.reshape(offsets, (-1, *shape, self.classes, self.offset_bins)),
        )

    def _parts(self, targets: Tensor, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        true_hits, true_velocities, true_offsets = self.split(targets)
        hits, velocities, offsets = self.split(logits)
        hits = ops.sigmoid(hits)
        hit_loss = -true_hits * ops.log(hits + LOG_EPSILON) - (
            1.0 - true_hits
        ) * ops.log(1.0 - hits + LOG_EPSILON)
        return (
            ops.sum(hit_loss, axis=-1),
            -ops.sum(true_velocities * ops.log_softmax(velocities, -1), axis=(-2, -1)),
            -ops.sum(true_offsets * ops.log_softmax(offsets, -1), axis=(-2, -1)),
        )

    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Sum of the three losses of each step."""
        hits, velocities, offsets = self._parts(targets, logits)
        return hits + velocities + offsets

    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """Draws hits and bins; greedy: hits where the logit exceeds 0."""
        hits, velocities, offsets = self.split(logits)
        noise: list[Tensor | None] = [None, None, None]
        if uniforms is None:
            hits = ops.cast(hits > 0, "float32")
        else:
            noise = list(ops.split(uniforms, 3, axis=-1))
            hits = ops.cast(noise[0] < ops.sigmoid(hits / temperature), "float32")
        drawn = [
            draw_one_hot(values, None if own is None else own[..., None], temperature)
            for values, own in zip((velocities, offsets), noise[1:], strict=True)
        ]
        flat = [ops.reshape(d, (-1, d.shape[-2] * d.shape[-1])) for d in drawn]
        return ops.concatenate([hits, *flat], axis=-1)

    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Steps in use, sums of the losses, and right bins on hits."""
        names = ("hits_loss", "velocities_loss", "offsets_loss")
        parts = self._parts(targets, logits)
        sums = {n: ops.sum(p * mask) for n, p in zip(names, parts, strict=True)}
        hits, *true_bins = self.split(targets)
        _, *bins = self.split(logits)
        hits = hits * mask[..., None]
        for name, true, ours in zip(
            ("velocities", "offsets"), true_bins, bins, strict=True
        ):
            right = ops.argmax(true, axis=-1) == ops.argmax(ours, axis=-1)
            sums[f"{name}_right"] = ops.sum(hits * ops.cast(right, "float32"))
        return {"steps": ops.sum(mask), "hits": ops.sum(hits), **sums}

    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Mean losses a step, and the share of hits whose bin is right."""
        steps = max(float(sums["steps"]), 1.0)
        hits = max(float(sums["hits"]), 1.0)
        names = ("hits_loss", "velocities_loss", "offsets_loss")
        return {
            **{f"metrics/{n}": float(sums[n]) / steps for n in names},
            **{
                f"metrics/{n}_accuracy": float(sums[f"{n}_right"]) / hits
                for n in ("velocities", "offsets")
            },
        }
