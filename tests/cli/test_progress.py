"""Progress: silent when short, lines when there is no terminal, a bar on one."""

from __future__ import annotations

import pytest

from groovekit.cli import progress
from groovekit.cli.progress import Progress, duration


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def test_durations():
    assert [duration(s) for s in (0.2, 59.7, 75.2, 3675)] == [
        "0:00",
        "1:00",
        "1:15",
        "1:01:15",
    ]


def test_short_work_shows_nothing(clock, capsys):
    with Progress(3, "Working") as shown:
        for _ in range(3):
            clock(0.5)
            shown.advance()
    assert capsys.readouterr().err == ""


def test_plain_lines_without_a_terminal(clock, capsys):
    with Progress(100, "Converting", unit="files") as shown:
        for _ in range(100):
            clock(0.25)
            shown.advance(detail="loss 3")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == (
        "Converting  [#.......................]  8/100 files  4/s  0:23 left  loss 3"
    )
    assert (
        lines[-1] == "Converting  [########################]  100/100 files  4/s  0:25"
    )
    assert len(lines) == 4


def test_the_last_line_comes_once(clock, capsys):
    with Progress(1, "Drawing", unit="pictures") as shown:
        clock(4.0)
        shown.advance()
        shown.message("done")
    assert capsys.readouterr().err.splitlines() == [
        "Drawing  [########################]  1/1 pictures  0.25/s  0:04",
        "done",
    ]


def test_a_bar_on_a_terminal(clock, capsys, monkeypatch):
    monkeypatch.setattr(Progress, "_on_terminal", staticmethod(lambda: True))
    with Progress(10, "Training", unit="steps", start=5) as shown:
        for done in range(6, 11):
            clock(2.0)
            shown.update(done)
        shown.message("evaluated")
    text = capsys.readouterr().err
    assert text.count("\r") == 8
    assert "6/10 steps  0.5/s  0:08 left" in text
    assert "\revaluated\n" in text
    assert text.endswith("10/10 steps  0.5/s  0:10\n")


def test_without_a_total_there_is_no_bar(clock, capsys):
    with Progress(None, "Reading") as shown:
        clock(4.0)
        shown.update(2000)
    assert capsys.readouterr().err.splitlines()[0] == "Reading  2,000  500/s  0:04"
