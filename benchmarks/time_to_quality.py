"""How good is a model how soon: from a folder of MIDI to a model on disk?

Trains on the training split of the Groove MIDI Dataset: the parallel model in closed
form (no steps), the parallel model for some steps, and the original's recipe
(groovae_4bar, batch 128) for as long as the latter took. Each starts from the MIDI
files, with nothing cached, and ends with weights on disk; then it is evaluated on the
validation split beside the baselines, which takes no part in the time. Worse would be
a ratio below 1: the parallel model's hit F1 over that of the original's recipe, or over
that of the best baseline.

``--takes 60`` trains on so many takes of the training split, drawn by a seed, and takes
the baselines from them, too: how good with few takes?

    GROOVEKIT_GROOVE_DIR=groove python benchmarks/time_to_quality.py
    GROOVEKIT_GROOVE_DIR=groove python benchmarks/time_to_quality.py --takes 60
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from groovekit.configs.base import Config, get_config
from groovekit.data.datasets import load_examples
from groovekit.data.performances import tempos_of
from groovekit.data.prepared import prepare
from groovekit.data.settings import DataSettings
from groovekit.evaluation.evaluate import Settings, evaluate
from groovekit.generation.trained_model import TrainedModel
from groovekit.training.settings import TrainSettings
from groovekit.training.trainer import train

# Steps of the original's recipe: more than any time here allows.
_ENDLESS = 100_000
# Seconds; shorter ones are excerpts.
_A_TAKE = 20.0


class StopAfter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Ends training after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._end = time.monotonic() + seconds

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Looks at the clock."""
        del batch, logs
        if time.monotonic() > self._end:
            self.model.stop_training = True


def few_takes(groove: str, count: int, folder: Path) -> str:
    """Copies some takes of the training split and returns their folder.

    Args:
      groove: the data set.
      count: how many of its beats in 4/4 of 20 seconds or more; fills and short
        takes have no window of four bars.
      folder: for the copies, new.
    """
    with (Path(groove) / "info.csv").open(newline="", encoding="utf-8") as file:
        rows = [
            row["midi_filename"]
            for row in csv.DictReader(file)
            if row["split"] == "train"
            and row["beat_type"] == "beat"
            and row["time_signature"] == "4-4"
            and float(row["duration"]) >= _A_TAKE
        ]
    for name in np.random.default_rng(0).permutation(rows)[:count]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(groove) / name, folder / name)
    return str(folder)


def trained(
    config: Config, takes: str, run: Path, *, steps: int, seconds: float | None = None
) -> float:
    """Trains into a run folder and returns the seconds that it took.

    Args:
      config: of the model.
      takes: the data set, or a folder of some takes of it.
      run: the run folder, new.
      steps: to train.
      seconds: for how long at most, all included; None for all steps.
    """
    begun = time.monotonic()
    data = prepare(takes, config.converter, settings=DataSettings(cache=False))
    callbacks = []
    if seconds is not None:
        callbacks.append(StopAfter(seconds - (time.monotonic() - begun)))
    # Evaluated once, at the end.
    settings = TrainSettings(steps=steps, eval_every=_ENDLESS, seed=1)
    train(config, data, run, settings=settings, callbacks=callbacks)
    return time.monotonic() - begun


def figures_of(run: Path, groove: str, takes: str) -> list[dict[str, Any]]:
    """Rows of the evaluation: the model's and the baselines'."""
    model = TrainedModel.load(run, runtime="keras")
    validation, known = (
        load_examples(source, model.converter, settings=DataSettings(split=split))
        for source, split in (
            (groove, "validation"),
            (takes, "train" if takes == groove else None),
        )
    )
    found = evaluate(
        model,
        validation,
        known,
        qpm=tempos_of(groove, "validation", validation.ids),
        settings=Settings(samples=0),
    )
    rows: list[dict[str, Any]] = found.figures["reconstruction"]["rows"]
    return rows


def f1_of(row: dict[str, Any]) -> float:
    """The hit F1 of a row; 0 for rows that are told the hits."""
    score = row["scores"].get("hit_f1")
    told = row["given"] == "the hits"
    return 0.0 if told or score is None else float(score["value"] or 0.0)


def main() -> int:
    """Trains, evaluates and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--takes", type=int, default=None)
    options = parser.parse_args()
    steps = options.steps
    groove = os.environ.get("GROOVEKIT_GROOVE_DIR")
    if not groove:
        print("Skipped: GROOVEKIT_GROOVE_DIR names no Groove MIDI Dataset.")
        return 0
    parallel = get_config("par-groove_4bar")
    original = get_config("groovae_4bar").with_overrides({"batch_size": 128})
    results = []
    with tempfile.TemporaryDirectory() as folder:
        takes = groove
        if options.takes is not None:
            takes = few_takes(groove, options.takes, Path(folder) / "takes")
        seconds = trained(parallel, takes, Path(folder) / "closed", steps=0)
        results.append(("parallel, closed form", Path(folder) / "closed", seconds))
        spent = trained(parallel, takes, Path(folder) / "parallel", steps=steps)
        results.append((f"parallel, {steps} steps", Path(folder) / "parallel", spent))
        seconds = trained(
            original, takes, Path(folder) / "vae", steps=_ENDLESS, seconds=spent
        )
        results.append(("original's recipe, as long", Path(folder) / "vae", seconds))
        found = [
            (name, took, figures_of(run, groove, takes)) for name, run, took in results
        ]
    print(f"{'model':32}{'seconds':>9}{'hit F1':>9}")
    for name, took, rows in found:
        print(f"{name:32}{took:9.1f}{f1_of(rows[0]):9.3f}")
    own = f1_of(found[1][2][0])
    # Rows after the model's own two, and without its closed form, which is above.
    rest = [row for row in found[1][2] if row["label"].startswith(("nearest", "most"))]
    best = max(rest, key=f1_of)
    print(f"{best['label']:32}{'':9}{f1_of(best):9.3f}")
    print(f"parallel / original's recipe: {own / f1_of(found[2][2][0]):.2f}")
    print(f"parallel / {best['label']}: {own / f1_of(best):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
