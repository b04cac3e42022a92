"""Writes grooves on the way from one MIDI file to another.

    python examples/interpolate.py from.mid to.mid --outputs 5

The model is a preset or a run folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import groovekit as gk


def main() -> int:
    """Interpolates between the first windows of two files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("start", help="a MIDI file with drums")
    parser.add_argument("end", help="another one")
    parser.add_argument(
        "--model", default="par-groove_4bar", help="preset or run folder"
    )
    parser.add_argument("--outputs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    model = gk.TrainedModel.load(options.model)
    start, end = gk.read_midi(options.start), gk.read_midi(options.end)
    grooves = model.interpolate(start, end, options.outputs, seed=options.seed)
    folder = Path("generated")
    folder.mkdir(exist_ok=True)
    for number, groove in enumerate(grooves):
        path = gk.write_midi(groove, folder / f"interpolation_{number}.mid")
        print(f"{path}: {len(groove.notes)} notes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
