"""The windows of the whole Groove MIDI Dataset are the original's in number."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from groovekit.converters.base import Counts, Reason, Skipped
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence

FULL = DrumsConverter(kit="full_61", output_kit="full_61", roll_output=True)


@pytest.fixture(scope="session")
def takes(groove_dir: Path) -> dict[str, list[NoteSequence]]:
    """The parsed takes of each split."""
    found: dict[str, list[NoteSequence]] = {"train": [], "validation": []}
    with (groove_dir / "info.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            path = groove_dir / row["midi_filename"]
            if row["split"] in found and path.exists():
                found[row["split"]].append(read_midi(path))
    return found


def test_reads_every_take_and_note(takes):
    assert [len(found) for found in takes.values()] == [897, 124]
    notes = [sum(len(s.notes) for s in found) for found in takes.values()]
    assert notes == [357_618, 44_044]


@pytest.mark.parametrize(
    ("converter", "split", "windows", "without"),
    [
        (GrooveConverter(bars=4), "train", 4078, 565),
        (GrooveConverter(bars=4), "validation", 504, 78),
        (GrooveConverter(bars=2), "train", 8411, 413),
        (GrooveConverter(bars=2), "validation", 1049, 57),
        (DrumsConverter(), "train", 13_696, 416),
        (DrumsConverter(), "validation", 1883, 57),
        (FULL, "train", 14_011, 417),
        (FULL, "validation", 1936, 57),
    ],
)
def test_gives_the_original_number_of_windows(
    takes, converter, split, windows, without
):
    found, counts = 0, Counts()
    reasons: Counter[Reason] = Counter()
    for sequence in takes[split]:
        result = converter.extract(sequence)
        counts += result.counts
        if isinstance(result, Skipped):
            reasons[result.reason] += 1
            assert result.detail
        else:
            found += len(result)
    assert found == windows
    assert reasons.total() == without
    assert set(reasons) == {Reason.TOO_SHORT, Reason.TIME_SIGNATURE}
    assert reasons[Reason.TIME_SIGNATURE] == {"train": 10, "validation": 2}[split]
    assert counts.notes == sum(len(s.notes) for s in takes[split])
    assert counts.notes == (
        counts.kept + counts.merged + counts.unmapped + counts.ignored
    )
