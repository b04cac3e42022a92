"""Configs for drum patterns on a grid of sixteenths, without velocities."""

from __future__ import annotations

from groovekit.config import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    ModelConfig,
    TrainingConfig,
)
from groovekit.converters.drums import DrumsConverter


def _two_bars(
    name: str,
    *,
    encoder: tuple[int, ...],
    decoder: tuple[int, ...],
    z_size: int,
    description: str,
) -> ModelConfig:
    return ModelConfig(
        name=name,
        converter=DrumsConverter(bars=2, roll_input=True),
        encoder=EncoderConfig(rnn_size=encoder),
        decoder=DecoderConfig(rnn_size=decoder, head="categorical"),
        latent=LatentConfig(z_size=z_size, free_bits=48.0, max_beta=0.2),
        training=TrainingConfig(
            sampling_schedule="inverse_sigmoid", sampling_rate=1000.0
        ),
        description=description,
    )


def cat_drums_2bar_small() -> ModelConfig:
    """Two-bar drum patterns, nine classes, a small model."""
    return _two_bars(
        "cat-drums_2bar_small",
        encoder=(512,),
        decoder=(256, 256),
        z_size=256,
        description="Two-bar drum patterns, nine classes, a small model.",
    )


def cat_drums_2bar_big() -> ModelConfig:
    """Two-bar drum patterns, nine classes, a big model."""
    return _two_bars(
        "cat-drums_2bar_big",
        encoder=(2048,),
        decoder=(2048, 2048, 2048),
        z_size=512,
        description="Two-bar drum patterns, nine classes, a big model.",
    )
