"""How many grooves a second does a parallel model play, and how near is the limit?

The limit are the products of its layers alone, of the same sizes and in as many
threads, timed turn about with the whole in one process. Grooves are made as tensors,
with medians and with drawn dynamics, and as note sequences, drawing latent vectors
included; by NumPy and, with ``--keras``, by a backend. Worse would be: tensors at less
than 0.6 of the products alone.

Beside the clock it counts the process's own time, which other work on the machine
lengthens less: shares compare these.

    python benchmarks/parallel_sampling.py --count 4096 --keras
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
from groovekit.models.runtimes.threads import by_rows

# Windows that a thread has at once, and the most rows of one product.
WINDOWS, ROWS = 128, 1024


def products(model: TrainedModel, hits: float) -> tuple[list[Any], list[Any]]:
    """Sizes ``(rows a groove, inputs, outputs)`` of the layers' products.

    Args:
      model: a parallel one with dynamics.
      hits: of a groove.

    Returns:
      Those of the decoder, and those of its head for each hit.
    """
    decoder, bars = model.model.decoder, model.converter.bars
    head = decoder.head.layer
    found = [(1, *decoder.linear.kernel.shape)]
    found += [(1, *layer.kernel.shape) for layer in layers(decoder.network)]
    refiner = layers(decoder.refiner)
    inputs, outputs = refiner[0].kernel.shape
    # Half of what the refinement sees is the same for all bars.
    found += [(bars, inputs // 2, outputs), (1, inputs // 2, outputs)]
    found += [(bars, *layer.kernel.shape) for layer in refiner[1:]]
    own = [(hits, *layer.kernel.shape) for layer in layers(head.network)]
    return found, own


def layers(network: Any) -> list[Any]:
    """Dense layers of a residual network."""
    return [*network.hidden, network.last]


def multiplying(sizes: list[Any], count: int) -> Callable[[], object]:
    """A function that makes the products for so many grooves, and nothing else."""
    arrays = [
        (each, np.ones((ROWS, inputs), np.float32), np.ones((inputs, outputs), "f"))
        for each, inputs, outputs in sizes
    ]

    def part(rows: slice) -> None:
        for each, a, b in arrays:
            left = round(each * (rows.stop - rows.start))
            while left > 0:
                np.matmul(a[: min(left, ROWS)], b)
                left -= ROWS

    return lambda: by_rows(part, count, most=WINDOWS)


def main() -> None:
    """Shows grooves a second and shares of the products."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="par-groove_4bar")
    parser.add_argument("--count", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keras", action="store_true")
    options = parser.parse_args()

    count = options.count
    ours = TrainedModel.load(options.preset, runtime="numpy")
    z = ours.draw(count, seed=1)

    def tensors(model: TrainedModel, temperature: float) -> Callable[[], np.ndarray]:
        return lambda: model.decode_to_tensors(
            z, temperature=temperature, vectors="prior", seed=1
        )

    drawn = tensors(ours, 1.0)()
    hits = float((drawn[..., : ours.converter.classes] > 0.5).sum()) / count
    decoder, head = products(ours, hits)
    limits = {"medians": "products: decoder", "drawn": "products: and head"}
    variants: dict[str, Callable[[], object]] = {
        limits["medians"]: multiplying(decoder, count),
        limits["drawn"]: multiplying([*decoder, *head], count),
        "NumPy, medians": tensors(ours, 0.0),
        "NumPy, drawn": tensors(ours, 1.0),
        "NumPy, notes": lambda: ours.sample(count, seed=1),
        "latent vectors": lambda: ours.draw(count, seed=1),
        "tensors to notes": lambda: ours.converter.decode(drawn),
    }
    if options.keras:
        keras = TrainedModel.load(options.preset, runtime="keras")
        variants[f"{backend.name()}, medians"] = tensors(keras, 0.0)
        variants[f"{backend.name()}, drawn"] = tensors(keras, 1.0)
        variants[f"{backend.name()}, notes"] = lambda: keras.sample(count, seed=1)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for round_ in range(options.rounds + 1):
        for name, run in variants.items():
            start, own = time.perf_counter(), time.process_time()
            run()
            took = time.perf_counter() - start, time.process_time() - own
            # The first call compiles.
            if round_:
                seconds[name].append(took)
    clock = {n: statistics.median(t for t, _ in s) for n, s in seconds.items()}
    process = {n: statistics.median(t for _, t in s) for n, s in seconds.items()}
    print(f"{options.preset}, {count:,} grooves of {hits:.0f} hits")
    for name in variants:
        share = ""
        for kind, limit in limits.items():
            if name.endswith(kind):
                share = f", {process[limit] / process[name]:.0%} of its products"
        print(
            f"{name:>22}: {count / clock[name]:9,.0f} grooves/s, "
            f"{process[name] / count * 1e6:6.1f} us of processor time a groove{share}"
        )


if __name__ == "__main__":
    main()
