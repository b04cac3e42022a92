"""Tasks give the notes that they gave when this was written, for equal draws.

The player draws its music, so that no rounding of a network comes in, and the notes are
compared to a nanosecond. ``python tests/unit/generation/tasks/test_kept_outputs.py``
writes the golden file anew, which is right only where the notes are meant to change.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from helpers import tiny
from helpers.dice import Dice
from helpers.performances import rich

from groovekit.configs.base import get_config
from groovekit.generation.tasks.add import add
from groovekit.generation.tasks.drumify import drumify
from groovekit.generation.tasks.groove import groove
from groovekit.generation.tasks.humanize import humanize
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence

GOLDEN = Path(__file__).parents[3] / "golden" / "task_outputs.json"
HUMANIZE, FOUR_BARS = "groovae_2bar_humanize", "groovae_4bar"
CASES = {
    "humanize": (humanize, HUMANIZE, {"count": 2, "temperature": 1.0}),
    "humanize less, at a tempo": (
        humanize,
        HUMANIZE,
        {"amount": 0.4, "swing": 0.6, "qpm": 71.0},
    ),
    "humanize the timing": (humanize, FOUR_BARS, {"velocity": False}),
    "humanize the velocities": (
        humanize,
        "groovae_2bar_hits_control",
        {"timing": False, "translate": True},
    ),
    "groove": (groove, FOUR_BARS, {"count": 2, "translate": True}),
    "groove of hits": (groove, HUMANIZE, {"amount": 0.7, "swing": 0.3, "qpm": 133.0}),
    "add": (add, "groovae_2bar_add_closed_hh", {"count": 2}),
    "add in a kit": (
        add,
        "groovae_2bar_add_closed_hh",
        {"translate": True, "qpm": 90.0},
    ),
    "drumify": (drumify, "groovae_2bar_tap_fixed_velocity", {"count": 2}),
    "drumify onsets": (
        drumify,
        "groovae_2bar_tap_fixed_velocity",
        {"keep_onsets": True, "swing": 0.5, "qpm": 100.0},
    ),
}
#: Of Groove: a long take, one with few notes, and two more styles.
TAKES = (
    "drummer1/session1/126_funk-fast_125_beat_4-4.mid",
    "drummer1/session1/113_funk_95_fill_4-4.mid",
    "drummer5/session1/3_latin-brazilian-samba_89_beat_4-4.mid",
    "drummer8/session2/10_hiphop_86_beat_4-4.mid",
)
MADE_UP = {"rich": rich(bars=9), "plain": tiny.groove(2, bars=3, qpm=93.0)}


def digest(sequences):
    """SHA-256 of notes, to a nanosecond, and of everything else."""
    found = hashlib.sha256()
    for sequence in sequences:
        for note in sequence.notes:
            kind = (note.pitch, note.velocity, note.instrument, note.program)
            times = (round(note.start_time, 9), round(note.end_time, 9))
            found.update(repr((*kind, note.is_drum, *times)).encode())
        rest = NoteSequence()
        rest.CopyFrom(sequence)
        del rest.notes[:]
        rest.total_time = round(rest.total_time, 9)
        found.update(rest.SerializeToString(deterministic=True))
    return found.hexdigest()


def made(case, sequence):
    task, config, options = CASES[case]
    inputs = (sequence, MADE_UP["rich"]) if task is groove else (sequence,)
    before = [item.SerializeToString() for item in inputs]
    sequences = task(Dice(get_config(config)), *inputs, seed=7, **options)
    # The input stays as it is.
    assert [item.SerializeToString() for item in inputs] == before
    return digest(sequences)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("take", MADE_UP)
def test_made_up_takes(case, take):
    golden = json.loads(GOLDEN.read_text())
    assert made(case, MADE_UP[take]) == golden[f"{case}: {take}"]


@pytest.mark.parametrize("case", CASES)
def test_takes_of_groove(case, groove_dir):
    golden = json.loads(GOLDEN.read_text())
    for take in TAKES:
        assert made(case, read_midi(groove_dir / take)) == golden[f"{case}: {take}"]


if __name__ == "__main__":
    takes = {
        take: read_midi(Path(os.environ["GROOVEKIT_GROOVE_DIR"]) / take)
        for take in TAKES
    }
    rows = {
        f"{case}: {name}": made(case, sequence)
        for name, sequence in {**MADE_UP, **takes}.items()
        for case in CASES
    }
    GOLDEN.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n")
