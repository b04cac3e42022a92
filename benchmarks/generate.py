"""How many grooves a second, and is it worth adding z once and compiling?

The reference is the loop as one would write it down: eager, with the code
concatenated to the input of each step and the whole kernel multiplied. Both
decode the same codes with the same random numbers, turn about in one process.
Worse would be: a ratio below 1.3, or grooves that differ in more than rounding
explains.

    python benchmarks/generate.py --count 1000 --steps 64
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from groovekit.config import get_config
from groovekit.generation import TrainedModel
from groovekit.inference import BatchedModel
from groovekit.models import backend
from groovekit.models.builder import build_model

TEMPERATURE = 0.5


def straightforward(model: Any, z: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """Samples with z at each step's input; ``uniforms`` is (steps, batch, n)."""
    from keras import ops

    decoder, head = model.decoder, model.head
    z = ops.convert_to_tensor(z)
    state = decoder.initial_state(z)
    x = ops.zeros((len(z), head.output_depth))
    outputs = []
    for noise in uniforms:
        inputs, new_state = ops.concatenate([x, z], axis=-1), []
        for lstm, (hidden, memory) in zip(decoder.stack.lstms, state, strict=True):
            cell = lstm.cell
            gates = ops.matmul(inputs, cell.kernel) + cell.bias
            gates = gates + ops.matmul(hidden, cell.recurrent_kernel)
            i, f, c, o = ops.split(gates, 4, axis=-1)
            memory = ops.sigmoid(f) * memory + ops.sigmoid(i) * ops.tanh(c)
            inputs = ops.sigmoid(o) * ops.tanh(memory)
            new_state.append((inputs, memory))
        state = new_state
        logits = decoder.output_layer(inputs)
        x = head.sample(logits, ops.convert_to_tensor(noise), TEMPERATURE)
        outputs.append(x)
    return backend.to_numpy(ops.stack(outputs, axis=1))


def main() -> None:
    """Shows grooves a second and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", default="groovae_4bar")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--batch-size", type=int, nargs="+", default=[256, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    config = get_config(options.config)
    model = build_model(config, seed=1)
    z = np.random.default_rng(0).standard_normal(
        (options.count, model.z_size), np.float32
    )
    shape = (options.count, options.steps, model.head.noise_depth)
    drawn = np.random.default_rng(1).random(shape, np.float32)
    uniforms = np.ascontiguousarray(drawn.transpose(1, 0, 2))

    def ours(size: int) -> Callable[[], np.ndarray]:
        batched = BatchedModel(model, max_batch_size=size)
        return lambda: batched.decode(
            z,
            options.steps,
            temperature=TEMPERATURE,
            controls=None,
            rng=np.random.default_rng(1),
        )

    variants: dict[str, Callable[[], np.ndarray]] = {
        "eager, z each step": lambda: straightforward(model, z, uniforms),
        **{f"ours, {size} at once": ours(size) for size in options.batch_size},
    }
    first: dict[str, float] = {}
    times: dict[str, list[float]] = {name: [] for name in variants}
    results = {}
    for round_ in range(options.rounds + 1):
        for name, run in variants.items():
            start = time.perf_counter()
            results[name] = run()
            seconds = time.perf_counter() - start
            # The first call compiles.
            if round_:
                times[name].append(seconds)
            else:
                first[name] = seconds
    reference = results["eager, z each step"]
    best = {name: min(values) for name, values in times.items()}
    print(f"{backend.name()}, {options.count:,} x {options.steps} steps, {config.name}")
    for name, seconds in best.items():
        differing = np.mean(np.abs(results[name] - reference).max(axis=(1, 2)) > 1e-3)
        print(
            f"{name:>20}: {options.count / seconds:8,.0f} grooves/s, ratio "
            f"{best['eager, z each step'] / seconds:.2f}, first call "
            f"{first[name]:.2f} s, {differing:.1%} of grooves differ"
        )
    trained = TrainedModel(config, model)
    start = time.perf_counter()
    trained.sample(options.count, seed=1)
    seconds = time.perf_counter() - start
    print(f"{'to note sequences':>20}: {options.count / seconds:8,.0f} grooves/s")


if __name__ == "__main__":
    main()
