"""How long until there is music, and is it worth doing without Keras?

Whole processes, one after the other, turn about: Python with click alone, the help,
five grooves by NumPy and the same five by Keras. Worse would be: a ratio of Keras to
NumPy below 2, help more than 0.15 s after click, generating slower than 1.5 s or in
more than 250 MB.

    python benchmarks/startup.py --rounds 5
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall-clock seconds and peak memory (MB) of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own commands
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed ({process.returncode}).")
    return seconds, usage.ru_maxrss / 1000


def main() -> None:
    """Shows medians of seconds and memory, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", default="groovae_4bar")
    parser.add_argument("--num-outputs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    python, groovekit = [sys.executable], [sys.executable, "-m", "groovekit"]
    with tempfile.TemporaryDirectory() as folder:
        generate = [*groovekit, "generate", "--mode", "sample"]
        generate += ["--preset", options.preset, "--seed", "1"]
        generate += ["--num-outputs", str(options.num_outputs)]
        generate += ["--output-dir", str(Path(folder) / "out")]
        variants = {
            "import click": [*python, "-c", "import click"],
            "groovekit --help": [*groovekit, "--help"],
            "generate, NumPy": generate,
            "generate, Keras": [*generate, "--backend", "tensorflow"],
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
        for round_ in range(options.rounds + 1):
            for name, command in variants.items():
                result = measured(command, environment)
                # The first round brings the files into memory.
                if round_:
                    found[name].append(result)
    seconds = {}
    for name, results in found.items():
        times, memory = zip(*results, strict=True)
        seconds[name] = statistics.median(times)
        print(
            f"{name:>18}: {seconds[name]:6.2f} s (best {min(times):.2f}), "
            f"{max(memory):4.0f} MB"
        )
    late = seconds["groovekit --help"] - seconds["import click"]
    ratio = seconds["generate, Keras"] / seconds["generate, NumPy"]
    print(f"help {late:.2f} s after click; Keras takes {ratio:.1f} times NumPy's time")


if __name__ == "__main__":
    main()
