"""An encoder that sees all steps of a window at once."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.heads.base import Part
from groovekit.models.linear_code import LinearCode
from groovekit.models.residual import ResidualMLP
from groovekit.models.window_features import scales_of, window_features
from groovekit.seeding import derive

Tensor = Any


@keras.saving.register_keras_serializable(package="groovekit")
class ParallelEncoder(keras.layers.Layer):
    """Linear in the features of a whole window, and a network that adds to it.

    What it gives are means of the posterior and what is added to logarithms of its
    standard deviations: the latent space takes them directly
    (:class:`groovekit.models.latent.DirectLatentLayer`).

    Args:
      sizes: units of the network's hidden layers.
      input_depth: values of a step; those beyond the outputs' are not read.
      steps: of a window.
      layout: the converter's ``(name, size, kind)`` slices.
      z_size: dimensions of the latent vector.
      bars: of a window; has no effect.
      residual: has no effect.
      dropout: see :class:`groovekit.models.residual.ResidualMLP`.
      seed: of initial weights and dropout masks.
      **kwargs: of ``keras.layers.Layer``.

    Raises:
      ConfigError: the layout is not hits and values of each of them.
    """

    #: Takes ``steps``, ``bars``, ``layout`` and ``z_size``.
    windowed: ClassVar[bool] = True

    def __init__(
        self,
        sizes: tuple[int, ...],
        input_depth: int,
        *,
        steps: int,
        layout: tuple[Any, ...],
        z_size: int,
        bars: int = 1,
        residual: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = tuple(sizes)
        self.input_depth = input_depth
        self.steps = steps
        self.layout = tuple(Part(*_words(part)) for part in layout)
        self.z_size = z_size
        self.bars = bars
        self.residual = residual
        self.dropout = dropout
        self.seed = seed
        self.scales = scales_of(self.layout, "The parallel encoder")
        self.depth = sum(part.size for part in self.layout)
        if input_depth < self.depth:
            raise ConfigError(
                f"The parallel encoder reads what its decoder writes, {self.depth} "
                f"values a step; the converter gives it {input_depth}."
            )
        self.output_depth = 2 * z_size
        self.centres = None
        if self.scales:
            self.centres = self.add_weight(
                shape=(len(self.scales), self.layout[0].size),
                initializer="zeros",
                trainable=False,
                name="centres",
            )
        self.linear = keras.layers.Dense(
            z_size,
            kernel_initializer=keras.initializers.GlorotUniform(derive(seed, "linear")),
            dtype=self.dtype_policy,
            name="linear",
        )
        with keras.name_scope(self.name):
            self.linear.build((None, steps * self.depth))
        self.network = ResidualMLP(
            steps * self.depth,
            self.sizes,
            2 * z_size,
            dropout=dropout,
            seed=derive(seed, "network"),
            dtype=self.dtype_policy,
        )
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "sizes": self.sizes,
            "input_depth": self.input_depth,
            "steps": self.steps,
            "layout": [list(part) for part in self.layout],
            "z_size": self.z_size,
            "bars": self.bars,
            "residual": self.residual,
            "dropout": self.dropout,
            "seed": self.seed,
        }

    def start_from(self, code: LinearCode, centres: np.ndarray) -> None:
        """Takes the weights of a linear code; the network adds next to nothing.

        Args:
          code: of windows' features, with ``z_size`` axes.
          centres: ``(values, classes)``, see
            :func:`groovekit.models.window_features.class_means`.
        """
        if self.centres is not None:
            self.centres.assign(centres)
        kernel, bias = code.encoder
        self.linear.kernel.assign(kernel)
        self.linear.bias.assign(bias)

    def call(
        self, x: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> Tensor:
        """``(batch, steps, input_depth)`` to ``(batch, 2 * z_size)``; see the class.

        Args:
          x: windows.
          lengths: has no effect: windows fill their steps.
          training: whether to drop.
        """
        del lengths
        x = x[..., : self.depth]
        features = window_features(x, self.centres, self.scales, ops)
        flat = ops.reshape(features, (-1, self.steps * self.depth))
        added = self.network(flat, training=training)
        mean = self.linear(flat) + added[:, : self.z_size]
        return ops.concatenate([mean, added[:, self.z_size :]], axis=-1)


def _words(part: Any) -> tuple[str, int, str]:
    """A slice of a layout, or its JSON form."""
    if isinstance(part, (list, tuple)):
        name, size, kind = part
        return name, size, kind
    return part.name, part.size, part.kind
