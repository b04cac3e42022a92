"""The output head of parallel decoders: whole windows of hits with their dynamics."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from groovekit.models.dynamics import (
    OFFSET_BINS,
    VELOCITY_BINS,
    draw_from_bins,
    dynamics_features,
    dynamics_parts,
    spread,
)
from groovekit.models.feed import VECTORS, Vectors
from groovekit.models.heads.base import Head
from groovekit.models.residual import ResidualMLP
from groovekit.models.window_features import LEAST_HIT, MOST_HIT, scales_of
from groovekit.seeding import derive

Tensor = Any

# Logarithms of the errors' scales are learnt ten times as fast as weights.
_FASTER = 10.0
_FIRST_SCALES = (0.1, 0.15)
# A hit is drafted as 1, none as 0; between the best threshold and how steep.
_FIRST_GAIN, _FIRST_THRESHOLD = 9.0, 0.42
# Hits of a batch that the network of the dynamics learns from.
_LEARNT_AT_ONCE = 4096


class WindowHead(Head):
    """A head that reads all steps of a window at once, with weights of its own."""

    @abc.abstractmethod
    def build(self, *, seed: int, dtype: Any, bars: int = 1, steps: int = 1) -> Any:
        """Makes the layer that holds the weights.

        Args:
          seed: of the initial weights.
          dtype: Keras dtype policy.
          bars: of a window.
          steps: of a window.
        """

    @abc.abstractmethod
    def start_from(self, centres: np.ndarray) -> None:
        """Takes the mean of each value over a class's hits, ``(values, classes)``."""

    @abc.abstractmethod
    def hit_logits(self, logits: Tensor) -> Tensor:
        """``(batch, steps, classes)`` from ``(batch, steps, logits_depth)``."""

    @abc.abstractmethod
    def sample(
        self,
        logits: Tensor,
        uniforms: Tensor | None,
        temperature: Tensor,
        vectors: Vectors = "mean",
    ) -> Tensor:
        """Draws ``(batch, steps, output_depth)`` from logits of whole windows.

        Args:
          logits: ``(batch, steps, logits_depth)``.
          uniforms: ``(batch, steps, noise_depth)`` in [0, 1), or None for the most
            probable values.
          temperature: how wide draws are.
          vectors: what the latent vectors are.
        """

    def auxiliary_loss(self, targets: Tensor, logits: Tensor, noise: Any) -> Tensor:
        """What a part of the head that is not the decoder's learns by; 0 for none.

        Args:
          targets: ``(batch, steps, output_depth)``.
          logits: ``(batch, steps, logits_depth)``.
          noise: a ``keras.random.SeedGenerator``.
        """
        del targets, logits, noise
        return 0.0


