"""Question: does memory grow with the number of training windows?

Makes cache files of 100,000 and of 10 million windows (sparse: they take no room on
disk), and draws shuffled batches from each in a process of its own, as training
does. Beside it the plain way: pages that stay mapped once they were read. Worse would
be: a peak more than the order's 4 bytes a window (40 MB) and 10 % above that of 100,000
windows, batches that take longer than a training step (0.1 s), or a batch that is not
the same again when training resumes there.

    python benchmarks/long_epochs.py [--windows 10000000] [--steps 200]

Sequences have 1,000 windows each: their ids, about 100 bytes each, are in memory.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from groovekit.converters.base import Counts, Windows
from groovekit.converters.groove import GrooveConverter
from groovekit.data import examples as module
from groovekit.data.examples import Examples
from groovekit.data.report import ExampleReport

SMALL = 100_000
BATCH = 512
PER_SEQUENCE = 1000


def make_store(folder: Path, windows: int) -> None:
    """Cache files of the arrays, all zeros."""
    for name, kind, width in (
        ("hits", np.uint8, 2),
        ("velocities", np.uint8, 9),
        ("offsets", np.float32, 9),
    ):
        np.lib.format.open_memmap(
            folder / f"{name}.npy", "w+", kind, (windows, 32, width)
        )


def open_examples(folder: Path, windows: int) -> Examples:
    """The examples as the cache gives them."""
    arrays = {
        path.stem: np.asarray(np.load(path, mmap_mode="r"))
        for path in sorted(folder.glob("*.npy"))
    }
    sequences = windows // PER_SEQUENCE
    return Examples(
        stored=Windows(arrays, Counts()),
        groups=np.arange(sequences + 1) * PER_SEQUENCE,
        ids=tuple(f"take-{number}" for number in range(sequences)),
        report=ExampleReport(sequences, sequences, windows, Counts(), {}, [], []),
        converter=GrooveConverter(bars=2),
        fingerprint="",
    )


def draw(folder: str, windows: int, steps: int, previous: bool, results) -> None:
    """Draws batches and says what it took."""
    if previous:
        module.LARGEST_MAPPED = sys.maxsize
    examples = open_examples(Path(folder), windows)
    # All but one sequence, as if one were held out.
    keep = np.ones(examples.sequences, bool)
    keep[0] = False
    examples = examples.subset(keep)
    stream = examples.batches(BATCH, seed=1, repeat=True)
    begin = time.perf_counter()
    next(stream)
    first = time.perf_counter() - begin
    begin = time.process_time()
    digest = b""
    for batch in itertools.islice(stream, steps):
        digest = hashlib.sha256(batch.inputs.tobytes()).digest()
    seconds = (time.process_time() - begin) / steps
    again = next(examples.batches(BATCH, seed=1, repeat=True, start_step=steps))
    assert hashlib.sha256(again.inputs.tobytes()).digest() == digest
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.put((peak, first, seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=10_000_000)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    peaks = {}
    for previous in (False, True):
        for windows in (SMALL, options.windows):
            with tempfile.TemporaryDirectory() as folder:
                make_store(Path(folder), windows)
                results = context.SimpleQueue()
                process = context.Process(
                    target=draw,
                    args=(folder, windows, options.steps, previous, results),
                )
                process.start()
                peak, first, seconds = results.get()
                process.join()
            peaks[previous, windows] = peak
            print(
                f"{'pages stay mapped' if previous else 'ours':>20}: {windows:10,} "
                f"windows, peak {peak:6.0f} MiB, first batch {first:5.2f} s, "
                f"{seconds * 1e3:5.1f} ms a batch of {BATCH}, peak ratio "
                f"{peak / peaks[previous, SMALL]:.2f}"
            )


if __name__ == "__main__":
    main()
