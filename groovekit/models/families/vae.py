"""Variational autoencoders: MusicVAE, GrooVAE and others of encoder and decoder."""

from __future__ import annotations

from typing import ClassVar

from groovekit.configs.base import Config, ModelConfig
from groovekit.models.family import Family
from groovekit.models.protocols import Model, Optimizer, TrainableModel
from groovekit.models.runtimes.numpy.network import Network, network_of


class VAEFamily(Family):
    """Models with an encoder, a latent space and a decoder."""

    name = "vae"
    config_class: ClassVar[type[Config]] = ModelConfig
    abilities = frozenset({"sample", "encode"})
    player = "groovekit.generation.trained_model:TrainedModel"

    def build(self, config: ModelConfig, *, seed: int, dtype: str) -> Model:
        """See :class:`Family`."""
        from groovekit.models.builder import build_vae  # noqa: PLC0415 - Keras

        return build_vae(config, seed=seed, dtype=dtype)

    def optimizer(self, config: ModelConfig, model: TrainableModel) -> Optimizer:
        """See :class:`Family`."""
        from groovekit.models.builder import build_optimizer  # noqa: PLC0415 - Keras

        return build_optimizer(config, model)

    def network(self, config: ModelConfig) -> Network:
        """See :class:`Family`."""
        return network_of(config)


FAMILY = VAEFamily()
