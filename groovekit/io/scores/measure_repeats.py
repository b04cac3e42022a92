"""Bars that are written as a sign for the bars before them, as drum parts are."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET

# What sounds in a measure and what moves along it.
_CONTENT = frozenset({"note", "backup", "forward"})


def write_out(root: ET.Element) -> None:
    """Writes the notes into the measures that repeat others by a sign.

    Programs give such measures a rest, and so do readers.

    Args:
      root: of a partwise score; changed in place.
    """
    for part in root.findall("part"):
        measures = part.findall("measure")
        count = 0
        for number, measure in enumerate(measures):
            for sign in measure.iter("measure-repeat"):
                text = (sign.text or "").strip()
                repeats = sign.get("type") == "start" and text.isdecimal()
                # Signs stand for one, two or four measures.
                count = int(text[:2]) if repeats else 0
            if 0 < count <= number:
                _fill(measure, measures[number - count])


def _fill(measure: ET.Element, source: ET.Element) -> None:
    """Gives a measure the notes of another."""
    for element in list(measure):
        if element.tag in _CONTENT:
            measure.remove(element)
    # Signs at its begin stay there, and so does a bar line at its end.
    end = len(measure)
    while end and measure[end - 1].tag == "barline":
        end -= 1
    notes = [element for element in source if element.tag in _CONTENT]
    measure[end:end] = copy.deepcopy(notes)
