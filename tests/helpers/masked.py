"""Performances of chance, and a tiny masked model's config."""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.configs.base import get_config
from groovekit.models.masked.masking import Performances

BAR = 16
CLASSES = 9


def performances(batch=3, bars=4, seed=1, density=0.2):
    rng = np.random.default_rng(seed)
    shape = (batch, bars * BAR, CLASSES)
    hits = rng.random(shape) < density
    return Performances(
        hits,
        (rng.random(shape) * hits).astype(np.float32),
        ((2 * rng.random(shape) - 1) * hits).astype(np.float32),
        rng.uniform(80, 160, batch).astype(np.float32),
        rng.integers(-1, 18, batch),
    )


def tiny_config(**changes):
    """Of so few channels that Keras compiles it at once."""
    config = get_config("mask-groove")
    network = dataclasses.replace(config.network, channels=8, dilations=(1, 16))
    training = dataclasses.replace(config.training, batch_size=4)
    return config.replace(network=network, training=training, **changes)
