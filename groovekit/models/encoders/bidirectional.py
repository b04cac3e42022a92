"""Encoder: stacked bidirectional LSTM."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.models.encoders.padded import last_step, reverse
from groovekit.models.lstm import LSTMStack
from groovekit.seeding import derive

Tensor = Any


@keras.saving.register_keras_serializable(package="groovekit")
class BidirectionalLSTMEncoder(keras.layers.Layer):
    """Stacked bidirectional LSTM; the embedding joins both final hidden states.

    The directions of each layer see the outputs of both directions of the layer
    below. Neither direction ever sees padding.

    Args:
      sizes: units of each layer and direction.
      input_depth: size of the inputs' last axis.
      residual: residual connections in each layer and direction.
      dropout: input dropout, see :class:`groovekit.models.lstm.LSTMStack`.
      seed: seed of initial weights and dropout masks.
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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = tuple(sizes)
        self.input_depth = input_depth
        self.residual = residual
        self.dropout = dropout
        self.seed = seed
        self.layers_fw: list[LSTMStack] = []
        self.layers_bw: list[LSTMStack] = []
        depth = input_depth
        with keras.name_scope(self.name):
            for i, units in enumerate(self.sizes):
                for direction, layers in (
                    ("fw", self.layers_fw),
                    ("bw", self.layers_bw),
                ):
                    layers.append(
                        LSTMStack(
                            (units,),
                            depth,
                            residual=residual,
                            dropout=dropout,
                            seed=derive(seed, direction, i),
                            dtype=self.dtype_policy,
                            name=f"{direction}_{i}",
                        )
                    )
                depth = 2 * units
        self.built = True

    @property
    def output_depth(self) -> int:
        """Size of the embedding."""
        return 2 * self.sizes[-1]

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
        }

    def call(
        self, x: Tensor, lengths: Tensor | None = None, *, training: bool = False
    ) -> Tensor:
        """Embeds a batch of right-padded sequences.

        Args:
          x: ``(batch, steps, input_depth)``.
          lengths: ``(batch,)``; None if all sequences fill their steps.
          training: whether to drop inputs.

        Returns:
          ``(batch, output_depth)``.
        """
        _, finals = self.sequences(x, lengths, training=training)
        return ops.concatenate([last_step(h, lengths) for h in finals], axis=-1)

    def sequences(
        self, x: Tensor, lengths: Tensor | None = None, *, training: bool = False
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs all layers; arguments as of :meth:`call`.

        Returns:
          The last layer's outputs ``(batch, steps, output_depth)``, both
          directions in the input's order; and its hidden states in the order in
          which each direction met the steps, each ``(batch, steps, sizes[-1])``.
        """
        hidden: tuple[Tensor, Tensor] = (x, x)
        for forward, backward in zip(self.layers_fw, self.layers_bw, strict=True):
            out_fw, hidden_fw, _ = forward(x, training=training)
            out_bw, hidden_bw, _ = backward(reverse(x, lengths), training=training)
            hidden = (hidden_fw, hidden_bw)
            x = ops.concatenate([out_fw, reverse(out_bw, lengths)], axis=-1)
        return x, hidden
