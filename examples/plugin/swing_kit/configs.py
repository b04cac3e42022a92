"""Models of swung grooves."""

from __future__ import annotations

import groovekit as gk
from swing_kit.converter import SwingGroove


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
