from __future__ import annotations

import numpy as np
import pytest

from groovekit.errors import DataError
from groovekit.io.columns import read_columns
from groovekit.io.drum_tracks import (
    Why,
    drum_tracks,
    mark_drums,
    plays_a_kit,
    with_drums_marked,
)
from groovekit.io.notes import NoteSequence

EIGHTH = 0.25
# Two bars of eighths: hats, kick on one and three, snare on two and four.
BEAT = [(i * EIGHTH, 42) for i in range(16)]
BEAT += [(i * EIGHTH, 36 if i % 4 == 0 else 38) for i in range(0, 16, 2)]
PIANO = [(i * EIGHTH, 60 + i % 5) for i in range(16)]
# Pitches of a kit, one at a time.
BASS = [(i * EIGHTH, [36, 36, 43, 41, 38, 40, 45, 47][i % 8]) for i in range(16)]


def song(*tracks, banks=()):
    """A sequence of (name, program, is_drum, notes), one instrument each."""
    sequence = NoteSequence(total_time=4.0)
    for number, (name, program, is_drum, notes) in enumerate(tracks):
        if name:
            sequence.instrument_infos.add(instrument=number, name=name)
        for start, pitch in notes:
            sequence.notes.add(
                instrument=number,
                program=program,
                is_drum=is_drum,
                pitch=pitch,
                velocity=90,
                start_time=start,
                end_time=start + 0.1,
            )
    for number, bank in banks:
        sequence.control_changes.add(
            instrument=number, control_number=0, control_value=bank
        )
    return sequence


def why(sequence):
    return [track.why for track in drum_tracks(sequence).tracks]


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        # The channel says it all, whatever names and programs are.
        ([("Piano", 0, False, PIANO), ("", 0, True, BEAT)], [None, Why.CHANNEL]),
        ([("Strings", 48, True, BASS)], [Why.CHANNEL]),
        # A name.
        ([("Piano", 0, False, PIANO), ("Drums", 0, False, BEAT)], [None, Why.NAME]),
        ([("Bass", 0, False, BASS), ("Drum Kit", 0, False, BEAT)], [None, Why.NAME]),
        ([("Klavier", 0, False, PIANO), ("Schlagzeug", 0, False, BEAT)],
         [None, Why.NAME]),
        # Of several tracks, one for each drum.
        ([("Kick", 0, False, BEAT[16::2]), ("Snare", 0, False, BEAT[17::2]),
          ("Lead", 81, False, PIANO)], [Why.NAME, Why.NAME, None]),
        ([("Kick", 0, False, BEAT[16::2]), ("HH", 0, False, BEAT[:16]),
          ("808", 0, False, BASS)], [Why.NAME, Why.NAME_AND_NOTES, None]),
        # Of a kit whose pitches are no General MIDI.
        ([("Bass", 33, False, BASS), ("Addictive Drums", 0, False, PIANO)],
         [None, Why.NAME]),
        # A name that may be of drums, and notes that are.
        ([("Bass", 33, False, BASS), ("Percussion", 0, False, BEAT)],
         [None, Why.NAME_AND_NOTES]),
        ([("Percussion", 12, False, PIANO), ("Piano", 0, False, BASS)], [None, None]),
        ([("808 Bass", 38, False, BASS), ("Piano", 0, False, PIANO)], [None, None]),
        ([("Drum & Bass", 38, False, BASS), ("Piano", 0, False, PIANO)], [None, None]),
        # Programs that no kit has: single drums with a melody, and others.
        ([("Synth Drum", 118, False, PIANO), ("", 0, False, BASS)], [None, None]),
        ([("Melodic Tom", 117, False, BASS), ("", 0, False, PIANO)], [None, None]),
        ([("Drums", 33, False, BASS), ("", 0, False, PIANO)], [None, None]),
        ([("Steel Drums", 114, False, PIANO), ("", 0, True, BEAT)],
         [None, Why.CHANNEL]),
        # Kits of General Standard are programs, too.
        ([("Drums", 25, False, BEAT), ("", 0, False, PIANO)], [Why.NAME, None]),
        # Beside drums on channel 10, a name alone is not enough.
        ([("Drums 2", 0, False, BEAT), ("", 0, True, BEAT)],
         [Why.NAME_AND_NOTES, Why.CHANNEL]),
        ([("Drum Solo Lead", 81, False, PIANO), ("", 0, True, BEAT)],
         [None, Why.CHANNEL]),
        ([("Drums", 0, False, PIANO), ("", 0, True, BEAT)], [None, Why.CHANNEL]),
        # A title that all tracks have says nothing of one.
        ([("Battery", 30, False, PIANO), ("Battery", 33, False, BASS)], [None, None]),
        ([("Drum Song", 0, False, PIANO), ("Drum Song", 0, False, BEAT)],
         [None, Why.NAME_AND_NOTES]),
        # The only instrument, by its notes.
        ([("", 0, False, BEAT)], [Why.NOTES]),
        ([("Track 1", 0, False, BEAT)], [Why.NOTES]),
        ([("", 0, False, BASS)], [None]),
        ([("", 33, False, BASS)], [None]),
        ([("", 0, False, PIANO)], [None]),
        # Of several without a name, none.
        ([("", 0, False, BEAT), ("", 0, False, PIANO)], [None, None]),
    ],
)  # fmt: skip
def test_what_says_that_instruments_are_drums(tracks, expected):
    assert why(song(*tracks)) == expected


