"""How long from the start of ``groovekit train`` until its first step is done?

Whole processes on cached examples. With ``--baseline`` a checkout of another state
takes turns with this one. A hook notes when the parts of the start begin and end; the
process stops after the second step, of which the time shows what the first one spends
on tracing. Worse would be: more than 5 s, or a ratio to the baseline below 1.

    python benchmarks/first_step.py --folder groove [--files 200] [--baseline PATH]
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# What is timed, as module and function, once the module is imported.
TIMED = {
    "groovekit.cli.start": ("start_keras",),
    "groovekit.data.prepared": ("prepare",),
    "groovekit.models.builder": ("build_model", "build_optimizer"),
}


def child(started: float, arguments: list[str]) -> None:
    """Runs the command up to its second step and prints the times as JSON."""
    spans: dict[str, tuple[float, float]] = {}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **options: Any) -> Any:
            begun = time.time() - started
            result = function(*args, **options)
            spans[name] = (begun, time.time() - started)
            return result

        return run

    def stopping(make: Callable[..., Any]) -> Callable[..., Any]:
        def train_step(*args: Any) -> Callable[..., Any]:
            step = make(*args)

            def counted(*tensors: Any) -> Any:
                begun = time.time() - started
                result = step(*tensors)
                # Waits for it on backends that compute in the background.
                float(result["loss"])
                name = "second step" if "first step" in spans else "first step"
                spans[name] = (begun, time.time() - started)
                if name == "second step":
                    print(json.dumps(spans), flush=True)
                    os._exit(0)
                return result

            return counted

        return train_step

    execute = SourceFileLoader.exec_module

    def exec_module(self: SourceFileLoader, module: Any) -> None:
        execute(self, module)
        for name in TIMED.get(module.__name__, ()):
            setattr(module, name, timed(name, getattr(module, name)))
        if module.__name__ == "groovekit.models.backend":
            module.train_step = stopping(module.train_step)

    SourceFileLoader.exec_module = exec_module  # type: ignore[method-assign]
    from groovekit.cli.main import main as command

    command(arguments)


def measured(root: Path, arguments: list[str]) -> dict[str, tuple[float, float]]:
    """Begin and end of each part in seconds since the process was started."""
    process = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, __file__, "--child", str(time.time()), *arguments],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: dict[str, tuple[float, float]] = json.loads(process.stdout)
    except json.JSONDecodeError:
        raise SystemExit(f"The run failed:\n{process.stderr}") from None
    return found


def main() -> None:
    """Shows medians of each part's begin and length, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--config", default="groovae_4bar")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    roots = {"this": ROOT}
    if options.baseline:
        roots = {"baseline": options.baseline.resolve(), **roots}
    found: dict[str, list[dict[str, tuple[float, float]]]] = {n: [] for n in roots}
    with tempfile.TemporaryDirectory() as scratch:
        midi = Path(scratch) / "midi"
        midi.mkdir()
        for path in sorted(options.folder.rglob("*.mid"))[: options.files]:
            shutil.copy(path, midi / f"{path.parent.parent.name}_{path.name}")
        os.environ["GROOVEKIT_CACHE_DIR"] = str(Path(scratch) / "cache")
        arguments = ["train", "--config", options.config, "--examples", str(midi)]
        arguments += ["--batch-size", str(options.batch_size), "--seed", "1"]
        for round_ in range(options.repeats + 1):
            for name, root in roots.items():
                run = Path(scratch) / f"run-{name}-{round_}"
                times = measured(root, [*arguments, "--run-dir", str(run)])
                # The first round converts the examples.
                if round_:
                    found[name].append(times)
    ends = {}
    for name, rows in found.items():
        ends[name] = statistics.median(row["first step"][1] for row in rows)
        print(f"{name}: first step done after {ends[name]:.2f} s")
        for part in rows[0]:
            begin = statistics.median(row[part][0] for row in rows)
            length = statistics.median(row[part][1] - row[part][0] for row in rows)
            print(f"{part:>18}: at {begin:5.2f} s for {length:5.2f} s")
    if options.baseline:
        print(f"ratio {ends['baseline'] / ends['this']:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(float(sys.argv[2]), sys.argv[3:])
    else:
        main()
