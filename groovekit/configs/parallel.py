"""Configs of parallel models: all steps of a window at once, from a linear start."""

from __future__ import annotations

import dataclasses

from groovekit.configs.base import ModelConfig
from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.base import AugmentationConfig
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.grid_converter import GridConverter
from groovekit.converters.groove import GrooveConverter

# Drums that are swapped and bars that are shuffled make more grooves of few.
_PATTERNS = AugmentationConfig(drop_drum=0.05, shuffle_bars=0.5, swap_drums=0.5)
_GROOVES = dataclasses.replace(
    _PATTERNS,
    velocity=(0.8, 1.2),
    velocity_power=0.15,
    drum_velocity=0.1,
    push=0.08,
    drum_push=0.05,
)


def _parallel(
    name: str,
    converter: GridConverter,
    description: str,
    *,
    bits: float,
    z_size: int,
    gamma: float = 0.7,
    dropout: float = 0.2,
    refinement: bool = True,
    prior_codes: int = 2048,
    steps: int = 4000,
) -> ModelConfig:
    options = (("refinement", (384, 384)),) if refinement else ()
    return ModelConfig(
        name=name,
        converter=converter,
        encoder=EncoderConfig(rnn_size=(512,), kind="parallel"),
        decoder=DecoderConfig(
            rnn_size=(512, 512),
            kind="parallel",
            head="laplace",
            options=options,
            head_options=(("gamma", gamma),),
            temperature=1.0,
        ),
        latent=LatentConfig(
            z_size=z_size,
            free_bits=0.0,
            target_bits=bits,
            posterior="direct",
            prior="stored",
            prior_codes=prior_codes,
        ),
        training=TrainingConfig(
            batch_size=256,
            steps=steps,
            learning_rate=8e-4,
            min_learning_rate=0.0,
            rate_schedule="cosine",
            warmup_steps=100,
            beta_2=0.98,
            weight_decay=0.02,
            average=0.997,
            dropout_keep_prob=1.0 - dropout,
            grad_clip=20.0,
        ),
        augmentation=_PATTERNS if isinstance(converter, DrumsConverter) else _GROOVES,
        description=description,
    )


def _groove(bars: int) -> GrooveConverter:
    return GrooveConverter(bars=bars, hop_bars=1, max_windows=None)


def par_groove_1bar() -> ModelConfig:
    """One bar of drumming with its dynamics, all steps at once."""
    return _parallel(
        "par-groove_1bar",
        _groove(1),
        "One bar of drumming with its dynamics, all steps at once.",
        bits=40.0,
        z_size=128,
    )


def par_groove_2bar() -> ModelConfig:
    """Two bars of drumming with their dynamics, all steps at once."""
    return _parallel(
        "par-groove_2bar",
        _groove(2),
        "Two bars of drumming with their dynamics, all steps at once.",
        bits=60.0,
        z_size=192,
        prior_codes=1024,
        steps=3000,
    )


def par_groove_4bar() -> ModelConfig:
    """Four bars of drumming with their dynamics, all steps at once."""
    return _parallel(
        "par-groove_4bar",
        _groove(4),
        "Four bars of drumming with their dynamics, all steps at once.",
        bits=80.0,
        z_size=256,
    )


def par_groove_4bar_150() -> ModelConfig:
    """Four bars of drumming in 150 bits: closer to what was played."""
    return _parallel(
        "par-groove_4bar_150",
        _groove(4),
        "Four bars of drumming in 150 bits: closer to what was played.",
        bits=150.0,
        z_size=384,
        gamma=0.8,
    )


def par_groove_4bar_400() -> ModelConfig:
    """Four bars of drumming in 400 bits: almost all that was played."""
    return _parallel(
        "par-groove_4bar_400",
        _groove(4),
        "Four bars of drumming in 400 bits: almost all that was played.",
        bits=400.0,
        z_size=640,
        gamma=1.0,
        dropout=0.05,
        refinement=False,
        prior_codes=512,
        steps=3000,
    )


def par_drums_2bar() -> ModelConfig:
    """Two bars of a drum pattern, all steps at once."""
    return _parallel(
        "par-drums_2bar",
        DrumsConverter(bars=2, roll_output=True, max_windows=None),
        "Two bars of a drum pattern, all steps at once.",
        bits=44.0,
        z_size=192,
        prior_codes=1024,
    )
