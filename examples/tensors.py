"""Shows the first window of a MIDI file as a groove tensor, drum by drum.

    python examples/tensors.py take.mid --bars 1

Timing is shown as the mean of a drum, in steps.
"""

from __future__ import annotations

import argparse
import sys

import groovekit as gk


def main() -> int:
    """Prints a line for each drum: velocities on their steps, and mean timing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("midi", help="a file with drums")
    parser.add_argument("--bars", type=int, default=1, help="bars to show")
    options = parser.parse_args()

    converter = gk.GrooveConverter(bars=options.bars)
    encoded = converter.encode(gk.read_midi(options.midi))
    if isinstance(encoded, gk.Skipped):
        print(f"{options.midi} {encoded}.")
        return 1

    # (windows, steps, [hits, velocities, offsets] of nine classes each)
    window = encoded.outputs[0]
    hits, velocities, offsets = window[:, :9], window[:, 9:18], window[:, 18:]
    print(f"first of {len(encoded)} windows, {converter.steps} steps; {encoded.counts}")
    for drum, name in enumerate(converter.kit_map.class_names):
        struck = hits[:, drum] > 0
        cells = (f"{127 * v:3.0f}" if v else "  ." for v in velocities[:, drum])
        line = f"{name:>13} {' '.join(cells)}"
        if struck.any():
            mean = offsets[struck, drum].mean()
            # Half a step is an offset of 1, early is positive.
            line += f"  {abs(mean) / 2:.2f} steps {'early' if mean > 0 else 'late'}"
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
