"""What is read is what note_seq reads, to the last bit, save where it loses music."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import warnings
from collections import Counter

import pytest
from helpers.installed import needs_note_seq
from helpers.midi import END, FOUR_QUARTERS, file, note, number, tempo, time_signature
from hypothesis import given
from hypothesis import strategies as st

from groovekit.errors import DataError
from groovekit.io.midi.files import parse_midi
from groovekit.io.midi.instruments import decoded
from groovekit.io.midi.sequences import ParsedMidi, read_sequences
from groovekit.io.notes import NoteSequence, load


def by_note_seq(data: bytes) -> NoteSequence | None:
    """What note_seq makes of a file; None where it refuses."""
    midi_io = load("midi_io")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return midi_io.midi_to_note_sequence(data)
        except midi_io.MIDIConversionError:
            return None


def serialised(sequence: NoteSequence) -> bytes:
    return sequence.SerializeToString(deterministic=True)


def told(parsed: ParsedMidi) -> dict[str, int]:
    """Remarks by kind."""
    return {remark.kind: remark.count for remark in parsed.remarks}


def notes(sequence: NoteSequence) -> list[tuple[float, ...]]:
    return sorted(
        (n.start_time, n.pitch, n.velocity, n.end_time, n.program, n.is_drum)
        for n in sequence.notes
    )


def read(data: bytes) -> NoteSequence:
    (sequence,) = read_sequences(data).sequences
    return sequence


def held(sequence: NoteSequence) -> dict[float, tuple[int, int]]:
    """The time signature from each time on."""
    return {m.time: (m.numerator, m.denominator) for m in sequence.time_signatures}


# Beside note_seq -------------------------------------------------------------------


def assert_as_note_seq(data: bytes) -> None:
    """The same as note_seq, but for what it loses; that is just what is remarked on."""
    parsed = read_sequences(data)
    found, expected = parsed.first, by_note_seq(data)
    assert expected is not None
    for info in expected.instrument_infos:
        # It reads every name as Latin-1.
        info.name = decoded(info.name.encode("latin-1"))
    kinds = told(parsed)
    if kinds.pop("time_signature_twice", 0):
        # It keeps both of two time signatures at one tick: the later one holds.
        assert held(found) == held(expected)
        assert len({(m.time, m.numerator) for m in found.time_signatures}) == len(
            held(found)
        )
        for sequence in (found, expected):
            sequence.ClearField("time_signatures")
    mended = kinds.get("no_length", 0) + kinds.get("no_note_off", 0)
    if not mended:
        assert serialised(found) == serialised(expected)
        return
    # It drops notes without a length or a note-off.
    ours, theirs = Counter(notes(found)), Counter(notes(expected))
    assert not theirs - ours
    assert (ours - theirs).total() == mended


# Few keys, so that they meet. Each track has channels of its own: note_seq does not see
# the programs that another track sets.
CHANNELS = ([0, 9], [1, 2], [3, 4])
small = st.sampled_from([0, 1, 64, 127])


@st.composite
def events(draw, channels: list[int], timing: bool) -> bytes:
    channel = draw(st.sampled_from(channels))
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
        return tempo(draw(st.sampled_from([500_000, 499_999, 1, 2**24 - 1])))[1:]
    if kind == "metre":
        return time_signature(draw(st.integers(1, 255)), 3)[1:]
    return bytes([0xFF, 0x59, 2, draw(st.integers(-7, 7)) & 0xFF, draw(st.booleans())])


@st.composite
def tracks(draw, channels: list[int], timing: bool) -> bytes:
    data, running = b"", -1
    for event in draw(st.lists(events(channels, timing), max_size=25)):
        data += number(draw(st.sampled_from([0, 0, 1, 24, 200, 20_000])))
        keep = event[0] == running and draw(st.booleans())
        data += event[1:] if keep else event
        # A meta event leaves the running status as it is.
        running = running if event[0] == 0xFF else event[0]
    return data + END


@st.composite
def files(draw) -> bytes:
    count = draw(st.integers(1, 3))
    parts = [draw(tracks(CHANNELS[at], timing=at == 0)) for at in range(count)]
    return file(*parts, resolution=draw(st.sampled_from([1, 96, 480])))


@needs_note_seq
@given(files())
def test_ordinary_files_are_read_as_by_note_seq(data):
    assert_as_note_seq(data)


@given(files())
def test_notes_know_their_events(data):
    parsed = read_sequences(data)
    events = parsed.events
    (sequence,), (links,) = parsed.sequences, parsed.links
    assert links.shape == (len(sequence.notes), 3)
    for note_, (track, on, off) in zip(sequence.notes, links.tolist(), strict=True):
        assert events.kind[on] == 0x90
        assert (events.first[on], events.second[on]) == (note_.pitch, note_.velocity)
        assert events.track[on] == track
        if off >= 0:
            assert events.kind[off] in (0x80, 0x90)
            assert events.first[off] == note_.pitch
            assert events.tick[off] >= events.tick[on]
    assert len(set(links[:, 1].tolist())) == len(links)
    onsets = ((events.kind == 0x90) & (events.second > 0)).sum()
    assert onsets == len(links) + told(parsed).get("no_length_left_out", 0)


@given(files(), st.data())
def test_damaged_files_are_read_or_refused_in_words(data, draw):
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(data) - 1))
        damaged[place] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, 3))
    try:
        parsed = read_sequences(bytes(damaged[: len(damaged) - cut]))
    except DataError:
        return
    for sequence in parsed.sequences:
        assert all(n.end_time > n.start_time >= 0 for n in sequence.notes)


@needs_note_seq
@pytest.mark.parametrize(
    "data",
    [
        file(b"\x00\xf0\x03\x01\x02\xf7" + note(36) + END),
        file(b"\x00\xf0\x02\x01\x02\x00\xf7\x01\x7f" + note(36) + END),
        file(b"\x00\xff\x54\x05\x00\x00\x00\x00\x00" + note(36) + END),
        file(b"\x00\xff\x20\x01\x00" + note(36) + END, kind=0),
        file(FOUR_QUARTERS + END, note(36) + END),
        file(b"\x00\xff\x21\x01\x01" + note(36) + END),
        # An empty track, and an event behind the end.
        file(END),
        file(END + note(36)),
        # What comes before a channel's first note goes to all that begin there.
        file(b"\x00\xb0\x07\x40\x00\xc0\x05" + note(60, channel=0) + b"\x00\xc0\x06"
             + b"\x00\xb0\x07\x41" + note(62, channel=0) + b"\x00\xe0\x01\x02" + END),
    ],
)  # fmt: skip
def test_rare_but_harmless_events_are_read_as_by_note_seq(data):
    assert serialised(read(data)) == serialised(by_note_seq(data))


#: Files of public test suites that are read otherwise than by note_seq, and why.
DIFFERENCES = {
    "test-2-tracks-type-2.mid": "format 2: each track is a sequence of its own",
    "test-corrupt-file-missing-byte.mid": "refused there; the end of track is cut off",
    "test-illegal-message-all.mid": "refused there; system messages are passed over",
    "test-illegal-message-f4.mid": "the same",
    "test-illegal-message-f5.mid": "the same",
    "test-illegal-message-f9.mid": "the same",
    "test-illegal-message-fd.mid": "the same",
    "test-non-midi-track.mid": "refused there; unknown chunks are passed over",
    "test-running-status-sysex.mid": "refused there; the running status goes on",
    "english3.mid": "a key in another track than the first",
    "230_bpm_multitrack.mid": "a tempo in another track than the first",
}
REFUSED = {
    "test-empty-file.mid": "the file is empty",
    "test-not-a-midi-file.mid": "not a MIDI file",
    "negative-ticks-per-beat.mid": "time division",
    "zero-ticks-per-beat.mid": "time division",
    "ticks-per-beat-480.mid": "holds no tracks",
    "type2.mid": "holds no tracks",
}


@needs_note_seq
def test_every_odd_file_is_read_as_by_note_seq_save_those_listed(odd_midi_dir):
    paths = {path.name: path for path in sorted(odd_midi_dir.rglob("*.mid"))}
    assert len(paths) > 100
    different = set()
    for name, path in paths.items():
        data = path.read_bytes()
        expected = by_note_seq(data)
        if name in REFUSED:
            assert expected is None
            with pytest.raises(DataError, match=REFUSED[name]):
                read_sequences(data)
        elif expected is None or serialised(read_sequences(data).first) != serialised(
            expected
        ):
            different.add(name)
    assert different == set(DIFFERENCES)


@pytest.mark.parametrize("name", [n for n, why in DIFFERENCES.items() if "same" in why])
def test_illegal_messages_cost_no_note(odd_midi_dir, name):
    (path,) = odd_midi_dir.rglob(name)
    assert [n.pitch for n in read(path.read_bytes()).notes] == [
        60, 62, 64, 65, 67, 69, 71, 72,
    ]  # fmt: skip


READ = """
import hashlib, json, sys
from pathlib import Path
sys.modules["note_seq"] = None
from groovekit.errors import DataError
from groovekit.io.midi.files import parse_midi
found = {}
for path in sorted(Path(sys.argv[1]).rglob("*.mid")):
    try:
        sequence = parse_midi(path.read_bytes()).first
        data = sequence.SerializeToString(deterministic=True)
        found[path.name] = hashlib.sha256(data).hexdigest()
    except DataError as error:
        found[path.name] = str(error)
