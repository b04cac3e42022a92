from __future__ import annotations

import numpy as np
import pytest

from groovekit.io.midi.note_rows import bend_rows, control_rows, note_rows
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


@pytest.mark.parametrize("most", [0, 127, 128, 16_384, 70_000])
def test_rows_of_several_instruments(most):
    time, number = np.array([0.0, 1.5, 2.5]), np.array([4, 0, 1])
    whose = {
        "instrument": np.array([0, most, 3]),
        "program": np.array([0, 127, 5]),
        "is_drum": np.array([False, True, False]),
    }
    expected = NoteSequence()
    for at in range(3):
        about = {name: values[at] for name, values in whose.items()}
        expected.notes.add(
            pitch=36, velocity=at, start_time=time[at], end_time=9, **about
        )
        expected.control_changes.add(
            time=time[at], control_number=number[at], control_value=number[at], **about
        )
        expected.pitch_bends.add(time=time[at], bend=(-8192, 8191, 0)[at], **about)
    rows = note_rows(
        np.full(3, 36), np.arange(3), time, np.full(3, 9.0), **whose
    ).tobytes()
    rows += control_rows(time, number, number, **whose).tobytes()
    rows += bend_rows(time, np.array([-8192, 8191, 0]), **whose).tobytes()
    found = NoteSequence.FromString(rows)
    assert found.SerializeToString() == expected.SerializeToString()


def test_no_notes_are_no_bytes():
    none = np.zeros(0)
    assert note_rows(none, none, none, none).tobytes() == b""
    assert bend_rows(none, none, instrument=none, program=none, is_drum=none).size == 0


@pytest.mark.parametrize("bad", [-1, 128])
def test_what_takes_more_than_a_byte_is_refused(bad):
    one = np.array([1])
    with pytest.raises(ValueError, match="0 to 127"):
        note_rows(np.array([bad]), one, one, one)
