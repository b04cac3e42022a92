"""Variational autoencoders: MusicVAE, GrooVAE and others of encoder and decoder."""

from __future__ import annotations

from typing import Any, ClassVar

from groovekit.configs.base import Config, ModelConfig
from groovekit.models.family import Family
from groovekit.models.protocols import (
    Model,
    Optimizer,
    TrainableModel,
    WindowSource,
)
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

    def start(
        self,
        model: Any,
        config: ModelConfig,
        examples: WindowSource,
        *,
        seed: int,  # noqa: ARG002 - nothing is random
    ) -> bool:
        """A linear code at ``latent.target_bits``, of networks that can start so."""
        parts = (model.encoder, model.latent_layer, model.decoder)
        if not config.latent.target_bits or not all(
            hasattr(part, "start_from") for part in parts
        ):
            return False
        from groovekit.models.fitting import start_from_linear_code  # noqa: PLC0415

        start_from_linear_code(model, examples, bits=config.latent.target_bits)
        return True

    def temperature(self, config: ModelConfig) -> float:
        """``decoder.temperature``."""
        return config.decoder.temperature

    def has_rest(self, model: Any) -> bool:
        """Heads of whole windows have thresholds, stored priors have codes."""
        from groovekit.models.heads.laplace import WindowHead  # noqa: PLC0415 - Keras

        return isinstance(model.head, WindowHead) or model.prior is not None

    def finish(
        self,
        model: Any,
        config: ModelConfig,
        examples: WindowSource,
        evaluation: WindowSource | None,
        *,
        seed: int,
    ) -> None:
        """Thresholds of heads that have some, and the prior."""
        from groovekit.models import fitting  # noqa: PLC0415
        from groovekit.models.heads.laplace import WindowHead  # noqa: PLC0415

        if isinstance(model.head, WindowHead):
            held_out = examples if evaluation is None else evaluation
            fitting.fit_thresholds(model, held_out, seed=seed)
        if model.prior is not None:
            converter = config.converter
            hop = getattr(converter, "hop_bars", None) or converter.window_bars
            every = max(int(converter.window_bars / hop), 1)
            fitting.fit_prior(model, examples, every=every, seed=seed)

    def network(self, config: ModelConfig) -> Network:
        """See :class:`Family`."""
        return network_of(config)


FAMILY = VAEFamily()
