"""Networks that start at nothing: what they give is added to something else."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.seeding import derive

Tensor = Any


@keras.saving.register_keras_serializable(package="groovekit")
class ResidualMLP(keras.layers.Layer):
    """Dense layers (GELU, layer normalisation, dropout) and a last one near zero.

    Args:
      inputs: size of the inputs.
      sizes: units of each hidden layer.
      outputs: size of the outputs, which start at N(0, 0.001) times what comes in.
      dropout: share of each hidden layer's outputs that is dropped in training.
      seed: of initial weights and dropout masks.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        inputs: int,
        sizes: tuple[int, ...],
        outputs: int,
        *,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.inputs = inputs
        self.sizes = tuple(sizes)
        self.outputs = outputs
        self.dropout = dropout
        self.seed = seed
        self.hidden, self.norms, self.dropouts = [], [], []
        depth = inputs
        for index, units in enumerate(self.sizes):
            glorot = keras.initializers.GlorotUniform(derive(seed, "hidden", index))
            self.hidden.append(
                keras.layers.Dense(
                    units, kernel_initializer=glorot, dtype=self.dtype_policy
                )
            )
            self.hidden[-1].build((None, depth))
            self.norms.append(keras.layers.LayerNormalization(dtype=self.dtype_policy))
            self.norms[-1].build((None, units))
            self.dropouts.append(
                keras.layers.Dropout(dropout, seed=derive(seed, "dropout", index))
            )
            depth = units
        small = keras.initializers.RandomNormal(
            stddev=0.001, seed=derive(seed, "outputs")
        )
        self.last = keras.layers.Dense(
            outputs, kernel_initializer=small, dtype=self.dtype_policy
        )
        self.last.build((None, depth))
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "inputs": self.inputs,
            "sizes": self.sizes,
            "outputs": self.outputs,
            "dropout": self.dropout,
            "seed": self.seed,
        }

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """``(..., inputs)`` to ``(..., outputs)``."""
        for dense, norm, dropout in zip(
            self.hidden, self.norms, self.dropouts, strict=True
        ):
            # The tanh form, which NumPy can compute as well.
            x = norm(ops.gelu(dense(x), approximate=True))
            x = dropout(x, training=training)
        return self.last(x)
