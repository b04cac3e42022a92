"""Does a hierarchical decoder pay for its shape?

Trains steps of a hierarchical config and of the same config with a flat decoder
(the core decoder over all steps) turn about in one process. Times are divided by
the products of weights with activations that each model asks for. Also printed:
the time until the first step is done, which is mostly compiling. Worse would be:
more than 1.3 times the flat model's time for the same arithmetic.

    python benchmarks/hierarchical.py --config hierdec-trio_16bar --batch-size 8
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable

import numpy as np

from groovekit.configs.base import ModelConfig, get_config
from groovekit.models import backend
from groovekit.models.builder import build_model, build_optimizer
from groovekit.models.size import network_size


def flat(config: ModelConfig) -> ModelConfig:
    """The same without levels."""
    decoder = dataclasses.replace(
        config.decoder,
        kind=config.decoder.core,
        level_lengths=(),
        conductor_size=(),
        conductor_projection=0,
        autoregressive=(),
    )
    return config.replace(decoder=decoder)


def training_step(config: ModelConfig, batch_size: int) -> Callable[[], None]:
    """A function that trains one step on random data."""
    converter = config.converter
    rng = np.random.default_rng(0)
    shape = (batch_size, converter.steps)
    parts = [
        np.eye(part.size, dtype=np.float32)[rng.integers(0, part.size, shape)]
        for part in converter.layout
    ]
    outputs = np.concatenate(parts, axis=-1)
    inputs = outputs
    if converter.input_depth != converter.output_depth:
        inputs = rng.random((*shape, converter.input_depth), np.float32)
    model = build_model(config)
    update = backend.train_step(
        model, build_optimizer(config, model), model.training_loss
    )

    def step() -> None:
        scalars = update(inputs, outputs, None, None, np.asarray(1, np.float32))
        backend.to_numpy(scalars["loss"])

    return step


def main() -> None:
    """Prints seconds, time by arithmetic and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", default="hierdec-trio_16bar")
    parser.add_argument("--hparams", default="", help="overrides, e.g. smaller layers")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    config = get_config(args.config)
    if args.hparams:
        config = config.with_overrides(args.hparams)
    configs = {"hierarchical": config, "flat": flat(config)}
    steps, work = {}, {}
    for name, own in configs.items():
        size = network_size(own)
        assert size is not None  # both are made of built-in parts
        work[name] = 6.0 * size.multiplications * args.batch_size
        start = time.perf_counter()
        steps[name] = training_step(own, args.batch_size)
        built = time.perf_counter()
        steps[name]()
        end = time.perf_counter()
        print(
            f"{name}: {size.parameters:,} parameters; built in {built - start:.1f} s, "
            f"first step in {end - built:.1f} s",
            flush=True,
        )
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(args.repeats):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    rates = {}
    for name, values in times.items():
        seconds = statistics.median(values)
        rates[name] = work[name] / seconds
        print(f"{name}: {seconds:.2f} s a step, {rates[name] / 1e9:.1f} GFLOP/s")
    print(
        f"ratio {rates['flat'] / rates['hierarchical']:.2f} of the flat model's time "
        f"for the same arithmetic ({args.config}, batch {args.batch_size}, "
        f"{backend.name()})"
    )


if __name__ == "__main__":
    main()
