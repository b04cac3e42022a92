"""Drums off channel 10, or of other pitches: what is played and what is left."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.sequences import beat

from groovekit.converters.kits import general_midi, general_midi_up_2
from groovekit.converters.options import kit_reading
from groovekit.errors import DataError
from groovekit.generation.masked_player import MaskedPlayer
from groovekit.generation.takes import read_take
from groovekit.io.drum_tracks import mark_drums
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence

CASES = Path(__file__).parents[2] / "data" / "midi_cases"


@pytest.fixture(scope="module")
def model():
    return MaskedPlayer.load("mask-groove")


def case(name):
    (path,) = CASES.glob(f"{name}*.mid")
    return read_midi(path)


def song(*tracks):
    """Two bars of (name, program, notes); drums are kick, snare and hats."""
    sequence = beat(bars=0)
    for number, (name, program, notes) in enumerate(tracks):
        sequence.instrument_infos.add(instrument=number, name=name)
        for note in notes:
            copy = sequence.notes.add()
            copy.CopyFrom(note)
            copy.instrument, copy.program = number, program
    sequence.total_time = 4.0
    return sequence


DRUMS = list(beat(hats=True, is_drum=False).notes)
KICK, SNARE, HATS = ([n for n in DRUMS if n.pitch == p] for p in (36, 38, 42))


def melody(*pitches):
    notes = []
    for index in range(16):
        pitch = pitches[index % len(pitches)]
        start = index * 0.25 + 0.003
        note = NoteSequence.Note(pitch=pitch, velocity=71, start_time=start)
        note.end_time = start + 0.2
        notes.append(note)
    return notes


BASS = melody(40, 43, 45, 38, 36)
ELSEWHERE = {
    "case 05": (lambda: case("05"), 48),
    "case 06": (lambda: case("06"), 48),
    "case 64": (lambda: case("64"), 48),
    "german": (
        lambda: song(("Bass", 33, BASS), ("Schlagzeug", 0, DRUMS), ("Piano", 0, BASS)),
        24,
    ),
    "a track a drum": (
        lambda: song(
            ("Kick", 0, KICK),
            ("Snare", 0, SNARE),
            ("HiHat", 0, HATS),
            ("Bass", 38, BASS),
        ),
        24,
    ),
    "a product": (
        lambda: song(("EZdrummer 3", 25, DRUMS), ("Lead", 81, melody(60, 66, 62))),
        24,
    ),
    "percussion": (
        lambda: song(("Percussion", 0, DRUMS), ("Percussion", 12, melody(60, 64))),
        24,
    ),
    "a track without a name": (lambda: song(("", 0, DRUMS)), 24),
}


@pytest.mark.parametrize("amount", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_drums_are_played_and_nothing_else_is_touched(model, name, amount):
    make, hits = ELSEWHERE[name]
    sequence = make()
    take = read_take(sequence, model.converter)
    drums = set(take.notes.tolist())
    assert len(drums) == hits
    (played,) = model.humanize(sequence, amount=amount, seed=1)
    assert len(played.notes) == len(sequence.notes)
    moved = 0
    for at, (before, after) in enumerate(
        zip(sequence.notes, played.notes, strict=True)
    ):
        if at in drums and amount:
            moved += before.start_time != after.start_time
            after.start_time, after.end_time = before.start_time, before.end_time
            after.velocity = before.velocity
        # Pitch, channel and program of drums stay, too.
        assert after == before
    assert not amount or moved > hits / 2


@pytest.mark.parametrize(
    "notes",
    [BASS, melody(36, 36, 43, 41), melody(35, 38, 40, 42, 43), melody(60, 64, 67)],
)
def test_a_bass_or_a_melody_alone_is_no_drums(model, notes):
    for name in ("Bass", "", "808 Bass"):
        with pytest.raises(DataError, match="no drum notes") as caught:
            model.humanize(song((name, 0, notes)))
        assert "`drum_track`" in str(caught.value)


def test_drums_by_hand(model):
    sequence = song(("Pads", 0, DRUMS), ("Bass", 33, BASS))
    with pytest.raises(DataError, match="no drum notes"):
        model.humanize(sequence)
    asked = MaskedPlayer.load("mask-groove", instruments="drums")
    (played,) = asked.humanize(mark_drums(sequence, "pads"), seed=1)
    assert list(played.notes[-16:]) == list(sequence.notes[-16:])
    assert len(read_take(mark_drums(sequence, "1"), asked.converter).notes) == 24


# Pitches of other kits ----------------------------------------------------------------


def other_kit(**pitches):
    sequence = beat(hats=True)
    for note in sequence.notes:
        note.pitch = pitches.get(f"p{note.pitch}", note.pitch)
    return sequence


def moved(by):
    return other_kit(p36=36 + by, p38=38 + by, p42=42 + by)


OTHERS = {
    "case 30": (lambda: case("30"), "general_midi"),
    "case 49": (lambda: case("49"), "general_midi_up_2"),
    "claps": (lambda: other_kit(p38=39), "general_midi"),
    "cowbell": (lambda: other_kit(p36=35, p42=51), "general_midi"),
    "an octave up": (lambda: moved(12), "general_midi_up_1"),
    "two octaves up": (lambda: moved(24), "general_midi_up_2"),
    "an octave down": (lambda: moved(-12), "general_midi_down_1"),
    "superior drummer": (lambda: other_kit(p42=61), "superior_drummer"),
    "addictive drums": (lambda: other_kit(p42=54), "addictive_drums"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_kits_of_others(model, name):
    make, kit = OTHERS[name]
    sequence = make()
    found = kit_reading(model.converter, sequence)
    assert (found.kit.name, found.known) == (kit, found.notes)
    assert not found.unknown
    take = read_take(sequence, model.converter)
    assert (take.counts.unmapped, take.counts.ignored) == (0, 0)
    (played,) = model.humanize(sequence, seed=1)
    assert [n.pitch for n in played.notes] == [n.pitch for n in sequence.notes]
    # All of them are played.
    starts = [n.start_time for n in sequence.notes]
    assert sum(n.start_time != t for n, t in zip(played.notes, starts, strict=True)) > (
        0.8 * len(starts)
    )


def test_a_kit_up_is_played_as_the_kit(model):
    played = [
        [(n.start_time, n.velocity) for n in model.humanize(sequence, seed=3)[0].notes]
        for sequence in (moved(0), moved(12), moved(24), moved(-12))
    ]
    assert played[1:] == played[:1] * 3


def test_what_is_added_belongs_to_the_drums_that_are_there(model):
    """To their track, and in their kit."""
    sequence = song(("Bass", 33, BASS), ("Schlagzeug", 25, KICK + SNARE))
    (more,) = model.add(sequence, drums="closed_hihat", seed=1)
    new = list(more.notes)[len(sequence.notes) :]
    assert new
    assert {(n.instrument, n.program, n.is_drum) for n in new} == {(1, 25, False)}
    every = {"drums": "hats,toms,cymbals", "temperature": 1.5, "seed": 1}
    (more,) = model.add(moved(24), **every)
    new = {n.pitch for n in list(more.notes)[24:]}
    assert new
    assert new <= set(general_midi_up_2().representatives.tolist())
    # Asked for, another kit is written.
    asked = MaskedPlayer.load("mask-groove", output_kit="general_midi")
    (more,) = asked.add(moved(24), **every)
    new = {n.pitch for n in list(more.notes)[24:]}
    assert new <= set(general_midi().representatives.tolist())
