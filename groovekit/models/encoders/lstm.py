"""Encoder: stacked unidirectional LSTM."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.models.encoders.padded import last_step
from groovekit.models.lstm import LSTMStack

Tensor = Any


@keras.saving.register_keras_serializable(package="groovekit")
class LSTMEncoder(keras.layers.Layer):
    """Stacked unidirectional LSTM; the embedding is the last step's output.

    Args:
      sizes: units of each layer.
      input_depth: size of the inputs' last axis.
      residual: residual connections.
      dropout: input dropout, see :class:`groovekit.models.lstm.LSTMStack`.
      seed: seed of initial weights and dropout masks.
      read_padding: take the last *padded* step, which is zero for sequences
        shorter than their batch: the original's behaviour, a defect.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        input_depth: int,
        *,
        residual: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        read_padding: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = tuple(sizes)
        self.input_depth = input_depth
        self.residual = residual
        self.dropout = dropout
        self.seed = seed
        self.read_padding = read_padding
        with keras.name_scope(self.name):
            self.stack = LSTMStack(
                self.sizes,
                input_depth,
                residual=residual,
                dropout=dropout,
                seed=seed,
                dtype=self.dtype_policy,
                name="stack",
            )
        self.built = True

    @property
    def output_depth(self) -> int:
        """Size of the embedding."""
        return self.sizes[-1]

    def compute_output_spec(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The shape of :meth:`call`'s result, without running its loops."""
        del args, kwargs
        return keras.KerasTensor((x.shape[0], self.output_depth), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "sizes": self.sizes,
            "input_depth": self.input_depth,
            "residual": self.residual,
            "dropout": self.dropout,
            "seed": self.seed,
            "read_padding": self.read_padding,
        }

    def call(
        self, x: Tensor, lengths: Tensor | None = None, *, training: bool = False
    ) -> Tensor:
        """Embeds a batch of right-padded sequences, ``(batch, output_depth)``."""
        outputs, _, _ = self.stack(x, training=training)
        embedding = last_step(outputs, lengths)
        if self.read_padding and lengths is not None:
            full = ops.cast(lengths, "int32") == x.shape[1]
            embedding = embedding * ops.cast(full, embedding.dtype)[:, None]
        return embedding
