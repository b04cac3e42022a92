"""Masked models that are asked for the timekeeping more often than others."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

import groovekit as gk
from groovekit.configs.masked import MaskedConfig
from groovekit.models.families.masked import MaskedFamily
from groovekit.models.masked.known import Known
from groovekit.models.masked.masking import Performances
from groovekit.models.masked.preparation import Hiding

# Hidden drums: hi-hats, ride and its bell.
TIMEKEEPERS = ("hihat_pedal", "hihat", "ride", "ride_bell")
# ... in this share of the batches.
SHARE = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimekeeperConfig(MaskedConfig):
    """A masked model that learns with the timekeeping hidden."""

    FAMILY: ClassVar[str] = "swing_kit.timekeeper"


class TimekeeperHiding(Hiding):
    """Hides what groovekit hides, and often all cymbals that keep time."""

    def hide(self, performances: Performances, rng: np.random.Generator) -> Known:
        """What is left to see of some windows."""
        known = super().hide(performances, rng)
        if rng.random() < SHARE:
            names = self.config.converter.kit_map.class_names
            drums = [names.index(name) for name in TIMEKEEPERS if name in names]
            for part in (known.hits, known.velocities, known.offsets):
                part[..., drums] = np.nan
        return known


@gk.register_family("swing_kit.timekeeper")
class TimekeeperFamily(MaskedFamily):
    """The masked family but for what is hidden in training."""

    name = "swing_kit.timekeeper"
    config_class: ClassVar[type[gk.Config]] = TimekeeperConfig

    def preparation(self, config: MaskedConfig) -> TimekeeperHiding:
        """Hides in its own way."""
        return TimekeeperHiding(config)
