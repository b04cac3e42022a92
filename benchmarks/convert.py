"""Question: how much faster than the original is ``groovekit convert``?

Both read the same files and write one TFRecord; the reference is
``note_seq.midi_io`` and TensorFlow's writer, as Magenta's conversion script used
them. Compared is the processor time, that of worker processes and their start
included, and the contents: the records hold the same notes. Worse would be: less
than 5 times the reference's rate on one core, or two workers that gain less than 1.8
times on two free cores (only then do the seconds by the clock mean anything). With
``--reading``, readers are compared alone, file by file, in one process: ours takes a
twelfth of the processor time or less, on files that one of them refuses, too.

    python benchmarks/convert.py --folder groove [--files 897] [--copies 1]
    python benchmarks/convert.py --folder odd_midi --reading

Starting a worker costs as much as reading 250 files of the Groove data:
``--copies 10`` shows larger collections.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import resource
import shutil
import statistics
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from groovekit.errors import DataError
from groovekit.io.conversion import convert_folder
from groovekit.io.midi.files import parse_midi
from groovekit.io.notes import NoteSequence, load
from groovekit.io.tfrecord.records import read_records

Times = tuple[float, float]


def timed(run: Callable[[], object]) -> Times:
    """Processor seconds, those of finished processes included, and by the clock."""

    def used() -> float:
        kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        usages = [resource.getrusage(kind) for kind in kinds]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    processor, clock = used(), time.perf_counter()
    run()
    return used() - processor, time.perf_counter() - clock


def reference(folder: Path, output: Path) -> None:
    """The same with note_seq and TensorFlow."""
    import tensorflow as tf  # noqa: TID251 - the reference writes with it

    midi_io = load("midi_io")
    with tf.io.TFRecordWriter(str(output)) as writer:
        for path in sorted(folder.rglob("*.mid")):
            sequence = midi_io.midi_to_note_sequence(path.read_bytes())
            writer.write(sequence.SerializeToString())


def ours(folder: Path, output: Path, workers: int) -> None:
    """The conversion, starting its processes included."""
    convert_folder(folder, output, recursive=True, workers=workers, overwrite=True)


def reading(path: Path) -> None:
    """The records of a file, checksums verified."""
    for _ in read_records(path):
        pass


def compare(theirs: Path, found: Path) -> None:
    """Makes sure that both files hold the same, names aside."""
    for one, other in zip(read_records(theirs), read_records(found), strict=True):
        sequence = NoteSequence.FromString(other)
        for name in ("id", "filename", "collection_name"):
            sequence.ClearField(name)
        assert sequence == NoteSequence.FromString(one)


def independent(folder: Path, output: Path, barrier: Any, seconds: Any) -> None:
    """Converts everything in this process, once all others are ready."""
    barrier.wait()
    _, clock = timed(functools.partial(ours, folder, output, 1))
    seconds.put(clock)


def compare_readers(paths: list[Path], repeats: int) -> None:
    """Shows processor time of the readers alone, refusals included."""
    midi_io = load("midi_io")

    def theirs(data: bytes) -> object:
        return midi_io.midi_to_note_sequence(data)

    refusals = {"note_seq": midi_io.MIDIConversionError, "ours": DataError}
    contents = [path.read_bytes() for path in paths]
    times: dict[str, list[float]] = {}
    refused: Counter[str] = Counter()
    for repeat in range(repeats):
        for name, read in (("note_seq", theirs), ("ours", parse_midi)):
            started = time.process_time()
            for data in contents:
                try:
                    read(data)
                except refusals[name]:
                    refused[name] += not repeat
            times.setdefault(name, []).append(time.process_time() - started)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, processor in medians.items():
        print(
            f"{name:>18}: {processor:6.2f} s of processor time for {len(paths)} files, "
            f"{refused[name]} refused ({medians['note_seq'] / processor:5.1f} times "
            "note_seq)"
        )


def compare_workers(folder: Path, scratch: Path, workers: int, repeats: int) -> None:
    """Shows what workers gain, and what processes that share nothing would gain."""
    context = multiprocessing.get_context("spawn")
    times: list[tuple[float, float, float]] = []
    for _ in range(repeats):
        one, several = (
            timed(functools.partial(ours, folder, scratch / "r.tfrecord", count))[1]
            for count in (1, workers)
        )
        barrier, seconds = context.Barrier(workers), context.SimpleQueue()
        processes = [
            context.Process(
                target=independent,
                args=(folder, scratch / f"{number}.tfrecord", barrier, seconds),
            )
            for number in range(workers)
        ]
        for process in processes:
            process.start()
        slowest = max(seconds.get() for _ in processes)
        for process in processes:
            process.join()
        times.append((one, one / several, workers * one / slowest))
    one, gain, possible = (
        statistics.median(column) for column in zip(*times, strict=True)
    )
    print(
        f"one worker {one:.2f} s by the clock; {workers} workers are {gain:.2f} times "
        f"as fast, {workers} independent processes {possible:.2f} times: "
        f"{gain / possible:.0%} of what the machine gives"
    )


def compare_original(folder: Path, scratch: Path, count: int, repeats: int) -> None:
    """Shows processor time beside note_seq's and TensorFlow's."""
    output, theirs = scratch / "r.tfrecord", scratch / "theirs.tfrecord"
    runs = {
        "note_seq": functools.partial(reference, folder, theirs),
        "ours": functools.partial(ours, folder, output, 1),
        "reading it again": functools.partial(reading, output),
    }
    times: dict[str, list[Times]] = {}
    for _ in range(repeats):
        for name, run in runs.items():
            times.setdefault(name, []).append(timed(run))
    compare(theirs, output)
    medians = {
        name: tuple(statistics.median(column) for column in zip(*values, strict=True))
        for name, values in times.items()
    }
    for name, (processor, clock) in medians.items():
        print(
            f"{name:>18}: {processor:6.2f} s of processor time "
            f"({count / processor:7,.0f} files/s, "
            f"{medians['note_seq'][0] / processor:5.1f} times note_seq), "
            f"{clock:6.2f} s by the clock"
        )


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--files", type=int, default=897)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--reading", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    paths = sorted(options.folder.rglob("*.mid"))[: options.files]
    if options.reading:
        compare_readers(paths, options.repeats)
        return
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        folder = scratch / "midi"
        folder.mkdir()
        for number, path in enumerate(paths * options.copies):
            shutil.copy(path, folder / f"{number:06d}.mid")
        count = len(paths) * options.copies
        if options.workers > 1:
            compare_workers(folder, scratch, options.workers, options.repeats)
        else:
            compare_original(folder, scratch, count, options.repeats)


if __name__ == "__main__":
    main()
