"""Masked models: what is known of a performance stays, the rest is filled in."""

from __future__ import annotations

from typing import ClassVar

from groovekit.configs.base import Config
from groovekit.configs.masked import MaskedConfig
from groovekit.io.groove_table import STYLES
from groovekit.models.family import Family, Preparation
from groovekit.models.masked import features
from groovekit.models.masked.histograms import SOURCES
from groovekit.models.masked.preparation import Hiding
from groovekit.models.protocols import Optimizer, TrainableModel
from groovekit.models.runtimes.numpy.tcn import MaskedNetwork


class MaskedFamily(Family):
    """Models that are shown a part of a performance and tell the rest."""

    name = "masked"
    config_class: ClassVar[type[Config]] = MaskedConfig
    abilities = frozenset({"fill"})
    player = "groovekit.generation.masked_player:MaskedPlayer"
    plays_with_keras = False

    def build(self, config: MaskedConfig, *, seed: int, dtype: str) -> TrainableModel:
        """See :class:`Family`."""
        from groovekit.models.builder import build_masked  # noqa: PLC0415 - Keras

        return build_masked(config, seed=seed, dtype=dtype)

    def optimizer(self, config: MaskedConfig, model: TrainableModel) -> Optimizer:
        """See :class:`Family`."""
        from groovekit.models.builder import build_optimizer  # noqa: PLC0415 - Keras

        return build_optimizer(config, model, early=True)

    def network(self, config: MaskedConfig) -> MaskedNetwork:
        """See :class:`Family`."""
        network, converter = config.network, config.converter
        gates = 2 * (1 + len(SOURCES))
        return MaskedNetwork(
            classes=converter.classes,
            input_depth=features.depth(converter.classes, len(STYLES)),
            steps_per_bar=converter.grid.steps_per_bar,
            channels=network.channels,
            dilations=network.dilations,
            logits=1 + network.velocity_bins + network.offset_bins + gates,
        )

    def preparation(self, config: MaskedConfig) -> Preparation:
        """Cuts windows, varies them, hides parts and makes features of the rest."""
        return Hiding(config)


FAMILY = MaskedFamily()
