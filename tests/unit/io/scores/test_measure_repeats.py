"""Bars that are written as a sign for the bars before them."""

from __future__ import annotations

import pytest
from helpers.musicxml import note, part, score

from groovekit.io.scores.measure_repeats import write_out
from groovekit.io.scores.xml import parse

REST = "<note><rest/><duration>96</duration></note>"


def sign(kind, count=""):
    return (
        f'<attributes><measure-style><measure-repeat type="{kind}">{count}'
        "</measure-repeat></measure-style></attributes>"
    )


def played(*measures):
    """The octaves of the notes of each measure; "-" for rests."""
    root = parse(score([part(measures)]))
    write_out(root)
    return [
        "".join(each.findtext("pitch/octave", "-") for each in measure.findall("note"))
        for measure in root.iter("measure")
    ]


@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        (
            [
                note("C5", 4),
                sign("start", 1) + REST,
                REST,
                sign("stop") + note("C3", 4),
            ],
            ["5", "5", "5", "3"],
        ),
        (
            [note("C5", 4), note("C4", 4), sign("start", 2) + REST, REST, REST],
            ["5", "4", "5", "4", "5"],
        ),
        # A sign in the measure that is its own example.
        ([sign("start", 1) + note("C5", 4), REST], ["5", "5"]),
        ([note("C5", 4), sign("start", "x") + REST], ["5", "-"]),
        ([note("C5", 4), sign("start", 9) + REST], ["5", "-"]),
    ],
)
def test_signs_are_written_out(measures, expected):
    assert played(*measures) == expected


def test_bar_lines_stay_at_the_end():
    line = '<barline location="right"><repeat direction="backward"/></barline>'
    root = parse(score([part([note("C5", 4), sign("start", 1) + REST + line])]))
    write_out(root)
    last = root.findall("part/measure")[-1]
    assert [element.tag for element in last] == ["attributes", "note", "barline"]
