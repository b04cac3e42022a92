"""Files as people have them, each with the right value; after public bug reports."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest
from helpers.midi import (
    END,
    FOUR_QUARTERS,
    chunk,
    file,
    header,
    note,
    number,
    tempo,
    time_signature,
)

from groovekit.errors import DataError
from groovekit.io.midi.files import parse_midi, read_midi
from groovekit.io.midi.sequences import ParsedMidi
from groovekit.io.notes import NoteSequence

CASES = Path(__file__).parents[3] / "data" / "midi_cases"
BEAT = note(36) + note(38) + note(36) + note(38)
HIT = b"\x99\x24\x64"


def case(name: str) -> ParsedMidi:
    (path,) = CASES.glob(f"{name}*.mid")
    return parse_midi(path.read_bytes())


def told(parsed: ParsedMidi) -> dict[str, int]:
    """Remarks by kind."""
    return {remark.kind: remark.count for remark in parsed.remarks}


def lengths(sequence: NoteSequence) -> list[float]:
    """Lengths of the notes in ticks of 1/96 at 120."""
    return [round((n.end_time - n.start_time) * 192, 6) for n in sequence.notes]


def qpms(sequence: NoteSequence) -> list[float]:
    return [round(t.qpm, 3) for t in sequence.tempos]


def signatures(sequence: NoteSequence) -> list[tuple[float, int, int]]:
    return [(m.time, m.numerator, m.denominator) for m in sequence.time_signatures]


# Strokes without a length ----------------------------------------------------------


def test_zero_length_hats():
    parsed = case("02")
    assert told(parsed) == {"no_length": 32}
    assert "32 notes without a length" in str(parsed.remarks[0])
    hats = [n for n in parsed.first.notes if n.pitch == 42]
    assert (len(parsed.first.notes), len(hats)) == (48, 32)
    # A sixteenth at 120.
    assert {round(n.end_time - n.start_time, 9) for n in hats} == {0.125}


def test_no_note_offs():
    parsed = case("03")
    assert told(parsed) == {"no_note_off": 48}
    assert len(parsed.first.notes) == 48
    assert {round(n.end_time - n.start_time, 9) for n in parsed.first.notes} == {0.125}
    assert (parsed.links[0][:, 2] == -1).all()


@pytest.mark.parametrize(
    ("track", "remarks", "expected"),
    [
        # All strokes, and a pitch of its own.
        (note(36, ticks=0) + note(36, ticks=0, after=96), {"no_length": 2}, [24, 24]),
        (BEAT * 3 + note(49, ticks=0), {"no_length": 1}, [96] * 12 + [24]),
        # At most to the next stroke of that pitch.
        (note(36, ticks=0) + note(36, ticks=0, after=7), {"no_length": 2}, [7, 24]),
        (b"\x00" + HIT + b"\x05" + HIT + b"\x09" + HIT, {"no_note_off": 3}, [5, 9, 24]),
        # A note-on without velocity is a note-off.
        (b"\x00" + HIT + b"\x00\x24\x00", {"no_length": 1}, [24]),
        # Melodic notes do not ring to the end of the track.
        (
            note(60, channel=0) + b"\x00\x90\x3c\x64" + note(62, channel=0, after=999),
            {"no_note_off": 1},
            [96, 96, 24],
        ),
        # Two at one tick, and a note-off for one of them.
        (b"\x00" + HIT + b"\x00" + HIT + b"\x30\x89\x24\x40", {}, [48, 48]),
        # The end of one at the begin of the next.
        (
            b"\x00" + HIT + b"\x30" + HIT + b"\x00\x24\x00" + b"\x10\x24\x00",
            {},
            [48, 16],
        ),
    ],
)
def test_strokes_without_an_end(track, remarks, expected):
    parsed = parse_midi(file(track + END))
    assert told(parsed) == remarks
    assert lengths(parsed.first) == expected


def test_a_few_among_many_are_left_out_and_counted():
    """As modules write them; the original and all that was trained on Groove do so."""
    track = note(36) * 20 + note(36, ticks=0) + note(38) * 20
    parsed = parse_midi(file(track + END))
    assert told(parsed) == {"no_length_left_out": 1}
    assert len(parsed.first.notes) == 40


# Tempo, time signature and key -----------------------------------------------------


def test_tempo_on_the_second_track():
    parsed = case("08")
    assert qpms(parsed.first) == [95]
    assert not parsed.remarks


def test_the_later_of_two_time_signatures_holds():
    parsed = case("78")
    assert signatures(parsed.first) == [(0, 4, 4)]
    assert told(parsed) == {"time_signature_twice": 1}


def test_a_tempo_behind_the_music_changes_nothing_before_it():
    sequence = case("26").first
    assert sequence.total_time == pytest.approx(7.625, abs=0.2)
    assert len(sequence.notes) == 48
    assert sequence.tempos[1].time > sequence.total_time


@pytest.mark.parametrize(
    ("tracks", "expected", "remarks"),
    [
        ([END, BEAT + END, tempo(600_000) + END], [100], {}),
        ([END, tempo(600_000) + tempo(400_000, after=96) + END, BEAT + END],
         [100, 150], {}),
        ([tempo(400_000, after=96) + END, tempo(600_000) + BEAT + END], [100, 150], {}),
        # The first track that says something of a tick.
        ([tempo(600_000) + END, tempo(500_000) + BEAT + END], [100],
         {"timing_twice": 1}),
        ([tempo(600_000) + END, tempo(600_000) + BEAT + END], [100], {}),
        # Within a track the last word.
        ([tempo(600_000) + tempo(400_000) + BEAT + END], [150], {}),
        # Without sense.
        ([tempo(600_000) + tempo(0) + b"\x00\xff\x51\x01\x09" + BEAT + END], [100],
         {"meta": 2}),
    ],
)  # fmt: skip
def test_tempos_wherever_they_stand(tracks, expected, remarks):
    parsed = parse_midi(file(*tracks))
    assert qpms(parsed.first) == expected
    assert told(parsed) == remarks
    assert len(parsed.first.notes) == 4


@pytest.mark.parametrize(
    ("tracks", "expected", "remarks"),
    [
        ([END, time_signature(3, 2) + BEAT + END], [(0, 3, 4)], {}),
        ([FOUR_QUARTERS + time_signature(7, 3) + BEAT + END], [(0, 7, 8)],
         {"time_signature_twice": 1}),
        ([FOUR_QUARTERS + END, time_signature(3, 2) + BEAT + END], [(0, 4, 4)],
         {"timing_twice": 1}),
        ([FOUR_QUARTERS * 2 + BEAT + END], [(0, 4, 4)] * 2, {}),
        ([FOUR_QUARTERS + END, FOUR_QUARTERS + BEAT + END], [(0, 4, 4)], {}),
        ([FOUR_QUARTERS + END, time_signature(5, 2, after=384) + BEAT + END],
         [(0, 4, 4), (2, 5, 4)], {}),
        ([time_signature(0, 2) + time_signature(4, 99) + BEAT + END], [], {"meta": 2}),
    ],
)  # fmt: skip
def test_time_signatures_wherever_they_stand(tracks, expected, remarks):
    parsed = parse_midi(file(*tracks))
    assert signatures(parsed.first) == expected
    assert told(parsed) == remarks


def test_keys_wherever_they_stand():
    minor = b"\x00\xff\x59\x02\xfd\x01"
    (key,) = read_midi(file(END, minor + BEAT + END)).key_signatures
    assert (key.key, key.mode) == (0, 1)
    assert told(parse_midi(file(b"\x00\xff\x59\x02\x09\x00" + BEAT + END))) == {
        "meta": 1
    }


def test_unknown_metas_take_their_time():
    starts = [
        n.start_time for n in read_midi(file(b"\x60\xff\x70\x00" + BEAT + END)).notes
    ]
    assert starts[0] == 0.5


# Times in frames -------------------------------------------------------------------


def test_smpte():
    parsed = case("52")
    sequence = parsed.first
    assert len(sequence.notes) == 24
    # A tick is a millisecond, an eighth 240 of them.
    starts = sorted({round(n.start_time, 9) for n in sequence.notes})
    assert starts == pytest.approx([0.24 * at for at in range(16)])
    assert (qpms(sequence), sequence.ticks_per_quarter) == ([125], 480)
    assert [str(remark) for remark in parsed.remarks] == [
        "1 sequence timed in frames, without a tempo: 125 quarters a minute estimated "
        "from the notes"
    ]


@pytest.mark.parametrize(
    ("division", "tick", "resolution"),
    [(0xE750, 1 / 2000, 1000), (0xE808, 1 / 192, 96), (0xE364, 1001 / 3e6, 1499)],
)
def test_other_frames(division, tick, resolution):
    parsed = parse_midi(file(BEAT + END, resolution=division))
    assert "120 quarters a minute assumed" in str(parsed.remarks[0])
    sequence = parsed.first
    starts = [n.start_time for n in sequence.notes]
    assert starts == pytest.approx([0, 96 * tick, 192 * tick, 288 * tick])
    assert sequence.ticks_per_quarter == resolution


def test_a_tempo_counts_for_the_bars_of_frames():
    parsed = parse_midi(file(tempo(600_000) + BEAT + END, resolution=0xE728))
    assert (qpms(parsed.first), parsed.first.ticks_per_quarter) == ([100], 600)
    assert [n.start_time for n in parsed.first.notes][1] == pytest.approx(0.096)
    assert not parsed.remarks


# Programs --------------------------------------------------------------------------


def programs(sequence: NoteSequence) -> list[int]:
    return [n.program for n in sequence.notes]


def test_a_program_set_in_another_track():
    sequence = case("79").first
    assert {n.program for n in sequence.notes if not n.is_drum} == {33}


MELODY = note(60, channel=1, after=96)


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([MELODY + END, b"\x00\xc1\x05" + END], [5]),
        # The latest before the note, in time.
        ([b"\x00\xc1\x05\x10\xc1\x06" + END, MELODY + END], [6]),
        ([b"\x00\xc1\x05\x83\x00\xc1\x06" + END, MELODY + END], [5]),
        # Its own holds, and what other channels and ports have is theirs.
        ([b"\x00\xc1\x05" + END, b"\x00\xc1\x07" + MELODY + END], [7]),
        ([b"\x00\xc2\x05" + END, MELODY + END], [0]),
        ([b"\x00\xff\x21\x01\x01\x00\xc1\x05" + END, MELODY + END], [0]),
        # Several on a channel.
        ([b"\x00\xc1\x05" + MELODY + b"\x00\xc1\x06" + MELODY + END], [5, 6]),
    ],
)
def test_programs_wherever_they_are_set(tracks, expected):
    assert programs(read_midi(file(*tracks))) == expected


def test_patterns_have_programs_of_their_own():
    data = file(b"\x00\xc1\x05" + MELODY + END, MELODY + END, kind=2)
    assert [programs(s) for s in parse_midi(data).sequences] == [[5], [0]]


# Format 2 --------------------------------------------------------------------------


def test_format_2_is_several_sequences():
    parsed = case("09")
    assert [qpms(s) for s in parsed.sequences] == [[120], [90]]
    assert [len(s.notes) for s in parsed.sequences] == [24, 24]
    assert told(parsed) == {"patterns": 2}
    assert parsed.links[1][:, 0].tolist() == [1] * 24


def test_one_sequence_of_format_2_is_the_first_with_notes():
    data = file(tempo(600_000) + END, note(38) + END, note(36) + END, kind=2)
    assert [n.pitch for n in read_midi(data).notes] == [38]
    assert read_midi(file(END, END, kind=2)).total_time == 0
    # A single pattern is nothing to remark on.
    assert not parse_midi(file(END, BEAT + END, kind=2)).remarks
    two = parse_midi(
        file(FOUR_QUARTERS + BEAT + END, time_signature(3, 2) + BEAT + END, kind=2)
    )
    assert [signatures(s) for s in two.sequences] == [[(0, 4, 4)], [(0, 3, 4)]]


# Chunks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "remarks"),
    [
        ("16", {}),
        ("17", {"track_count": 2}),
        ("24", {"unknown_chunk": 1}),
        ("25", {}),
    ],
)
def test_chunks_are_taken_as_sequencers_do(name, remarks):
    parsed = case(name)
    assert len(parsed.first.notes) == 48
    assert told(parsed) == remarks


def test_rmi_and_mid_are_told_by_their_contents():
    (rmi,) = CASES.glob("16*.rmi")
    assert read_midi(rmi) == case("16").first
    plain = file(FOUR_QUARTERS + BEAT + END)
    size = len(plain).to_bytes(4, "little")
    for before in (b"", b"LIST\4\0\0\0INFO", b"DISP\6\0\0\0MThd!!"):
        wrapped = b"RIFF\xff\0\0\0RMID" + before + b"data" + size + plain
        assert read_midi(wrapped + b"LIST\0\0\0\0") == read_midi(plain)
        assert not parse_midi(wrapped).remarks


@pytest.mark.parametrize("count", [0, 1, 3, 5, 0xFFFF])
def test_headers_miscount(count):
    data = (
        header(count) + chunk(b"MTrk", FOUR_QUARTERS + END) + chunk(b"MTrk", BEAT + END)
    )
    parsed = parse_midi(data)
    assert len(parsed.first.notes) == 4
    assert told(parsed) == {"track_count": 2}


def test_the_track_that_is_there():
    assert len(case("tracks_65535_header").first.notes) == 64


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(b"XFIH", b"abc"), chunk(b"MTrk", BEAT + END)],
        [chunk(b"MTrk", BEAT + END), chunk(b"XFKM", b"abcd")],
        [chunk(b"Junk", b"MTrk is a word"), chunk(b"MTrk", BEAT + END)],
        [chunk(b"XFIH", b"")] * 3 + [chunk(b"MTrk", BEAT + END)],
    ],
)
def test_unknown_chunks_are_passed_over(chunks):
    parsed = parse_midi(header(1) + b"".join(chunks))
    assert len(parsed.first.notes) == 4
    assert told(parsed) == {"unknown_chunk": len(chunks) - 1}


# Ends ------------------------------------------------------------------------------


def test_the_end_of_a_track_is_no_music():
    parsed = case("25")
    assert parsed.first.total_time < 10
    assert parsed.end_ticks == (2**28,)
    assert case("63").end_ticks == (7680,)
    assert case("02").end_ticks == (7440,)


@pytest.mark.parametrize(
    ("tracks", "end"),
    [
        ([BEAT + number(2**28 - 1) + END[1:]], 384 + 2**28 - 1),
        ([number(9999) + END[1:], BEAT + END], 9999),
        ([BEAT + b"\x87\x40\xff\x01\x01!" + END], 384 + 960),
        ([BEAT], 384),
    ],
)
def test_ends_far_away_or_missing(tracks, end):
    parsed = parse_midi(file(*tracks))
    assert parsed.first.total_time == 2
    assert parsed.end_ticks == (end,)


# Hostile ---------------------------------------------------------------------------


def test_delta_times_have_four_bytes():
    for data in (
        (CASES / "overflow_min.mid").read_bytes(),
        file(b"\xff" * 300_000 + b"\x7f" + HIT + END),
        file(b"\x80\x80\x80\x80\x80\x00" + HIT + END),
    ):
        started = time.process_time()
        with pytest.raises(DataError, match="delta time of more than 4 bytes"):
            parse_midi(data, name="x")
        assert time.process_time() - started < 0.5
    # What comes before is read.
    parsed = parse_midi(file(BEAT + b"\xff" * 9 + END))
    assert len(parsed.first.notes) == 4
    assert told(parsed)["long_delta"] == 13


@pytest.mark.parametrize(
    "name", ["delta_2p25.mid", "delta_2p25_second_track_tempo.mid", "late_note_max.mid"]
)
def test_late_notes_take_no_memory(name):
    data = (CASES / name).read_bytes()
    tracemalloc.start()
    started = time.process_time()
    parsed = parse_midi(data)
    seconds = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert parsed.first.total_time > 30_000
    assert (seconds < 0.1, peak < 2**20) == (True, True)


def test_notes_beyond_all_sense_are_left_out():
    far = note(38, after=2**28 - 1)
    parsed = parse_midi(file(BEAT + END, far + END))
    assert len(parsed.first.notes) == 4
    assert told(parsed) == {"too_late": 1}
    with pytest.raises(DataError, match="1 note so late"):
        parse_midi(file(far + END))
