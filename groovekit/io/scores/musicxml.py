"""MusicXML files to note sequences."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from groovekit.errors import DataError
from groovekit.io.notes import NoteSequence
from groovekit.io.remarks import Remark
from groovekit.io.scores.library import brief, music21, warnings_as_remarks
from groovekit.io.scores.measure_repeats import write_out
from groovekit.io.scores.percussion import settle_drums
from groovekit.io.scores.sequences import to_sequence
from groovekit.io.scores.xml import parse, unpack

_KIND = "MusicXML"
_NUMBER = re.compile(r"\d+")
# Music repeats itself a few times; a score that asks for more is played so often.
_MAX_TIMES = 16
# The longest movements have some 1,500; reading takes the square of their number.
_MAX_MEASURES = 2000


def parse_musicxml(data: bytes) -> tuple[NoteSequence, list[Remark]]:
    """Reads a MusicXML file, compressed or not.

    Args:
      data: contents of the file.

    Returns:
      The score as it is played, through all repeats, and what was mended or left out.

    Raises:
      DataError: not readable, too large, or music21 is not installed.
    """
    if not data:
        raise DataError("the file is empty")
    converter = music21("converter", _KIND)
    root = _partwise(parse(unpack(data)))
    _bound_measures(root)
    _bound_repeats(root)
    write_out(root)
    remarks = settle_drums(root)
    with warnings_as_remarks() as warned:
        try:
            text = ET.tostring(root, encoding="unicode")
            score = converter.parseData(text, format="musicxml")
            score.toSoundingPitch(inPlace=True)
            sequence, found = to_sequence(list(score.parts), _KIND)
        except DataError:
            raise
        # Whatever a damaged score leads to: one thing to its user.
        except Exception as error:
            raise DataError(f"not readable as MusicXML: {brief(error)}") from error
    sequence.source_info.encoding_type = NoteSequence.SourceInfo.MUSIC_XML
    return sequence, [*remarks, *found, *warned]


def _partwise(root: ET.Element) -> ET.Element:
    """A score by parts; scores by measures are turned."""
    if root.tag == "score-partwise":
        return root
    if root.tag != "score-timewise":
        raise DataError("not MusicXML (it has no score-partwise)")
    parts: dict[str, ET.Element] = {}
    for measure in root.findall("measure"):
        for content in measure.findall("part"):
            identifier = content.get("id", "")
            part = parts.setdefault(identifier, ET.Element("part", id=identifier))
            turned = ET.SubElement(part, "measure", measure.attrib)
            turned.extend(content)
        root.remove(measure)
    root.tag = "score-partwise"
    root.extend(parts.values())
    return root


def _bound_measures(root: ET.Element) -> None:
    """Refuses what takes too long, and says the time signature where a part does not.

    Without one music21 looks for it from each measure on.

    Raises:
      DataError: a part has more measures than music has.
    """
    for part in root.findall("part"):
        measures = part.findall("measure")
        if len(measures) > _MAX_MEASURES:
            raise DataError(
                f"has a part of {len(measures):,} measures; expected at most "
                f"{_MAX_MEASURES:,}"
            )
        if measures and measures[0].find("attributes/time") is None:
            attributes = ET.Element("attributes")
            time = ET.SubElement(attributes, "time")
            ET.SubElement(time, "beats").text = "4"
            ET.SubElement(time, "beat-type").text = "4"
            measures[0].insert(0, attributes)


def _bound_repeats(root: ET.Element) -> None:
    """Keeps numbers of repetitions to what music has."""

    def bounded(match: re.Match[str]) -> str:
        # Three digits are enough to tell: there is no end to the length of a number.
        return str(min(int(match[0][:3]), _MAX_TIMES))

    for tag, attribute in (("repeat", "times"), ("ending", "number")):
        for element in root.iter(tag):
            numbers = _NUMBER.sub(bounded, element.get(attribute, ""))
            if numbers:
                element.set(attribute, numbers)
