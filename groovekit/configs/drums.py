"""Configs for drum patterns on a grid of sixteenths, without velocities."""

from __future__ import annotations

import dataclasses

from groovekit.configs.base import ModelConfig
from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.kits import KitMap, full_61, general_midi


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


def _nade(name: str, kit: KitMap, description: str) -> ModelConfig:
    return ModelConfig(
        name=name,
        converter=DrumsConverter(
            bars=2, roll_input=True, roll_output=True, kit=kit, output_kit=kit
        ),
        encoder=EncoderConfig(rnn_size=(1024,)),
        decoder=DecoderConfig(
            rnn_size=(512, 512), head="nade", head_options=(("hidden", 128),)
        ),
        latent=LatentConfig(z_size=256, free_bits=48.0, max_beta=0.2),
        training=TrainingConfig(
            sampling_schedule="inverse_sigmoid", sampling_rate=1000.0
        ),
        description=description,
    )


def nade_drums_2bar_reduced() -> ModelConfig:
    """Two-bar drum patterns, nine classes, drawn one after the other."""
    return _nade(
        "nade-drums_2bar_reduced",
        general_midi(),
        "Two-bar drum patterns, nine classes, drawn one after the other.",
    )


def nade_drums_2bar_full() -> ModelConfig:
    """Two-bar drum patterns, 61 classes, drawn one after the other."""
    return _nade(
        "nade-drums_2bar_full",
        full_61(),
        "Two-bar drum patterns, 61 classes, drawn one after the other.",
    )


def _hierarchical(
    name: str,
    *,
    bars: int,
    encoder: tuple[int, ...],
    conductor: tuple[int, ...],
    projection: int,
    core: tuple[int, ...],
    z_size: int,
    free_bits: float,
    batch_size: int,
    description: str,
) -> ModelConfig:
    return ModelConfig(
        name=name,
        converter=DrumsConverter(bars=bars, roll_input=True),
        encoder=EncoderConfig(rnn_size=encoder),
        decoder=DecoderConfig(
            rnn_size=core,
            kind="hierarchical_lstm",
            level_lengths=(bars, 16),
            conductor_size=conductor,
            conductor_projection=projection,
        ),
        latent=LatentConfig(z_size=z_size, free_bits=free_bits, max_beta=0.2),
        training=TrainingConfig(batch_size=batch_size),
        description=description,
    )


def hierdec_drums_4bar() -> ModelConfig:
    """Four-bar drum patterns, nine classes, decoded bar by bar."""
    return _hierarchical(
        "hierdec-drums_4bar",
        bars=4,
        encoder=(1024, 1024),
        conductor=(1024, 1024),
        projection=512,
        core=(1024, 1024),
        z_size=256,
        free_bits=48.0,
        batch_size=512,
        description="Four-bar drum patterns, nine classes, decoded bar by bar.",
    )


def hierdec_drums_16bar() -> ModelConfig:
    """Sixteen-bar drum patterns, nine classes, decoded bar by bar."""
    return _hierarchical(
        "hierdec-drums_16bar",
        bars=16,
        encoder=(2048, 2048),
        conductor=(1024, 1024),
        projection=512,
        core=(1024, 1024),
        z_size=512,
        free_bits=256.0,
        batch_size=512,
        description="Sixteen-bar drum patterns, nine classes, decoded bar by bar.",
    )


def _small(config: ModelConfig, description: str) -> ModelConfig:
    return config.replace(
        name=f"{config.name}_small",
        encoder=EncoderConfig(rnn_size=(256,)),
        decoder=dataclasses.replace(
            config.decoder,
            rnn_size=(128, 128),
            conductor_size=(256, 256),
            conductor_projection=128,
        ),
        training=dataclasses.replace(config.training, batch_size=128),
        description=description,
    )


def hierdec_drums_4bar_small() -> ModelConfig:
    """Four-bar drum patterns, decoded bar by bar, a small model."""
    return _small(
        hierdec_drums_4bar(),
        "Four-bar drum patterns, decoded bar by bar, a small model.",
    )


def hierdec_drums_16bar_small() -> ModelConfig:
    """Sixteen-bar drum patterns, decoded bar by bar, a small model."""
    return _small(
        hierdec_drums_16bar(),
        "Sixteen-bar drum patterns, decoded bar by bar, a small model.",
    )
