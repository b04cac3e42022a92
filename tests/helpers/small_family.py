"""A family whose model is one layer: quick to build and compile, with all that resumes.

Dropout has a random state, the optimiser averages, and something is fitted at the end.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from groovekit.models.builder import build_optimizer
from groovekit.models.family import Family


class SmallModel(keras.Model):
    """Predicts outputs from inputs, step by step."""

    def __init__(self, config, seed):
        super().__init__()
        converter = config.converter
        initializer = keras.initializers.GlorotUniform(seed)
        self.dense = keras.layers.Dense(
            converter.output_depth, kernel_initializer=initializer
        )
        self.dropout = keras.layers.Dropout(0.3, seed=seed)
        self.dense.build((None, None, converter.input_depth))
        self.rest = self.add_weight(shape=(2,), trainable=False, name="rest")
        self.built = True

    def _errors(self, inputs, outputs, *, training):
        x = self.dropout(ops.cast(inputs, "float32"), training=training)
        return ops.mean(ops.square(self.dense(x) - outputs), axis=(1, 2))

    def training_loss(self, inputs, outputs, controls, lengths, step):
        loss = ops.mean(self._errors(inputs, outputs, training=True))
        return loss, {"loss": loss}

    def validation_noise(self, rng, tensors):
        return ()

    def validation_losses(self, inputs, outputs, controls, lengths):
        return {"loss": self._errors(inputs, outputs, training=False)}

    def scores(self, sums, windows, step):
        return {"loss": float(sums["loss"] / windows)}

    def objective_of(self, scores):
        return scores["loss"]

    def metrics_of(self, sums, *, by_segment):
        return {}


class SmallFamily(Family):
    """Stands in for a config's own family."""

    def build(self, config, *, seed, dtype):
        return SmallModel(config, seed)

    def optimizer(self, config, model):
        return build_optimizer(config, model)

    def network(self, config):
        raise NotImplementedError

    def has_rest(self, model):
        return True

    def finish(self, model, config, examples, evaluation, *, seed):
        kernel = np.asarray(ops.convert_to_numpy(model.dense.kernel))
        model.rest.assign([kernel.sum(), len(examples)])
