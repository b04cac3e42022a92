"""The Keras model of :mod:`helpers.markov`."""

from __future__ import annotations

import keras
from keras import ops

from groovekit.models.keras_model import KerasModel, Window


@keras.saving.register_keras_serializable(package="tests")
class MarkovModel(KerasModel):
    """One weight: the logit of a hit for each step, what was before, and drum."""

    def __init__(self, positions, classes, **kwargs):
        super().__init__(**kwargs)
        self.positions, self.classes = positions, classes
        self.logits = self.add_weight(
            shape=(positions, 2, classes), initializer="zeros", name="logits"
        )
        self.built = True

    def reconstruction(self, window, *, training):
        """Logits of hits, each given the step before."""
        hits = ops.cast(window.inputs[..., : self.classes], "float32")
        before = ops.pad(hits, [[0, 0], [1, 0], [0, 0]])[:, :-1]
        bars = hits.shape[1] // self.positions
        off, on = (ops.tile(self.logits[:, k], (bars, 1)) for k in range(2))
        return off + (on - off) * before

    @property
    def output_depth(self):
        return self.classes

    def validation_losses(self, inputs, outputs, controls, lengths):
        logits = self.reconstruction(Window(outputs), training=False)
        hits = ops.cast(outputs[..., : self.classes], "float32")
        losses = ops.binary_crossentropy(hits, logits, from_logits=True)
        return {"loss": ops.sum(losses, axis=(1, 2))}

    def training_loss(self, inputs, outputs, controls, lengths, step):
        return self.evaluation_loss(inputs, outputs, controls, lengths)
