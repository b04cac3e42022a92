"""What the fast reader reads is what note_seq reads, to the last bit."""

from __future__ import annotations

import warnings

import pytest
from helpers.installed import needs_note_seq
from hypothesis import given
from hypothesis import strategies as st

from groovekit.errors import DataError
from groovekit.io.midi import files as midi
from groovekit.io.midi.scan import UnusualError, read_plain
from groovekit.io.notes import load

FOUR_QUARTERS = b"\x00\xff\x58\x04\x04\x02\x18\x08"
END = b"\x00\xff\x2f\x00"


def number(value: int) -> bytes:
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([value & 0x7F | 0x80]) + out
    return out


def file(*tracks: bytes, resolution: int = 96, kind: int = 1) -> bytes:
    data = b"MThd" + (6).to_bytes(4, "big")
    for value in (kind, len(tracks), resolution):
        data += value.to_bytes(2, "big")
    for track in tracks:
        data += b"MTrk" + len(track).to_bytes(4, "big") + track
    return data


def by_note_seq(data: bytes):
    midi_io = load("midi_io")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return midi_io.midi_to_note_sequence(data)
        except midi_io.MIDIConversionError:
            return None


def assert_same(data: bytes) -> bool:
    """Whether the fast reader took the file; it must not differ if it did."""
    try:
        # note_seq makes an array of all ticks.
        found = read_plain(data, max_ticks=2**22)
    except UnusualError:
        return False
    expected = by_note_seq(data)
    assert expected is not None
    assert found.SerializeToString(deterministic=True) == expected.SerializeToString(
        deterministic=True
    )
    return True


# Each as the bytes after the time: few keys and channels, so that they meet.
channels = st.sampled_from([0, 9])
small = st.sampled_from([0, 1, 64, 127])


@st.composite
def events(draw, timing: bool) -> bytes:
    channel = draw(channels)
    kinds = ["note", "note", "note", "control", "program", "bend", "pressure", "text"]
    kind = draw(st.sampled_from(kinds + ["tempo", "metre", "key"] * timing))
    if kind == "note":
        status = draw(st.sampled_from([0x80, 0x90]))
        key = draw(st.sampled_from([36, 38]))
        return bytes([status | channel, key, draw(small)])
    if kind == "control":
        return bytes([0xB0 | channel, draw(small), draw(small)])
    if kind == "program":
        return bytes([0xC0 | channel, draw(st.sampled_from([0, 5]))])
    if kind == "bend":
        return bytes([0xE0 | channel, draw(small), draw(small)])
    if kind == "pressure":
        return bytes([0xD0 | channel, draw(small)])
    if kind == "text":
        about = draw(st.sampled_from([1, 3, 4, 5, 6, 0x21, 0x7F]))
        text = draw(st.binary(min_size=1, max_size=3))
        return bytes([0xFF, about, len(text)]) + text
    if kind == "tempo":
        tempo = draw(st.sampled_from([500_000, 499_999, 1, 2**24 - 1]))
        return b"\xff\x51\x03" + tempo.to_bytes(3, "big")
    if kind == "metre":
        return bytes([0xFF, 0x58, 4, draw(st.integers(1, 255)), 3, 24, 8])
    return bytes([0xFF, 0x59, 2, draw(st.integers(-7, 7)) & 0xFF, draw(st.booleans())])


@st.composite
def tracks(draw, timing: bool) -> bytes:
    data, running = b"", -1
    for event in draw(st.lists(events(timing), max_size=25)):
        data += number(draw(st.sampled_from([0, 0, 1, 24, 200, 20_000])))
        keep = event[0] == running and draw(st.booleans())
        data += event[1:] if keep else event
        # A meta event leaves the running status as it is.
        running = running if event[0] == 0xFF else event[0]
    return data + END


@st.composite
def files(draw) -> bytes:
    parts = [draw(tracks(timing=True))]
    parts += draw(st.lists(tracks(timing=False), max_size=2))
    return file(*parts, resolution=draw(st.sampled_from([1, 96, 480])))


