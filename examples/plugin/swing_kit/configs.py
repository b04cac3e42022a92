"""Models of swung grooves."""

from __future__ import annotations

import groovekit as gk
from swing_kit.converter import SwingGroove
from swing_kit.families import TimekeeperConfig
from swing_kit.kits import jazz


@gk.register_config("swing_kit.groove_2bar")
def groove_2bar() -> gk.ModelConfig:
    """Two bars of swung drums with their dynamics and timing."""
    return gk.ModelConfig(
        name="swing_kit.groove_2bar",
        converter=SwingGroove(bars=2),
        encoder=gk.EncoderConfig(rnn_size=(512,)),
        decoder=gk.DecoderConfig(rnn_size=(256, 256), head="swing_kit.feel"),
        latent=gk.LatentConfig(z_size=256, free_bits=48.0, max_beta=0.2),
        training=gk.TrainingConfig(batch_size=512, dropout_keep_prob=0.3),
        description="Two bars of swung drums: hits, velocities and offsets.",
    )


@gk.register_config("swing_kit.parallel_2bar")
def parallel_2bar() -> gk.Config:
    """A parallel model of swung grooves, with an encoder of its own."""
    base = gk.get_config("par-groove_2bar").replace(
        name="swing_kit.parallel_2bar",
        converter=SwingGroove(bars=2),
        description="Two bars of swung drums, all steps at once.",
    )
    return base.with_overrides({"encoder.kind": "swing_kit.accents"})


@gk.register_config("swing_kit.timekeeper_8bar")
def timekeeper_8bar() -> TimekeeperConfig:
    """Fills what is unknown of jazz drumming, the timekeeping above all."""
    return TimekeeperConfig(
        name="swing_kit.timekeeper_8bar",
        converter=gk.GrooveConverter(
            bars=8, hop_bars=1, context_as_controls=True, kit=jazz(), output_kit=jazz()
        ),
        training=gk.get_config("mask-groove").training,
        description="Jazz drumming of any length, whatever is unknown of it.",
    )
