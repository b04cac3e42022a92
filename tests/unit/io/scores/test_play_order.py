"""Repeats, endings, da capo and dal segno."""

from __future__ import annotations

import pytest
from helpers.installed import needs_music21
from helpers.musicxml import note, part, score

from groovekit.io.scores.play_order import play_order

pytestmark = needs_music21

BEGIN = '<barline location="left"><repeat direction="forward"/></barline>'
CAPO = "<direction><direction-type><words>{}</words></direction-type></direction>"
SEGNO = "<direction><direction-type><segno/></direction-type></direction>"
CODA = "<direction><direction-type><coda/></direction-type></direction>"


def end(times="", ending=""):
    closed = f'<ending number="{ending}" type="stop"/>' if ending else ""
    attribute = f'times="{times}"' if times else ""
    repeat = f'<repeat direction="backward" {attribute}/>'
    return f'<barline location="right">{closed}{repeat}</barline>'


def opened(number):
    return (
        f'<barline location="left"><ending number="{number}" type="start"/></barline>'
    )


def closed(number):
    return (
        f'<barline location="right"><ending number="{number}" type="stop"/></barline>'
    )


def order(*measures, more=()):
    """Measures, from 1, as played; each is what stands around its note."""
    from music21 import converter

    def made(around):
        before, _, behind = around.partition("|")
        return before + note(quarters=4) + behind

    texts = [part([made(measure) for measure in measures]), *more]
    parsed = converter.parseData(score(texts).decode(), format="musicxml")
    parts = [list(each.getElementsByClass("Measure")) for each in parsed.parts]
    found, remarks = play_order(parts)
    return [number + 1 for number in found], [remark.kind for remark in remarks]


@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        (["", "", ""], [1, 2, 3]),
        (["", "|" + end(), ""], [1, 2, 1, 2, 3]),
        (["", BEGIN, "|" + end(), ""], [1, 2, 3, 2, 3, 4]),
        (["", BEGIN + "|" + end(3), ""], [1, 2, 2, 2, 3]),
        # Without a begin, back to the end of the repeat before.
        (["", "|" + end(), "", "|" + end()], [1, 2, 1, 2, 3, 4, 3, 4]),
        (
            ["", opened(1) + "|" + end(ending=1), opened(2) + "|" + closed(2), ""],
            [1, 2, 1, 3, 4],
        ),
        (
            [
                "",
                opened("1, 2") + "|" + end(ending="1, 2"),
                opened(3) + "|" + closed(3),
            ],
            [1, 2, 1, 2, 1, 3],
        ),
        # The first ending has no bracket.
        (["", "|" + end(), opened(2) + "|" + closed(2), ""], [1, 2, 1, 2, 3, 4]),
        # A begin without an end, an end in the first measure.
        (["", BEGIN, ""], [1, 2, 3]),
        (["|" + end(), ""], [1, 1, 2]),
        (["", "|" + CAPO.format("D.C.")], [1, 2, 1, 2]),
        (
            ["", "|" + CAPO.format("Fine"), "|" + CAPO.format("D.C. al Fine")],
            [1, 2, 3, 1, 2],
        ),
        (
            ["", SEGNO, "|" + CAPO.format("Fine"), "|" + CAPO.format("D.S. al Fine")],
            [1, 2, 3, 4, 2, 3],
        ),
        (
            ["", SEGNO, "|" + CODA, "|" + CAPO.format("D.S. al Coda"), CODA],
            [1, 2, 3, 4, 2, 3, 5],
        ),
        # No repeats behind a jump, and the last endings.
        (
            [
                BEGIN,
                opened(1) + "|" + end(ending=1),
                opened(2) + "|" + closed(2),
                "|" + CAPO.format("D.C."),
            ],
            [1, 2, 1, 3, 4, 1, 3, 4],
        ),
    ],
)
def test_measures_as_they_are_played(measures, expected):
    assert order(*measures) == (expected, [])


def test_repeats_of_thousands_are_played_some_times():
    assert order(BEGIN + "|" + end(1_000_000))[0] == [1] * 16


def test_signs_that_leave_measures_out_are_passed_over():
    measures = ["", opened(7) + "|" + closed(7), ""]
    assert order(*measures) == ([1, 2, 3], ["repeats"])


def test_signs_of_any_part_count():
    other = part([note(quarters=4)] * 3, identifier="P2")
    played = order(BEGIN + "|" + end(), "", "", more=[other])
    assert played == ([1, 1, 2, 3], [])
