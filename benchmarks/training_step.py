"""How long is a training step, and how near is it to the matrix peak?

The reference is a plain Keras model of the same sizes: ``Bidirectional`` and
``LSTM`` layers on masked inputs, trained by ``Model.train_on_batch``. Both take
steps turn about in one process on the same batch. The share of the peak counts
the products of a step (three for each weight, sequence step and window) against
one large product of the same framework. Worse would be: a ratio below 1.

    python benchmarks/training_step.py --config groovae_4bar --batch-size 128
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from groovekit.config import ModelConfig, get_config
from groovekit.models import backend, latent
from groovekit.models.builder import build_model, build_optimizer
from groovekit.models.groove_heads import GrooveHead


class PlainVAE(keras.Model):
    """The model as one would write it down with Keras's layers."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        rate = 1.0 - config.training.dropout_keep_prob
        self.head = GrooveHead(config.converter.layout)
        self.drop = keras.layers.Dropout(rate)
        self.masking = keras.layers.Masking(mask_value=-9.0)
        self.encoder = [
            keras.layers.Bidirectional(
                keras.layers.LSTM(
                    units, return_sequences=n + 1 < len(config.encoder.rnn_size)
                )
            )
            for n, units in enumerate(config.encoder.rnn_size)
        ]
        self.mean = keras.layers.Dense(config.latent.z_size)
        self.stddev = keras.layers.Dense(config.latent.z_size, activation="softplus")
        self.to_state = [
            [keras.layers.Dense(units, activation="tanh") for _ in range(2)]
            for units in config.decoder.rnn_size
        ]
        self.decoder = [
            keras.layers.LSTM(units, return_sequences=True)
            for units in config.decoder.rnn_size
        ]
        self.logits = keras.layers.Dense(self.head.logits_depth)
        self.free_bits = config.latent.free_bits
        self.beta = config.latent.max_beta

    def call(self, x: Any, training: bool = False) -> Any:
        """Logits; the KL cost is added as a loss."""
        h = self.masking(x)
        for layer in self.encoder:
            h = layer(self.drop(h, training=training))
        posterior = latent.Posterior(self.mean(h), self.stddev(h))
        z = latent.sample(posterior, keras.random.normal(ops.shape(posterior.mean)))
        kl = latent.kl_cost(latent.kl_divergence(posterior), self.free_bits)
        self.add_loss(self.beta * ops.mean(kl))
        previous = ops.pad(x[:, :-1], [[0, 0], [1, 0], [0, 0]])
        repeated = ops.repeat(z[:, None], x.shape[1], axis=1)
        h = ops.concatenate([previous, repeated], axis=-1)
        for layer, states in zip(self.decoder, self.to_state, strict=True):
            h = self.drop(h, training=training)
            h = layer(h, initial_state=[state(z) for state in states])
        return self.logits(h)


def peak(size: int = 2048) -> float:
    """Operations a second of one large product."""
    a = ops.ones((size, size))
    product = backend.inference(keras.Sequential(), lambda x: ops.matmul(x, x))
    backend.to_numpy(product(a))
    start = time.perf_counter()
    for _ in range(5):
        result = product(a)
    backend.to_numpy(result)
    return 5 * 2 * size**3 / (time.perf_counter() - start)


def main() -> None:
    """Shows seconds a step, their ratio and the share of the peak."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", default="groovae_4bar")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    config = get_config(args.config)
    converter = config.converter
    shape = (args.batch_size, converter.steps, converter.input_depth)
    batch = np.random.default_rng(0).random(shape, np.float32)

    model = build_model(config)
    update = backend.train_step(
        model, build_optimizer(config, model), model.training_loss
    )

    def ours() -> None:
        scalars = update(batch, batch, None, None, np.asarray(1, np.float32))
        backend.to_numpy(scalars["loss"])

    plain = PlainVAE(config)
    optimizer = keras.optimizers.Adam(1e-3, global_clipnorm=1.0)
    plain.compile(
        optimizer,
        loss=lambda truth, logits: ops.mean(
            ops.sum(plain.head.loss(truth, logits), axis=-1)
        ),
        jit_compile=False,
    )

    def theirs() -> None:
        plain.train_on_batch(batch, batch)

    steps: dict[str, Callable[[], None]] = {"plain Keras": theirs, "groovekit": ours}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        print(f"{name}: first step {time.perf_counter() - start:.1f} s")
    for _ in range(args.repeats):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    parameters = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    operations = 6.0 * parameters * converter.steps * args.batch_size
    rate = peak()
    for name, seconds in medians.items():
        share = operations / seconds / rate
        print(
            f"{name}: {seconds:.3f} s a step, {share:.0%} of {rate / 1e9:.0f} GFLOP/s"
        )
    print(
        f"ratio {medians['plain Keras'] / medians['groovekit']:.2f} "
        f"({args.config}, batch {args.batch_size}, {backend.name()})"
    )


if __name__ == "__main__":
    main()
