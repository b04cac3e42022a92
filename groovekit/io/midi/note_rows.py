"""Columns of notes as protobuf bytes, a whole array at once.

Adding notes to a sequence one by one takes a Python call each. All notes of one
instrument have the same bytes but for a few places, so that an array of rows is
filled by column, and protobuf parses the rows in C:
``sequence.MergeFromString(rows.tobytes())``.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from groovekit.io.notes import NoteSequence
from groovekit.io.tfrecord import wire


def note_rows(
    pitch: np.ndarray,
    velocity: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    *,
    instrument: int = 0,
    program: int = 0,
    is_drum: bool = False,
) -> np.ndarray:
    """The notes of one instrument, each as a field of a serialised sequence.

    Args:
      pitch: ``(notes,)`` 0..127.
      velocity: ``(notes,)`` 0..127.
      start: ``(notes,)`` seconds.
      end: ``(notes,)`` seconds.
      instrument: number of the track.
      program: MIDI program from 0.
      is_drum: whether they are drums.

    Returns:
      ``(notes, bytes of a note)`` uint8; any run of rows is a valid message.

    Raises:
      ValueError: pitches or velocities that MIDI has not.
    """
    template, places = _template(
        "notes",
        ("pitch", "velocity", "start_time", "end_time"),
        (instrument, program, is_drum),
    )
    return _rows(template, places, (pitch, velocity, start, end))


def control_rows(
    time: np.ndarray,
    number: np.ndarray,
    value: np.ndarray,
    *,
    instrument: int = 0,
    program: int = 0,
    is_drum: bool = False,
) -> np.ndarray:
    """Like :func:`note_rows` for control changes.

    Args:
      time: ``(controls,)`` seconds.
      number: ``(controls,)`` 0..127.
      value: ``(controls,)`` 0..127.
      instrument: number of the track.
      program: MIDI program from 0.
      is_drum: whether they are of drums.

    Returns:
      ``(controls, bytes of a control)`` uint8.

    Raises:
      ValueError: numbers or values that MIDI has not.
    """
    template, places = _template(
        "control_changes",
        ("time", "control_number", "control_value"),
        (instrument, program, is_drum),
    )
    return _rows(template, places, (time, number, value))


def _rows(
    template: np.ndarray, places: tuple[slice, ...], columns: tuple[np.ndarray, ...]
) -> np.ndarray:
    count = len(columns[0])
    rows = np.empty((count, len(template)), np.uint8)
    rows[:] = template
    for place, column in zip(places, columns, strict=True):
        if place.stop - place.start == 8:
            values = np.ascontiguousarray(column, "<f8")
            rows[:, place] = values.view(np.uint8).reshape(count, 8)
        else:
            # An integer below 128 is one byte of the format.
            if count and not (column.min() >= 0 and column.max() <= 127):
                raise ValueError("expected MIDI values of 0 to 127")
            rows[:, place.start] = column
    return rows


@functools.lru_cache(maxsize=256)
def _template(
    field: str, columns: tuple[str, ...], constants: tuple[int, int, bool]
) -> tuple[np.ndarray, tuple[slice, ...]]:
    """One row with zeros in its columns, and where in it they lie."""
    outer: Any = NoteSequence.DESCRIPTOR.fields_by_name[field]
    inner = outer.message_type.fields_by_name
    body, ends = b"", []
    for name in columns:
        number = inner[name].number
        if inner[name].type == inner[name].TYPE_DOUBLE:
            body += wire.field_double(number, 0.0)
            ends.append((len(body), 8))
        else:
            body += wire.field_varint(number, 0)
            ends.append((len(body), 1))
    for name, value in zip(
        ("instrument", "program", "is_drum"), constants, strict=True
    ):
        if value:
            body += wire.field_varint(inner[name].number, value)
    row = wire.field_bytes(outer.number, body)
    head = len(row) - len(body)
    places = tuple(slice(head + end - size, head + end) for end, size in ends)
    return np.frombuffer(row, np.uint8), places
