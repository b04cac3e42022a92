"""Pictures of reports, read back."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from helpers import tiny

from groovekit.evaluation import report_svg

SVG = "{http://www.w3.org/2000/svg}"


def parts(text, tag, kind=None):
    root = ET.fromstring(text)  # noqa: S314 - our own
    found = root.iter(f"{SVG}{tag}")
    return [item for item in found if kind is None or item.get("class") == kind]


def texts(text):
    return ["".join(item.itertext()) for item in parts(text, "text")]


def test_piano_roll():
    sequence = tiny.groove(0, bars=2)
    rows = [("kick", (36,)), ("snare", (38,)), ("hat & co", (42,))]
    drawn = report_svg.piano_roll(sequence, title="A <b>", rows=rows)
    assert parts(drawn, "title")[0].text == "A <b>"
    assert texts(drawn) == ["kick", "snare", "hat & co"]
    notes = parts(drawn, "rect", "note")
    assert len(notes) == len(sequence.notes)
    # A step of 125 ms is 9 wide; notes begin where they are played.
    first = sequence.notes[0]
    assert float(notes[0].get("x")) == pytest.approx(
        88 + first.start_time / 0.125 * 9, abs=0.06
    )
    shade = 0.2 + 0.8 * first.velocity / 127
    assert float(notes[0].get("fill-opacity")) == pytest.approx(shade, abs=0.006)
    assert len(parts(drawn, "line", "bar")) == 3
    assert len(parts(drawn, "line", "beat")) == 6


def test_piano_roll_without_rows_names_pitches():
    drawn = report_svg.piano_roll(tiny.groove(0, bars=1), title="x")
    assert texts(drawn) == ["36", "38", "42"]


def test_intervals():
    rows = [
        ("the model", {"value": 0.5, "low": 0.25, "high": 0.9}),
        ("silence", {"value": None, "low": None, "high": None}),
        ("alone", {"value": 0.75, "low": None, "high": None}),
    ]
    drawn = report_svg.intervals(rows, title="F1")
    (own,) = parts(drawn, "circle", "own")
    (other,) = parts(drawn, "circle", "other")
    # The axis goes from 0 to 1 over 380.
    assert float(own.get("cx")) == pytest.approx(200 + 190, abs=0.06)
    assert float(other.get("cx")) == pytest.approx(200 + 285, abs=0.06)
    (line,) = parts(drawn, "line", "own")
    assert float(line.get("x2")) == pytest.approx(200 + 0.9 * 380, abs=0.06)
    assert not parts(drawn, "line", "other")
    assert "nothing to measure" in texts(drawn)
    assert [t for t in texts(drawn) if t in ("0.2", "0.4", "0.6", "0.8", "1")]


@pytest.mark.parametrize(
    ("least", "step"), [(0.15, 0.2), (8.2, 10), (0.2, 0.2), (3, 5)]
)
def test_axes_are_round(least, step):
    assert report_svg._round_step(least) == pytest.approx(step)


@pytest.mark.parametrize("value", [0.0, None])
def test_intervals_of_nothing(value):
    table = {"value": value, "low": None, "high": None}
    drawn = report_svg.intervals([("the model", table)], title="Hits")
    assert "nan" not in drawn
    assert len(parts(drawn, "circle")) == (value is not None)


def test_histogram():
    sets = {"held_out": [0.5, 0.5], "samples": [0.0, 1.0]}
    drawn = report_svg.histogram([0, 1, 2], sets, title="density")
    (filled,) = parts(drawn, "polygon")
    (line,) = parts(drawn, "polyline")
    assert line.get("class") == "outline samples"
    heights = [float(p.split(",")[1]) for p in filled.get("points").split()]
    assert min(heights) == pytest.approx(90 - 42)
    assert texts(drawn) == ["0", "2"]
