"""The drums of a MusicXML score: which notes are strokes, and on what.

A percussion part names its drums three times over, and few programs write all three:
each note refers to one of the part's instruments, which may have a MIDI number; the
instrument has a name; and the note has a place on the staff and a head. The first that
tells is taken. music21 keeps only the place on the staff, and of a part's instruments
the first. So what a stroke sounds is settled before music21 reads the score, and
travels through it as the place on the staff.
"""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from typing import Any

from groovekit.io.remarks import Remark

_STEPS = "CDEFGAB"
_SEMITONES = dict(zip(_STEPS, (0, 2, 4, 5, 7, 9, 11), strict=True))
_DRUM_CHANNEL = "10"
_SNARE = 38

# What drums are called, and their numbers in General MIDI; the first match holds.
# Longer names stand before what they contain.
_NAMES = tuple(
    (re.compile(pattern), pitch)
    for pattern, pitch in (
        (r"(pedal|foot|fuß).*(hat|hh)|(hat|hh).*(pedal|foot|fuß)", 44),
        (r"(open|offen|ouvert|abiert).*(hat|hh\b|charleston)", 46),
        (r"(hat|hh\b|charleston).*(open|offen|ouvert|abiert|apert)", 46),
        (r"hi.?hat|\bhh\b|charleston", 42),
        (r"side.?stick|cross.?stick|rim|aro\b", 37),
        (r"electric snare|snare.*electric", 40),
        (r"acoustic bass drum|bass drum 2", 35),
        (r"snare|kleine trommel|caisse claire|rullante|\bcaja\b|tarola", 38),
        (
            r"bass drum 1|kick|bass drum|große trommel|grosse caisse|gran ?cassa|bombo",
            36,
        ),
        (r"low floor tom|floor tom 2", 41),
        (r"floor|stand ?tom", 43),
        (r"hi(gh)?[- ]mid tom", 48),
        (r"low[- ]mid tom|mid(dle)? tom|tom 2", 47),
        (r"low tom|tom 3", 45),
        (r"tom", 50),
        (r"ride.*bell|\bbell\b.*ride|kuppe", 53),
        (r"ride cymbal 2", 59),
        (r"ride", 51),
        (r"china|chinese", 52),
        (r"splash", 55),
        (r"crash.*2", 57),
        (r"crash|becken|cymbale?s?\b|piatti|platillo", 49),
        (r"tambourin|schellen|pandereta", 54),
        (r"cow ?bell|kuhglocke|cencerro", 56),
        (r"hand ?clap|\bclaps?\b", 39),
        (r"vibra.?slap", 58),
        (r"(high|hi) bongo", 60),
        (r"bongo", 61),
        (r"mute.*conga", 62),
        (r"(low|tumba).*conga", 64),
        (r"conga", 63),
        (r"low timbale", 66),
        (r"timbale", 65),
        (r"low agogo", 68),
        (r"agogo", 67),
        (r"cabasa|afuche", 69),
        (r"maraca|shaker", 70),
        (r"short guiro", 73),
        (r"guiro|güiro", 74),
        (r"claves?\b", 75),
        (r"low wood ?block", 77),
        (r"wood ?block", 76),
        (r"mute.*triangle", 80),
        (r"triang", 81),
    )
)

# Places on a five-line staff as drum sets are commonly written, in steps above C0:
# stems and note heads first, then crosses.
_PLACES = {
    "D4": 35, "E4": 35, "F4": 36, "G4": 41, "A4": 43, "B4": 45, "C5": 38,
    "D5": 47, "E5": 48, "F5": 50, "G5": 50, "A5": 49, "B5": 57, "C6": 55,
}  # fmt: skip
_CROSSES = {
    "D4": 44, "E4": 44, "F4": 44, "B4": 37, "C5": 37, "D5": 56, "E5": 53,
    "F5": 51, "G5": 42, "A5": 49, "B5": 57, "C6": 55, "D6": 52,
}  # fmt: skip
_CROSS_HEADS = frozenset({"x", "cross", "circle-x", "diamond", "slash"})
_OPEN_HEADS = frozenset({"circle-x"})


@dataclasses.dataclass(frozen=True)
class _Instrument:
    """One of a part's instruments.

    Attributes:
      pitch: MIDI number of its drum, from its entry or its name; None for others.
      melodic: it has a program, and no drum's number, on another channel than 10.
      on_drums: it plays on channel 10.
    """

    pitch: int | None
    melodic: bool
    on_drums: bool


def settle_drums(root: ET.Element) -> list[Remark]:
    """Gives every stroke of a score a place on the staff that says its drum.

    Strokes are unpitched notes, notes of instruments with a number for unpitched
    percussion or on channel 10, and notes under a percussion clef whose instrument has
    no program. All become unpitched notes; :func:`drum_of` reads their drum. Cues,
    which do not sound, go.

    Args:
      root: of a partwise score; changed in place.

    Returns:
      How many strokes were read by the place on the staff alone, if any were.
    """
    score_parts = {part.get("id"): part for part in root.iter("score-part")}
    found: Counter[str] = Counter()
    for part in root.findall("part"):
        entry = score_parts.get(part.get("id"))
        found += _settle_part(
            part, ET.Element("score-part") if entry is None else entry
        )
    if not found["placed"]:
        return []
    words = "{} without a MIDI number or a name: taken by the place on the staff"
    return [Remark("drum_by_place", found["placed"], words, "drum stroke")]


def drum_of(unpitched: Any) -> int:
    """The drum of an unpitched note as music21 reads it, 0 to 127."""
    place = unpitched.displayOctave * len(_STEPS) + _STEPS.index(unpitched.displayStep)
    return int(min(max(place, 0), 127))


