"""Every byte of a MIDI file is told, and what is there is read."""

from __future__ import annotations

import contextlib
import time
import tracemalloc

import pytest
from helpers.midi import END, chunk, file, header, note, number
from hypothesis import given
from hypothesis import strategies as st

from groovekit.errors import DataError
from groovekit.io.midi.events import NOTE_ON, MidiEvents, read_events

TWO = note(36) + note(38)


def written(events: MidiEvents) -> bytes:
    """The file, put together from its rows."""
    data, at = b"", 0
    for track in events.tracks:
        data += events.data[at : track.start]
        for row in range(track.rows.start, track.rows.stop):
            data += events.data[events.start[row] : events.end[row]]
        at = track.end
    return data + events.data[at:]


def told(events: MidiEvents) -> dict[str, int]:
    """Remarks by kind."""
    return {remark.kind: remark.count for remark in events.remarks}


def onsets(events: MidiEvents) -> int:
    return int(((events.kind == NOTE_ON) & (events.second > 0)).sum())


def test_rows_say_what_an_event_is_and_where():
    data = file(
        b"\x00\xff\x03\x02ab" + END,
        b"\x81\x00\x99\x24\x64" + b"\x05\x26\x40" + b"\x00\xc9\x07" + END,
    )
    events = read_events(data)
    assert (events.format, events.division, events.tick_seconds) == (1, 96, 0)
    assert events.track.tolist() == [0, 0, 1, 1, 1, 1]
    assert events.tick.tolist() == [0, 0, 128, 133, 133, 133]
    assert events.status.tolist() == [0xFF, 0xFF, 0x99, 0x99, 0xC9, 0xFF]
    assert events.kind.tolist() == [0xFF, 0xFF, 0x90, 0x90, 0xC0, 0xFF]
    assert events.first.tolist() == [3, 0x2F, 36, 38, 7, 0x2F]
    assert events.second.tolist() == [0, 0, 100, 64, 0, 0]
    assert events.content(0) == b"ab"
    assert [data[a:b].hex() for a, b in zip(events.start, events.end, strict=True)] == [
        "00ff03026162",
        "00ff2f00",
        "8100992464",
        "052640",
        "00c907",
        "00ff2f00",
    ]
    # Where the running status holds, the body is the first data byte.
    assert data[events.body[3]] == 38
    assert [track.end_tick for track in events.tracks] == [0, 133]
    assert not events.remarks
    assert written(events) == data


@pytest.mark.parametrize(
    ("data", "remarks"),
    [
        (header(0) + chunk(b"MTrk", TWO + END), {"track_count": 1}),
        (header(5) + chunk(b"MTrk", TWO + END), {"track_count": 1}),
        (header(0xFFFF) + chunk(b"MTrk", TWO + END), {"track_count": 1}),
        (file(END, TWO + END, kind=0), {"format_0": 2}),
        (file(TWO + END, kind=77), {"format": 1}),
        (
            header(1) + chunk(b"XFIH", b"abc") + file(TWO + END)[14:],
            {"unknown_chunk": 1},
        ),
        (file(TWO + END) + chunk(b"XFKM", b""), {"unknown_chunk": 1}),
        (file(TWO + END) + bytes(7), {"no_track": 7}),
        (file(TWO + END) + bytes(99), {"no_track": 99}),
        (
            file(END) + b"\0" + chunk(b"MTrk", TWO + END),
            {"track_count": 2, "no_track": 1},
        ),
        (file(TWO + END) + file(TWO + END), {"another_file": 42}),
        (b"junk" + file(TWO + END), {"before_header": 4}),
        (header(1) + chunk(b"MTrk", TWO + END, size=0), {"track_length": 1}),
        (header(1) + chunk(b"MTrk", TWO + END, size=9), {"track_length": 1}),
        (header(1) + chunk(b"MTrk", TWO + END, size=2**32 - 1), {"track_length": 1}),
        (
            header(2) + chunk(b"MTrk", END, size=300) + chunk(b"MTrk", TWO + END),
            {"track_length": 1},
        ),
        # Its head is right, and no chunk follows.
        (
            header(1) + chunk(b"MTrk", TWO) + bytes(9),
            {"no_track": 9, "no_end_of_track": 1},
        ),
        (file(TWO), {"no_end_of_track": 1}),
        (file(note(36) + END + note(38) + END), {"after_end_of_track": 3}),
        (file(TWO + END)[:-3], {"truncated": 3, "no_end_of_track": 1, "cut_event": 1}),
        (file(b"\x00\x24\x40" + TWO + END), {"no_status": 3}),
        (file(b"\x00\xf0\x7f\x01\x02\xf7" + TWO + END), {"sysex_length": 1}),
        (file(TWO + b"\x00\x99\x26\xc0" + END), {"out_of_range": 1}),
        (file(TWO + b"\x80\x80\x80\x80\x00" + TWO + END), {"long_delta": 25}),
    ],
)
def test_what_is_odd_is_read_and_told(data, remarks):
    events = read_events(data)
    found = told(events)
    found.pop("no_end_of_track" if "long_delta" in remarks else "", None)
    assert {kind: found.get(kind) for kind in found} == remarks
    assert onsets(events) == 2 + ("out_of_range" in remarks)
    assert all(str(remark.count) in remark.text for remark in events.remarks)
    assert written(events) == data


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\xff\0\0\0RMIDdata" + len(file(TWO + END)).to_bytes(4, "little")
        + file(TWO + END) + b"LIST\4\0\0\0abcd",
        file(b"\x00\xf0\x02\x01\xf7" + TWO + END),
        file(b"\x00\x99\x24\x64\x00\xff\x01\x01a\x00\x26\x64\x00\x24\x00" + END),
        file(b"\x00\x99\x24\x64\x00\xf0\x01\xf7\x00\x26\x64\x00\x24\x00" + END),
        file(b"\x00\xf1\x01\x00\xf2\x01\x02\x00\xf3\x01\x00\xf4\x00\xf8" + TWO + END),
        file(b"\x00\xff\x70\x00\x00\xff\x51\x01\x00" + TWO + END),
    ],
)  # fmt: skip
def test_what_a_file_may_hold_is_not_remarked_on(data):
    events = read_events(data)
    assert onsets(events) == 2
    assert not events.remarks
    assert written(events) == data


