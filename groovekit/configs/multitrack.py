"""Configs for one bar of up to eight instruments, as streams of events."""

from __future__ import annotations

from typing import Literal

from groovekit.configs.base import ModelConfig
from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.base import AugmentationConfig
from groovekit.converters.performance import PerformanceConverter

_INSTRUMENTS, _EVENTS = 8, 64


def _multitrack(
    name: str,
    *,
    encoder: int,
    decoder: int,
    chords: Literal["triad"] | None,
    description: str,
) -> ModelConfig:
    return ModelConfig(
        name=name,
        converter=PerformanceConverter(
            max_instruments=_INSTRUMENTS,
            max_events=_EVENTS,
            velocity_bins=8,
            chord_encoding=chords,
        ),
        encoder=EncoderConfig(
            rnn_size=(encoder,),
            kind="hierarchical_lstm",
            level_lengths=(_EVENTS, _INSTRUMENTS),
        ),
        decoder=DecoderConfig(
            rnn_size=(decoder, decoder, decoder),
            kind="hierarchical_lstm",
            level_lengths=(_INSTRUMENTS, _EVENTS),
        ),
        latent=LatentConfig(z_size=512, free_bits=0.0, max_beta=1.0),
        training=TrainingConfig(batch_size=256),
        augmentation=AugmentationConfig(transpose=(-3, 3)),
        description=description,
    )


def hier_multiperf_vel_1bar_med() -> ModelConfig:
    """One bar of up to eight instruments, a medium model."""
    return _multitrack(
        "hier-multiperf_vel_1bar_med",
        encoder=1024,
        decoder=512,
        chords=None,
        description="One bar of up to eight instruments, a medium model.",
    )


def hier_multiperf_vel_1bar_big() -> ModelConfig:
    """One bar of up to eight instruments, a big model."""
    return _multitrack(
        "hier-multiperf_vel_1bar_big",
        encoder=2048,
        decoder=1024,
        chords=None,
        description="One bar of up to eight instruments, a big model.",
    )


def hier_multiperf_vel_1bar_med_chords() -> ModelConfig:
    """One bar of up to eight instruments over a given chord, a medium model."""
    return _multitrack(
        "hier-multiperf_vel_1bar_med_chords",
        encoder=1024,
        decoder=512,
        chords="triad",
        description="One bar of up to eight instruments over a chord, a medium model.",
    )


def hier_multiperf_vel_1bar_big_chords() -> ModelConfig:
    """One bar of up to eight instruments over a given chord, a big model."""
    return _multitrack(
        "hier-multiperf_vel_1bar_big_chords",
        encoder=2048,
        decoder=1024,
        chords="triad",
        description="One bar of up to eight instruments over a chord, a big model.",
    )
