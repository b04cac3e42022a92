"""Progress on stderr: a bar with rate and time left, or plain lines."""

from __future__ import annotations

import collections
import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from groovekit.cli.output import note

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

QUIET_SECONDS = 2.0
_BAR_INTERVAL_SECONDS = 0.1
_LINE_INTERVAL_SECONDS = 10.0
_BAR_WIDTH, _NARROWEST_BAR = 24, 8
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

    On a terminal a bar is redrawn, and what is written to stderr meanwhile comes
    above it; elsewhere a line is written every ten seconds. Use it as a context
    manager: leaving it clears the way for results.

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
        self._detail = ""
        self._began = time.monotonic()
        self._shown: float | None = None
        self._written: int | None = None
        self._live: Live | None = None
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
        self._detail = ""
        if self._live is not None:
            # It draws the bar a last time.
            self._live.stop()
            self._live = None
        elif self._shown is not None and self._written != self.done:
            note(self._line())

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
        self.done, self._detail = done, detail
        now = time.monotonic()
        self._recent.append((now, done))
        while len(self._recent) > 2 and now - self._recent[1][0] >= _RATE_SECONDS:
            self._recent.popleft()
        if now - self._began < QUIET_SECONDS:
            return
        wait = _BAR_INTERVAL_SECONDS if _on_terminal() else _LINE_INTERVAL_SECONDS
        if self._shown is None or now - self._shown >= wait:
            self._shown = now
            self._show()

    def advance(self, count: int = 1, detail: str = "") -> None:
        """Says that ``count`` more units are finished."""
        self.update(self.done + count, detail)

    def _show(self) -> None:
        if not _on_terminal():
            self._written = self.done
            note(self._line())
            return
        if self._live is None:
            self._live = _live(self)
            self._live.start()
        self._live.refresh()

    def _line(self) -> str:
        """Label, bar, count, rate, time left and detail as a line of text."""
        parts = [self.label, self._count(), *self._pace()]
        if self.total:
            filled = min(_BAR_WIDTH, _BAR_WIDTH * self.done // self.total)
            parts.insert(1, "[" + "#" * filled + "." * (_BAR_WIDTH - filled) + "]")
        return "  ".join(parts)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """The same for a terminal; a narrow one takes two lines."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        del console
        count, pace = self._count(), "  ".join(self._pace())
        free = options.max_width - len(f"{self.label}  {count}")
        cells: list[str | ProgressBar] = [self.label, count]
        if self.total:
            bar = max(_NARROWEST_BAR, min(_BAR_WIDTH, free - 2))
            cells.insert(1, ProgressBar(self.total, self.done, width=bar))
            free -= bar + 2
        line = Table.grid(padding=(0, 2))
        if len(pace) + 2 <= free:
            line.add_row(*cells, pace)
            yield line
        else:
            line.add_row(*cells)
            yield line
            yield Text(f"  {pace}", no_wrap=True, overflow="ellipsis")

    def _count(self) -> str:
        count = f"{self.done:,}" + (f"/{self.total:,}" if self.total else "")
        return " ".join(filter(None, (count, self.unit)))

    def _pace(self) -> list[str]:
        """Rate, time left (or taken) and detail."""
        rate = self._rate()
        parts = [f"{rate:.3g}/s" if rate < 100 else f"{rate:,.0f}/s"]
        if self.total and rate > 0 and self.done < self.total:
            parts.append(f"{duration((self.total - self.done) / rate)} left")
        else:
            parts.append(duration(time.monotonic() - self._began))
        return [*parts, self._detail] if self._detail else parts

    def _rate(self) -> float:
        """Units a second over the last minute."""
        if not self._recent:
            return 0.0
        (began, first), (now, last) = self._recent[0], self._recent[-1]
        return (last - first) / (now - began) if now > began else 0.0


def _on_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _live(shown: Progress) -> Live:
    """A place at the end of the terminal; imports rich, which takes 0.1 s."""
    from rich.console import Console
    from rich.live import Live

    # Results on stdout may go elsewhere: they are none of its business.
    return Live(
        shown,
        console=Console(stderr=True, highlight=False),
        auto_refresh=False,
        redirect_stdout=False,
    )
