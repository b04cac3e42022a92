"""Progress: silent when short, lines when there is no terminal, a bar on one."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest

from groovekit.cli import progress
from groovekit.cli.output import note
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
        note("done")
    assert capsys.readouterr().err.splitlines() == [
        "Drawing  [########################]  1/1 pictures  0.25/s  0:04",
        "done",
    ]


@pytest.fixture
def terminal(monkeypatch):
    """Makes stderr a terminal of so many columns; returns what it shows."""

    def make(columns: int) -> Callable[[], list[str]]:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("sys.stderr", written := Terminal())
        return lambda: on_screen(written.buffer.getvalue().decode())

    return make


class Terminal(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True


def on_screen(text: str) -> list[str]:
    """What a terminal shows in the end of what was written to it."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)", text):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A") and part.startswith("\x1b"):
            row -= int(part[2:-1] or 1)
        elif part == "\x1b[2K":
            lines[row] = ""
        elif not part.startswith(("\x1b", "\r")):
            lines[row] += part
    return [line.rstrip() for line in lines]


def test_a_bar_on_a_terminal(clock, terminal):
    screen = terminal(80)
    with Progress(10, "Training", unit="steps", start=5) as shown:
        for done in range(6, 9):
            clock(2.0)
            shown.update(done, "loss 3.1")
        assert screen()[-1].endswith("8/10 steps  0.5/s  0:04 left  loss 3.1")
        note("evaluated [0.5]")
        assert screen()[-2] == "evaluated [0.5]"
        assert screen()[-1].startswith("Training  ━━")
        for done in range(9, 11):
            clock(2.0)
            shown.update(done)
    assert screen() == [
        "evaluated [0.5]",
        f"Training  {'━' * 24}  10/10 steps  0.5/s  0:10",
        "",
    ]


def test_a_narrow_terminal_shows_all_of_it_in_two_lines(clock, terminal):
    screen = terminal(50)
    with Progress(200_000, "Training", unit="steps", start=12_345) as shown:
        clock(4.0)
        shown.update(12_355, "loss 163.2  KL 12.3 bits")
        assert screen()[0].endswith("━  12,355/200,000 steps")
        assert screen()[1] == "  2.5/s  20:50:58 left  loss 163.2  KL 12.3 bits"
        assert max(map(len, screen())) <= 50


def test_a_terminal_that_cannot_redraw_gets_lines(clock, terminal, monkeypatch):
    screen = terminal(80)
    monkeypatch.setenv("TERM", "dumb")
    with Progress(None, "Reading") as shown:
        clock(4.0)
        shown.update(2000)
    assert screen() == ["Reading  2,000  500/s  0:04", ""]


def test_without_a_total_there_is_no_bar(clock, capsys):
    with Progress(None, "Reading") as shown:
        clock(4.0)
        shown.update(2000)
    assert capsys.readouterr().err.splitlines()[0] == "Reading  2,000  500/s  0:04"
