"""Decoders: latent codes to sequences.

A decoder is a Keras layer with three ways of running: :meth:`teacher_forced`
(all steps at once), :meth:`scheduled` (a loop that sometimes feeds back its own
samples) and :meth:`generate` (a loop that always does). It is built from flat
arguments and registered by name (``groovekit.plugins.decoders``).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.models import backend
from groovekit.models.heads import Head
from groovekit.models.lstm import LSTMStack, State
from groovekit.seeding import derive

Tensor = Any


def shift_right(x: Tensor) -> Tensor:
    """Delays sequences by one step; the first step becomes zeros."""
    return ops.pad(x[:, :-1], [[0, 0], [1, 0], [0, 0]])


@keras.saving.register_keras_serializable(package="groovekit")
class LSTMDecoder(keras.layers.Layer):
    """LSTM decoder whose state starts from the code, which it also sees each step.

    Args:
      sizes: units of each layer.
      z_size: dimensions of the code.
      head: what the outputs mean; gives the depths of inputs and logits.
      control_depth: size of the control vectors; 0 for none.
      residual: residual connections.
      dropout: input dropout, see :class:`groovekit.models.lstm.LSTMStack`.
      seed: seed of initial weights and dropout masks.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        z_size: int,
        head: Head,
        *,
        control_depth: int = 0,
        residual: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = tuple(sizes)
        self.z_size = z_size
        self.head = head
        self.control_depth = control_depth
        self.residual = residual
        self.dropout = dropout
        self.seed = seed
        self.to_state = keras.layers.Dense(
            2 * sum(self.sizes),
            activation="tanh",
            kernel_initializer=keras.initializers.RandomNormal(
                stddev=0.001, seed=derive(seed, "to_state")
            ),
            dtype=self.dtype_policy,
            name="to_state",
        )
        self.to_state.build((None, z_size))
        self.stack = LSTMStack(
            self.sizes,
            head.output_depth + z_size + control_depth,
            residual=residual,
            dropout=dropout,
            seed=derive(seed, "stack"),
            dtype=self.dtype_policy,
            name="stack",
        )
        self.output_layer = keras.layers.Dense(
            head.logits_depth,
            kernel_initializer=keras.initializers.GlorotUniform(
                seed=derive(seed, "output")
            ),
            dtype=self.dtype_policy,
            name="output",
        )
        self.output_layer.build((None, None, self.sizes[-1]))
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the head as a table."""
        return {
            **super().get_config(),
            "sizes": self.sizes,
            "z_size": self.z_size,
            "head": self.head.to_dict(),
            "control_depth": self.control_depth,
            "residual": self.residual,
            "dropout": self.dropout,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LSTMDecoder:
        """The layer of :meth:`get_config`."""
        return cls(**{**config, "head": Head.from_dict(config["head"])})

    def initial_state(self, z: Tensor) -> State:
        """(hidden, cell) of each layer from ``(batch, z_size)``."""
        # In the original's order: cell state before hidden state, layer by layer.
        bounds, position = [], 0
        for units in self.sizes:
            bounds += [position + units, position + 2 * units]
            position += 2 * units
        parts = ops.split(self.to_state(z), bounds[:-1], axis=-1)
        return list(zip(parts[1::2], parts[0::2], strict=True))

    def _repeat(self, z: Tensor, steps: int) -> Tensor:
        return ops.repeat(z[:, None, :], steps, axis=1)

    def teacher_forced(
        self,
        z: Tensor,
        targets: Tensor,
        controls: Tensor | None = None,
        *,
        training: bool = False,
    ) -> Tensor:
        """Logits of all steps, each given the true outputs before it.

        Args:
          z: ``(batch, z_size)``.
          targets: ``(batch, steps, output_depth)``, or labels.
          controls: ``(batch, steps, control_depth)`` or None.
          training: whether to drop inputs.

        Returns:
          ``(batch, steps, logits_depth)``.
        """
        inputs = shift_right(self.head.one_hot(targets))
        z = ops.cast(z, self.compute_dtype)
        parts = [ops.cast(inputs, z.dtype), self._repeat(z, inputs.shape[1])]
        if controls is not None:
            parts.append(ops.cast(controls, z.dtype))
        outputs, _ = self.stack(
            ops.concatenate(parts, axis=-1), self.initial_state(z), training=training
        )
        return self.output_layer(outputs)

    def _loop_inputs(self, z: Tensor, controls: Tensor | None, steps: int) -> Tensor:
        """What z and the controls add to the first layer: (steps or 1, batch, n)."""
        first = self.head.output_depth
        known = ops.cast(z, self.compute_dtype)[None]
        if controls is not None:
            controls = ops.cast(ops.transpose(controls, (1, 0, 2)), known.dtype)
            known = ops.concatenate(
                [ops.repeat(known, steps, axis=0), controls], axis=-1
            )
        return self.stack.project(known, first=first)

    def scheduled(
        self,
        z: Tensor,
        targets: Tensor,
        controls: Tensor | None = None,
        *,
        use_sample: Tensor,
        uniforms: Tensor | None,
        training: bool = False,
    ) -> Tensor:
        """Logits of all steps, where some inputs are the decoder's own samples.

        Args:
          z: ``(batch, z_size)``.
          targets: ``(batch, steps, output_depth)``, or labels.
          controls: ``(batch, steps, control_depth)`` or None.
          use_sample: ``(steps, batch)`` booleans: whether the step's own sample
            is the next step's input.
          uniforms: ``(steps, batch, head.noise_depth)`` for sampling at
            temperature 1, or None for greedy choices.
          training: whether to drop inputs.

        Returns:
          ``(batch, steps, logits_depth)``.
        """
        targets = self.head.one_hot(targets)
        batch, steps = targets.shape[0], targets.shape[1]
        if batch is None:
            batch = ops.shape(targets)[0]
        targets = ops.transpose(targets, (1, 0, 2))
        masks: list[Tensor | None] = [None] * len(self.sizes)
        projected: Tensor
        if training and self.dropout:
            masks = list(self.stack.dropout_masks(batch, steps, self.head.output_depth))
            known = self._repeat(ops.cast(z, self.compute_dtype), steps)
            if controls is not None:
                controls = ops.cast(controls, known.dtype)
                known = ops.concatenate([known, controls], axis=-1)
            known = self.stack.dropouts[0](known, training=True)
            known = ops.transpose(known, (1, 0, 2))
            projected = self.stack.project(known, first=self.head.output_depth)
        else:
            projected = self._loop_inputs(z, controls, steps)
        constant = projected.shape[0] == 1

        def step(carry: Any, xs: Any) -> Any:
            x, *flat = carry
            target, sample_now, noise, now, *mask = xs
            output, state = self.stack.step(
                ops.cast(x, self.compute_dtype),
                projected[0] if constant else now,
                _unflatten(flat),
                mask if mask[0] is not None else None,
            )
            logits = ops.cast(self.output_layer(output), "float32")
            own = ops.stop_gradient(self.head.sample(logits, noise, 1.0))
            x = ops.where(sample_now[:, None], own, target)
            return [x, *_flatten(state)], logits

        start = ops.zeros_like(targets[0])
        carry = [start, *_flatten(self.initial_state(ops.cast(z, self.compute_dtype)))]
        per_step = None if constant else projected
        inputs = [targets, use_sample, uniforms, per_step, *masks]
        logits = backend.scan(step, carry, inputs, steps)
        return ops.transpose(logits, (1, 0, 2))

    def generate(
        self,
        z: Tensor,
        steps: int,
        *,
        uniforms: Tensor | None = None,
        temperature: Tensor = 1.0,
        controls: Tensor | None = None,
    ) -> Tensor:
        """Samples sequences, each step given the samples before it.

        Args:
          z: ``(batch, z_size)``.
          steps: how many, a Python integer.
          uniforms: ``(steps, batch, head.noise_depth)`` in [0, 1), or None for
            greedy choices.
          temperature: scalar; logits are divided by it.
          controls: ``(batch, steps, control_depth)`` or None.

        Returns:
          ``(batch, steps, output_depth)`` float32.
        """
        projected = self._loop_inputs(z, controls, steps)
        constant = projected.shape[0] == 1

        def step(carry: Any, xs: Any) -> Any:
            x, *flat = carry
            noise, now = xs
            output, state = self.stack.step(
                ops.cast(x, self.compute_dtype),
                projected[0] if constant else now,
                _unflatten(flat),
                None,
            )
            sample = self.head.sample(self.output_layer(output), noise, temperature)
            return [sample, *_flatten(state)], sample

        start = ops.zeros((ops.shape(z)[0], self.head.output_depth), "float32")
        carry = [start, *_flatten(self.initial_state(ops.cast(z, self.compute_dtype)))]
        inputs = [uniforms, None if constant else projected]
        return ops.transpose(backend.scan(step, carry, inputs, steps), (1, 0, 2))


def _flatten(state: State) -> list[Tensor]:
    return [part for pair in state for part in pair]


def _unflatten(flat: list[Tensor]) -> State:
    return list(zip(flat[0::2], flat[1::2], strict=True))
