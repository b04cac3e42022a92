"""Trains on a folder of MIDI files and writes three samples.

    python examples/train_and_sample.py my_midi --steps 500

Like every run, it goes on where it stopped when it is started again.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import groovekit as gk
from groovekit.data.prepared import prepare
from groovekit.training.settings import TrainSettings


def main() -> int:
    """Prepares examples, trains, samples."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("examples", help="folder, zip or TFRecord")
    parser.add_argument("--config", default="groovae_4bar")
    parser.add_argument("--run-dir", default="runs/example")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--hparams", default="", help="e.g. z_size=64,free_bits=30")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    config = gk.get_config(options.config).with_overrides(options.hparams)
    config = config.with_overrides({"batch_size": options.batch_size})
    data = prepare(options.examples, config.converter)
    print(data.train.report.table(names=False))
    print(data.note)

    result = gk.train(
        config,
        data,
        options.run_dir,
        settings=TrainSettings(steps=options.steps, patience=5, seed=1),
        progress=lambda step, scalars: print(f"{step}: loss {scalars['loss']:.1f}"),
    )
    print(f"step {result.step}, best evaluation loss {result.best}")

    model = gk.TrainedModel.load(options.run_dir)
    folder = Path("generated")
    folder.mkdir(exist_ok=True)
    for number, groove in enumerate(model.sample(3, temperature=0.7, seed=1)):
        path = gk.write_midi(groove, folder / f"sample_{number}.mid")
        print(f"{path}: {len(groove.notes)} notes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
