"""How many grooves a second, and is it worth adding z once and compiling?

The reference is the loop as one would write it down: eager, with the code
concatenated to the input of each step and the whole kernel multiplied. All decode the
same codes with the same random numbers, turn about in one process. The limit is what
one large product, measured in the same run, leaves: no loop can be faster than the
products it is made of. Then tensors become note sequences. Worse would be: a ratio
below 1.3, grooves that differ in more than rounding explains, or note sequences from
tensors at less than twice the rate of the tensors themselves.

    python benchmarks/generate.py --count 1000 --steps 64
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

TEMPERATURE = 0.5
REFERENCE = "eager, z each step"


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


def operations(model: Any, steps: int) -> float:
    """Operations of the products that a groove cannot do without, z added once."""
    decoder = model.decoder
    cells = [lstm.cell for lstm in decoder.stack.lstms]
    once = [decoder.to_state.kernel]
    each = [decoder.output_layer.kernel]
    each += [
        kernel for cell in cells for kernel in (cell.kernel, cell.recurrent_kernel)
    ]
    depth, width = model.z_size, cells[0].kernel.shape[1]
    count = sum(int(np.prod(kernel.shape)) for kernel in each) - depth * width
    return 2.0 * (
        steps * count
        + depth * width
        + sum(int(np.prod(kernel.shape)) for kernel in once)
    )


def peak(size: int = 2048) -> float:
    """Operations a second of one large product, NumPy's or the backend's."""
    from keras import ops

    def rate(a: Any, finish: Callable[[Any], Any]) -> float:
        finish(a @ a)
        start = time.perf_counter()
        for _ in range(5):
            product = a @ a
        finish(product)
        return 5 * 2 * size**3 / (time.perf_counter() - start)

    ones = np.ones((size, size), np.float32)
    own = ops.convert_to_tensor(ones)
    return max(rate(ones, np.asarray), rate(own, backend.to_numpy))


def main() -> None:
    """Shows grooves a second and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="groovae_4bar")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--batch-size", type=int, nargs="+", default=[256])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    model = TrainedModel.load(options.preset, runtime="keras").model
    z = np.random.default_rng(0).standard_normal(
        (options.count, model.z_size), np.float32
    )
    shape = (options.count, options.steps, model.head.noise_depth)
    drawn = np.random.default_rng(1).random(shape, np.float32)
    uniforms = np.ascontiguousarray(drawn.transpose(1, 0, 2))

    def ours(runtime: Any, size: int) -> Callable[[], np.ndarray]:
        loaded = TrainedModel.load(
            options.preset, runtime=runtime, max_batch_size=size
        )._runtimes.for_job(options.count)
        return lambda: loaded.decode(
            z,
            options.steps,
            temperature=TEMPERATURE,
            controls=None,
            rng=np.random.default_rng(1),
        )

    variants: dict[str, Callable[[], np.ndarray]] = {
        REFERENCE: lambda: straightforward(model, z, uniforms)
    }
    for size in options.batch_size:
        variants[f"{backend.name()}, {size} at once"] = ours("keras", size)
        variants[f"NumPy, {size} at once"] = ours("numpy", size)
    first: dict[str, float] = {}
    times: dict[str, list[float]] = {name: [] for name in variants}
    results, rates = {}, []
    for round_ in range(options.rounds + 1):
        rates.append(peak())
        for name, run in variants.items():
            start = time.perf_counter()
            results[name] = run()
            seconds = time.perf_counter() - start
            # The first call compiles.
            if round_:
                times[name].append(seconds)
            else:
                first[name] = seconds
    rate, work = statistics.median(rates), operations(model, options.steps)
    print(
        f"{options.preset}, {options.count:,} x {options.steps} steps of "
        f"{work / 1e6:.0f} MFLOP a groove; one large product: {rate / 1e9:.0f} "
        f"GFLOP/s, so at most {rate / work:,.0f} grooves/s"
    )
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in medians.items():
        apart = np.abs(results[name] - results[REFERENCE]).max(axis=(1, 2))
        print(
            f"{name:>26}: {options.count / seconds:8,.0f} grooves/s, ratio "
            f"{medians[REFERENCE] / seconds:.2f}, "
            f"{options.count / seconds * work / rate:.0%} of the limit, first call "
            f"{first[name]:.2f} s, {np.mean(apart > 1e-3):.1%} of grooves differ"
        )
    trained = TrainedModel.load(options.preset)
    tensors = results[REFERENCE]
    seconds = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        trained.converter.decode(tensors)
        seconds.append(time.perf_counter() - start)
    fastest = min(value for name, value in medians.items() if name != REFERENCE)
    notes = statistics.median(seconds)
    print(
        f"{'tensors to sequences':>26}: {options.count / notes:8,.0f} grooves/s, "
        f"{fastest / notes:.1f} times the fastest; both together "
        f"{options.count / (notes + fastest):,.0f} grooves/s"
    )


if __name__ == "__main__":
    main()