@pytest.mark.parametrize("bank", [120, 127])
def test_banks_of_drum_kits(bank):
    tracks = [("", 0, False, PIANO), ("", 0, False, BEAT)]
    assert why(song(*tracks, banks=[(1, bank)])) == [None, Why.BANK]
    # In other standards the bank is one of melodies.
    assert why(song(*tracks, banks=[(0, bank)])) == [None, None]
    assert why(song(*tracks, banks=[(1, 8)])) == [None, None]


def test_the_notes_that_are_drums_and_a_line_that_says_why():
    sequence = song(("Piano", 0, False, PIANO), ("Drums", 0, False, BEAT))
    found = drum_tracks(sequence)
    assert found.is_drum.tolist() == [False] * 16 + [True] * 24
    assert [str(track) for track in found.tracks] == ["1 'Piano'", "2 'Drums'"]
    assert found.remark == (
        "the drums are track 2 'Drums' by its name; 16 notes of another track are no "
        "drums"
    )
    assert read_columns(sequence).is_drum.sum() == 24
    assert read_columns(sequence, onsets_only=True).is_drum.sum() == 24
    assert not read_columns(sequence, marked_only=True).is_drum.any()


def test_channel_10_is_not_worth_a_line():
    assert not drum_tracks(song(("Piano", 0, False, PIANO), ("", 0, True, BEAT))).remark
    assert not drum_tracks(NoteSequence()).remark
    assert not drum_tracks(song(("Piano", 0, False, PIANO))).remark


def test_one_number_for_drums_and_something_else():
    sequence = song(("", 0, True, BEAT))
    sequence.notes.add(pitch=60, velocity=90, start_time=0, end_time=1)
    found = drum_tracks(sequence)
    assert [(t.notes, t.why) for t in found.tracks] == [(1, None), (24, Why.CHANNEL)]


# By hand ------------------------------------------------------------------------------

THREE = song(
    ("Piano", 0, False, PIANO), ("Drums", 0, False, BEAT), ("Drums 2", 0, True, BEAT)
)


@pytest.mark.parametrize(
    ("track", "channels", "instruments"),
    [
        ("piano", None, {0}),
        ("DRUMS", None, {1}),
        ("2", None, {1}),
        ("3", None, {2}),
        ("ch10", None, {2}),
        ("10", None, {2}),
        ("16", {0: 1, 1: 16, 2: 10}, {1}),
        ("channel 16", {0: 1, 1: 16, 2: 10}, {1}),
        ("Ch 1", {0: 1, 1: 16, 2: 10}, {0}),
    ],
)
def test_drums_by_hand_are_the_only_ones(track, channels, instruments):
    before = THREE.SerializeToString()
    marked = mark_drums(THREE, track, channels=channels)
    assert {n.instrument for n in marked.notes if n.is_drum} == instruments
    assert THREE.SerializeToString() == before
    found = drum_tracks(marked, by_hand=True)
    assert {t.instrument for t in found.drums} == instruments
    assert {t.why for t in found.drums} == {Why.HAND}
    assert not found.remark
    assert not found.remarks


