"""A small folder of made-up drumming."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import groovekit as gk


def write_takes(folder: Path, *, bars: int = 4) -> Path:
    """Writes three takes, a little off the grid, into ``folder``."""
    folder.mkdir(parents=True)
    for number, name in enumerate(("take", "other", "third")):
        rng = np.random.default_rng(number)
        qpm = 100.0 + 10 * number
        step = 60 / qpm / 4
        sequence = gk.NoteSequence()
        sequence.tempos.add(qpm=qpm)
        sequence.time_signatures.add(numerator=4, denominator=4)
        for at in range(16 * bars):
            drums = [42] if at % 2 == 0 else []
            drums += [36] if at % 8 == 0 or rng.random() < 0.1 else []
            drums += [38] if at % 8 == 4 else []
            for pitch in drums:
                start = max(0.0, (at + rng.normal(-0.05, 0.05)) * step)
                sequence.notes.add(
                    pitch=pitch,
                    velocity=int(rng.integers(40, 120)),
                    start_time=start,
                    end_time=start + step / 2,
                    instrument=9,
                    is_drum=True,
                )
        sequence.total_time = 16 * bars * step
        gk.write_midi(sequence, folder / f"{name}.mid")
    return folder
