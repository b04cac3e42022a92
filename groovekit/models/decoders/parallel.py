"""A decoder that makes all steps of a window at once."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.decoders.base import Decoder
from groovekit.models.feed import Decoded, Feed
from groovekit.models.heads.base import Head
from groovekit.models.heads.laplace import WindowHead
from groovekit.models.linear_code import LinearCode
from groovekit.models.residual import ResidualMLP
from groovekit.seeding import derive

Tensor = Any


@keras.saving.register_keras_serializable(package="groovekit")
class ParallelDecoder(Decoder):
    """Linear in the latent vector, a network that adds to it, and a refinement.

    The refinement sees a bar and the mean of all bars, and adds to the bar; its weights
    are the same for each.

    Args:
      sizes: units of the network's hidden layers.
      z_size: dimensions of the latent vector.
      head: what the outputs mean; it samples all steps at once.
      steps: of a window.
      bars: of a window.
      refinement: units of the refinement's hidden layers; empty for none. Windows of
        one bar have none.
      layout: has no effect, nor has ``residual``.
      control_depth: 0: there can be no controls.
      residual: see ``layout``.
      dropout: see :class:`groovekit.models.residual.ResidualMLP`.
      seed: of initial weights and dropout masks.
      **kwargs: of ``keras.layers.Layer``.

    Raises:
      ConfigError: controls, or a head that samples step by step.
    """

    #: See :class:`groovekit.models.encoders.parallel.ParallelEncoder`.
    windowed: ClassVar[bool] = True
    whole_windows = True

    def __init__(
        self,
        sizes: tuple[int, ...],
        z_size: int,
        head: Head,
        *,
        steps: int,
        bars: int = 1,
        refinement: tuple[int, ...] = (),
        layout: Any = None,
        control_depth: int = 0,
        residual: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        del layout
        if control_depth:
            raise ConfigError("The parallel decoder takes no controls.")
        if not isinstance(head, WindowHead):
            raise ConfigError(
                "The parallel decoder makes all steps at once and needs a head that "
                f"does, too ('laplace'); received {type(head).__name__}."
            )
        self.sizes = tuple(sizes)
        self.z_size = z_size
        self.head: WindowHead = head
        self.steps = steps
        self.bars = bars
        self.refinement = tuple(refinement)
        self.residual = residual
        self.dropout = dropout
        self.seed = seed
        self.step_multiple = steps
        flat = steps * head.logits_depth
        self.linear = keras.layers.Dense(
            flat,
            kernel_initializer=keras.initializers.GlorotUniform(derive(seed, "linear")),
            dtype=self.dtype_policy,
            name="linear",
        )
        with keras.name_scope(self.name):
            self.linear.build((None, z_size))
        self.network = ResidualMLP(
            z_size,
            self.sizes,
            flat,
            dropout=dropout,
            seed=derive(seed, "network"),
            dtype=self.dtype_policy,
        )
        self.refiner = None
        if self.refinement and bars > 1:
            self.refiner = ResidualMLP(
                2 * flat // bars,
                self.refinement,
                flat // bars,
                dropout=dropout,
                seed=derive(seed, "refinement"),
                dtype=self.dtype_policy,
            )
        # Kept as an attribute, so that Keras finds the weights of heads with some.
        self.head_layer = head.build(
            seed=derive(seed, "head"), dtype=self.dtype_policy, bars=bars, steps=steps
        )
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the head as a table."""
        return {
            **super().get_config(),
            "sizes": self.sizes,
            "z_size": self.z_size,
            "head": self.head.to_dict(),
            "steps": self.steps,
            "bars": self.bars,
            "refinement": self.refinement,
            "residual": self.residual,
            "dropout": self.dropout,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ParallelDecoder:
        """The layer of :meth:`get_config`."""
        return cls(**{**config, "head": Head.from_dict(config["head"])})

    def start_from(self, code: LinearCode, centres: np.ndarray) -> None:
        """See :meth:`groovekit.models.encoders.parallel.ParallelEncoder.start_from`."""
        kernel, bias = code.decoder
        self.linear.kernel.assign(kernel)
        self.linear.bias.assign(bias)
        self.head.start_from(centres)

    def logits(self, z: Tensor, *, training: bool = False) -> Tensor:
        """``(batch, z_size)`` to ``(batch, steps, logits_depth)``."""
        z = ops.cast(z, self.compute_dtype)
        flat = self.linear(z) + self.network(z, training=training)
        if self.refiner is not None:
            bars = ops.reshape(flat, (-1, self.bars, flat.shape[-1] // self.bars))
            mean = ops.broadcast_to(
                ops.mean(bars, axis=1, keepdims=True), ops.shape(bars)
            )
            both = ops.concatenate([bars, mean], axis=-1)
            flat = bars + self.refiner(both, training=training)
        return ops.reshape(flat, (-1, self.steps, self.head.logits_depth))

    def call(
        self,
        z: Tensor,
        targets: Tensor | None = None,
        controls: Tensor | None = None,
        lengths: Tensor | None = None,
        training: bool | None = None,
    ) -> Tensor:
        """:meth:`logits`: no step sees another's output.

        Args:
          z: ``(batch, z_size)``.
          targets: not needed.
          controls: there are none.
          lengths: windows are full.
          training: whether to drop values.
        """
        del targets, controls, lengths
        return self.logits(z, training=bool(training))

    def compute_output_spec(self, z: Any, *args: Any, **kwargs: Any) -> Any:
        """The shape of :meth:`call`'s result."""
        del args, kwargs
        shape = (z.shape[0], self.steps, self.head.logits_depth)
        return keras.KerasTensor(shape, self.compute_dtype)

    def decode(self, z: Tensor, steps: int, feed: Feed) -> Decoded:
        """See :meth:`groovekit.models.decoders.base.Decoder.decode`."""
        if steps != self.steps:
            raise ConfigError(
                f"The parallel decoder makes windows of {self.steps} steps, not of "
                f"{steps}."
            )
        logits = self.logits(z, training=feed.training)
        if not feed.free:
            return Decoded(logits)
        return Decoded(
            self.head.sample(
                logits, feed.uniforms, feed.temperature, vectors=feed.vectors
            )
        )
