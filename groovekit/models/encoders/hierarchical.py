"""Encoder: segments, then sequences of their embeddings."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.models.segments import checked_lengths, fold, segment_lengths
from groovekit.plugins import catalogue
from groovekit.seeding import derive

Tensor = Any


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
        with keras.name_scope(self.name):
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
