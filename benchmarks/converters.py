"""Question: how many windows a second do the converters read and write?

Each converter runs against two others, in the same process, on the same takes,
by processor time: the original's way for grooves (note_seq quantises a copy of the
sequence, then Python goes over steps and drums), and the least that a plain loop
over the notes can do. The results are compared before the times are. Worse would
be: less than 10 times the original's rate, reading or writing.

    python benchmarks/converters.py [--groove-dir DIR] [--takes N] [--repeat N]

Without a folder (also taken from GROOVEKIT_GROOVE_DIR) it makes up takes.
"""

from __future__ import annotations

import argparse
import collections
import csv
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from groovekit.converters.base import Windows, concatenate
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.io.notes import NoteSequence, load


def made_up_takes(count: int) -> list[NoteSequence]:
    rng = np.random.default_rng(1)
    pitches = [36, 38, 42, 46, 43, 47, 50, 49, 51]
    takes = []
    for _ in range(count):
        take = NoteSequence()
        take.tempos.add(qpm=120)
        take.time_signatures.add(numerator=4, denominator=4)
        for start in np.sort(rng.uniform(0, 64, 600)):
            take.notes.add(
                pitch=int(rng.choice(pitches)),
                velocity=int(rng.integers(1, 128)),
                start_time=float(start),
                end_time=float(start) + 0.1,
                is_drum=True,
            )
        take.total_time = 64.2
        takes.append(take)
    return takes


