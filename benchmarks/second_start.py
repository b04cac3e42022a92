"""Question: how long until the examples are there, the second time?

Prepares training and evaluation windows of a folder three ways, in one process:
converting (the first start), from the cache (every later start), and without a cache
from a TFRecord of sequences, which is what the original starts from each time (with
our converter, which is the faster one). Worse would be: a later start above 0.3 s for
the Groove data, or other windows than the first start's.

    python benchmarks/second_start.py --groove-dir groove [--config groovae_4bar]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from groovekit.configs.base import get_config
from groovekit.data.datasets import load_examples
from groovekit.data.prepared import Prepared, prepare
from groovekit.data.settings import DataSettings
from groovekit.io.conversion import convert_folder


def timed(run: Callable[[], object]) -> tuple[object, float, float]:
    """The result, processor seconds and seconds by the clock."""
    processor, clock = time.process_time(), time.perf_counter()
    result = run()
    return result, time.process_time() - processor, time.perf_counter() - clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groove-dir", type=Path, required=True)
    parser.add_argument("--config", default="groovae_4bar")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    converter = get_config(options.config).converter
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["GROOVEKIT_CACHE_DIR"] = scratch
        records = Path(scratch) / "groove.tfrecord"
        convert_folder(options.groove_dir, records)

        def start() -> Prepared:
            return prepare(options.groove_dir, converter)

        def original() -> object:
            return load_examples(records, converter, settings=DataSettings(cache=False))

        first, processor, clock = timed(start)
        print(
            f"{'first start':>24}: {processor:6.2f} s processor, {clock:6.2f} s clock"
        )
        for name, run in (
            ("from the cache", start),
            ("a TFRecord, converted", original),
        ):
            runs = [timed(run) for _ in range(options.repeats)]
            processor, clock = (
                statistics.median(values[column] for values in runs)
                for column in (1, 2)
            )
            print(f"{name:>24}: {processor:6.2f} s processor, {clock:6.2f} s clock")
        again = start()
        for one, other in (
            (first.train, again.train),
            (first.evaluation, again.evaluation),
        ):
            assert one.fingerprint == other.fingerprint
            for name, array in one.windows.arrays.items():
                np.testing.assert_array_equal(array, other.windows.arrays[name])


if __name__ == "__main__":
    main()