@pytest.mark.parametrize(
    ("division", "seconds"),
    [(0xE728, 0.001), (0xE250, 1 / 2400), (0xE804, 1 / 96), (0xE350, 1001 / 2_400_000)],
)
def test_times_in_frames(division, seconds):
    events = read_events(file(TWO + END, resolution=division))
    assert events.division == 0
    assert events.tick_seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"PK not music", "not a MIDI file"),
        (b"MThd\0\0\0\6\0\1", "end in the header"),
        (header(1), "holds no tracks"),
        (header(1) + b"MTrk\0\0", "holds no tracks"),
        (file(TWO + END, resolution=0), "time division is 0"),
        (file(TWO + END, resolution=0xFFFF), "time division is 65535"),
        (file(TWO + END, resolution=0xE700), "time division is 59136"),
    ],
)
def test_what_cannot_be_read_has_a_reason(data, reason):
    with pytest.raises(DataError, match=reason):
        read_events(data)


@given(st.binary(max_size=200))
def test_no_track_is_too_odd(content):
    for size in (None, 0, len(content) // 2, 2**31):
        data = header(1) + chunk(b"MTrk", content, size=size) + b"end"
        assert written(read_events(data)) == data


pieces = st.sampled_from(
    [
        b"MThd",
        b"MTrk",
        b"\0\0\0\6",
        b"\0\1",
        b"\x99\x24\x64",
        END,
        b"\xff",
        b"\x80",
        b"\xf0",
    ]
)


@given(st.lists(pieces | st.binary(max_size=4), max_size=40).map(b"".join))
def test_any_bytes_are_read_or_refused_in_words(data):
    for found in (data, file(TWO + END) + data, header(2) + data):
        try:
            events = read_events(found)
        except DataError:
            continue
        assert written(events) == found
        rows = [range(*track.rows.indices(len(events))) for track in events.tracks]
        assert [row for track in rows for row in track] == list(range(len(events)))
        assert (events.start <= events.body).all()
        assert (events.body <= events.end).all()
        assert events.first.max(initial=0) <= 0xFF
        assert events.second.max(initial=0) <= 0x7F


@pytest.mark.parametrize(
    "data",
    [
        file(b"\xff" * 300_000 + TWO + END),
        file(b"\x00\xf0\x7f" * 100_000),
        file(b"\x00\x01" * 100_000),
        header(1) + b"MTrk\x00\x04\x00\x00" * 40_000,
        header(1) + b"MTrk\x7f\x00\x00\x00" * 40_000,
        header(1) + b"Junk\x7f\x00\x00\x00" * 40_000,
        b"MThd" * 80_000,
        file(b"\x00\xff\x01" + number(2**28 - 1) + b"\x00" * 300_000),
    ],
    ids=range(8),
)
def test_hostile_files_take_linear_time_and_memory(data):
    def seconds(data: bytes) -> float:
        started = time.process_time()
        with contextlib.suppress(DataError):
            read_events(data)
        return time.process_time() - started

    assert seconds(data) < 1.0
    tracemalloc.start()
    seconds(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120 * len(data)
