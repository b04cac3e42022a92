"""Configs for trios of melody, bass and drums, sixteen bars long."""

from __future__ import annotations

from groovekit.configs.base import ModelConfig
from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.trio import TrioConverter

# Bars, and steps of a bar.
_LEVELS = (16, 16)


def _trio(
    name: str,
    encoder: EncoderConfig,
    decoder: DecoderConfig,
    *,
    free_bits: float,
    max_beta: float,
    description: str,
) -> ModelConfig:
    return ModelConfig(
        name=name,
        converter=TrioConverter(bars=16, gap_bars=2),
        encoder=encoder,
        decoder=decoder,
        latent=LatentConfig(z_size=512, free_bits=free_bits, max_beta=max_beta),
        training=TrainingConfig(batch_size=256),
        description=description,
    )


def flat_trio_16bar() -> ModelConfig:
    """Sixteen bars of melody, bass and drums, a flat decoder."""
    return _trio(
        "flat-trio_16bar",
        EncoderConfig(rnn_size=(2048, 2048)),
        DecoderConfig(rnn_size=(2048, 2048, 2048), head="multi_categorical"),
        free_bits=0.0,
        max_beta=1.0,
        description="Sixteen bars of melody, bass and drums, a flat decoder.",
    )


def _hierarchical_decoder() -> DecoderConfig:
    return DecoderConfig(
        rnn_size=(1024, 1024),
        kind="hierarchical_lstm",
        head="multi_categorical",
        level_lengths=_LEVELS,
        core="split_lstm",
    )


def hierdec_trio_16bar() -> ModelConfig:
    """Sixteen bars of melody, bass and drums, decoded bar by bar."""
    return _trio(
        "hierdec-trio_16bar",
        EncoderConfig(rnn_size=(2048, 2048)),
        _hierarchical_decoder(),
        free_bits=256.0,
        max_beta=0.2,
        description="Sixteen bars of melody, bass and drums, decoded bar by bar.",
    )


def hier_trio_16bar() -> ModelConfig:
    """Sixteen bars of melody, bass and drums, encoded and decoded bar by bar."""
    return _trio(
        "hier-trio_16bar",
        EncoderConfig(
            rnn_size=(1024,), kind="hierarchical_lstm", level_lengths=_LEVELS
        ),
        _hierarchical_decoder(),
        free_bits=256.0,
        max_beta=0.2,
        description="Sixteen bars of melody, bass and drums, both ways bar by bar.",
    )
