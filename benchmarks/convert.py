"""How much slower is ``groovekit convert`` than note_seq's own reading of MIDI?

Both read the same files in this process, turn about, and write one TFRecord;
the reference is ``note_seq.midi_io`` and TensorFlow's writer, as Magenta's
conversion script used them. Worse would be: a ratio above 1.1 with one worker,
or several workers that are slower than one.

    python benchmarks/convert.py --folder groove --files 200
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
import warnings
from pathlib import Path

from groovekit.io.conversion import convert_folder
from groovekit.io.crc32c import crc32c, crc32c_numpy
from groovekit.io.parallel import available_cores
from groovekit.io.tfrecord import read_records
from groovekit.notes import load


def reference(folder: Path, output: Path) -> float:
    """Seconds that note_seq and TensorFlow take."""
    import tensorflow as tf  # noqa: TID251 - the reference writes with it

    midi_io = load("midi_io")
    start = time.perf_counter()
    with tf.io.TFRecordWriter(str(output)) as writer:
        for path in sorted(folder.rglob("*.mid")):
            sequence = midi_io.midi_to_note_sequence(path.read_bytes())
            writer.write(sequence.SerializeToString())
    return time.perf_counter() - start


def ours(folder: Path, output: Path, workers: int) -> float:
    """Seconds that the conversion takes, starting its processes included."""
    start = time.perf_counter()
    convert_folder(folder, output, recursive=True, workers=workers, overwrite=True)
    return time.perf_counter() - start


def reading(path: Path) -> float:
    """Seconds for the records of a file, checksums verified."""
    start = time.perf_counter()
    for _ in read_records(path):
        pass
    return time.perf_counter() - start


def checksums() -> None:
    """Shows the speed of the checksum in use and of the one without a library."""
    data = bytes(range(256)) * 128
    for function in (crc32c, crc32c_numpy):
        function(data)
        start = time.perf_counter()
        for _ in range(50):
            function(data)
        rate = 50 * len(data) / (time.perf_counter() - start) / 1e6
        print(f"{function.__name__:>14}: {rate:,.0f} MB/s in records of 32 kB")


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        folder, output = Path(scratch) / "midi", Path(scratch) / "r.tfrecord"
        folder.mkdir()
        paths = sorted(options.folder.rglob("*.mid"))
        for index, path in enumerate(paths[:: max(1, len(paths) // options.files)]):
            shutil.copy(path, folder / f"{index:05d}.mid")
        count = len(list(folder.iterdir()))
        times: dict[str, list[float]] = {}
        for _ in range(options.repeats):
            theirs = Path(scratch) / "theirs.tfrecord"
            times.setdefault("note_seq", []).append(reference(folder, theirs))
            for workers in sorted({1, available_cores()}):
                name = f"ours, workers {workers}"
                times.setdefault(name, []).append(ours(folder, output, workers))
            times.setdefault("reading it again", []).append(reading(output))
    best = {name: min(values) for name, values in times.items()}
    for name, seconds in best.items():
        ratio = seconds / best["note_seq"]
        print(f"{name:>18}: {count / seconds:9,.0f} files/s, ratio {ratio:.2f}")
    checksums()


if __name__ == "__main__":
    main()