def _settle_part(part: ET.Element, entry: ET.Element) -> Counter[str]:
    instruments = _instruments(entry)
    only = next(iter(instruments.values())) if len(instruments) == 1 else None
    named = _by_name(entry.findtext("part-name", ""))
    found: Counter[str] = Counter()
    percussion_clef = False
    lines = 5
    for measure in part.iter("measure"):
        for element in list(measure):
            if element.tag == "attributes":
                for sign in element.iter("sign"):
                    percussion_clef = (sign.text or "").strip() == "percussion"
                for staff_lines in element.iter("staff-lines"):
                    lines = _number(staff_lines.text, default=5)
            if element.tag != "note":
                continue
            if element.find("cue") is not None:
                _silence(measure, element)
                continue
            reference = element.find("instrument")
            instrument = instruments.get(
                "" if reference is None else reference.get("id", ""), only
            )
            written = element.find("unpitched")
            if written is None:
                written = element.find("pitch")
                if written is None or not _is_stroke(instrument, percussion_clef):
                    continue
            drum = None if instrument is None else instrument.pitch
            if drum is None and written.tag == "pitch":
                drum = _sounding(written, percussion_clef, instrument)
            if drum is None:
                drum = named
            if drum is None:
                found["placed"] += 1
                drum = _by_place(written, element, lines)
            _write(element, written, drum)
    return found


def _instruments(entry: ET.Element) -> dict[str, _Instrument]:
    """A part's instruments by their identifiers."""
    names = {
        instrument.get("id", ""): instrument.findtext("instrument-name", "")
        for instrument in entry.findall("score-instrument")
    }
    midi = {
        instrument.get("id", ""): instrument
        for instrument in entry.findall("midi-instrument")
    }
    numbers = {
        identifier: _number(settings.findtext("midi-unpitched"), default=-1)
        for identifier, settings in midi.items()
    }
    first = _first_number(numbers, names)
    found = {}
    for identifier in names | midi:
        settings = midi.get(identifier, ET.Element("midi-instrument"))
        number = numbers.get(identifier, -1)
        on_drums = settings.findtext("midi-channel", "").strip() == _DRUM_CHANNEL
        pitch = None
        if number >= 0:
            pitch = min(max(number - first, 0), 127)
        elif settings.find("midi-program") is None or on_drums:
            pitch = _by_name(names.get(identifier, ""))
        melodic = (
            number < 0 and not on_drums and settings.find("midi-program") is not None
        )
        found[identifier] = _Instrument(pitch, melodic, on_drums)
    return found


def _first_number(numbers: Mapping[str, int], names: Mapping[str, str]) -> int:
    """What a part counts the numbers of its drums from.

    It should be 1, and some programs count from 0: then its drums' names say so.
    """
    votes: Counter[int] = Counter()
    for identifier, number in numbers.items():
        named = _by_name(names.get(identifier, ""))
        if named is not None:
            votes[number - named] += 1
    return 0 if votes[0] > votes[1] else 1


def _is_stroke(instrument: _Instrument | None, percussion_clef: bool) -> bool:
    """Whether a note that has a pitch is a stroke on a drum all the same."""
    if instrument is None:
        return percussion_clef
    return instrument.on_drums or (percussion_clef and not instrument.melodic)


def _by_name(name: str) -> int | None:
    name = name.lower()
    for pattern, pitch in _NAMES:
        if pattern.search(name):
            return pitch
    return None


def _sounding(
    pitch: ET.Element, percussion_clef: bool, instrument: _Instrument | None
) -> int | None:
    """The MIDI number that a stroke's pitch is, where it is no place on the staff."""
    on_drums = instrument is not None and instrument.on_drums
    number = (_number(pitch.findtext("octave")) + 1) * 12
    number += _SEMITONES.get(pitch.findtext("step", "").strip(), 0)
    number += _number(pitch.findtext("alter"))
    # Drum sets are written around the middle line of the staff, C5; numbers of drums
    # lie two octaves lower.
    if percussion_clef and not (on_drums and number < 57):
        return number if number < 57 else None
    return min(max(number, 0), 127)


def _by_place(written: ET.Element, note: ET.Element, lines: int) -> int:
    prefix = "display-" if written.tag == "unpitched" else ""
    step = written.findtext(f"{prefix}step", "").strip()
    octave = _number(written.findtext(f"{prefix}octave"), default=5)
    if step not in _STEPS or not step or lines < 3:
        return _SNARE
    head = (note.findtext("notehead") or "").strip()
    places = _CROSSES if head in _CROSS_HEADS else _PLACES
    height = octave * len(_STEPS) + _STEPS.index(step)
    nearest = min(places, key=lambda place: abs(_height(place) - height))
    if head in _OPEN_HEADS and places[nearest] == 42:
        return 46
    return places[nearest]


def _height(place: str) -> int:
    return int(place[1]) * len(_STEPS) + _STEPS.index(place[0])


def _write(note: ET.Element, written: ET.Element, drum: int) -> None:
    """Makes a note a stroke whose place on the staff says its drum."""
    octave, step = divmod(drum, len(_STEPS))
    unpitched = ET.Element("unpitched")
    ET.SubElement(unpitched, "display-step").text = _STEPS[step]
    ET.SubElement(unpitched, "display-octave").text = str(octave)
    position = list(note).index(written)
    note[position] = unpitched


def _silence(measure: ET.Element, note: ET.Element) -> None:
    """Takes a cue out and keeps its time."""
    if note.find("chord") is not None or note.find("grace") is not None:
        measure.remove(note)
        return
    for tag in ("pitch", "unpitched"):
        written = note.find(tag)
        if written is not None:
            note[list(note).index(written)] = ET.Element("rest")


def _number(text: str | None, default: int = 0) -> int:
    try:
        return round(float(text or ""))
    except (ValueError, OverflowError):
        return default
