"""What became of the examples that were read: the table before training."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Any

from groovekit.converters.base import Counts, Reason, Skipped, Windows

# How many skipped and how many unreadable files are named.
NAMED = 20


@dataclasses.dataclass(frozen=True)
class ExampleReport:
    """Books of one conversion.

    Attributes:
      files: files read (or tried).
      sequences: note sequences converted (or skipped).
      windows: windows found.
      counts: what happened to the notes of all sequences.
      silent: windows without a hit that were left out.
      looped: windows of short loops that were repeated.
      left_out: notes of parts of sequences that gave no windows, by reason; of
        sequences that gave others.
      skipped: number of skipped sequences by reason.
      skipped_examples: id and reason of the first skipped sequences.
      unreadable_files: number of files that could not be read.
      unreadable: name and reason of the first of them.
      kits: number of sequences read with each kit map.
    """

    files: int
    sequences: int
    windows: int
    counts: Counts = dataclasses.field(default_factory=Counts)
    silent: int = 0
    looped: int = 0
    left_out: Mapping[Reason, int] = dataclasses.field(default_factory=dict)
    skipped: Mapping[Reason, int] = dataclasses.field(default_factory=dict)
    skipped_examples: tuple[tuple[str, str], ...] = ()
    unreadable_files: int = 0
    unreadable: tuple[tuple[str, str], ...] = ()
    kits: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-like values; :meth:`from_dict` reads them."""
        return {
            "files": self.files,
            "sequences": self.sequences,
            "windows": self.windows,
            "counts": dataclasses.asdict(self.counts),
            "silent": self.silent,
            "looped": self.looped,
            "left_out": {reason.name: n for reason, n in self.left_out.items()},
            "skipped": {reason.name: n for reason, n in self.skipped.items()},
            "skipped_examples": [list(item) for item in self.skipped_examples],
            "unreadable_files": self.unreadable_files,
            "unreadable": [list(item) for item in self.unreadable],
            "kits": dict(self.kits),
        }

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> ExampleReport:
        """Reads :meth:`to_dict`'s values; KeyError or TypeError if they are not."""
        return cls(
            files=table["files"],
            sequences=table["sequences"],
            windows=table["windows"],
            counts=Counts(**table["counts"]),
            silent=table["silent"],
            looped=table["looped"],
            left_out={Reason[name]: n for name, n in table["left_out"].items()},
            skipped={Reason[name]: n for name, n in table["skipped"].items()},
            skipped_examples=tuple((a, b) for a, b in table["skipped_examples"]),
            unreadable_files=table["unreadable_files"],
            unreadable=tuple((a, b) for a, b in table["unreadable"]),
            kits=table["kits"],
        )

    def table(self, *, names: int = NAMED) -> str:
        """The books as lines of text.

        Args:
          names: how many skipped and how many unreadable files to name.
        """
        notes = self.counts
        skipped = sum(self.skipped.values())
        rows = [
            ("files read", self.files - self.unreadable_files),
            ("files unreadable", self.unreadable_files or None),
            ("sequences", self.sequences),
            ("sequences with windows", self.sequences - skipped),
            ("sequences skipped", skipped or None),
        ]
        by_number = sorted(self.skipped.items(), key=lambda i: (-i[1], i[0].name))
        rows += [(f"    {reason.value}", n) for reason, n in by_number]
        rows += [
            ("windows", self.windows),
            ("    of repeated loops", self.looped or None),
            ("    without a hit, left out", self.silent or None),
            ("notes", notes.notes),
            ("    kept", notes.kept),
            ("    merged with another in their cell", notes.merged or None),
            ("    of a pitch outside the kit map", notes.unmapped or None),
            ("    of rejected sequences and other instruments", notes.ignored or None),
        ]
        by_number = sorted(self.left_out.items(), key=lambda i: (-i[1], i[0].name))
        rows += [(f"    of a part that {reason.value}", n) for reason, n in by_number]
        shown = [(label, n) for label, n in rows if n is not None]
        width = max(len(label) for label, _ in shown)
        digits = max(len(f"{n:,}") for _, n in shown)
        lines = [f"{label:<{width}}  {n:>{digits},}" for label, n in shown]
        if names:
            unreadable = self.unreadable[:names]
            lines += _named("unreadable", unreadable, self.unreadable_files)
            lines += _named("skipped", self.skipped_examples[:names], skipped)
        return "\n".join(lines)


def _named(what: str, items: tuple[tuple[str, str], ...], total: int) -> list[str]:
    lines = [f"{what}: {name}: {reason}" for name, reason in items]
    if total > len(items):
        lines.append(f"{what}: and {total - len(items):,} more")
    return lines


class ReportBuilder:
    """Keeps the books while sequences are converted."""

    def __init__(self) -> None:
        self._sequences = 0
        self._windows = 0
        self._counts = Counts()
        self._silent = self._looped = 0
        self._left_out: Counter[Reason] = Counter()
        self._skipped: dict[Reason, int] = {}
        self._skipped_examples: list[tuple[str, str]] = []
        self._unreadable_files = 0
        self._unreadable: list[tuple[str, str]] = []
        self._kits: Counter[str] = Counter()

    def add(
        self, name: str, result: Windows | Skipped, *, kit: str | None = None
    ) -> None:
        """Enters one sequence, and the kit map that it was read with."""
        if kit is not None:
            self._kits[kit] += 1
        self._sequences += 1
        self._counts += result.counts
        if isinstance(result, Windows):
            self._windows += len(result)
            self._silent += result.silent
            self._looped += 0 if result.loop_quarters is None else len(result)
            self._left_out.update(result.left_out)
            return
        self._skipped[result.reason] = self._skipped.get(result.reason, 0) + 1
        if len(self._skipped_examples) < NAMED:
            self._skipped_examples.append((name, str(result)))

    def unreadable(self, name: str, reason: str) -> None:
        """Enters a file that could not be read."""
        self._unreadable_files += 1
        if len(self._unreadable) < NAMED:
            self._unreadable.append((str(name), str(reason)))

    def finish(self, *, files: int | None) -> ExampleReport:
        """Closes the books.

        Args:
          files: files read; None where each holds one sequence.
        """
        if files is None:
            files = self._sequences + self._unreadable_files
        return ExampleReport(
            files=files,
            sequences=self._sequences,
            windows=self._windows,
            counts=self._counts,
            silent=self._silent,
            looped=self._looped,
            left_out=dict(self._left_out),
            skipped=dict(self._skipped),
            skipped_examples=tuple(self._skipped_examples),
            unreadable_files=self._unreadable_files,
            unreadable=tuple(self._unreadable),
            kits=dict(self._kits.most_common()),
        )
