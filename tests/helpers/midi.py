"""MIDI files made byte by byte."""

from __future__ import annotations

END = b"\x00\xff\x2f\x00"
FOUR_QUARTERS = b"\x00\xff\x58\x04\x04\x02\x18\x08"


def number(value: int) -> bytes:
    """A number of variable length."""
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([value & 0x7F | 0x80]) + out
    return out


def chunk(name: bytes, content: bytes, *, size: int | None = None) -> bytes:
    """A chunk; ``size`` is what its head says."""
    size = len(content) if size is None else size
    return name + size.to_bytes(4, "big") + content


def header(tracks: int, *, resolution: int = 96, kind: int = 1) -> bytes:
    """A header."""
    values = (kind, tracks, resolution)
    return chunk(b"MThd", b"".join(value.to_bytes(2, "big") for value in values))


def file(*tracks: bytes, resolution: int = 96, kind: int = 1) -> bytes:
    """A file of tracks, whose ends belong to them."""
    data = header(len(tracks), resolution=resolution, kind=kind)
    return data + b"".join(chunk(b"MTrk", track) for track in tracks)


def note(pitch: int, *, ticks: int = 96, channel: int = 9, after: int = 0) -> bytes:
    """A note that begins ``after`` ticks and lasts ``ticks``."""
    on = number(after) + bytes([0x90 | channel, pitch, 100])
    return on + number(ticks) + bytes([0x80 | channel, pitch, 64])


def tempo(microseconds: int, *, after: int = 0) -> bytes:
    """A tempo event, in microseconds a quarter."""
    return number(after) + b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


def time_signature(numerator: int, power: int, *, after: int = 0) -> bytes:
    """A time signature over two to the ``power``."""
    return number(after) + bytes([0xFF, 0x58, 4, numerator, power, 24, 8])
