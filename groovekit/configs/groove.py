"""Configs for expressive drumming: hits, velocities and microtiming."""

from __future__ import annotations

import dataclasses

from groovekit.configs.base import ModelConfig
from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.groove import GrooveConverter

# Place of the closed hi-hat among the nine classes of the kit maps.
CLOSED_HI_HAT = 2


def _groovae(name: str, converter: GrooveConverter, description: str) -> ModelConfig:
    return ModelConfig(
        name=name,
        converter=converter,
        encoder=EncoderConfig(rnn_size=(512,)),
        decoder=DecoderConfig(rnn_size=(256, 256), head="groove"),
        latent=LatentConfig(z_size=256, free_bits=48.0, max_beta=0.2),
        training=TrainingConfig(dropout_keep_prob=0.3),
        description=description,
    )


def groovae_4bar() -> ModelConfig:
    """Four bars of drumming with velocities and microtiming."""
    return _groovae(
        "groovae_4bar",
        GrooveConverter(bars=4),
        "Four bars of drumming with velocities and microtiming.",
    )


def groovae_2bar_humanize() -> ModelConfig:
    """Two bars: from a pattern on the grid to how a drummer would play it."""
    return _groovae(
        "groovae_2bar_humanize",
        GrooveConverter(bars=2, humanize=True),
        "Two bars: from a pattern on the grid to how a drummer would play it.",
    )


def groovae_2bar_tap_fixed_velocity() -> ModelConfig:
    """Two bars: from a tapped rhythm without velocities to drumming."""
    return _groovae(
        "groovae_2bar_tap_fixed_velocity",
        GrooveConverter(bars=2, tapify=True, fixed_velocities=True),
        "Two bars: from a tapped rhythm without velocities to drumming.",
    )


def groovae_2bar_tap_fixed_velocity_note_dropout() -> ModelConfig:
    """Two bars: from an incomplete tapped rhythm to drumming."""
    return _groovae(
        "groovae_2bar_tap_fixed_velocity_note_dropout",
        GrooveConverter(
            bars=2, tapify=True, fixed_velocities=True, max_note_dropout=0.8
        ),
        "Two bars: from an incomplete tapped rhythm to drumming.",
    )


def groovae_2bar_add_closed_hh() -> ModelConfig:
    """Two bars: adds a closed hi-hat to drumming without one."""
    return _groovae(
        "groovae_2bar_add_closed_hh",
        GrooveConverter(bars=2, add_instruments=(CLOSED_HI_HAT,)),
        "Two bars: adds a closed hi-hat to drumming without one.",
    )


def groovae_2bar_hits_control_tfds() -> ModelConfig:
    """Two bars: the hits are given, the model plays them."""
    return _groovae(
        "groovae_2bar_hits_control_tfds",
        GrooveConverter(bars=2, hits_as_controls=True),
        "Two bars: the hits are given, the model plays them.",
    )


# An older name of the original's for the same config.
groovae_2bar_hits_control = groovae_2bar_hits_control_tfds


def groovae_8bar() -> ModelConfig:
    """Eight bars of drumming with velocities and microtiming."""
    config = _groovae(
        "groovae_8bar",
        GrooveConverter(bars=8),
        "Eight bars of drumming with velocities and microtiming.",
    )
    return config.replace(latent=dataclasses.replace(config.latent, free_bits=96.0))


def hierdec_groovae_4bar() -> ModelConfig:
    """Four bars of drumming with velocities and microtiming, bar by bar."""
    config = _groovae(
        "hierdec-groovae_4bar",
        GrooveConverter(bars=4),
        "Four bars of drumming with velocities and microtiming, bar by bar.",
    )
    decoder = dataclasses.replace(
        config.decoder,
        kind="hierarchical_lstm",
        level_lengths=(4, 16),
        conductor_size=(512, 512),
    )
    return config.replace(decoder=decoder)


def hierdec_groovae_4bar_small() -> ModelConfig:
    """Four bars of expressive drumming, bar by bar, a small model."""
    config = hierdec_groovae_4bar()
    return config.replace(
        name="hierdec-groovae_4bar_small",
        encoder=EncoderConfig(rnn_size=(256,)),
        decoder=dataclasses.replace(
            config.decoder, rnn_size=(128, 128), conductor_size=(256, 256)
        ),
        training=dataclasses.replace(config.training, batch_size=128),
        description="Four bars of expressive drumming, bar by bar, a small model.",
    )
