"""Reads a MIDI file with a kit map of one's own and compares it with General MIDI.

    python examples/own_kit.py take.mid my_pads.json

The JSON file is like those in groovekit/converters/kit_tables.
"""

from __future__ import annotations

import argparse
import sys

import groovekit as gk


def main() -> int:
    """Prints what becomes of the notes with either kit map."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("midi", help="a file with drums")
    parser.add_argument("kit", help="a JSON file, or the name of a kit map")
    options = parser.parse_args()

    sequence = gk.read_midi(options.midi)
    for kit in ("general_midi", options.kit):
        # Both maps of a converter need the same number of classes.
        converter = gk.GrooveConverter(bars=1, kit=kit, output_kit=kit)
        result = converter.extract(sequence)
        found = str(result) if isinstance(result, gk.Skipped) else f"{len(result)} bars"
        counts = result.counts
        print(
            f"{kit}: {found}; of {counts.notes} notes {counts.kept} kept, "
            f"{counts.merged} merged, {counts.unmapped} unmapped"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
