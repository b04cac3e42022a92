"""The distribution that latent vectors of new music are drawn from, in Keras.

Its weights are fitted at the end of training and played in NumPy
(:mod:`groovekit.models.runtimes.prior`).
"""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="groovekit")
class StoredCodes(keras.layers.Layer):
    """Latent vectors of training windows, and how those of one kind differ.

    Attributes:
      codes: ``(count, z_size)`` latent vectors.
      centres: ``(clusters, z_size)`` means of groups of them.
      factor: ``(z_size, z_size)`` Cholesky factor, lower, of the covariance within
        groups.

    Args:
      count: how many are stored.
      clusters: how many groups.
      z_size: dimensions of the latent vector.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(self, count: int, clusters: int, z_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.clusters = clusters
        self.z_size = z_size
        # Until it is fitted: the standard normal distribution.
        for name, shape, initializer in (
            ("codes", (count, z_size), "zeros"),
            ("centres", (clusters, z_size), "zeros"),
            ("factor", (z_size, z_size), keras.initializers.Identity()),
        ):
            weight = self.add_weight(
                shape=shape, initializer=initializer, trainable=False, name=name
            )
            setattr(self, name, weight)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "count": self.count,
            "clusters": self.clusters,
            "z_size": self.z_size,
        }
