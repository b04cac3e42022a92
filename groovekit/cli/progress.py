"""Progress on stderr: a bar with rate and time left, or plain lines."""

from __future__ import annotations

import collections
import sys
import time
from types import TracebackType
from typing import Self

import click

QUIET_SECONDS = 2.0
_BAR_INTERVAL_SECONDS = 0.1
_LINE_INTERVAL_SECONDS = 10.0
_BAR_WIDTH = 24
# The rate is of the last minute: what came before may have been start-up.
_RATE_SECONDS = 60.0


def duration(seconds: float) -> str:
    """``75.2`` becomes ``"1:15"``, ``3675`` becomes ``"1:01:15"``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}"


class Progress:
    """Shows how far a piece of work is, once it has taken two seconds.

    On a terminal one line is redrawn; elsewhere a line is written every ten
    seconds. Use it as a context manager: leaving it clears the way for results.

    Args:
      total: how many units there are; None when unknown.
      label: what is being done, e.g. ``"Converting"``.
      unit: what is counted, in the plural.
      start: units done before, which the rate does not count.
    """

    def __init__(
        self,
        total: int | None,
        label: str,
        *,
        unit: str = "",
        start: int = 0,
    ) -> None:
        self.total = total
        self.label = label
        self.unit = unit
        self.done = start
        self._began = time.monotonic()
        self._shown: float | None = None
        self._width = 0
        self._written: int | None = None
        self._recent: collections.deque[tuple[float, int]] = collections.deque()

    def __enter__(self) -> Self:
        """Starts the clock."""
        self._began = time.monotonic()
        self._recent.append((self._began, self.done))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Shows the final state and ends the line."""
        del kind, error, trace
        if self._shown is None:
            return
        if self._on_terminal():
            self._show("")
            click.echo(err=True)
        elif self._written != self.done:
            self._show("")

    def follow(self, done: int, total: int | None) -> None:
        """What functions of the library take as ``progress``.

        Args:
          done: all units finished so far.
          total: as known by now; None if it is not.
        """
        self.total = total
        self.update(done)

    def update(self, done: int, detail: str = "") -> None:
        """Says that ``done`` units are finished.

        Args:
          done: all units finished so far, those before the start included.
          detail: shown at the end of the line, e.g. ``"loss 163.2"``.
        """
        self.done = done
        now = time.monotonic()
        self._recent.append((now, done))
        while len(self._recent) > 2 and now - self._recent[1][0] >= _RATE_SECONDS:
            self._recent.popleft()
        if now - self._began < QUIET_SECONDS:
            return
        wait = _BAR_INTERVAL_SECONDS if self._on_terminal() else _LINE_INTERVAL_SECONDS
        if self._shown is None or now - self._shown >= wait:
            self._shown = now
            self._show(detail)

    def advance(self, count: int = 1, detail: str = "") -> None:
        """Says that ``count`` more units are finished."""
        self.update(self.done + count, detail)

    def message(self, text: str) -> None:
        """Writes a line without tearing the bar."""
        if self._shown is not None and self._on_terminal():
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)
        click.echo(text, err=True)

    def line(self, detail: str = "") -> str:
        """The text shown: label, bar, count, rate, time left, detail."""
        seconds = time.monotonic() - self._began
        rate = self._rate()
        parts = [self.label]
        count = f"{self.done:,}" + (f"/{self.total:,}" if self.total else "")
        if self.total:
            filled = min(_BAR_WIDTH, _BAR_WIDTH * self.done // self.total)
            parts.append("[" + "#" * filled + "." * (_BAR_WIDTH - filled) + "]")
        parts.append(" ".join(filter(None, (count, self.unit))))
        parts.append(f"{rate:.3g}/s" if rate < 100 else f"{rate:,.0f}/s")
        if self.total and rate > 0 and self.done < self.total:
            parts.append(f"{duration((self.total - self.done) / rate)} left")
        else:
            parts.append(duration(seconds))
        if detail:
            parts.append(detail)
        return "  ".join(parts)

    def _rate(self) -> float:
        """Units a second over the last minute."""
        if not self._recent:
            return 0.0
        (began, first), (now, last) = self._recent[0], self._recent[-1]
        return (last - first) / (now - began) if now > began else 0.0

    def _show(self, detail: str) -> None:
        text = self.line(detail)
        self._written = self.done
        if not self._on_terminal():
            click.echo(text, err=True)
            return
        padding = " " * max(0, self._width - len(text))
        self._width = len(text)
        click.echo(f"\r{text}{padding}", err=True, nl=False)

    @staticmethod
    def _on_terminal() -> bool:
        return sys.stderr.isatty()
