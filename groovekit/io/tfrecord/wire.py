"""The protobuf wire format, as far as groovekit needs it without TensorFlow.

TensorBoard's events are written and TensorFlow's ``tf.Example`` records are
read with these few functions; both message types live in TensorFlow, which
reading and writing data must not import.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """Encodes an integer; negative ones as 64-bit two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field_varint(number: int, value: int) -> bytes:
    """One integer field."""
    return varint(number << 3 | VARINT) + varint(value)


def field_bytes(number: int, value: bytes) -> bytes:
    """One string, bytes or message field."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def field_double(number: int, value: float) -> bytes:
    """One double field."""
    return varint(number << 3 | FIXED64) + struct.pack("<d", value)


def field_float(number: int, value: float) -> bytes:
    """One float field; values beyond float32 become infinite."""
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        packed = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    return varint(number << 3 | FIXED32) + packed


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("a protobuf integer is cut off or too long")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Iterates over a message's fields.

    Args:
      data: a serialised message.

    Yields:
      ``(field number, value)``: integers for varint fields, raw bytes for all
      others.

    Raises:
      ValueError: ``data`` is not a protobuf message.
    """
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            integer, position = _read_varint(data, position)
            yield number, integer
            continue
        if kind == BYTES:
            size, position = _read_varint(data, position)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"unknown protobuf wire type {kind}")
        if number == 0 or position + size > len(data):
            raise ValueError("a protobuf field is cut off")
        yield number, data[position : position + size]
        position += size


def example_bytes(data: bytes) -> dict[str, bytes]:
    """Reads the byte features of a serialised ``tf.Example``.

    Args:
      data: one record.

    Returns:
      The first value of each bytes feature by the feature's name.

    Raises:
      ValueError: ``data`` is not a ``tf.Example``.
    """
    found: dict[str, bytes] = {}
    for features in _messages(data, 1):
        for entry in _messages(features, 1):
            key = next(_messages(entry, 1), b"").decode("utf-8")
            for feature in _messages(entry, 2):
                for values in _messages(feature, 1):
                    for value in _messages(values, 1):
                        found.setdefault(key, value)
    return found


def _messages(data: bytes, wanted: int) -> Iterator[bytes]:
    for number, value in fields(data):
        if number == wanted and isinstance(value, bytes):
            yield value
