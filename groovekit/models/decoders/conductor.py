"""Conductors: the upper levels of a hierarchical decoder."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.models.lstm import LSTMStack, State, split_state, state_layer
from groovekit.seeding import derive

Tensor = Any


@keras.saving.register_keras_serializable(package="groovekit")
class Conductor(keras.layers.Layer):
    """One level of a hierarchical decoder: an embedding for each part below.

    Args:
      sizes: units of each layer.
      embedding_depth: size of the embedding above, which the first state is made of.
      below_depth: size of what it sees of the part before; 0 to see nothing.
      projection: width of a tanh layer behind it; 0 for none.
      residual: residual connections.
      dropout: input dropout, see :class:`groovekit.models.lstm.LSTMStack`.
      seed: seed of initial weights and dropout masks.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        embedding_depth: int,
        below_depth: int,
        *,
        projection: int,
        residual: bool,
        dropout: float,
        seed: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = sizes
        self.below_depth = below_depth
        self.dropout = dropout
        with keras.name_scope(self.name):
            self.to_state = state_layer(
                sizes,
                embedding_depth,
                seed=derive(seed, "to_state"),
                dtype=self.dtype_policy,
                name="to_state",
            )
            # Without anything from below, the original feeds a single zero.
            depth = below_depth + embedding_depth if below_depth else 1
            self.stack = LSTMStack(
                sizes,
                depth,
                residual=residual,
                dropout=dropout,
                seed=derive(seed, "stack"),
                dtype=self.dtype_policy,
                name="stack",
            )
            self.projection = None
            if projection:
                self.projection = keras.layers.Dense(
                    projection,
                    activation="tanh",
                    kernel_initializer=keras.initializers.GlorotUniform(
                        seed=derive(seed, "projection")
                    ),
                    dtype=self.dtype_policy,
                    name="projection",
                )
                self.projection.build((None, None, sizes[-1]))
        self.output_depth = projection or sizes[-1]
        self.built = True

    def initial_state(self, embedding: Tensor) -> State:
        """(hidden, cell) of each layer from ``(batch, embedding_depth)``."""
        return split_state(self.to_state(embedding), self.sizes)

    def _project(self, x: Tensor) -> Tensor:
        return x if self.projection is None else self.projection(x)

    def run(
        self, embedding: Tensor, steps: int, below: Tensor | None, *, training: bool
    ) -> tuple[Tensor, State]:
        """All embeddings ``(batch, steps, output_depth)`` and the last state."""
        if below is None:
            x = ops.zeros((ops.shape(embedding)[0], steps, 1), embedding.dtype)
        else:
            known = ops.repeat(embedding[:, None], steps, axis=1)
            x = ops.concatenate([ops.cast(below, known.dtype), known], axis=-1)
        outputs, _, state = self.stack(
            x, self.initial_state(embedding), training=training
        )
        return self._project(outputs), state

    def step(
        self,
        embedding: Tensor,
        below: Tensor | None,
        state: State,
        masks: list[Tensor] | None,
    ) -> tuple[Tensor, State]:
        """The next embedding."""
        if below is None:
            x = ops.zeros((ops.shape(embedding)[0], 1), embedding.dtype)
        else:
            x = ops.concatenate([ops.cast(below, embedding.dtype), embedding], axis=-1)
        output, state = self.stack.step(x, None, state, masks)
        return self._project(output), state