def groove_takes(folder: Path, count: int) -> list[NoteSequence]:
    midi_io = load("midi_io")
    with (folder / "info.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["time_signature"] == "4-4"]
    paths = [folder / r["midi_filename"] for r in rows if r["beat_type"] == "beat"]
    return [midi_io.midi_to_note_sequence(path.read_bytes()) for path in paths[:count]]


# The same, a note at a time ------------------------------------------------------


def loop_steps(take: NoteSequence, table: dict[int, int]) -> tuple[dict, int, float]:
    rate = 4 * take.tempos[0].qpm / 60.0
    cells = collections.defaultdict(list)
    for note in take.notes:
        if note.is_drum and note.pitch in table:
            step = int(note.start_time * rate + 0.5)
            cells[step, table[note.pitch]].append(note)
    last = max(step for step, _ in cells)
    return cells, math.ceil((last + 1) / 16) * 16, 1.0 / rate


def loop_groove(take: NoteSequence, converter: GrooveConverter) -> np.ndarray:
    table = {p: i for i, c in enumerate(converter.kit_map.classes) for p in c}
    cells, total, seconds = loop_steps(take, table)
    grid = np.zeros((total, 27), np.float32)
    for step in range(total):
        for drum in range(9):
            notes = cells.get((step, drum))
            if notes:
                note = max(notes, key=lambda n: n.velocity)
                grid[step, drum] = 1
                grid[step, 9 + drum] = note.velocity / 127
                offset = (seconds * step - note.start_time) / seconds * 2
                grid[step, 18 + drum] = offset
    size = converter.bars * 16
    return np.array([grid[i : i + size] for i in range(0, total - size + 1, size)])


def original_groove(take: NoteSequence, converter: GrooveConverter) -> np.ndarray:
    """Grooves as the original makes them: a copy, steps, drums, windows."""
    lib = load("sequences_lib")
    quantized = lib.quantize_note_sequence(take, steps_per_quarter=4)
    table = {p: i for i, c in enumerate(converter.kit_map.classes) for p in c}
    seconds = 60.0 / quantized.tempos[0].qpm / 4
    notes = sorted(
        (n for n in quantized.notes if n.pitch in table), key=lambda n: n.start_time
    )
    last = max(note.quantized_start_step for note in notes)
    total = math.ceil((last + 1) / 16) * 16
    cells = collections.defaultdict(list)
    for note in notes:
        cells[note.quantized_start_step, table[note.pitch]].append(note)
    hits, velocities, offsets = (np.zeros((total, 9)) for _ in range(3))
    for step in range(total):
        for drum in range(9):
            found = cells[step, drum]
            if not found:
                continue
            note = max(found, key=lambda n: n.velocity)
            hits[step, drum] = 1
            velocities[step, drum] = note.velocity / 127
            offset = (seconds * step - note.start_time) / seconds * 2
            offsets[step, drum] = offset
    size = converter.bars * 16
    windows = []
    for start in range(0, total - size + 1, size):
        parts = [part[start : start + size] for part in (hits, velocities, offsets)]
        windows.append(np.concatenate(parts, axis=1).astype(np.float32))
    return np.array(windows)


def loop_drums(take: NoteSequence, converter: DrumsConverter) -> np.ndarray:
    table = {p: i for i, c in enumerate(converter.kit_map.classes) for p in c}
    cells, total, _ = loop_steps(take, table)
    labels = [0] * total
    for step in range(total):
        for drum in range(9):
            if (step, drum) in cells:
                labels[step] += 2**drum
    found = dict.fromkeys(tuple(labels[i : i + 32]) for i in range(0, total - 31, 16))
    windows = np.zeros((len(found), 32, 512), np.float32)
    for index, window in enumerate(found):
        for step, label in enumerate(window):
            windows[index, step, label] = 1
    return windows


def loop_write(hits: np.ndarray, times: Callable, loud: Callable) -> list[NoteSequence]:
    pitches = [36, 38, 42, 46, 45, 48, 50, 49, 51]
    sequences = []
    for index in range(len(hits)):
        sequence = NoteSequence()
        sequence.tempos.add(qpm=120)
        for step in range(hits.shape[1]):
            for drum in range(9):
                if hits[index, step, drum] > 0.5:
                    note = sequence.notes.add()
                    note.instrument = 9
                    note.is_drum = True
                    note.pitch = pitches[drum]
                    note.velocity = loud(index, step, drum)
                    note.start_time = max(times(index, step, drum), 0.0)
                    note.end_time = note.start_time + 0.125
        sequences.append(sequence)
    return sequences


def best(run: Callable[[], object], repeat: int) -> float:
    """Processor seconds of the fastest of several runs."""
    times = []
    for _ in range(repeat):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return min(times)


def report(what: str, windows: int, ours: float, others: dict[str, float]) -> None:
    line = f"{what:14} {windows:6} windows  {windows / ours:9,.0f} a second"
    for name, seconds in others.items():
        line += f"  {name} {windows / seconds:6,.0f}, ratio {seconds / ours:5.1f}"
    print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groove-dir", default=os.environ.get("GROOVEKIT_GROOVE_DIR"))
    parser.add_argument("--takes", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    if options.groove_dir:
        takes = groove_takes(Path(options.groove_dir), options.takes)
    else:
        takes = made_up_takes(options.takes)

    groove = GrooveConverter(bars=2)
    drums = DrumsConverter(kit="roland_td11", max_windows=None, gap_bars=None)
    for name, converter, loop in [
        ("groove", groove, loop_groove),
        ("drums", drums, loop_drums),
    ]:
        usable = [t for t in takes if isinstance(converter.extract(t), Windows)]
        parts = [converter.extract(t) for t in usable]
        whole = concatenate(parts)
        tensors = converter.expand(whole)
        theirs = np.concatenate([loop(t, converter) for t in usable])
        if name == "groove":
            np.testing.assert_allclose(tensors.outputs, theirs, atol=1e-6)
        else:
            # The loop also gives windows of the silence before the first bar.
            assert {w.tobytes() for w in tensors.outputs} <= {
                w.tobytes() for w in theirs
            }

        def read(converter=converter, usable=usable):
            converter.expand(concatenate([converter.extract(t) for t in usable]))

        def read_loop(converter=converter, usable=usable, loop=loop):
            np.concatenate([loop(t, converter) for t in usable])

        others = {"a loop": best(read_loop, options.repeat)}
        if name == "groove":

            def read_original(converter=converter, usable=usable):
                return np.concatenate([original_groove(t, converter) for t in usable])

            np.testing.assert_allclose(tensors.outputs, read_original(), atol=1e-6)
            others["the original's way"] = best(read_original, options.repeat)
        report(f"{name}: read", len(whole), best(read, options.repeat), others)
        out = tensors.outputs

        def write(converter=converter, out=out):
            converter.decode(out)

        if name == "groove":

            def write_loop(out=out):
                loop_write(
                    out[..., :9],
                    lambda i, s, d: (s - out[i, s, 18 + d] / 2) * 0.125,
                    lambda i, s, d: int(np.round(out[i, s, 9 + d] * 127)),
                )
        else:

            def write_loop(out=out):
                labels = out.argmax(axis=-1)
                hits = (labels[..., None] >> np.arange(9)) & 1
                loop_write(hits, lambda _i, s, _d: s * 0.125, lambda *_: 80)

        others = {"a loop": best(write_loop, options.repeat)}
        report(f"{name}: write", len(out), best(write, options.repeat), others)
        epoch = best(lambda c=converter, w=whole: c.expand(w), options.repeat)
        print(f"{name + ': expand':14} {len(whole) / epoch:35,.0f} a second")


if __name__ == "__main__":
    main()