def test_a_name_that_is_a_number():
    sequence = song(("2", 0, False, BEAT), ("", 0, False, PIANO))
    marked = mark_drums(sequence, "2")
    assert {n.instrument for n in marked.notes if n.is_drum} == {0}


def test_no_such_track():
    with pytest.raises(DataError) as caught:
        mark_drums(THREE, "Congas")
    assert str(caught.value) == (
        "No track 'Congas': expected the name of one, its number, or its channel "
        "(ch16). The tracks are 1 'Piano' (16 notes), 2 'Drums' (24 notes), 3 "
        "'Drums 2' (24 notes)."
    )
    with pytest.raises(DataError, match="Only MIDI files say which channel"):
        mark_drums(THREE, "ch16")
    with pytest.raises(DataError, match=r"x\.mid: no track .* are none\."):
        mark_drums(NoteSequence(), "1", name="x.mid")


def test_drums_that_are_found_are_marked():
    sequence = song(("Piano", 0, False, PIANO), ("Drums", 0, False, BEAT))
    marked = with_drums_marked(sequence)
    assert [n.is_drum for n in marked.notes] == [False] * 16 + [True] * 24
    assert not any(n.is_drum for n in sequence.notes)
    assert with_drums_marked(marked) is marked


# Notes of a kit -----------------------------------------------------------------------


def kit(notes):
    start, pitch = np.array(notes, float).T
    return plays_a_kit(pitch.astype(int), start)


def test_notes_of_a_kit():
    assert kit(BEAT)
    # Played by hand: struck together, but not at once.
    rng = np.random.default_rng(0)
    assert kit([(t + rng.normal(0, 0.004), p) for t, p in BEAT])
    # One stroke after the other, and the ride instead of the hats.
    assert kit([(i * EIGHTH, [36, 42, 38, 42][i % 4]) for i in range(32)])
    assert kit([(t, 51 if p == 42 else p) for t, p in BEAT])
    assert kit([*BEAT, (3.8, 47), (3.9, 43), (0.0, 49), (3.0, 39)])


def test_notes_of_something_else():
    assert not plays_a_kit(np.zeros(0, int), np.zeros(0))
    # No hats, a kit an octave higher, one drum.
    assert not kit([(t, p) for t, p in BEAT if p != 42])
    assert not kit([(t, p + 12) for t, p in BEAT])
    assert not kit([(i * EIGHTH, 36) for i in range(16)])
    # Octaves and fifths of a left hand.
    left = [(i * EIGHTH, root) for i, root in enumerate([40, 38, 36, 38] * 4)]
    assert not kit(left + [(t, p + 12) for t, p in left])
    assert not kit(left + [(t, p + 7) for t, p in left])


def test_basses_are_no_drums():
    """In every key, diatonic and chromatic, walking and on roots and fifths."""
    rng = np.random.default_rng(1)
    major = np.array([0, 2, 4, 5, 7, 9, 11])
    for key in range(12):
        scale = np.sort((major + key) % 12)
        low = np.concatenate([scale + 24, scale + 36])
        low = low[(low >= 28) & (low <= 55)]
        for _ in range(20):
            walk = np.clip(np.cumsum(rng.integers(-2, 3, 64)) + 5, 0, len(low) - 1)
            chromatic = np.clip(np.cumsum(rng.integers(-2, 3, 64)) + 40, 28, 55)
            riff = np.tile(rng.choice(low, 4), 16)
            for pitches in (low[walk], chromatic, riff):
                assert not plays_a_kit(pitches, np.arange(64) * EIGHTH)
