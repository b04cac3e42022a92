"""What does scheduled sampling cost when one-hot inputs are looked up?

Trains steps of a config with scheduled sampling in two ways, turn about in one
process: plainly (inputs multiplied, the sampling loop itself differentiated,
Keras's LSTM layers) and ours (rows of the weights looked up; what was fed is fed
again to LSTM layers with their own backward pass). Worse would be: a ratio below 1.

    python benchmarks/scheduled_sampling.py --batch-size 128
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
from keras import ops

from groovekit.configs.base import ModelConfig, get_config
from groovekit.models import backend, recurrence
from groovekit.models.builder import build_model, build_optimizer
from groovekit.models.decoders.lstm import LSTMDecoder
from groovekit.models.feed import Decoded, Feed


class PlainDecoder(LSTMDecoder):
    """Scheduled sampling as a loop that is differentiated as it stands."""

    _looks_up = False

    def decode(self, z: Any, steps: int, feed: Feed) -> Decoded:
        """See ``LSTMDecoder.decode``."""
        start = ops.zeros((z.shape[0], self.head.output_depth))
        feed = feed.replace(targets=self.head.one_hot(feed.targets), start=start)
        return self._loop(z, steps, feed, differentiable=True)


def training_step(
    config: ModelConfig, batch_size: int, *, plain: bool
) -> Callable[[], float]:
    """A function that trains one step on random data and gives the loss."""
    converter = config.converter
    rng = np.random.default_rng(0)
    shape = (batch_size, converter.steps)
    inputs = rng.random((*shape, converter.input_depth), np.float32)
    labels = rng.integers(0, converter.output_depth, shape)
    outputs = np.eye(converter.output_depth, dtype=np.float32)[labels]
    model = build_model(config)
    if plain:
        model.decoder.__class__ = PlainDecoder
    update = backend.train_step(
        model, build_optimizer(config, model), model.training_loss
    )

    def step() -> float:
        with mock.patch.object(recurrence, "is_own", own):
            scalars = update(inputs, outputs, None, None, np.asarray(1, np.float32))
        return float(backend.to_numpy(scalars["loss"]))

    own = (lambda *, training: False) if plain else recurrence.is_own  # noqa: ARG005
    return step


def main() -> None:
    """Shows seconds a step and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", default="cat-drums_2bar_small")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    config = get_config(args.config)
    steps = {
        name: training_step(config, args.batch_size, plain=name == "plain")
        for name in ("plain", "groovekit")
    }
    for name, step in steps.items():
        start = time.perf_counter()
        loss = step()
        seconds = time.perf_counter() - start
        print(f"{name}: first step {seconds:.1f} s, loss {loss:.5f}", flush=True)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(args.repeats):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in medians.items():
        print(f"{name}: {seconds:.3f} s a step")
    print(
        f"ratio {medians['plain'] / medians['groovekit']:.2f} "
        f"({args.config}, batch {args.batch_size}, {backend.name()})"
    )


if __name__ == "__main__":
    main()
