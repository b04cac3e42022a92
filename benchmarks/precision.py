"""Does training in bfloat16 pay, and does it learn the same?

Trains a config from the same weights on the same batches in float32 and in
bfloat16 (weights stay float32), turn about in one process, and prints the time of
a step, the ratio, and both losses side by side. Worse would be: a ratio below 1 on
a processor or GPU with bfloat16 arithmetic, or losses that part.

    python benchmarks/precision.py --config groovae_2bar_humanize --steps 8
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from groovekit.configs.base import ModelConfig, get_config
from groovekit.models import backend
from groovekit.models.builder import build_model, build_optimizer

DTYPES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def hardware() -> str:
    """What is known of bfloat16 arithmetic here."""
    if backend.uses_gpu():
        return "on a GPU"
    cpu = Path("/proc/cpuinfo")
    flags = cpu.read_text().split() if cpu.exists() else []
    found = [flag for flag in ("amx_bf16", "avx512_bf16") if flag in flags]
    return f"processor with {', '.join(found) or 'no bfloat16 arithmetic'}"


def batches(config: ModelConfig, size: int, count: int) -> list[np.ndarray]:
    """Random inputs of few different windows, so that there is something to learn."""
    rng = np.random.default_rng(0)
    shape = (size, config.converter.steps, config.converter.input_depth)
    windows = (rng.random(shape) < 0.2).astype(np.float32)
    return [rng.permutation(windows) for _ in range(count)]


def main() -> None:
    """Shows the losses of each step, then times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", default="groovae_2bar_humanize")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=8)
    args = parser.parse_args()
    config = get_config(args.config)
    if config.converter.input_depth != config.converter.output_depth:
        parser.error("a config whose inputs are its outputs is needed")
    updates = {}
    for name, dtype in DTYPES.items():
        model = build_model(config, seed=1, dtype=dtype)
        updates[name] = backend.train_step(
            model, build_optimizer(config, model), model.training_loss
        )
    losses: dict[str, list[float]] = {name: [] for name in updates}
    times: dict[str, list[float]] = {name: [] for name in updates}
    for step, batch in enumerate(batches(config, args.batch_size, args.steps)):
        for name, update in updates.items():
            start = time.perf_counter()
            scalars = update(batch, batch, None, None, np.asarray(step, np.float32))
            losses[name].append(float(backend.to_numpy(scalars["loss"])))
            times[name].append(time.perf_counter() - start)
        print(
            f"step {step}: " + ", ".join(f"{n} {v[-1]:.3f}" for n, v in losses.items())
        )
    # The first step compiles.
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    for name, seconds in medians.items():
        print(f"{name}: {seconds:.3f} s a step")
    apart = max(
        abs(a - b) / abs(a)
        for a, b in zip(losses["float32"], losses["bfloat16"], strict=True)
    )
    print(
        f"ratio {medians['float32'] / medians['bfloat16']:.2f}, losses at most "
        f"{apart:.1%} apart ({args.config}, batch {args.batch_size}, "
        f"{backend.name()}, {hardware()})"
    )


if __name__ == "__main__":
    main()
