"""Decoder: an LSTM that sees the latent vector at each step."""

from __future__ import annotations

import contextlib
from typing import Any

import keras
from keras import ops

from groovekit.models import backend
from groovekit.models.decoders.flat import FlatDecoder
from groovekit.models.feed import Decoded, Feed
from groovekit.models.heads.base import Head
from groovekit.models.heads.categorical import CategoricalHead
from groovekit.models.lstm import (
    LSTMStack,
    State,
    flatten_state,
    split_state,
    state_layer,
    unflatten_state,
)
from groovekit.seeding import derive

Tensor = Any


@keras.saving.register_keras_serializable(package="groovekit")
class LSTMDecoder(FlatDecoder):
    """LSTM decoder whose state starts from the code, which it also sees each step.

    Args: see :class:`FlatDecoder`.
    """

    def __init__(
        self, sizes: tuple[int, ...], z_size: int, head: Head, **kwargs: Any
    ) -> None:
        super().__init__(sizes, z_size, head, **kwargs)
        with keras.name_scope(self.name):
            self.to_state = state_layer(
                self.sizes,
                z_size,
                seed=derive(self.seed, "to_state"),
                dtype=self.dtype_policy,
                name="to_state",
            )
            self.stack = LSTMStack(
                self.sizes,
                head.output_depth + z_size + self.control_depth,
                residual=self.residual,
                dropout=self.dropout,
                seed=derive(self.seed, "stack"),
                dtype=self.dtype_policy,
                name="stack",
            )
            self.output_layer = keras.layers.Dense(
                head.logits_depth,
                kernel_initializer=keras.initializers.GlorotUniform(
                    seed=derive(self.seed, "output")
                ),
                dtype=self.dtype_policy,
                name="output",
            )
            self.output_layer.build((None, None, self.sizes[-1]))
            # Kept as an attribute, so that Keras finds the weights of heads with some.
            self.head_layer = head.build(
                seed=derive(self.seed, "head"), dtype=self.dtype_policy
            )
        self.built = True

    @property
    def state_depth(self) -> int:
        """Numbers in the whole state."""
        return 2 * sum(self.sizes)

    def initial_state(self, z: Tensor) -> State:
        """(hidden, cell) of each layer from ``(batch, z_size)``."""
        return split_state(self.to_state(z), self.sizes)

    def decode(self, z: Tensor, steps: int, feed: Feed) -> Decoded:
        """See :meth:`groovekit.models.decoders.base.Decoder.decode`."""
        z = ops.cast(z, self.compute_dtype)
        start, targets, controls = feed.start, feed.targets, feed.controls
        if start is None:
            start = ops.zeros((ops.shape(z)[0], self.head.output_depth), "float32")
        if targets is not None:
            targets = self.head.one_hot(targets)
        if controls is not None:
            controls = ops.cast(controls, z.dtype)
        feed = feed.replace(start=start, targets=targets, controls=controls)
        training = feed.training
        # Only the loop stops each sequence's state at its own length.
        stops = feed.keep_state and feed.lengths is not None
        if feed.free or feed.use_sample is not None or stops:
            # Samples have no gradient: once it is known what was fed, all else is
            # teacher forcing, which is differentiated faster than the loop is.
            again = bool(training and not feed.free and not stops)
            again = again and not self.dropout
            own = feed.replace(keep_fed=True) if again else feed
            looped = self._loop(z, steps, own, differentiable=not again)
            if not again:
                return looped
            targets = looped.fed
        assert targets is not None  # given, or asked for
        inputs = ops.concatenate([start[:, None], targets[:, :-1]], axis=1)
        projected = self._looks_up and self.stack.takes_projected(training=training)
        if projected and not (training and self.dropout):
            known = self._known_inputs(z, controls, steps, dropout=False)
            x = self.stack.look_up(_labels(inputs)) + ops.transpose(known, (1, 0, 2))
        else:
            parts = [ops.cast(inputs, z.dtype), _repeat(z, steps)]
            if controls is not None:
                parts.append(controls)
            projected, x = False, ops.concatenate(parts, axis=-1)
        outputs, _, state = self.stack(
            x, self.initial_state(z), projected=projected, training=training
        )
        return Decoded(self.output_layer(outputs), state, targets)

    @property
    def _looks_up(self) -> bool:
        """Whether inputs are one-hot vectors, or zeros at the start."""
        return isinstance(self.head, CategoricalHead)

    def _known_inputs(
        self, z: Tensor, controls: Tensor | None, steps: int, *, dropout: bool
    ) -> Tensor:
        """What z and the controls add to the first layer: (steps or 1, batch, n)."""
        known = z[None]
        if controls is not None:
            controls = ops.transpose(controls, (1, 0, 2))
            known = ops.concatenate(
                [ops.repeat(known, steps, axis=0), controls], axis=-1
            )
        elif dropout:
            known = ops.repeat(known, steps, axis=0)
        if dropout:
            known = self.stack.dropouts[0](known, training=True)
        return self.stack.project(known, first=self.head.output_depth)

    def _loop(
        self, z: Tensor, steps: int, feed: Feed, *, differentiable: bool
    ) -> Decoded:
        dropout = bool(feed.training and self.dropout)
        lengths = feed.lengths if feed.keep_state else None
        projected = self._known_inputs(z, feed.controls, steps, dropout=dropout)
        constant = projected.shape[0] == 1
        masks: list[Tensor | None] = [None] * len(self.sizes)
        if dropout:
            batch = ops.shape(z)[0]
            masks = list(self.stack.dropout_masks(batch, steps, self.head.output_depth))
        looks_up = self._looks_up and not dropout

        def step(carry: Any, xs: Any) -> Any:
            x, *flat = carry
            target, sample_now, noise, now, time, *mask = xs
            state = unflatten_state(flat)
            known = projected[0] if constant else now
            if looks_up:
                known, x = known + self.stack.look_up(_labels(x)), None
            output, new = self.stack.step(
                None if x is None else ops.cast(x, self.compute_dtype),
                known,
                state,
                mask if dropout else None,
            )
            logits = ops.cast(self.output_layer(output), "float32")
            if target is None:
                x = self.head.sample(logits, noise, feed.temperature)
                made = x
            else:
                made, x = logits, target
                if sample_now is not None:
                    own = self.head.sample(logits, noise, feed.temperature)
                    own = ops.stop_gradient(own)
                    x = ops.where(sample_now[:, None], own, target)
            if lengths is not None:
                going = (time < ops.cast(lengths, "int32"))[:, None]
                new = [
                    (ops.where(going, h, old_h), ops.where(going, c, old_c))
                    for (h, c), (old_h, old_c) in zip(new, state, strict=True)
                ]
            return [x, *flatten_state(new)], [made, x] if feed.keep_fed else [made]

        inputs = [
            *map(_steps_first, (feed.targets, feed.use_sample, feed.uniforms)),
            None if constant else projected,
            None if lengths is None else ops.arange(steps, dtype="int32"),
            *masks,
        ]
        carry = [feed.start, *flatten_state(self.initial_state(z))]
        with (
            contextlib.nullcontext() if differentiable else backend.without_gradients()
        ):
            last, outputs = backend.scan(step, carry, inputs, steps)
        if not differentiable:
            last, outputs = (
                [ops.stop_gradient(v) for v in vs] for vs in (last, outputs)
            )
        made, *fed = (ops.transpose(output, (1, 0, 2)) for output in outputs)
        return Decoded(made, unflatten_state(last[1:]), fed[0] if fed else None)


def _steps_first(x: Tensor | None) -> Tensor | None:
    """``(batch, steps, ...)`` to ``(steps, batch, ...)``, for loops."""
    if x is None:
        return None
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))


def _repeat(z: Tensor, steps: int) -> Tensor:
    return ops.repeat(z[:, None, :], steps, axis=1)


def _labels(x: Tensor) -> Tensor:
    """Places of the ones in one-hot vectors; -1 for vectors of zeros."""
    labels = ops.cast(ops.argmax(x, axis=-1), "int32")
    return ops.where(ops.any(x > 0, axis=-1), labels, -1)
