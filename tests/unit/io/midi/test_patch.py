"""Files whose notes are edited: what changes, and what stays to the byte."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.filler import FakeFiller
from helpers.midi import END, file, header, note, number, tempo
from helpers.midi_tracks import files, kept, openings
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from groovekit.errors import DataError
from groovekit.generation.tasks.editing import at_tempo
from groovekit.generation.tasks.humanize import humanize
from groovekit.io.midi.document import MidiDocument
from groovekit.io.midi.events import MidiEvents, read_events
from groovekit.io.midi.files import parse_midi
from groovekit.io.notes import NoteSequence

CASES = Path(__file__).parents[3] / "data" / "midi_cases"
NAMES = sorted(path.name for path in CASES.iterdir())
TICK = 0.5 / 96


def copied(sequence: NoteSequence) -> NoteSequence:
    copy = NoteSequence()
    copy.CopyFrom(sequence)
    return copy


def edited(data: bytes, *changes) -> bytes:
    """A file, of which some notes (by their place in time) are changed."""
    document = MidiDocument.read(data)
    sequence = copied(document.sequence)
    notes = sorted(sequence.notes, key=lambda n: (n.start_time, n.pitch))
    for place, ticks in changes:
        notes[place].start_time += ticks * TICK
        notes[place].end_time += ticks * TICK
    return document.patched(sequence)


def at(data: bytes | MidiEvents) -> list[tuple[int, str]]:
    """Tick and bytes of all events."""
    events = data if isinstance(data, MidiEvents) else read_events(data)
    return [
        (tick, events.data[body:end].hex())
        for tick, body, end in zip(
            events.tick.tolist(), events.body.tolist(), events.end.tolist(), strict=True
        )
    ]


def music(*events: tuple[int, str]) -> bytes:
    """A file of one track from ticks and bytes."""
    track, now = b"", 0
    for tick, content in events:
        track += number(tick - now) + bytes.fromhex(content)
        now = tick
    return file(track)


# Nothing changes -------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_without_edits_the_same_bytes_come_back(name):
    try:
        document = MidiDocument.read(CASES / name)
    except DataError:
        pytest.skip("no notes are left of it")
    assert document.patched(document.sequence) == (CASES / name).read_bytes()


def test_odd_files_come_back_byte_for_byte(odd_midi_dir: Path):
    read = 0
    for path in sorted(odd_midi_dir.rglob("*")):
        if path.suffix.lower() in (".mid", ".midi", ".kar", ".rmi", ".smf"):
            try:
                document = MidiDocument.read(path)
            except DataError:
                continue
            assert document.patched(document.sequence) == path.read_bytes(), path
            read += 1
    assert read > 50


@pytest.mark.slow
def test_groove_comes_back_byte_for_byte(groove_dir: Path):
    player = FakeFiller()
    paths = sorted(groove_dir.rglob("*.mid"))
    assert len(paths) > 1000
    for path in paths:
        document = MidiDocument.read(path)
        try:
            (made,) = humanize(player, document.sequence, amount=0.0, seed=1)
        except DataError:
            made = document.sequence
        assert document.patched(made) == path.read_bytes(), path


@pytest.mark.parametrize("name", ["05", "16", "24", "33", "63", "64"])
def test_one_velocity_is_one_byte(name):
    (path, *_) = sorted(CASES.glob(f"{name}*"))
    document = MidiDocument.read(path)
    sequence = copied(document.sequence)
    sequence.notes[5].velocity = 77
    made, data = document.patched(sequence), path.read_bytes()
    assert len(made) == len(data)
    (place,) = [i for i, (a, b) in enumerate(zip(made, data, strict=True)) if a != b]
    assert made[place] == 77


@pytest.mark.parametrize("end", [END, b""], ids=["end", "no end"])
@pytest.mark.parametrize(
    "track",
    [
        # Delta times that are longer than need be.
        b"\x80\x80\x00\x99\x24\x64\x80\x60\x89\x24\x40",
        # Running status over a text, and over the end of a note by its velocity.
        b"\x00\x99\x24\x64\x00\xff\x01\x01x\x30\x24\x00\x30\x26\x64\x30\x26\x00",
        # Data bytes before any status, and a value above 127.
        b"\x00\x24\x64\x00\x99\x24\x64\x60\x24\x00\x00\xb9\x07\xc8",
        # Events behind the end.
        b"\x00\x99\x24\x64\x60\x24\x00\x00\xff\x2f\x00\x10\x99\x26\x64\x10\x89\x26\x40",
    ],
)
def test_odd_ways_of_writing_come_back(track, end):
    data = file(track + end) + b"junk behind"
    document = MidiDocument.read(data)
    assert document.patched(document.sequence) == data


# What moves ------------------------------------------------------------------------


def test_a_note_takes_its_note_off_with_it():
    data = music((96, "992464"), (120, "892440"), (192, "992664"), (200, "892640"))
    assert at(edited(data, (0, 10))) == [
        (106, "992464"), (130, "892440"), (192, "992664"), (200, "892640")
    ]  # fmt: skip


def test_running_status_is_written_out_where_it_no_longer_holds():
    data = music(
        (0, "992464"), (24, "2400"), (30, "b90701"), (96, "992a50"), (100, "2a00")
    )
    back = edited(data, (0, 28))
    assert at(back) == [
        (28, "992464"), (30, "b90701"), (52, "992400"), (96, "992a50"), (100, "2a00")
    ]  # fmt: skip


def test_the_end_of_a_note_never_ends_the_next_one():
    data = music((0, "992464"), (96, "892440"), (96, "992464"), (120, "892440"))
    assert at(edited(data, (0, 5))) == [
        (5, "992464"), (96, "892440"), (96, "992464"), (120, "892440")
    ]  # fmt: skip
    early = edited(data, (1, -20))
    assert at(early) == [
        (0, "992464"), (76, "892440"), (76, "992464"), (100, "892440")
    ]  # fmt: skip
    assert len(parse_midi(early).first.notes) == 2


def test_strokes_of_a_pitch_do_not_fall_together():
    data = music((5, "992464"), (8, "892440"), (9, "992463"), (12, "892440"))
    back = parse_midi(edited(data, (0, -30), (1, -30)))
    assert [n.velocity for n in back.first.notes] == [100, 99]
    assert [round(n.start_time / TICK) for n in back.first.notes] == [0, 1]


def test_notes_without_an_end_get_one_where_they_move():
    data = music((0, "992464"), (96, "992664"), (192, "992a64"))
    assert at(edited(data)) == at(data)
    assert at(edited(data, (1, 3))) == [
        (0, "992464"), (99, "992664"), (123, "892640"), (192, "992a64")
    ]  # fmt: skip


def test_notes_without_a_length_get_one_where_they_move():
    data = music(
        (0, "992464"), (0, "892440"), (96, "992664"), (96, "892640"), (192, "ff0601")
    )  # fmt: skip
    data = data.replace(b"\xff\x06\x01", b"\xff\x06\x00")
    assert at(edited(data, (1, 3))) == [
        (0, "992464"), (0, "892440"), (99, "992664"), (123, "892640"), (192, "ff0600")
    ]  # fmt: skip


def test_chokes_stay_with_their_cymbal():
    data = music(
        (96, "993164"), (120, "a9317f"), (121, "a93100"), (140, "893140"),
        (192, "993164"), (192, "a9317f"), (200, "893140"),
    )  # fmt: skip
    assert at(edited(data, (0, 9), (1, -2))) == [
        (105, "993164"), (129, "a9317f"), (130, "a93100"), (149, "893140"),
        (190, "993164"), (190, "a9317f"), (198, "893140"),
    ]  # fmt: skip


def test_channel_aftertouch_stays_with_its_stroke():
    data = music((96, "993164"), (100, "d97f"), (110, "d900"), (140, "893140"))
    assert at(edited(data, (0, -6))) == [
        (90, "993164"), (94, "d97f"), (104, "d900"), (134, "893140")
    ]  # fmt: skip


PEDAL = [
    (0, "b9045a"), (0, "992a64"), (20, "892a40"), (91, "b90400"), (96, "992e64"),
    (100, "b90440"), (116, "892e40"), (192, "992a64"), (200, "892a40"),
]  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [[], [(1, 9)], [(1, -9)], [(0, 95), (1, -3)], [(0, 90), (1, -90), (2, -110)]],
)
def test_each_hat_has_the_opening_that_it_had(changes):
    data = music(*PEDAL)
    back = read_events(edited(data, *changes))
    assert (
        openings(back) == openings(read_events(data)) == [(42, 64), (42, 90), (46, 0)]
    )


def test_the_pedal_moves_with_its_stroke_and_other_controllers_stay():
    data = music(*PEDAL[:5], (98, "b90711"), *PEDAL[5:])
    back = at(edited(data, (1, 9)))
    assert (105, "992e64") in back
    assert (98, "b90711") in back
    (closed,) = [tick for tick, content in back if content == "b90400"]
    assert 98 <= closed <= 105


def test_a_pedal_in_another_track_moves_too():
    strokes = music(*[event for event in PEDAL if not event[1].startswith("b9")])
    pedal = music(*[event for event in PEDAL if event[1].startswith("b9")])
    data = header(2) + pedal[14:] + strokes[14:]
    back = read_events(edited(data, (1, -9), (2, -120)))
    assert openings(back) == openings(read_events(data))


def test_a_kit_of_its_own_has_hats_of_its_own():
    data = music(
        (0, "b9045a"), (0, "990764"), (90, "b90400"), (96, "990764"), (99, "890740")
    )
    document = dataclasses.replace(MidiDocument.read(data), hats=frozenset({7}))
    sequence = copied(document.sequence)
    sequence.notes[1].start_time -= 20 * TICK
    sequence.notes[1].end_time -= 20 * TICK
    back = read_events(document.patched(sequence))
    assert openings(back, hats=(7,)) == [(7, 0), (7, 90)]


@pytest.mark.parametrize("ticks", [-20, 20])
def test_a_stroke_stays_on_its_side_of_a_program_change(ticks):
    data = music(
        (80, "992464"), (90, "892440"), (96, "c919"), (96, "992464"), (99, "892440")
    )  # fmt: skip
    back = parse_midi(edited(data, (0, ticks), (1, ticks)))
    assert sorted(n.program for n in back.first.notes) == [0, 25]


# Length ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "end"), [("63_loop", 7680), ("loop2_eot", 3840)])
@pytest.mark.parametrize("ticks", [-30, 25, 59])
def test_a_loop_stays_as_long_as_it_was(name, end, ticks):
    (path,) = CASES.glob(f"{name}*")
    document = MidiDocument.read(path)
    sequence = copied(document.sequence)
    step = sequence.notes[0].end_time - sequence.notes[0].start_time
    for played in sequence.notes:
        played.start_time = max(0.0, played.start_time + ticks * step / 60)
        played.end_time = max(played.start_time, played.end_time + ticks * step / 60)
    back = parse_midi(document.patched(sequence))
    assert back.end_ticks == (end,)
    assert len(back.first.notes) == len(sequence.notes)


def test_a_file_that_ends_with_its_last_note_lasts_as_long_as_that():
    data = file(note(36, after=10, ticks=20) + END)
    assert read_events(edited(data, (0, 7))).tracks[0].end_tick == 37
    assert read_events(edited(data, (0, -7))).tracks[0].end_tick == 30


@pytest.mark.parametrize("odd", [True, False])
def test_wrapper_and_track_say_how_long_they_are(odd):
    inner = music((0, "992464"), (4, "2400"), (9, "b90701"), (12, "ff0100"))
    inner = inner[:-4] + b"\x03\xff\x01" + (b"\x02xy" if odd else b"\x01x")
    size = len(inner) - 22
    inner = inner[:18] + size.to_bytes(4, "big") + inner[22:]
    assert len(inner) % 2 == odd
    body = b"RMIDdata" + len(inner).to_bytes(4, "little") + inner + b"\0" * odd
    body += b"LIST" + (4).to_bytes(4, "little") + b"INFO"
    data = b"RIFF" + len(body).to_bytes(4, "little") + body
    document = MidiDocument.read(data)
    assert document.patched(document.sequence) == data
    back = edited(data, (0, 6))
    assert int.from_bytes(back[4:8], "little") == len(back) - 8
    length = int.from_bytes(back[16:20], "little")
    assert length == len(inner) + 1
    assert back[20 + length + length % 2 :] == data[-12:]
    assert {remark.kind for remark in read_events(back).remarks} == {"no_end_of_track"}


# Notes that come and go ------------------------------------------------------------


def with_drum(
    document: MidiDocument, start: float, end: float, **about
) -> NoteSequence:
    sequence = copied(document.sequence)
    about = {"pitch": 42, "velocity": 70, "is_drum": True, **about}
    sequence.notes.add(start_time=start * TICK, end_time=end * TICK, **about)
    return sequence


def test_new_drums_go_to_the_drums():
    piano = file(b"\x00\xc0\x05" + note(60, channel=0) + END)[14:]
    drums = music((0, "992464"), (24, "892440"), (192, "ff2f00"))[14:]
    data = header(2) + piano + drums
    document = MidiDocument.read(data)
    back = read_events(document.patched(with_drum(document, 48, 60)))
    assert at(back)[-3:] == [(48, "992a46"), (60, "892a40"), (192, "ff2f00")]
    assert back.track[-2] == 1
    assert back.data[: 14 + len(piano)] == data[: 14 + len(piano)]


def test_new_drums_go_to_drums_that_are_elsewhere():
    (path,) = CASES.glob("05*")
    document = MidiDocument.read(path)
    drums = document.sequence.notes[-1].instrument
    sequence = with_drum(document, 0, 10, instrument=drums, pitch=51)
    back = read_events(document.patched(sequence))
    (row,) = np.flatnonzero((back.kind == 0x90) & (back.first == 51))
    assert (back.track[row], back.status[row]) == (2, 0x9F)


def test_drums_of_a_file_without_any_go_to_channel_10():
    document = MidiDocument.read(file(note(60, channel=0) + END))
    back = parse_midi(document.patched(with_drum(document, 0, 10)))
    assert sorted((n.pitch, n.is_drum) for n in back.first.notes) == [
        (42, True), (60, False)
    ]  # fmt: skip


def test_a_new_instrument_takes_a_free_channel():
    document = MidiDocument.read(file(b"\x00\xc0\x05" + note(60, channel=0) + END))
    sequence = with_drum(document, 0, 10, is_drum=False, program=33, instrument=4)
    back = parse_midi(document.patched(sequence))
    assert sorted((n.pitch, n.program) for n in back.first.notes) == [(42, 33), (60, 5)]
    full = b"".join(note(60, channel=channel) for channel in range(16))
    document = MidiDocument.read(file(full + END))
    sequence = with_drum(document, 0, 10, is_drum=False, program=33, instrument=99)
    with pytest.raises(DataError, match="all 16 channels"):
        document.patched(sequence)


def test_a_new_stroke_lies_between_those_of_its_pitch():
    document = MidiDocument.read(
        music((0, "992a64"), (90, "892a40"), (99, "992a63"), (120, "892a40"))
    )
    made = parse_midi(document.patched(with_drum(document, 48, 110)))
    starts = [round(n.start_time / TICK) for n in made.first.notes]
    ends = [round(n.end_time / TICK) for n in made.first.notes]
    assert (starts, ends) == ([0, 48, 99], [48, 99, 120])


def test_what_is_missing_goes_and_nothing_else():
    data = music(
        (0, "992464"), (24, "892440"), (48, "993164"), (50, "a9317f"), (60, "893140"),
        (96, "992464"), (99, "892440"), (192, "ff2f00"),
    )  # fmt: skip
    document = MidiDocument.read(data)
    sequence = copied(document.sequence)
    del sequence.notes[1]
    assert at(document.patched(sequence)) == [
        (0, "992464"), (24, "892440"), (96, "992464"), (99, "892440"), (192, "ff2f00")
    ]  # fmt: skip


def test_notes_that_end_together_keep_their_end():
    data = music((0, "992464"), (48, "992463"), (60, "892440"))
    document = MidiDocument.read(data)
    sequence = copied(document.sequence)
    del sequence.notes[1]
    assert at(document.patched(sequence)) == [(0, "992464"), (60, "892440")]


def test_copies_of_a_note_are_new_notes():
    document = MidiDocument.read(music((0, "992464"), (24, "892440")))
    sequence = copied(document.sequence)
    copy = sequence.notes.add()
    copy.CopyFrom(sequence.notes[0])
    copy.start_time, copy.end_time = 96 * TICK, 110 * TICK
    assert at(document.patched(sequence)) == [
        (0, "992464"), (24, "892440"), (96, "992464"), (110, "892440")
    ]  # fmt: skip


def test_another_pitch_is_written_at_both_ends():
    document = MidiDocument.read(music((0, "992464"), (10, "a9247f"), (24, "892440")))
    sequence = copied(document.sequence)
    sequence.notes[0].pitch = 35
    assert at(document.patched(sequence)) == [
        (0, "992364"), (10, "a9237f"), (24, "892340")
    ]  # fmt: skip


# Tempo -----------------------------------------------------------------------------


def test_faster_and_slower_music_has_other_tempos_and_the_same_ticks():
    data = file(tempo(500_000) + note(36) + tempo(250_000, after=10) + note(38) + END)
    document = MidiDocument.read(data)
    made = document.patched(at_tempo(document.sequence, 60))
    back = parse_midi(made)
    assert [t.qpm for t in back.first.tempos] == [60, 120]
    assert [tick for tick, _ in at(made)] == [tick for tick, _ in at(data)]
    assert document.patched(at_tempo(document.sequence, 120)) == data


def test_a_file_without_a_tempo_gets_one():
    document = MidiDocument.read(file(note(36) + END))
    back = parse_midi(document.patched(at_tempo(document.sequence, 90)))
    assert back.first.tempos[0].qpm == pytest.approx(90)
    assert back.first.notes[0].end_time == pytest.approx(2 / 3)


def test_times_in_frames_become_others():
    (path,) = CASES.glob("52*")
    document = MidiDocument.read(path)
    assert document.patched(document.sequence) == path.read_bytes()
    qpm = document.sequence.tempos[0].qpm
    slow = at_tempo(document.sequence, qpm / 2)
    back = parse_midi(document.patched(slow)).first
    assert [n.start_time for n in back.notes] == pytest.approx(
        [n.start_time for n in slow.notes], abs=2e-3
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.tempos.add(time=1.0, qpm=99), "its tempos are others"),
        (lambda s: setattr(s.notes[0], "pitch", 128), "pitch"),
        (lambda s: setattr(s.notes[0], "start_time", float("nan")), "no numbers"),
        (lambda s: setattr(s.tempos[0], "qpm", 1.0), "tempo of 1.00"),
    ],
)
def test_what_no_file_holds_is_a_plain_error(change, message):
    document = MidiDocument.read(file(note(36) + END))
    sequence = copied(document.sequence)
    change(sequence)
    with pytest.raises(DataError, match=message):
        document.patched(sequence)


def test_patterns_of_which_one_is_edited():
    (path,) = CASES.glob("09*")
    data = path.read_bytes()
    document = MidiDocument.read(path)
    sequence = copied(document.sequence)
    for played in sequence.notes:
        played.velocity = 1
    made = read_events(document.patched(sequence))
    second = made.tracks[1]
    assert made.data[second.start : second.end] == data[second.start : second.end]
    assert set(made.second[(made.kind == 0x90) & (made.track == 0)].tolist()) <= {0, 1}


# Any file --------------------------------------------------------------------------


@settings(max_examples=40)
@given(data=files())
def test_random_files_come_back_through_humanising_by_nothing(data):
    document = MidiDocument.read(data)
    try:
        (made,) = humanize(FakeFiller(), document.sequence, amount=0.0, seed=1)
    except DataError:
        made = document.sequence
    assert document.patched(made) == data


@settings(max_examples=40)
@given(data=files(), seed=st.integers(0, 9))
def test_random_files_humanised_keep_all_but_how_drums_are_played(data, seed):
    document = MidiDocument.read(data)
    before = parse_midi(data)
    try:
        (made,) = humanize(FakeFiller(), document.sequence, seed=seed)
    except DataError:
        assume(False)
    back = parse_midi(document.patched(made))
    old, new = before.first, back.first
    assert len(new.notes) == len(old.notes)
    assert kept(back.events) == kept(before.events)
    assert openings(back.events) == openings(before.events)
    # Of each pitch the strokes follow each other as they did, as they were made.
    for pitch in {n.pitch for n in old.notes if n.is_drum}:
        wanted, played = (
            [
                n.velocity
                for n in sorted(sequence.notes, key=lambda n: n.start_time)
                if n.is_drum and n.pitch == pitch
            ]
            for sequence in (made, new)
        )
        assert sorted(wanted) == sorted(played)


@settings(max_examples=30)
@given(data=files(), seed=st.integers(0, 9))
def test_random_files_with_notes_removed_and_added(data, seed):
    document = MidiDocument.read(data)
    rng = np.random.default_rng(seed)
    sequence = copied(document.sequence)
    left = [n for n in sequence.notes if not n.is_drum or rng.random() < 0.7]
    del sequence.notes[:]
    sequence.notes.extend(left)
    for tick in rng.choice(900, 5, replace=False).tolist():
        sequence.notes.add(
            pitch=80, velocity=5, start_time=tick * TICK, end_time=(tick + 9) * TICK,
            is_drum=True,
        )  # fmt: skip
    back = parse_midi(document.patched(sequence))
    wanted = sorted((n.pitch, n.velocity, n.is_drum) for n in sequence.notes)
    assert sorted((n.pitch, n.velocity, n.is_drum) for n in back.first.notes) == wanted
    assert kept(back.events) == kept(read_events(data))
