"""The variational autoencoder that joins encoder, latent layer and decoder.

Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term
Structure in Music" (2018); loss as in the original's ``base_model.py``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from groovekit.models import backend, latent, schedules
from groovekit.models.decoders.base import Decoder
from groovekit.models.feed import Feed
from groovekit.models.heads.base import Head
from groovekit.models.heads.laplace import WindowHead
from groovekit.models.keras_model import KerasModel, Window
from groovekit.models.latent import LatentLayer, Posterior
from groovekit.models.prior import StoredCodes
from groovekit.models.protocols import Batch

Tensor = Any

# Of the controller: where the weight of the KL divergence starts, between which
# logarithms it stays, and how far it moves in a step, at most.
_FIRST_KL_WEIGHT, _LOG_KL_WEIGHT, _CONTROL_RATE = 0.3, (-9.0, 2.0), 0.02


@dataclasses.dataclass(frozen=True)
class Objective:
    """What training minimises, apart from the model.

    Attributes:
      free_bits: bits of KL divergence that cost nothing.
      max_beta: weight of the remaining KL divergence in the end.
      beta_rate: how slowly the weight approaches it.
      sampling_schedule: of scheduled sampling.
      sampling_rate: of scheduled sampling.
      target_bits: bits of KL divergence that a controller holds by the weight of
        their cost; 0 for the weight that ``max_beta`` and ``beta_rate`` say.
    """

    free_bits: float
    max_beta: float
    beta_rate: float
    sampling_schedule: str = "constant"
    sampling_rate: float = 0.0
    target_bits: float = 0.0

    @property
    def scheduled(self) -> bool:
        """Whether the decoder sees its own samples in training."""
        return schedules.uses_scheduled_sampling(
            self.sampling_schedule, self.sampling_rate
        )


def mask_of(lengths: Tensor, steps: int) -> Tensor:
    """1 where a step is in use, ``(batch, steps)`` float32.

    Args:
      lengths: ``(batch,)``, or ``(batch, segments)`` of equally long segments, each
        padded at its right.
      steps: of the whole window.
    """
    lengths = ops.cast(lengths, "int32")
    if len(lengths.shape) == 1:
        lengths = lengths[:, None]
    segments = lengths.shape[1]
    position = ops.arange(steps // segments, dtype="int32")[None, None, :]
    mask = ops.cast(position < lengths[:, :, None], "float32")
    return ops.reshape(mask, (-1, steps))


@keras.saving.register_keras_serializable(package="groovekit")
class MusicVAE(KerasModel):
    """MusicVAE and GrooVAE.

    Args:
      encoder: layer, ``encoder(x, lengths, training=...) -> embedding``.
      latent_layer: embedding to posterior.
      decoder: a :class:`groovekit.models.decoders.base.Decoder`.
      objective: loss weights and schedules.
      control_layer: bidirectional LSTM that the controls go through on their way
        to the decoder; None for the controls themselves.
      prior: a :class:`groovekit.models.prior.StoredCodes` that new music is drawn
        from; None for the standard normal distribution.
      seed: of the noise drawn in training.
      **kwargs: of ``keras.Model``.
    """

    def __init__(
        self,
        encoder: Any,
        latent_layer: LatentLayer,
        decoder: Decoder,
        objective: Objective,
        *,
        control_layer: Any = None,
        prior: StoredCodes | None = None,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.control_layer = control_layer
        self.encoder = encoder
        self.latent_layer = latent_layer
        self.decoder = decoder
        self.prior = prior
        self.objective = objective
        #: Of the controller: logarithm of the weight of the KL divergence.
        self.log_kl_weight = None
        if objective.target_bits:
            self.log_kl_weight = self.add_weight(
                shape=(),
                initializer=keras.initializers.Constant(math.log(_FIRST_KL_WEIGHT)),
                trainable=False,
                name="log_kl_weight",
            )
        self.noise = keras.random.SeedGenerator(seed)
        self.built = True

    def reconstruction(self, window: Window, *, training: bool) -> Tensor:
        """The most probable outputs, by the posterior's means."""
        posterior = self.encode(*window, training=training)
        feed = Feed(controls=window.controls, lengths=window.lengths)
        return self.decode(posterior.mean, window.inputs.shape[1], feed)

    @property
    def output_depth(self) -> int:
        """Size of the last axis of reconstructions."""
        return self.head.output_depth

    @property
    def z_size(self) -> int:
        """Dimensions of the latent vector."""
        return self.latent_layer.z_size

    @property
    def step_multiple(self) -> int:
        """Sequences of a multiple of so many steps can be decoded."""
        return int(self.decoder.step_multiple)

    @property
    def head(self) -> Head:
        """The decoder's output head."""
        return self.decoder.head

    def encode(
        self,
        inputs: Tensor,
        controls: Tensor | None = None,
        lengths: Tensor | None = None,
        *,
        training: bool = False,
    ) -> Posterior:
        """Posterior of the code given a batch of sequences.

        Args:
          inputs: ``(batch, steps, input_depth)``.
          controls: ``(batch, steps, control_depth)`` or None.
          lengths: ``(batch,)``; None if all sequences fill their steps.
          training: whether to drop inputs.
        """
        x = ops.cast(inputs, self.compute_dtype)
        if controls is not None:
            x = ops.concatenate([x, ops.cast(controls, x.dtype)], axis=-1)
        embedding = self.encoder(x, lengths, training=training)
        posterior: Posterior = self.latent_layer(embedding)
        return posterior

    def decode(self, z: Tensor, steps: int, feed: Feed) -> Tensor:
        """Logits or samples, ``(batch, steps, depth)``.

        Args:
          z: latent vectors, ``(batch, z_size)``.
          steps: how many, a Python integer.
          feed: see :class:`groovekit.models.feed.Feed`; controls as converters give
            them.
        """
        if self.control_layer is not None and feed.controls is not None:
            lengths = feed.lengths
            if lengths is not None and len(lengths.shape) > 1:
                # Padding inside the window is part of the controls' sequence.
                lengths = None
            controls, _ = self.control_layer.sequences(
                ops.cast(feed.controls, self.compute_dtype),
                lengths,
                training=feed.training,
            )
            feed = feed.replace(controls=controls)
        return self.decoder.decode(z, steps, feed).outputs

    def reconstruct(
        self,
        z: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None = None,
        *,
        step: Tensor | None,
        uniforms: Tensor | None = None,
    ) -> Tensor:
        """Logits of ``outputs`` given latent vectors, as training has them.

        Args:
          z: ``(batch, z_size)``.
          outputs: ``(batch, steps, output_depth)``, or labels.
          controls: ``(batch, steps, control_depth)`` or None.
          lengths: see :meth:`losses_of`.
          step: training step; None outside training, where a decoder trained
            with scheduled sampling runs freely (the original's evaluation).
          uniforms: ``(batch, steps, head.noise_depth)`` for the decoder's own
            samples; drawn if None.
        """
        training = step is not None
        feed = Feed(
            targets=outputs, controls=controls, lengths=lengths, training=training
        )
        batch, steps = ops.shape(z)[0], outputs.shape[1]
        if self.objective.scheduled:
            if training:
                probability = schedules.sampling_probability(
                    step,
                    schedule=self.objective.sampling_schedule,
                    rate=self.objective.sampling_rate,
                )
                draws = keras.random.uniform((steps, batch), seed=self.noise)
                use_sample = ops.transpose(draws < probability)
            else:
                use_sample = ops.ones((batch, steps), dtype="bool")
            if uniforms is None:
                shape = (steps, batch, self.head.noise_depth)
                uniforms = keras.random.uniform(shape, seed=self.noise)
                uniforms = ops.transpose(uniforms, (1, 0, 2))
            feed = feed.replace(use_sample=use_sample, uniforms=uniforms)
        return self.decode(z, steps, feed)

    def losses_of(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
        *,
        step: Tensor | None,
        epsilon: Tensor | None = None,
        uniforms: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Losses a sequence, and sums for the head's metrics.

        Args:
          inputs: ``(batch, steps, input_depth)``.
          outputs: ``(batch, steps, output_depth)``, or labels ``(batch, steps)``.
          controls: ``(batch, steps, control_depth)`` or None.
          lengths: ``(batch,)``, or ``(batch, segments)`` of hierarchical models;
            None if all sequences fill their steps.
          step: training step; None outside training.
          epsilon: ``(batch, z_size)`` standard normal noise; drawn if None.
          uniforms: see :meth:`reconstruct`.

        Returns:
          ``r_loss``, ``kl`` (nats) and ``kl_cost``, each ``(batch,)`` float32,
          the posterior's ``mean`` and ``stddev``, the ``logits``, and the head's
          statistics under ``sum/...``.
        """
        posterior = self.encode(inputs, controls, lengths, training=step is not None)
        if epsilon is None:
            epsilon = keras.random.normal(ops.shape(posterior.mean), seed=self.noise)
        z = latent.sample(posterior, epsilon)
        logits = self.reconstruct(
            z, outputs, controls, lengths, step=step, uniforms=uniforms
        )
        logits = ops.cast(logits, "float32")
        by_step = self.head.loss(outputs, logits)
        if lengths is None:
            mask = ops.ones_like(by_step)
        else:
            mask = mask_of(lengths, outputs.shape[1])
            # Not by multiplication: padding may have any loss, even infinite.
            by_step = ops.where(mask > 0, by_step, 0.0)
        kl = latent.kl_divergence(posterior)
        sums = self._statistics(outputs, logits, mask, training=step is not None)
        return {
            "r_loss": ops.sum(by_step, axis=-1),
            "kl": kl,
            "kl_cost": latent.kl_cost(kl, self.objective.free_bits),
            "mean": posterior.mean,
            "stddev": posterior.stddev,
            "logits": logits,
            **{f"sum/{name}": value for name, value in sums.items()},
        }

    def _statistics(
        self, outputs: Tensor, logits: Tensor, mask: Tensor, *, training: bool
    ) -> dict[str, Tensor]:
        """The head's sums; in evaluation with the decoder's segments in front."""
        segments = self.decoder.segments
        if segments == 1 or training:
            return self.head.statistics(outputs, logits, mask)
        size = outputs.shape[1] // segments
        rows = []
        for start in range(0, segments * size, size):
            own = slice(start, start + size)
            rows.append(
                self.head.statistics(outputs[:, own], logits[:, own], mask[:, own])
            )
        return {name: ops.stack([row[name] for row in rows]) for name in rows[0]}

    def metrics_of(
        self, sums: Mapping[str, np.ndarray], *, by_segment: bool
    ) -> dict[str, float]:
        """The head's metrics from added ``sum/...`` values of :meth:`losses_of`.

        Args:
          sums: added results of :meth:`losses_of`; other names are passed over.
          by_segment: whether they come from evaluation. Then a decoder with
            segments gives the metrics of each (``segment/000/...``) and their
            mean, like the original.
        """
        prefix = "sum/"
        sums = {
            name.removeprefix(prefix): value
            for name, value in sums.items()
            if name.startswith(prefix)
        }
        segments = self.decoder.segments
        if segments == 1 or not by_segment:
            return self.head.metrics(sums)
        rows = [
            self.head.metrics({name: value[i] for name, value in sums.items()})
            for i in range(segments)
        ]
        means = {n: float(np.mean([row[n] for row in rows])) for n in rows[0]}
        return means | {
            f"segment/{i:03d}/{name}": value
            for i, row in enumerate(rows)
            for name, value in row.items()
        }

    def validation_noise(
        self, rng: np.random.Generator, tensors: Batch
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Noise of the latent vectors, and of the samples of a decoder that runs free.

        Args:
          rng: draws it.
          tensors: a batch.
        """
        count, steps = len(tensors), tensors.outputs.shape[1]
        epsilon = rng.standard_normal((count, self.z_size), np.float32)
        if not self.objective.scheduled:
            return epsilon, None
        # Drawn step by step.
        shape = (steps, count, self.head.noise_depth)
        return epsilon, rng.random(shape, np.float32).transpose(1, 0, 2)

    def validation_losses(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
        *noise: Tensor | None,
    ) -> dict[str, Tensor]:
        """:meth:`losses_of` outside training, without what is large.

        As in the original, models trained with scheduled sampling are evaluated
        running freely, others with teacher forcing, and latent vectors are drawn from
        the posterior.

        Args:
          inputs: see :meth:`losses_of`, likewise the next three.
          outputs: targets.
          controls: or None.
          lengths: or None.
          *noise: see :meth:`validation_noise`.
        """
        epsilon, uniforms = noise
        parts = self.losses_of(
            inputs,
            outputs,
            controls,
            lengths,
            step=None,
            epsilon=epsilon,
            uniforms=uniforms,
        )
        return {k: v for k, v in parts.items() if k != "logits"}

    def scores(
        self, sums: Mapping[str, np.ndarray], windows: int, step: int
    ) -> dict[str, float]:
        """Means over all windows, under the original's names.

        Args:
          sums: results of :meth:`validation_losses`, added over all windows.
          windows: how many.
          step: training step, for the weight of the KL cost.
        """
        beta = float(backend.to_numpy(self.beta(np.float32(step))))
        r_loss, kl_cost = (
            float(sums[name]) / windows for name in ("r_loss", "kl_cost")
        )
        return {
            "loss": r_loss + beta * kl_cost,
            "losses/r_loss": r_loss,
            "losses/kl_loss": kl_cost,
            "losses/kl_bits": float(latent.kl_bits(sums["kl"] / windows)),
            "losses/kl_beta": beta,
            **self.metrics_of(sums, by_segment=True),
        }

    def objective_of(self, scores: Mapping[str, float]) -> float:
        """What is compared to find the best weights: the loss with full beta.

        Args:
          scores: from :meth:`scores`.
        """
        return float(
            self._objective(
                scores["losses/r_loss"],
                scores["losses/kl_loss"],
                scores["losses/kl_beta"],
            )
        )

    def _objective(self, r_loss: Tensor, kl_cost: Tensor, beta: Tensor) -> Tensor:
        if self.objective.target_bits:
            # The loss at the rate that is wanted, to first order.
            return r_loss + beta * (kl_cost - self.objective.target_bits * math.log(2))
        return r_loss + self.objective.max_beta * kl_cost

    def beta(self, step: Tensor) -> Tensor:
        """Weight of the KL cost at a training step; a controller's is the last one."""
        if self.log_kl_weight is not None:
            return ops.exp(ops.cast(self.log_kl_weight, "float32"))
        return schedules.beta(
            step, max_beta=self.objective.max_beta, beta_rate=self.objective.beta_rate
        )

    def _control(self, bits: Tensor) -> None:
        """Moves the weight of the KL divergence towards the rate that is wanted."""
        assert self.log_kl_weight is not None
        surplus = ops.clip(bits / self.objective.target_bits - 1.0, -1.0, 1.0)
        moved = self.log_kl_weight + _CONTROL_RATE * surplus
        self.log_kl_weight.assign(ops.clip(moved, *_LOG_KL_WEIGHT))

    def training_loss(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
        step: Tensor,
        epsilon: Tensor | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss to minimise at ``step``, and scalars under the original's names.

        Args:
          inputs: see :meth:`losses_of`, likewise the next three.
          outputs: targets.
          controls: or None.
          lengths: or None.
          step: training step, a scalar tensor.
          epsilon: noise; drawn if None.
        """
        parts = self.losses_of(
            inputs, outputs, controls, lengths, step=step, epsilon=epsilon
        )
        beta = ops.stop_gradient(self.beta(step))
        r_loss, kl_cost = ops.mean(parts["r_loss"]), ops.mean(parts["kl_cost"])
        loss = r_loss + beta * kl_cost
        bits = ops.mean(latent.kl_bits(parts["kl"]))
        scalars = {
            "loss": loss,
            "losses/r_loss": r_loss,
            "losses/kl_loss": kl_cost,
            "losses/kl_bits": bits,
            "losses/kl_beta": beta,
        }
        if self.log_kl_weight is not None:
            self._control(ops.stop_gradient(bits))
        if isinstance(self.head, WindowHead):
            extra = self.head.auxiliary_loss(outputs, parts["logits"], self.noise)
            scalars["losses/dynamics"] = extra
            loss = loss + extra
        if self.objective.scheduled:
            scalars["sampling_probability"] = schedules.sampling_probability(
                step,
                schedule=self.objective.sampling_schedule,
                rate=self.objective.sampling_rate,
            )
        sums = {k: v for k, v in parts.items() if k.startswith("sum/")}
        return loss, {**scalars, **sums}

    @property
    def curves(self) -> tuple[str, ...]:
        """See :class:`groovekit.models.keras_model.KerasModel`."""
        return ("losses/r_loss", "losses/kl_loss", "losses/kl_bits")

    def evaluation_loss(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """What :meth:`objective_of` says, and scalars.

        As in the original, models trained with scheduled sampling run freely. The
        noise is always the same, so that curves show the model and not the draw.

        Args:
          inputs: see :meth:`losses_of`, likewise the next three.
          outputs: targets.
          controls: or None.
          lengths: or None.
        """
        batch = ops.shape(inputs)[0]
        shape = (batch, outputs.shape[1], self.head.noise_depth)
        parts = self.losses_of(
            inputs,
            outputs,
            controls,
            lengths,
            step=None,
            epsilon=keras.random.normal((batch, self.z_size), seed=1),
            uniforms=keras.random.uniform(shape, seed=2),
        )
        r_loss, kl_cost = ops.mean(parts["r_loss"]), ops.mean(parts["kl_cost"])
        beta = self.beta(np.float32(0)) if self.objective.target_bits else 0.0
        return self._objective(r_loss, kl_cost, beta), {
            "losses/r_loss": r_loss,
            "losses/kl_loss": kl_cost,
            "losses/kl_bits": ops.mean(latent.kl_bits(parts["kl"])),
        }
