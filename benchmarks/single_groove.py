"""How soon does one groove sound, once the model is loaded?

The NumPy runtime against Keras, the same codes and random numbers, turn about in one
process: a groove sampled to notes, and the way from notes to a code. Worse would be: a
ratio of Keras to NumPy below 1, or a groove slower than 30 ms.

    python benchmarks/single_groove.py --rounds 50
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from groovekit.generation.trained_model import TrainedModel
from groovekit.models import backend


def main() -> None:
    """Shows milliseconds of both runtimes and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="groovae_4bar")
    parser.add_argument("--count", type=int, nargs="+", default=[1, 5, 64])
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()

    models = {
        "numpy": TrainedModel.load(options.preset, runtime="numpy"),
        "keras": TrainedModel.load(options.preset, runtime="keras"),
    }
    converter = models["numpy"].converter
    print(f"{options.preset}, {converter.steps} steps; Keras on {backend.name()}")
    for count in options.count:
        shape = (count, converter.steps, converter.input_depth)
        inputs = (np.random.default_rng(0).random(shape) < 0.1).astype(np.float32)

        def sample(model: TrainedModel, count: int = count) -> Any:
            return model.sample(count, seed=1)

        def encode(model: TrainedModel, inputs: np.ndarray = inputs) -> Any:
            return model.encode(inputs, seed=1).mean

        tasks: dict[str, Callable[[TrainedModel], Any]] = {
            "sample": sample,
            "encode": encode,
        }
        for task, run in tasks.items():
            compare(f"{task} {count}", run, models, options.rounds)


def compare(
    task: str,
    run: Callable[[TrainedModel], Any],
    models: dict[str, TrainedModel],
    rounds: int,
) -> None:
    """Times both runtimes at one task and shows the ratio."""
    times: dict[str, list[float]] = {name: [] for name in models}
    for round_ in range(rounds + 1):
        for name, model in models.items():
            start = time.perf_counter()
            run(model)
            seconds = time.perf_counter() - start
            # The first call compiles.
            if round_:
                times[name].append(seconds)
    medians = {name: statistics.median(own) for name, own in times.items()}
    text = ", ".join(
        f"{name} {1e3 * medians[name]:.1f} ms (best {1e3 * min(own):.1f})"
        for name, own in times.items()
    )
    print(f"{task:>10}: {text}; ratio {medians['keras'] / medians['numpy']:.2f}")


if __name__ == "__main__":
    main()