print(json.dumps([type(sequence).DESCRIPTOR.full_name, found]))
"""


@needs_note_seq
def test_odd_files_read_the_same_where_note_seq_is_not_installed(odd_midi_dir):
    done = subprocess.run(
        [sys.executable, "-c", READ, str(odd_midi_dir)],
        check=True,
        capture_output=True,
        text=True,
    )
    name, found = json.loads(done.stdout)
    assert name == "groovekit.NoteSequence"
    for path in sorted(odd_midi_dir.rglob("*.mid")):
        try:
            data = serialised(parse_midi(path.read_bytes()).first)
            expected = hashlib.sha256(data).hexdigest()
        except DataError as error:
            expected = str(error)
        assert found[path.name] == expected


@needs_note_seq
def test_some_of_the_groove_data_are_read_as_by_note_seq(groove_dir):
    for path in sorted(groove_dir.rglob("*.mid"))[::40]:
        data = path.read_bytes()
        assert serialised(read(data)) == serialised(by_note_seq(data)), path.name


@needs_note_seq
@pytest.mark.slow
def test_all_of_the_groove_data_are_read_as_by_note_seq(groove_dir):
    for path in sorted(groove_dir.rglob("*.mid")):
        data = path.read_bytes()
        assert serialised(read(data)) == serialised(by_note_seq(data)), path.name
