"""The latent vector: posterior, reparameterisation, Kullback-Leibler divergence.

Kingma and Welling, "Auto-Encoding Variational Bayes" (2014); free bits as in
the original's ``base_model.py``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.linear_code import LinearCode
from groovekit.seeding import derive

Tensor = Any

#: Least and greatest logarithm of a standard deviation that encoders give directly.
LOG_STDDEV = (-8.0, 2.0)


class Posterior(NamedTuple):
    """A diagonal normal distribution.

    Attributes:
      mean: ``(batch, z_size)`` float32.
      stddev: ``(batch, z_size)`` float32, positive.
    """

    mean: Tensor
    stddev: Tensor


def sample(posterior: Posterior, noise: Tensor) -> Tensor:
    """``mean + stddev * noise``, with standard normal ``noise``."""
    return posterior.mean + posterior.stddev * noise


def kl_divergence(posterior: Posterior) -> Tensor:
    """KL divergence from the standard normal prior, in nats: ``(batch,)``."""
    mean, stddev = posterior
    return 0.5 * ops.sum(
        ops.square(stddev) + ops.square(mean) - 1.0 - 2.0 * ops.log(stddev), axis=-1
    )


def kl_cost(kl: Tensor, free_bits: float) -> Tensor:
    """What of ``kl`` (nats) exceeds the free bits, taken once from the sum."""
    return ops.maximum(kl - free_bits * math.log(2.0), 0.0)


def kl_bits(kl: Tensor) -> Tensor:
    """Nats to bits."""
    return kl / math.log(2.0)


@keras.saving.register_keras_serializable(package="groovekit")
class LatentLayer(keras.layers.Layer):
    """Dense layers from an encoder's embedding to mean and standard deviation.

    Args:
      z_size: dimensions of the code.
      input_depth: size of the embedding.
      seed: seed of the initial kernels, N(0, 0.001).
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self, z_size: int, input_depth: int, *, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.z_size = z_size
        self.input_depth = input_depth
        self.seed = seed
        with keras.name_scope(self.name):
            self.mean = self._dense("mean")
            self.stddev = self._dense("stddev")
        self.built = True

    def _dense(self, name: str) -> Any:
        layer = keras.layers.Dense(
            self.z_size,
            kernel_initializer=keras.initializers.RandomNormal(
                stddev=0.001, seed=derive(self.seed, name)
            ),
            dtype=self.dtype_policy,
            name=name,
        )
        layer.build((None, self.input_depth))
        return layer

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "z_size": self.z_size,
            "input_depth": self.input_depth,
            "seed": self.seed,
        }

    def call(self, embedding: Tensor) -> Posterior:
        """``(batch, input_depth)`` to a :class:`Posterior` in float32."""
        return Posterior(
            ops.cast(self.mean(embedding), "float32"),
            ops.softplus(ops.cast(self.stddev(embedding), "float32")),
        )


@keras.saving.register_keras_serializable(package="groovekit")
class DirectLatentLayer(keras.layers.Layer):
    """A posterior that the encoder gives itself, but for one standard deviation each.

    Args:
      z_size: dimensions of the latent vector.
      input_depth: twice as many: means, and what is added to logarithms of standard
        deviations.
      seed: has no effect.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self, z_size: int, input_depth: int, *, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if input_depth != 2 * z_size:
            raise ConfigError(
                "latent.posterior=direct needs an encoder that gives means and "
                f"logarithms of standard deviations, {2 * z_size} numbers; this one "
                f"gives {input_depth}."
            )
        self.z_size = z_size
        self.input_depth = input_depth
        self.seed = seed
        self.log_stddev = self.add_weight(
            shape=(z_size,), initializer="zeros", name="log_stddev"
        )
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "z_size": self.z_size,
            "input_depth": self.input_depth,
            "seed": self.seed,
        }

    def start_from(self, code: LinearCode) -> None:
        """Takes the standard deviations of a linear code with ``z_size`` axes."""
        self.log_stddev.assign(code.log_sigma)

    def call(self, embedding: Tensor) -> Posterior:
        """``(batch, 2 * z_size)`` to a :class:`Posterior` in float32."""
        embedding = ops.cast(embedding, "float32")
        log_stddev = self.log_stddev + embedding[:, self.z_size :]
        return Posterior(
            embedding[:, : self.z_size], ops.exp(ops.clip(log_stddev, *LOG_STDDEV))
        )
