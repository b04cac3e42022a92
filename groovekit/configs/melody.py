"""Configs for monophonic melodies of two and sixteen bars."""

from __future__ import annotations

from groovekit.configs.base import ModelConfig
from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.base import AugmentationConfig
from groovekit.converters.melody import MelodyConverter

# Piano to guitar: what the original counts as playing melodies.
_MELODY_PROGRAMS = tuple(range(32))
# Bars, and steps of a bar.
_LEVELS = (16, 16)


def _two_bars(
    name: str,
    *,
    encoder: tuple[int, ...],
    decoder: tuple[int, ...],
    z_size: int,
    max_beta: float,
    description: str,
) -> ModelConfig:
    return ModelConfig(
        name=name,
        converter=MelodyConverter(bars=2, programs=_MELODY_PROGRAMS),
        encoder=EncoderConfig(rnn_size=encoder),
        decoder=DecoderConfig(rnn_size=decoder),
        latent=LatentConfig(
            z_size=z_size, free_bits=0.0, max_beta=max_beta, beta_rate=0.99999
        ),
        training=TrainingConfig(
            sampling_schedule="inverse_sigmoid", sampling_rate=1000.0
        ),
        augmentation=AugmentationConfig(transpose=(-5, 5)),
        description=description,
    )


def cat_mel_2bar_small() -> ModelConfig:
    """Two-bar melodies, a small model."""
    return _two_bars(
        "cat-mel_2bar_small",
        encoder=(512,),
        decoder=(256, 256),
        z_size=256,
        max_beta=0.2,
        description="Two-bar melodies, a small model.",
    )


def cat_mel_2bar_big() -> ModelConfig:
    """Two-bar melodies, a big model."""
    return _two_bars(
        "cat-mel_2bar_big",
        encoder=(2048,),
        decoder=(2048, 2048, 2048),
        z_size=512,
        max_beta=0.5,
        description="Two-bar melodies, a big model.",
    )


def cat_mel_2bar_med_chords() -> ModelConfig:
    """Two-bar melodies over given chords."""
    return ModelConfig(
        name="cat-mel_2bar_med_chords",
        converter=MelodyConverter(bars=2, chord_encoding="triad"),
        encoder=EncoderConfig(rnn_size=(1024,)),
        decoder=DecoderConfig(rnn_size=(512, 512, 512)),
        latent=LatentConfig(z_size=256, free_bits=0.0, max_beta=1.0),
        augmentation=AugmentationConfig(transpose=(-3, 3)),
        description="Two-bar melodies over given chords.",
    )


def _sixteen_bars(
    name: str, encoder: EncoderConfig, decoder: DecoderConfig, description: str
) -> ModelConfig:
    return ModelConfig(
        name=name,
        converter=MelodyConverter(bars=16),
        encoder=encoder,
        decoder=decoder,
        latent=LatentConfig(z_size=512, free_bits=256.0, max_beta=0.2),
        description=description,
    )


def flat_mel_16bar() -> ModelConfig:
    """Sixteen-bar melodies, a flat decoder."""
    return _sixteen_bars(
        "flat-mel_16bar",
        EncoderConfig(rnn_size=(2048, 2048)),
        DecoderConfig(rnn_size=(2048, 2048, 2048)),
        "Sixteen-bar melodies, a flat decoder.",
    )


def _hierarchical_decoder() -> DecoderConfig:
    return DecoderConfig(
        rnn_size=(1024, 1024), kind="hierarchical_lstm", level_lengths=_LEVELS
    )


def hierdec_mel_16bar() -> ModelConfig:
    """Sixteen-bar melodies, decoded bar by bar."""
    return _sixteen_bars(
        "hierdec-mel_16bar",
        EncoderConfig(rnn_size=(2048, 2048)),
        _hierarchical_decoder(),
        "Sixteen-bar melodies, decoded bar by bar.",
    )


def hier_mel_16bar() -> ModelConfig:
    """Sixteen-bar melodies, encoded and decoded bar by bar."""
    return _sixteen_bars(
        "hier-mel_16bar",
        EncoderConfig(
            rnn_size=(1024,), kind="hierarchical_lstm", level_lengths=_LEVELS
        ),
        _hierarchical_decoder(),
        "Sixteen-bar melodies, encoded and decoded bar by bar.",
    )
