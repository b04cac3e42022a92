"""Pictures: what is drawn where, in which files, and the messages."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from groovekit.converters.kits import get_kit
from groovekit.errors import GroovekitError, UsageError, WriteError
from groovekit.io import pictures as plotting
from groovekit.io.notes import NoteSequence
from groovekit.io.pictures import plot_sequence

KIT = get_kit("general_midi")


def groove(*notes, qpm=120.0, total=2.0, metre=None):
    """A sequence of notes ``(seconds, pitch, velocity)``."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    if metre:
        sequence.time_signatures.add(numerator=metre[0], denominator=metre[1])
    for start, pitch, velocity in notes:
        sequence.notes.add(
            pitch=pitch, velocity=velocity, start_time=start, end_time=start + 0.1
        )
    sequence.total_time = total
    return sequence


BEAT = groove((0.0, 36, 100), (0.52, 38, 120), (1.0, 36, 90), (1.49, 38, 30))


@pytest.fixture(autouse=True)
def _needs_matplotlib(request):
    if "without_matplotlib" not in request.node.name:
        pytest.importorskip("matplotlib")


def texts(path):
    """The texts of an SVG picture."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))


class TestFiles:
    def test_png(self, tmp_path):
        path = plot_sequence(BEAT, tmp_path / "a.png", kit=KIT)
        data = path.read_bytes()
        assert data.startswith(b"\x89PNG")
        width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
        assert width > 900
        assert 300 < height < width

    def test_svg_has_readable_labels(self, tmp_path):
        path = plot_sequence(BEAT, tmp_path / "a.SVG", title="A & B", kit=KIT)
        found = texts(path)
        assert {"kick", "snare", "closed hi-hat", "ride"} <= set(found)
        assert {"1", "1.2", "1.3", "1.4", "velocity", "120 bpm, 4/4"} <= set(found)
        assert "A &amp; B" in found

    def test_same_groove_same_file(self, tmp_path):
        for suffix in (".png", ".svg"):
            one, other = (
                plot_sequence(BEAT, tmp_path / f"{name}{suffix}").read_bytes()
                for name in "ab"
            )
            assert one == other

    def test_several_grooves_share_a_picture(self, tmp_path):
        path = tmp_path / "a.svg"
        plot_sequence([BEAT] * 3, path, title=["one", "two", "three"], kit=KIT)
        found = texts(path)
        assert [t for t in found if t in ("one", "two", "three")] == [
            "one",
            "two",
            "three",
        ]
        assert found.count("kick") == 3

    def test_one_title_for_all(self, tmp_path):
        path = plot_sequence([BEAT] * 2, tmp_path / "a.svg", title="grooves")
        assert texts(path).count("grooves") == 1

    def test_overwrites_only_when_asked(self, tmp_path):
        first = plot_sequence(BEAT, tmp_path / "a.svg", title="first")
        second = plot_sequence(BEAT, tmp_path / "a.svg", title="second")
        assert second.name == "a-2.svg"
        assert "first" in texts(first)
        third = plot_sequence(BEAT, tmp_path / "a.svg", title="third", overwrite=True)
        assert third == first
        assert "third" in texts(first)

    def test_nothing_to_see(self, tmp_path):
        path = plot_sequence(NoteSequence(), tmp_path / "a.svg")
        assert "120 bpm, 4/4" in texts(path)


class TestNotes:
    def roll(self, sequence, kit=KIT, bars=None):
        names, (roll,) = plotting._rolls([sequence], kit, bars)
        return names, roll

    def test_onsets_keep_their_microtiming(self):
        _, roll = self.roll(BEAT)
        np.testing.assert_allclose(roll.quarters, [0, 1.04, 2, 2.98])
        assert roll.rows.tolist() == [0, 1, 0, 1]
        assert roll.velocities.tolist() == [100, 120, 90, 30]
        assert (roll.bars, roll.quarters_per_bar) == (1, 4)

    def test_pitches_without_a_kit(self):
        names, roll = self.roll(groove((0, 36, 1), (1, 22, 1), (1, 51, 1)), kit=None)
        assert names == ["pitch 22", "kick", "ride"]
        assert roll.rows.tolist() == [1, 0, 2]

    def test_unknown_pitches_are_left_out(self):
        _, roll = self.roll(groove((0, 36, 1), (1, 1, 1)))
        assert len(roll.rows) == 1

    def test_a_bass_beside_drums_is_no_drum(self):
        sequence = groove((0, 36, 1), (0.5, 38, 1), (1, 36, 1))
        sequence.notes[0].is_drum = sequence.notes[2].is_drum = True
        _, roll = self.roll(sequence)
        assert roll.quarters.tolist() == [0.0, 2.0]

    def test_a_bass_beside_drums_has_rows_of_its_own(self):
        sequence = groove((0, 36, 1), (0.5, 38, 1), (1, 36, 1))
        sequence.notes[0].is_drum = sequence.notes[2].is_drum = True
        sequence.notes[1].pitch = 36
        names, roll = self.roll(sequence, kit=None)
        assert names == ["kick", "pitch 36"]
        assert roll.rows.tolist() == [0, 1, 0]

    def test_changes_of_tempo(self):
        sequence = groove((1.0, 36, 1), (3.0, 36, 1), total=4.0)
        sequence.tempos.add(qpm=60, time=2.0)
        _, roll = self.roll(sequence)
        np.testing.assert_allclose(roll.quarters, [2.0, 5.0])

    def test_tempo_that_begins_later(self):
        sequence = groove((0.5, 36, 1), (2.0, 36, 1))
        sequence.tempos[0].time = 1.0
        sequence.tempos[0].qpm = 60
        _, roll = self.roll(sequence)
        np.testing.assert_allclose(roll.quarters, [1.0, 3.0])

    def test_other_metres(self):
        _, roll = self.roll(groove((0, 36, 1), (2.9, 36, 1), total=3, metre=(6, 8)))
        assert (roll.bars, roll.quarters_per_bar, roll.time_signature) == (
            2,
            3.0,
            "6/8",
        )

    @pytest.mark.parametrize(
        ("total", "last", "bars"),
        [(2.0, 1.9, 1), (2.1, 1.99, 1), (2.1, 2.0, 2), (0.0, 0.0, 1), (8.0, 1.0, 4)],
    )
    def test_number_of_bars(self, total, last, bars):
        assert self.roll(groove((last, 36, 1), total=total))[1].bars == bars

    def test_bars_are_limited(self):
        long = groove(*((second, 36, 1) for second in range(200)), total=200)
        assert self.roll(long)[1].bars == plotting.MAX_BARS
        _, roll = self.roll(long, bars=2)
        assert roll.bars == 2
        np.testing.assert_allclose(roll.quarters, [0, 2, 4, 6])


class TestLines:
    LONG = groove(*[(0.5 * n - 0.02 * (n > 0), 36, 64) for n in range(20)], total=10.0)

    def rolls(self, **options):
        return plotting._rolls([self.LONG], KIT, **options)[1]

    def test_long_music_is_broken_into_lines(self):
        assert plotting.length_bars(self.LONG) == 5
        lines = self.rolls(bars_per_line=2)
        assert [(line.first_bar, line.bars) for line in lines] == [
            (1, 2),
            (3, 2),
            (5, 1),
        ]
        # Each line begins with the stroke that comes early on its first beat, and
        # no stroke is drawn twice.
        assert [len(line.quarters) for line in lines] == [8, 8, 4]
        for line in lines[1:]:
            np.testing.assert_allclose(line.quarters[:2], [-0.04, 0.96], atol=1e-9)

    def test_part_of_it(self):
        (line,) = self.rolls(first_bar=3, bars=2)
        assert (line.first_bar, line.bars) == (3, 2)
        np.testing.assert_allclose(line.quarters[[0, -1]], [-0.04, 6.96], atol=1e-9)
        (line,) = self.rolls(first_bar=5, bars=7)
        assert line.bars == 1
        with pytest.raises(UsageError, match="no bar 6"):
            plot_sequence(self.LONG, "never.svg", first_bar=6)
        with pytest.raises(UsageError, match="counted from 1, got first_bar=0"):
            plot_sequence(self.LONG, "never.svg", first_bar=0)
        with pytest.raises(UsageError, match="one bar a line, got 0"):
            plot_sequence(self.LONG, "never.svg", bars_per_line=0)

    def test_numbers_of_bars(self, tmp_path):
        path = plot_sequence(self.LONG, tmp_path / "a.svg", bars_per_line=2, title="x")
        found = texts(path)
        # The last one is the scale's of velocities.
        assert [text for text in found if text in "12345"] == list("123451")
        assert found.count("120 bpm, 4/4") == found.count("x") == 1
        assert "5.4" in found

    def test_lines_are_limited(self):
        assert len(self.rolls(bars_per_line=1)) == 5
        long = groove(*[(2.0 * n, 36, 64) for n in range(30)], total=60.0)
        _, lines = plotting._rolls([long], KIT, bars_per_line=1)
        assert len(lines) == plotting.MAX_LINES


class TestMessages:
    def test_suffix(self, tmp_path):
        with pytest.raises(UsageError, match=r"\.png or \.svg, got 'a\.pdf'"):
            plot_sequence(BEAT, tmp_path / "a.pdf")

    def test_no_grooves(self, tmp_path):
        with pytest.raises(UsageError, match="at least one groove"):
            plot_sequence([], tmp_path / "a.png")

    def test_titles(self, tmp_path):
        with pytest.raises(UsageError, match=r"one a groove \(3\), got 2"):
            plot_sequence([BEAT] * 3, tmp_path / "a.png", title=["x", "y"])

    def test_bars(self, tmp_path):
        with pytest.raises(UsageError, match="at least one bar to draw, got 0"):
            plot_sequence(BEAT, tmp_path / "a.png", bars=0)

    def test_unwritable(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(WriteError, match="Cannot write"):
            plot_sequence(BEAT, tmp_path / "file" / "a.png")

    def test_without_matplotlib(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(GroovekitError, match=r"groovekit\[plot\]"):
            plot_sequence(BEAT, tmp_path / "a.png")


def test_matplotlib_is_imported_late():
    code = "import sys, groovekit.io.pictures; print('matplotlib' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"
