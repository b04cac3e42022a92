"""Columns of notes as protobuf bytes, a whole array at once.

Adding notes to a sequence one by one takes a Python call each. All notes have the same
bytes but for a few places, so that an array of rows is filled by column, and protobuf
parses the rows in C:
``sequence.MergeFromString(rows.tobytes())``.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from groovekit.io.notes import NoteSequence
from groovekit.io.tfrecord import wire

# Whose a note is: the same for all, or one value a note.
Number = int | np.ndarray


def note_rows(
    pitch: np.ndarray,
    velocity: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    *,
    instrument: Number = 0,
    program: Number = 0,
    is_drum: bool | np.ndarray = False,
) -> np.ndarray:
    """Notes, each as a field of a serialised sequence.

    Args:
      pitch: ``(notes,)`` 0..127.
      velocity: ``(notes,)`` 0..127.
      start: ``(notes,)`` seconds.
      end: ``(notes,)`` seconds.
      instrument: number of the track; this and the next two are either all of them one
        value for all notes or all of them ``(notes,)``.
      program: MIDI program from 0.
      is_drum: whether they are drums.

    Returns:
      ``(notes, bytes of a note)`` uint8; any run of rows is a valid message.

    Raises:
      ValueError: pitches or velocities that MIDI has not.
    """
    columns = {"pitch": pitch, "velocity": velocity, "start_time": start}
    columns["end_time"] = end
    return _rows("notes", columns, (instrument, program, is_drum))


def control_rows(
    time: np.ndarray,
    number: np.ndarray,
    value: np.ndarray,
    *,
    instrument: Number = 0,
    program: Number = 0,
    is_drum: bool | np.ndarray = False,
) -> np.ndarray:
    """Like :func:`note_rows` for control changes.

    Args:
      time: ``(controls,)`` seconds.
      number: ``(controls,)`` 0..127.
      value: ``(controls,)`` 0..127.
      instrument: as there.
      program: as there.
      is_drum: as there.

    Returns:
      ``(controls, bytes of a control)`` uint8.

    Raises:
      ValueError: numbers or values that MIDI has not.
    """
    columns = {"time": time, "control_number": number, "control_value": value}
    return _rows("control_changes", columns, (instrument, program, is_drum))


def bend_rows(
    time: np.ndarray,
    bend: np.ndarray,
    *,
    instrument: Number = 0,
    program: Number = 0,
    is_drum: bool | np.ndarray = False,
) -> np.ndarray:
    """Like :func:`note_rows` for pitch bends.

    Args:
      time: ``(bends,)`` seconds.
      bend: ``(bends,)`` -8192..8191.
      instrument: as there.
      program: as there.
      is_drum: as there.

    Returns:
      ``(bends, bytes of a bend)`` uint8.
    """
    columns = {"time": time, "bend": bend}
    return _rows("pitch_bends", columns, (instrument, program, is_drum))


_OWNERS = ("instrument", "program", "is_drum")
# A negative integer takes the most bytes of the format.
_LONGEST = 10


def _rows(
    field: str, columns: dict[str, np.ndarray], owners: tuple[Any, Any, Any]
) -> np.ndarray:
    # An integer below 128 is one byte of the format; others are padded to as many as
    # the largest takes, which it allows.
    widths = {"bend": _LONGEST}
    if isinstance(owners[0], np.ndarray):
        columns = columns | dict(zip(_OWNERS, owners, strict=True))
        bits = int(owners[0].max(initial=0)).bit_length()
        if bits > 7:
            widths["instrument"] = -(-bits // 7)
        owners = (0, 0, False)
    names = tuple((name, widths.get(name, 1)) for name in columns)
    template, places = _template(field, names, owners)
    count = len(next(iter(columns.values())))
    rows = np.empty((count, len(template)), np.uint8)
    rows[:] = template
    for (name, column), place in zip(columns.items(), places, strict=True):
        if name in widths:
            rows[:, place] = _padded(column, widths[name])
        elif place.stop - place.start == 8:
            values = np.ascontiguousarray(column, "<f8")
            rows[:, place] = values.view(np.uint8).reshape(count, 8)
        else:
            if np.count_nonzero((column < 0) | (column > 127)):
                raise ValueError("expected MIDI values of 0 to 127")
            rows[:, place.start] = column
    return rows


def _padded(values: np.ndarray, width: int) -> np.ndarray:
    """Integers in so many bytes of the format each, ``(values, width)`` uint8."""
    shifts = np.arange(0, 7 * width, 7, dtype=np.uint64)
    bits = values.astype(np.int64).view(np.uint64)[:, None] >> shifts
    found: np.ndarray = (bits.astype(np.uint8) & 0x7F) | 0x80
    found[:, -1] &= 0x7F
    return found


@functools.lru_cache(maxsize=256)
def _template(
    field: str, columns: tuple[tuple[str, int], ...], constants: tuple[int, int, bool]
) -> tuple[np.ndarray, tuple[slice, ...]]:
    """One row with zeros in its columns, and where in it they lie.

    Args:
      field: of the sequence.
      columns: names of its fields, and how many bytes those take that are integers.
      constants: instrument, program and whether it is a drum; left out if zero.
    """
    outer: Any = NoteSequence.DESCRIPTOR.fields_by_name[field]
    inner = outer.message_type.fields_by_name
    body, ends = b"", []
    for name, size in columns:
        number = inner[name].number
        if inner[name].type == inner[name].TYPE_DOUBLE:
            body += wire.field_double(number, 0.0)
            ends.append((len(body), 8))
        else:
            body += wire.field_varint(number, 0) + bytes(size - 1)
            ends.append((len(body), size))
    for name, value in zip(_OWNERS, constants, strict=True):
        if value:
            body += wire.field_varint(inner[name].number, value)
    row = wire.field_bytes(outer.number, body)
    head = len(row) - len(body)
    places = tuple(slice(head + end - size, head + end) for end, size in ends)
    return np.frombuffer(row, np.uint8), places
