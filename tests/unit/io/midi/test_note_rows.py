from __future__ import annotations

import numpy as np
import pytest

from groovekit.io.midi.note_rows import control_rows, note_rows
from groovekit.io.notes import NoteSequence

ABOUT = [
    {},
    {"instrument": 9, "is_drum": True},
    {"instrument": 300, "program": 127},
]


@pytest.mark.parametrize("about", ABOUT)
def test_rows_of_notes_are_the_notes_added_one_by_one(about):
    pitch = np.array([0, 36, 127])
    velocity = np.array([1, 0, 127])
    start = np.array([0.0, -0.25, 1e9])
    end = np.array([0.5, 0.1, np.nextafter(1e9, 2e9)])
    expected = NoteSequence(total_time=2.0)
    for row in zip(pitch, velocity, start, end, strict=True):
        values = zip(("pitch", "velocity", "start_time", "end_time"), row, strict=True)
        expected.notes.add(**dict(values), **about)
    found = NoteSequence(total_time=2.0)
    rows = note_rows(pitch, velocity, start, end, **about)
    found.MergeFromString(rows.tobytes())
    assert found.SerializeToString() == expected.SerializeToString()
    assert NoteSequence.FromString(rows[1:2].tobytes()).notes[0] == expected.notes[1]


@pytest.mark.parametrize("about", ABOUT)
def test_rows_of_controls_are_the_controls_added_one_by_one(about):
    time, number, value = np.array([0.0, 1.5]), np.array([4, 0]), np.array([0, 127])
    expected = NoteSequence()
    for row in zip(time, number, value, strict=True):
        names = ("time", "control_number", "control_value")
        values = zip(names, row, strict=True)
        expected.control_changes.add(**dict(values), **about)
    rows = control_rows(time, number, value, **about)
    found = NoteSequence.FromString(rows.tobytes())
    assert found.SerializeToString() == expected.SerializeToString()


def test_no_notes_are_no_bytes():
    none = np.zeros(0)
    assert note_rows(none, none, none, none).tobytes() == b""


@pytest.mark.parametrize("bad", [-1, 128])
def test_what_takes_more_than_a_byte_is_refused(bad):
    one = np.array([1])
    with pytest.raises(ValueError, match="0 to 127"):
        note_rows(np.array([bad]), one, one, one)
