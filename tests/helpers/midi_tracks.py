"""Random MIDI files of many tracks, for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from groovekit.io.midi.events import MidiEvents
from helpers.midi import chunk, header, number

_END = b"\xff\x2f\x00"
_DRUMS = (36, 38, 42, 44, 46, 51)
RESOLUTION = 96


@st.composite
def files(draw) -> bytes:
    """A file of one to three tracks: drums, others, and what goes with them.

    Notes overlap or never end; running status holds over other events; tracks
    end where the music does, later, or not at all; some files are wrapped.
    """
    kind = draw(st.sampled_from([0, 1, 1]))
    channels = [9, *draw(st.lists(st.sampled_from([0, 3]), max_size=2))]
    tracks = [draw(_tracks(channel)) for channel in channels[: 1 if kind == 0 else 3]]
    data = header(len(tracks), kind=kind, resolution=RESOLUTION)
    data += b"".join(chunk(b"MTrk", track) for track in tracks)
    if draw(st.booleans()):
        return data
    inner = chunk(b"data", data)
    inner = inner[:4] + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
    return b"RIFF" + (len(inner) + 4).to_bytes(4, "little") + b"RMID" + inner


@st.composite
def _tracks(draw, channel: int) -> bytes:
    ticks = st.integers(0, 8 * RESOLUTION)
    value = st.integers(0, 127)
    pitch = st.sampled_from(_DRUMS)
    off = st.sampled_from([0x80, 0x90])
    # Without a length few are left out, and those that move get one.
    length = st.sampled_from([1, 12, 24, 200, None])
    events: list[tuple[int, int, bytes]] = []
    strokes = st.tuples(ticks, pitch, st.integers(1, 127), length, off)
    for tick, key, velocity, lasts, kind in draw(st.lists(strokes, max_size=25)):
        events.append((tick, 1, bytes((0x90 | channel, key, velocity))))
        if lasts is not None:
            events.append((tick + lasts, 0, bytes((kind | channel, key, 0))))
    others = st.one_of(
        st.tuples(st.just(0xB0), st.sampled_from([4, 4, 4, 7, 0, 32]), value),
        st.tuples(st.just(0xA0), pitch, value),
        st.tuples(st.just(0xD0), value),
        st.tuples(st.just(0xE0), value, value),
    )
    order = st.sampled_from([0, 2])
    for tick, rank, (status, *rest) in draw(
        st.lists(st.tuples(ticks, order, others), max_size=12)
    ):
        events.append((tick, rank, bytes((status | channel, *rest))))
    silent = st.sampled_from([b"\xff\x01\x02hi", b"\xf0\x02\x01\xf7", b"\xff\x06\x00"])
    events += draw(st.lists(st.tuples(ticks, order, silent), max_size=4))
    running = draw(st.booleans())
    out, now, status = b"", 0, 0
    for tick, _, content in sorted(events, key=lambda event: event[:2]):
        out += number(tick - now)
        now = tick
        same = running and content[0] == status
        out += content[1:] if same else content
        status = content[0] if content[0] < 0xF0 else status
    ending = draw(st.sampled_from([0, 7, None, 8 * RESOLUTION]))
    return out if ending is None else out + number(ending) + _END


def kept(events: MidiEvents) -> list[tuple[int, int, bytes]]:
    """Track, tick and bytes of all that does not go with drums, in its order."""
    found = []
    for row, (kind, status) in enumerate(
        zip(events.kind.tolist(), events.status.tolist(), strict=True)
    ):
        drums = status & 0x0F == 9
        pedal = kind == 0xB0 and events.first[row] == 4
        if drums and (kind in (0x80, 0x90, 0xA0, 0xD0) or pedal):
            continue
        if kind == 0xFF and events.first[row] == 0x2F:
            continue
        content = events.data[events.body[row] : events.end[row]]
        if content[0] < 0x80:
            content = bytes([status]) + content
        found.append((int(events.track[row]), int(events.tick[row]), content))
    return found


def openings(events: MidiEvents, hats=(22, 26, 42, 44, 46)) -> list[tuple[int, ...]]:
    """Of each hat on channel 10 its pitch and the pedal in force, -1 for none."""
    found, pedal = [], -1
    for row in np.argsort(events.tick, kind="stable").tolist():
        if events.status[row] == 0xB9 and events.first[row] == 4:
            pedal = int(events.second[row])
        struck = events.status[row] == 0x99 and events.second[row] > 0
        if struck and events.first[row] in hats:
            found.append((int(events.first[row]), pedal))
    return sorted(found)
