"""An encoder of whole windows that learns how much each step of a bar tells."""

from __future__ import annotations

from typing import Any

import keras

import groovekit as gk
from groovekit.models.encoders.parallel import ParallelEncoder


@gk.register_encoder("swing_kit.accents")
@keras.saving.register_keras_serializable(package="swing_kit")
class AccentEncoder(ParallelEncoder):
    """groovekit's parallel encoder, with a weight for each step of the bar."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.built = False
        self.accents = self.add_weight(
            shape=(self.steps // self.bars,), initializer="ones", name="accents"
        )
        self.built = True

    def call(self, x: Any, lengths: Any = None, training: bool = False) -> Any:
        """See `ParallelEncoder`: what it reads is linear in the windows."""
        accents = keras.ops.tile(self.accents, self.bars)[:, None]
        return super().call(x * accents, lengths, training=training)
