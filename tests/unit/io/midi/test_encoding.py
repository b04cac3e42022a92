from __future__ import annotations

import io

import mido
import pytest

from groovekit.io.midi.encoding import encode_midi
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence


def music(*, seconds: float, instruments=((0, 0, False),)) -> NoteSequence:
    """A note of each instrument ``(number, program, is_drum)``."""
    sequence = NoteSequence(ticks_per_quarter=480, total_time=seconds)
    sequence.tempos.add(qpm=120)
    for instrument, program, is_drum in instruments:
        sequence.notes.add(
            pitch=40 + instrument % 60,
            velocity=80,
            end_time=0.5,
            instrument=instrument,
            program=program,
            is_drum=is_drum,
        )
    return sequence


def tracks(sequence: NoteSequence) -> list[mido.MidiTrack]:
    return mido.MidiFile(file=io.BytesIO(encode_midi(sequence))).tracks


def length(track: mido.MidiTrack) -> int:
    return sum(message.time for message in track)


# Length ----------------------------------------------------------------------------


@pytest.mark.parametrize("bars", [1, 4, 300])
def test_every_track_ends_on_the_bar_line(bars):
    sequence = music(seconds=2.0 * bars, instruments=[(0, 0, False), (9, 0, True)])
    assert [length(track) for track in tracks(sequence)] == [1920 * bars] * 3


def test_a_track_lasts_to_its_last_event():
    sequence = music(seconds=0.25)
    sequence.control_changes.add(time=3.0, control_number=7, control_value=1)
    assert [length(track) for track in tracks(sequence)] == [240, 2880]


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), 1e15])
def test_a_length_that_no_file_has_is_none(seconds):
    assert len(read_midi(encode_midi(music(seconds=seconds))).notes) == 1


# Channels and ports ----------------------------------------------------------------


def places(sequence: NoteSequence) -> dict[tuple[int, int], set[int]]:
    """Programs on each port and channel."""
    found: dict[tuple[int, int], set[int]] = {}
    for track in tracks(sequence):
        port = next((m.port for m in track if m.type == "midi_port"), 0)
        for message in track:
            if message.type == "program_change":
                programs = found.setdefault((port, message.channel), set())
                programs.add(message.program)
    return found


def test_up_to_fifteen_instruments_take_a_port():
    sequence = music(seconds=2, instruments=[(n, n, False) for n in range(15)])
    assert {port for port, _ in places(sequence)} == {0}
    assert not any(m.type == "midi_port" for t in tracks(sequence) for m in t)


@pytest.mark.parametrize("count", [16, 31, 100])
def test_more_take_more_ports_and_never_share_a_channel(count):
    wanted = [(n, n % 128, False) for n in range(count)] + [(200, 0, True)]
    sequence = music(seconds=2, instruments=wanted)
    found = places(sequence)
    assert len(found) == count + 1
    assert all(len(programs) == 1 for programs in found.values())
    back = read_midi(encode_midi(sequence))
    programs = sorted((n.program, n.is_drum) for n in back.notes)
    assert programs == sorted((program, drum) for _, program, drum in wanted)


def test_two_kits_take_two_ports():
    sequence = music(seconds=2, instruments=[(9, 0, True), (10, 25, True)])
    assert places(sequence) == {(0, 9): {0}, (1, 9): {25}}
    back = read_midi(encode_midi(sequence))
    assert sorted(n.program for n in back.notes) == [0, 25]
    assert all(n.is_drum for n in back.notes)


def test_drums_of_one_kit_share_their_channel():
    sequence = music(seconds=2, instruments=[(9, 0, True), (10, 0, True)])
    assert places(sequence) == {(0, 9): {0}}


# Bank select -----------------------------------------------------------------------


@pytest.mark.parametrize("time", [0.0, 0.25])
def test_the_bank_is_chosen_before_the_program(time):
    sequence = music(seconds=2, instruments=[(0, 33, False)])
    sequence.notes[0].start_time = 0.25
    for number, value in ((0, 8), (32, 1), (7, 99), (0, 9)):
        sequence.control_changes.add(
            time=time, control_number=number, control_value=value, program=33
        )
    (track,) = tracks(sequence)[1:]
    kinds = [getattr(m, "control", m.type) for m in track if not m.is_meta]
    assert kinds == [0, 32, 0, "program_change", 7, "note_on", "note_off"]


def test_a_later_bank_stays_where_it_is():
    sequence = music(seconds=2, instruments=[(0, 33, False)])
    sequence.control_changes.add(
        time=1.0, control_number=0, control_value=5, program=33
    )
    (track,) = tracks(sequence)[1:]
    kinds = [m.type for m in track if not m.is_meta]
    assert kinds == ["program_change", "note_on", "note_off", "control_change"]
