"""Which notes of a MusicXML score are strokes, and on which drum."""

from __future__ import annotations

import pytest
from helpers.musicxml import DRUMS, entry, note, part, score

from groovekit.io.scores.percussion import drum_of, settle_drums
from groovekit.io.scores.xml import parse


class Placed:
    """What music21 makes of an unpitched note."""

    def __init__(self, element):
        self.displayStep = element.findtext("display-step")
        self.displayOctave = int(element.findtext("display-octave"))


def settled(parts, entries):
    """Drums of the strokes in their order; "-" for notes that keep their pitch."""
    root = parse(score(parts, entries))
    remarks = settle_drums(root)
    found = []
    for element in root.iter("note"):
        unpitched = element.find("unpitched")
        if unpitched is not None:
            found.append(drum_of(Placed(unpitched)))
        elif element.find("pitch") is not None:
            found.append("-")
        else:
            found.append("rest")
    return found, remarks


def stroke(place="F4", **options):
    return note(place, unpitched=True, **options)


def test_each_note_refers_to_one_of_the_instruments():
    content = stroke(instrument="P1-I36") + stroke(instrument="P1-I38")
    drums, remarks = settled([part([content], clef="percussion")], [entry("x", DRUMS)])
    assert drums == [36, 38]
    assert not remarks


def test_programs_that_count_drums_from_0():
    kit = {"a": ("Kick", 36), "b": ("Snare Drum", 38), "c": ("Snare wires", 39)}
    content = "".join(stroke(instrument=key) for key in kit)
    assert settled([part([content])], [entry("x", kit)]) == ([36, 38, 39], [])


def test_a_single_instrument_needs_no_reference():
    found = settled([part([stroke()])], [entry("x", {"I1": ("Cowbell", 57)})])
    assert found == ([56], [])


@pytest.mark.parametrize(
    ("name", "drum"),
    [
        ("Bass Drum 1", 36),
        ("Acoustic Bass Drum", 35),
        ("Große Trommel", 36),
        ("Grosse caisse", 36),
        ("Kick", 36),
        ("Acoustic Snare", 38),
        ("Electric Snare", 40),
        ("Side Stick", 37),
        ("Kleine Trommel", 38),
        ("Caisse claire", 38),
        ("Closed Hi-Hat", 42),
        ("Hi-hat", 42),
        ("Pedal Hi-Hat", 44),
        ("Open Hi-Hat", 46),
        ("Hi-Hat (open)", 46),
        ("Low Floor Tom", 41),
        ("High Floor Tom", 43),
        ("Low Tom", 45),
        ("Low-Mid Tom", 47),
        ("Hi-Mid Tom", 48),
        ("High Tom", 50),
        ("Crash Cymbal 1", 49),
        ("Crash Cymbal 2", 57),
        ("Ride Cymbal 1", 51),
        ("Ride Cymbal 2", 59),
        ("Ride Bell", 53),
        ("Chinese Cymbal", 52),
        ("Splash Cymbal", 55),
        ("Tambourine", 54),
        ("Cowbell", 56),
        ("Hand Clap", 39),
        ("Triangle", 81),
    ],
)
def test_instruments_without_a_number_are_known_by_name(name, drum):
    entries = [entry("Kit", {"I1": (name, None), "I2": ("Kazoo", None)})]
    content = stroke(instrument="I1")
    assert settled([part([content])], entries) == ([drum], [])
    # A part for one drum needs no instrument.
    assert settled([part([stroke()])], [entry(name)]) == ([drum], [])


@pytest.mark.parametrize(
    ("place", "head", "drum"),
    [
        ("F4", "", 36),
        ("C5", "", 38),
        ("C5", "x", 37),
        ("G5", "x", 42),
        ("G5", "circle-x", 46),
        ("F5", "x", 51),
        ("D4", "x", 44),
        ("A5", "x", 49),
        ("E5", "", 48),
        ("A4", "", 43),
        ("E6", "x", 52),
    ],
)
def test_strokes_of_no_instrument_go_by_their_place(place, head, drum):
    content = stroke(place, head=head)
    drums, (remark,) = settled([part([content])], [entry("Kit")])
    assert drums == [drum]
    assert (remark.kind, remark.count) == ("drum_by_place", 1)
    assert "1 drum stroke without a MIDI number" in remark.text


def test_on_a_single_line_stands_a_snare():
    lines = "<attributes><staff-details><staff-lines>1</staff-lines></staff-details>"
    measures = [lines + "</attributes>" + stroke("E4")]
    assert settled([part(measures)], [entry("Part 1")])[0] == [38]


def test_pitches_on_the_drums_channel_are_their_numbers():
    entries = [entry("Kit", {"I1": ("Kit", None)})]
    content = note("C2") + note("D2") + note("F#2")
    assert settled([part([content], clef="F")], entries) == ([36, 38, 42], [])


def test_pitches_under_a_percussion_clef():
    # Numbers of drums lie below the staff, places on it do not.
    content = note("C2") + note("C5") + note("G5", head="x")
    drums, remarks = settled([part([content], clef="percussion")], [entry("Kit")])
    assert drums == [36, 38, 42]
    assert remarks[0].count == 2


def test_what_has_a_program_keeps_its_pitches_under_any_clef():
    midi = "<midi-channel>2</midi-channel><midi-program>13</midi-program>"
    entries = [entry("Marimba", {"I1": ("Marimba", None)}, midi=midi)]
    content = note("C5") + note("E5")
    assert settled([part([content], clef="percussion")], entries)[0] == ["-", "-"]


def test_other_parts_are_left_alone():
    parts = [
        part([note("C3")], identifier="P2"),
        part([stroke(instrument="P1-I38")], clef="percussion"),
    ]
    entries = [entry("Bass", identifier="P2"), entry("Kit", DRUMS)]
    assert settled(parts, entries) == (["-", 38], [])


def test_cues_do_not_sound():
    cue = "<cue/>"
    content = note(more=cue) + stroke(more=cue) + note("E5")
    content += note(chord=True, more=cue) + note(quarters=0, more=cue)
    assert settled([part([content])], [entry("Kit")])[0] == ["rest", "rest", "-"]


def test_numbers_out_of_range_stay_in_midi():
    entries = [entry("Kit", {"I1": ("x", 500), "I2": ("y", None)})]
    broken = entries[0].replace("</score-part>", "<midi-instrument id='I3'>")
    broken += "<midi-unpitched>no</midi-unpitched></midi-instrument></score-part>"
    content = stroke(instrument="I1") + stroke(instrument="I3")
    assert settled([part([content])], [broken])[0] == [127, 36]