@needs_note_seq
@given(files())
def test_ordinary_files_are_read_as_by_note_seq(data):
    assert assert_same(data)


@needs_note_seq
@given(files(), st.data())
def test_damaged_files_are_read_as_by_note_seq_or_left_to_it(data, draw):
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(8, len(data) - 1))
        damaged[place] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, 3))
    # Whether it is taken depends on the damage.
    assert_same(bytes(damaged[: len(damaged) - cut]))


@given(files())
def test_the_thorough_way_gives_the_same(data):
    expected, remarks = midi._parse_any(data, name="x")
    assert midi.parse_midi(data) == (expected, remarks)


NOTE = b"\x00\x99\x24\x40\x60\x89\x24\x40"


@needs_note_seq
@pytest.mark.parametrize(
    "data",
    [
        file(b"\x00\xf0\x03\x01\x02\xf7" + NOTE + END),
        file(b"\x00\xf0\x02\x01\x02\x00\xf7\x01\x7f" + NOTE + END),
        file(b"\x00\xff\x54\x05\x00\x00\x00\x00\x00" + NOTE + END),
        file(b"\x00\xff\x20\x01\x00" + NOTE + END, kind=0),
        file(FOUR_QUARTERS + END, NOTE + END),
        # An event after the end of the track counts.
        file(END + NOTE),
    ],
)
def test_rare_but_harmless_events_are_read(data):
    assert assert_same(data)
    assert len(midi.read_midi(data).notes) == 1


@needs_note_seq
@pytest.mark.parametrize(
    "data",
    [
        b"MThd",
        file(),
        file(b""),
        file(NOTE + END, resolution=0),
        file(NOTE + END, resolution=0xE728),
        file(NOTE + END)[:-1],
        file(NOTE + END, FOUR_QUARTERS + END),
        # An unknown meta event, whose time note_seq drops.
        file(b"\x10\xff\x70\x00" + NOTE + END),
        file(b"\x00\x24\x40" + END),
        file(b"\x00\xf0\x01\xf7\x00\x24\x40" + END),
        file(b"\x00\xf0\x01\x80" + NOTE + END),
        file(b"\x00\xf3\x01" + NOTE + END),
        file(b"\x00\x99\x24\x80" + END),
        file(b"\x00\xff\x51\x03\x00\x00\x00" + END),
        file(b"\x00\xff\x51\x02\x00\x01" + END),
        file(b"\x00\xff\x58\x04\x00\x02\x18\x08" + END),
        file(b"\x00\xff\x58\x04\x04\x1f\x18\x08" + END),
        file(b"\x00\xff\x59\x02\x08\x00" + END),
        file(b"\x00\xff\x59\x01\x00" + END),
        file(b"\x00\xff\x54\x05\xff\x00\x00\x00\x00" + END),
    ],
)
def test_what_is_unusual_is_left_to_the_thorough_way(data):
    with pytest.raises(UnusualError):
        read_plain(data, max_ticks=midi.MAX_TICKS)
    expected = by_note_seq(data)
    try:
        found = midi.read_midi(data)
    except DataError:
        return  # with a reason: tested with the reader
    assert found == expected


def test_a_track_that_lasts_too_long_is_unusual():
    data = file(number(1000) + NOTE[1:] + END)
    assert len(read_plain(data, max_ticks=2000).notes) == 1
    with pytest.raises(UnusualError):
        read_plain(data, max_ticks=1000)


@needs_note_seq
def test_every_odd_file_that_is_read_is_read_the_same(odd_midi_dir):
    paths = sorted(odd_midi_dir.rglob("*.mid"))
    assert sum(assert_same(path.read_bytes()) for path in paths) > 70


@needs_note_seq
@pytest.mark.slow
def test_all_of_the_groove_data_are_read(groove_dir):
    # Every fourth: the whole set takes note_seq half a minute.
    for path in sorted(groove_dir.rglob("*.mid"))[::4]:
        assert assert_same(path.read_bytes()), path.name
