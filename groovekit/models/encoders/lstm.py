"""Encoders: sequences to embeddings.

An encoder is a Keras layer, ``encoder(x, lengths, training=...) -> embedding``,
with an ``output_depth``. It is built from flat arguments and registered by name
(``groovekit.plugins.catalogue.encoders``).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.models.lstm import LSTMStack
from groovekit.models.segments import checked_lengths, fold, segment_lengths
from groovekit.plugins import catalogue
from groovekit.seeding import derive

Tensor = Any


def reverse(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverses each sequence in its own length; padding stays at the right.

    Args:
      x: ``(batch, steps, depth)``.
      lengths: ``(batch,)`` integers, or None if all sequences fill their steps.
    """
    if lengths is None:
        return ops.flip(x, axis=1)
    steps = ops.arange(x.shape[1], dtype="int32")[None, :]
    lengths = ops.cast(lengths, "int32")[:, None]
    source = ops.where(steps < lengths, lengths - 1 - steps, steps)
    return ops.take_along_axis(x, source[:, :, None], axis=1)


def last_step(x: Tensor, lengths: Tensor | None) -> Tensor:
    """The last step in use of each sequence; zeros for empty ones."""
    if lengths is None:
        return x[:, -1]
    lengths = ops.cast(lengths, "int32")
    index = ops.maximum(lengths - 1, 0)[:, None, None]
    last = ops.take_along_axis(x, index, axis=1)[:, 0]
    return last * ops.cast(lengths > 0, last.dtype)[:, None]


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
        for i, units in enumerate(self.sizes):
            for direction, layers in (("fw", self.layers_fw), ("bw", self.layers_bw)):
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


@keras.saving.register_keras_serializable(package="groovekit")
class HierarchicalLSTMEncoder(keras.layers.Layer):
    """Encodes segments, then sequences of their embeddings, up to a single one.

    Args:
      sizes: units of each layer of the encoder of each level.
      input_depth: size of the inputs' last axis.
      level_lengths: steps of a segment, segments of a group, ..., from the bottom
        up; their product is the window's length.
      core: registered name of the encoder used at each level.
      residual: residual connections.
      dropout: input dropout, see :class:`groovekit.models.lstm.LSTMStack`.
      seed: seed of initial weights and dropout masks.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        input_depth: int,
        *,
        level_lengths: tuple[int, ...],
        core: str = "bidirectional_lstm",
        residual: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = tuple(sizes)
        self.input_depth = input_depth
        self.level_lengths = checked_lengths(level_lengths)
        self.core = core
        self.residual = residual
        self.dropout = dropout
        self.seed = seed
        self.levels: list[Any] = []
        depth = input_depth
        for index in range(len(self.level_lengths)):
            level = catalogue.encoders.get(core)(
                self.sizes,
                depth,
                residual=residual,
                dropout=dropout,
                seed=derive(seed, "level", index),
                dtype=self.dtype_policy,
                name=f"level_{index}",
            )
            self.levels.append(level)
            depth = level.output_depth
        self.built = True

    @property
    def output_depth(self) -> int:
        """Size of the embedding."""
        return int(self.levels[-1].output_depth)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "sizes": self.sizes,
            "input_depth": self.input_depth,
            "level_lengths": self.level_lengths,
            "core": self.core,
            "residual": self.residual,
            "dropout": self.dropout,
            "seed": self.seed,
        }

    def call(
        self, x: Tensor, lengths: Tensor | None = None, *, training: bool = False
    ) -> Tensor:
        """Embeds a batch of windows, ``(batch, output_depth)``.

        Args:
          x: ``(batch, steps, input_depth)``; steps are a multiple of the product of
            all ``level_lengths`` but the last.
          lengths: ``(batch, segments)``, or ``(batch,)`` of windows that are full or
            empty; None if all are full.
          training: whether to drop inputs.
        """
        for level, length in zip(self.levels, self.level_lengths, strict=True):
            top = level is self.levels[-1]
            segments = 1 if top else x.shape[1] // length
            own = None
            if lengths is not None:
                own = ops.reshape(segment_lengths(lengths, segments), (-1,))
                # Above the segments every embedding counts, as in the original.
                lengths = None
            embedding = level(fold(x, segments), own, training=training)
            if top:
                return embedding
            x = ops.reshape(embedding, (-1, segments, embedding.shape[-1]))
        raise AssertionError("an encoder has at least one level")
