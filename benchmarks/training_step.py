"""How long is a training step, and how near is it to the matrix peak?

The reference is a plain Keras model of the same sizes: ``Bidirectional`` and
``LSTM`` layers on masked inputs, trained by ``Model.train_on_batch``. Both take
steps turn about in one process on the same batch, and with them the matrix peak:
the LSTM layers' own products (batch times weights, gradients times transposed
weights, batch transposed times gradients), and one large product, by themselves.
Worse would be: a ratio below 1.

    python benchmarks/training_step.py --config groovae_4bar --batch-size 128
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from groovekit.configs.base import ModelConfig, get_config
from groovekit.models import backend, latent
from groovekit.models.builder import build_model, build_optimizer
from groovekit.models.heads.groove import GrooveHead
from groovekit.models.size import network_size


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


Product = tuple[int, int, int]


def products(model: Any, batch_size: int) -> Counter[Product]:
    """(rows, inner size, columns) of the products of one sequence step."""
    found: Counter[Product] = Counter()
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.LSTM):
            units = layer.units
            joint = layer.cell.kernel.shape[0] + units
            found[batch_size, joint, 4 * units] += 1
            found[batch_size, 4 * units, joint] += 1
            found[joint, batch_size, 4 * units] += 1
    return found


def peak(shapes: Counter[Product], copies: int = 16) -> Callable[[], float]:
    """A function measuring operations a second of products and nothing else.

    Args:
      shapes: products and how often each occurs.
      copies: of each product in one call, of different numbers.
    """
    rng = np.random.default_rng(0)
    operands = [
        [rng.random((copies, m, k), np.float32), rng.random((k, n), np.float32)]
        for m, k, n in shapes
    ]

    def multiply(a: Any, b: Any) -> Any:
        return [ops.matmul(a[i], b) for i in range(copies)]

    # Each shape has its own function, so that they take turns.
    compiled = [backend.inference(keras.Sequential(), multiply) for _ in shapes]
    operands = [[ops.convert_to_tensor(x) for x in pair] for pair in operands]

    def run() -> float:
        seconds = operations = 0.0
        for (m, k, n), pair, call in zip(shapes, operands, compiled, strict=True):
            start = time.perf_counter()
            backend.to_numpy(call(*pair)[-1])
            seconds += shapes[m, k, n] * (time.perf_counter() - start)
            operations += shapes[m, k, n] * copies * 2.0 * m * k * n
        return operations / seconds

    run()
    return run


def main() -> None:
    """Shows seconds a step, their ratio and the share of the peak."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", default="groovae_4bar")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="without plain Keras")
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
    if args.alone:
        del steps["plain Keras"]
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        print(f"{name}: first step {time.perf_counter() - start:.1f} s", flush=True)
    peaks = {
        "its own products": peak(products(model, args.batch_size)),
        "one large product": peak(Counter([(2048, 2048, 2048)]), copies=2),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    rates: dict[str, list[float]] = {name: [] for name in peaks}
    for _ in range(args.repeats):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
        for name, measure in peaks.items():
            rates[name].append(measure())
    size = network_size(config)
    assert size is not None  # made of built-in parts
    operations = 6.0 * size.multiplications * args.batch_size
    medians = {name: statistics.median(values) for name, values in times.items()}
    limits = {name: statistics.median(values) for name, values in rates.items()}
    for name, seconds in medians.items():
        rate = operations / seconds
        shares = ", ".join(
            f"{rate / limit:.0%} of {what} ({limit / 1e9:.0f})"
            for what, limit in limits.items()
        )
        print(f"{name}: {seconds:.3f} s a step, {rate / 1e9:.0f} GFLOP/s: {shares}")
    if not args.alone:
        ratio = medians["plain Keras"] / medians["groovekit"]
        print(f"ratio {ratio:.2f}")
    print(f"({args.config}, batch {args.batch_size}, {backend.name()})")


if __name__ == "__main__":
    main()