class LaplaceLayer(keras.layers.Layer):
    """The weights of a :class:`LaplaceHead`.

    Attributes:
      gain: of hits.
      level: draft at which a hit is as probable as none.
      log_scales: ``(values, classes)`` logarithms of the scales of errors, a tenth.
      centres: ``(values, classes)``, see :mod:`groovekit.models.window_features`.
      thresholds: ``(3, classes)`` logits above which there is a hit, for each kind of
        latent vectors.
      network: what the dynamics are drawn from; None without dynamics.

    Args:
      values: of each hit: 0 or 2.
      classes: drums.
      steps_per_bar: of the grid.
      hidden: units of the hidden layers of the network.
      seed: of initial weights.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        values: int,
        classes: int,
        steps_per_bar: int,
        hidden: tuple[int, ...],
        *,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        constant = keras.initializers.Constant
        self.gain = self.add_weight(
            shape=(), initializer=constant(_FIRST_GAIN), name="gain"
        )
        self.level = self.add_weight(
            shape=(), initializer=constant(_FIRST_THRESHOLD), name="level"
        )
        self.log_scales = self.centres = self.network = None
        if values:
            self.log_scales = self.add_weight(
                shape=(values, classes), initializer="zeros", name="log_scales"
            )
            first = np.log(np.array(_FIRST_SCALES[:values], np.float32)) / _FASTER
            self.log_scales.assign(np.repeat(first[:, None], classes, axis=1))
            self.centres = self.add_weight(
                shape=(values, classes),
                initializer="zeros",
                trainable=False,
                name="centres",
            )
        self.thresholds = self.add_weight(
            shape=(len(VECTORS), classes),
            initializer="zeros",
            trainable=False,
            name="thresholds",
        )
        if values:
            self.network = ResidualMLP(
                sum(dynamics_parts(classes, steps_per_bar).values()),
                hidden,
                VELOCITY_BINS + OFFSET_BINS,
                seed=derive(seed, "dynamics"),
                dtype=self.dtype_policy,
            )
        self.built = True


class LaplaceHead(WindowHead):
    """Hits, and velocities and offsets whose errors have Laplace distributions.

    A decoder drafts features of a window (:mod:`groovekit.models.window_features`). A
    hit's logit is ``gain * (draft - level)``; a velocity or offset is its class's mean
    and what the draft says beyond, divided by the draft of the hit, which a linear
    decoder multiplies both by. The loss is the binary cross-entropy of hits, and
    ``gamma`` times ``|error| / b + ln b`` at true hits, with a scale ``b`` for each
    drum.

    Reconstructions have the hits whose logits exceed a threshold, fitted to held-out
    windows, and medians of velocities and offsets. With a temperature above 0 these
    are drawn, from bins that a small network tells from the hits and drafts around.

    Args:
      layout: binary hits; alone, or with unit velocities and signed offsets.
      gamma: weight of errors of velocity and offset.
      hidden: units of the hidden layers of the network that dynamics are drawn from.

    Raises:
      ConfigError: another layout.
    """

    forceable = True

    def __init__(
        self,
        layout: tuple[Any, ...],
        *,
        gamma: float = 0.7,
        hidden: tuple[int, ...] = (128, 128),
    ) -> None:
        super().__init__(layout)
        self.scales = scales_of(self.layout, "The laplace head")
        self.gamma = gamma
        self.hidden = tuple(hidden)
        self.classes = int(self.layout[0].size)
        self._steps_per_bar = 1
        self.layer: Any = None

    def build(self, *, seed: int, dtype: Any, bars: int = 1, steps: int = 1) -> Any:
        """See :class:`WindowHead`."""
        self._steps_per_bar = steps // bars
        self.layer = LaplaceLayer(
            len(self.scales),
            self.classes,
            self._steps_per_bar,
            self.hidden,
            seed=seed,
            dtype=dtype,
            name="laplace",
        )
        return self.layer

    def options(self) -> dict[str, Any]:
        """The weight of the dynamics and the network's sizes."""
        return {"gamma": self.gamma, "hidden": list(self.hidden)}

    @property
    def noise_depth(self) -> int:
        """A number for each hit (which only forces it), velocity and offset."""
        return self.output_depth

    def start_from(self, centres: np.ndarray) -> None:
        """See :class:`WindowHead`."""
        if self.layer.centres is not None:
            self.layer.centres.assign(centres)

    def hit_logits(self, logits: Tensor) -> Tensor:
        """See :class:`WindowHead`."""
        draft = ops.cast(logits[..., : self.classes], "float32")
        return self.layer.gain * (draft - self.layer.level)

    def values(self, logits: Tensor) -> Tensor:
        """Medians of velocities and offsets: ``(batch, steps, values, classes)``."""
        draft = ops.cast(logits, "float32")
        draft = ops.reshape(
            draft, (-1, draft.shape[1], 1 + len(self.scales), self.classes)
        )
        hit = ops.stop_gradient(ops.clip(draft[:, :, :1], LEAST_HIT, MOST_HIT))
        scales = ops.convert_to_tensor(np.array(self.scales, np.float32)[:, None])
        return self.layer.centres + draft[:, :, 1:] / (scales * hit)

    def _losses(self, targets: Tensor, logits: Tensor) -> list[Tensor]:
        """Of hits and of each value, by step."""
        targets = ops.cast(targets, "float32")
        hits = targets[..., : self.classes]
        entropy = ops.binary_crossentropy(
            hits, self.hit_logits(logits), from_logits=True
        )
        found = [ops.sum(entropy, axis=-1)]
        if self.scales:
            log_scales = _FASTER * ops.cast(self.layer.log_scales, "float32")
            true = ops.reshape(targets, (-1, targets.shape[1], 3, self.classes))
            error = ops.abs(true[:, :, 1:] - self.values(logits))
            likelihood = error * ops.exp(-log_scales) + log_scales
            own = ops.sum(hits[:, :, None] * likelihood, axis=-1)
            found += [own[..., index] for index in range(len(self.scales))]
        return found

    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Reconstruction loss of each step: ``(batch, steps)``."""
        hits, *values = self._losses(targets, logits)
        for part in values:
            hits = hits + self.gamma * part
        return hits

    def auxiliary_loss(self, targets: Tensor, logits: Tensor, noise: Any) -> Tensor:
        """Cross-entropy of the bins, a hit, of some hits of a batch."""
        if not self.scales:
            return 0.0
        targets = ops.cast(targets, "float32")
        hits = targets[..., : self.classes]
        _, steps, classes = hits.shape
        drafts = ops.stop_gradient(self.values(logits))
        # As many as there is room for, of those that hit first: any would do.
        flat = ops.reshape(hits, (-1,))
        order = flat * (0.1 + keras.random.uniform(ops.shape(flat), seed=noise))
        count: Any = ops.shape(order)[0]
        if isinstance(count, int):
            count = min(count, _LEARNT_AT_ONCE)
        else:
            # Under `fit` TensorFlow does not know how many windows a batch has.
            count = ops.minimum(count, _LEARNT_AT_ONCE)
        chosen_weight, chosen = ops.top_k(order, count, sorted=False)
        weight = ops.cast(chosen_weight > 0, "float32")
        chosen = ops.cast(chosen, "int32")
        window, rest = chosen // (steps * classes), chosen % (steps * classes)
        places = (window, rest // classes, rest % classes)
        features = dynamics_features(
            hits, drafts, places, steps_per_bar=self._steps_per_bar, xp=ops
        )
        told = ops.cast(self.layer.network(features), "float32")
        true = ops.reshape(targets, (-1, 3, classes))
        row = chosen // classes
        cells = ops.reshape(ops.transpose(true, (0, 2, 1)), (-1, 3))
        values = ops.take(cells, row * classes + places[2], axis=0)
        velocity = ops.floor(values[:, 1] * VELOCITY_BINS)
        velocity = ops.clip(velocity, 0, VELOCITY_BINS - 1)
        offset = ops.floor((values[:, 2] + 1.0) / 2.0 * OFFSET_BINS)
        offset = ops.clip(offset, 0, OFFSET_BINS - 1)
        losses = ops.sparse_categorical_crossentropy(
            ops.cast(velocity, "int32"), told[:, :VELOCITY_BINS], from_logits=True
        ) + ops.sparse_categorical_crossentropy(
            ops.cast(offset, "int32"), told[:, VELOCITY_BINS:], from_logits=True
        )
        return ops.sum(weight * losses) / ops.maximum(ops.sum(weight), 1.0)

    def sample(
        self,
        logits: Tensor,
        uniforms: Tensor | None,
        temperature: Tensor,
        vectors: Vectors = "mean",
    ) -> Tensor:
        """See :class:`WindowHead`; numbers below 0 force hits, those above 1 forbid."""
        thresholds = self.layer.thresholds[VECTORS.index(vectors)]
        hits = self.hit_logits(logits) > thresholds
        if uniforms is not None:
            forcing = uniforms[..., : self.classes]
            hits = ops.logical_and(
                ops.logical_or(hits, forcing < 0), ops.logical_not(forcing > 1)
            )
        hits = ops.cast(hits, "float32")
        if not self.scales:
            return hits
        values = self.values(logits)
        if uniforms is not None:
            values = self._drawn(hits, values, uniforms, temperature)
        low = ops.convert_to_tensor(np.array([[1.0 / 127], [-1.0]], np.float32))
        values = ops.minimum(ops.maximum(values, low), 1.0) * hits[:, :, None]
        values = ops.reshape(values, (-1, hits.shape[1], 2 * self.classes))
        return ops.concatenate([hits, values], axis=-1)

    def _drawn(
        self, hits: Tensor, drafts: Tensor, uniforms: Tensor, temperature: Tensor
    ) -> Tensor:
        """Values of every cell, whether or not it is a hit: their number is fixed."""
        _, steps, classes = hits.shape
        cells = ops.arange(ops.size(hits), dtype="int32")
        window, rest = cells // (steps * classes), cells % (steps * classes)
        features = dynamics_features(
            hits,
            drafts,
            (window, rest // classes, rest % classes),
            steps_per_bar=self._steps_per_bar,
            xp=ops,
        )
        told = ops.cast(self.layer.network(features), "float32")
        noise = spread(uniforms[..., classes:], temperature, ops)
        noise = ops.reshape(noise, (-1, steps, 2, classes))
        velocity, offset = (
            draw_from_bins(logits, ops.reshape(noise[:, :, index], (-1,)), ops)
            for index, logits in enumerate(
                (told[:, :VELOCITY_BINS], told[:, VELOCITY_BINS:])
            )
        )
        shape = (-1, steps, classes)
        return ops.stack(
            [ops.reshape(velocity, shape), 2.0 * ops.reshape(offset, shape) - 1.0],
            axis=2,
        )

    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Steps in use and the sums of the losses."""
        names = ("hits_loss", "velocities_loss", "offsets_loss")
        parts = self._losses(targets, logits)
        sums = {n: ops.sum(p * mask) for n, p in zip(names, parts, strict=False)}
        return {"steps": ops.sum(mask), **sums}

    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Mean losses a step."""
        steps = max(float(sums["steps"]), 1.0)
        return {
            f"metrics/{name}": float(value) / steps
            for name, value in sums.items()
            if name != "steps"
        }
