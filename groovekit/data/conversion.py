"""From note sequences to compact windows, with books of what became of each."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from groovekit.converters.base import Converter, Reason, Skipped, Windows
from groovekit.converters.options import WithKits, kit_reading
from groovekit.data.order import starts
from groovekit.data.report import ExampleReport, ReportBuilder
from groovekit.data.same_take import Performances
from groovekit.data.stores import Store
from groovekit.errors import DataError, NoExamplesError
from groovekit.io.notes import NoteSequence


class Conversion:
    """Converts sequence after sequence into a store and keeps the books."""

    def __init__(self, converter: Converter, store: Store) -> None:
        self.converter = converter
        self._store = store
        self._counts: list[int] = []
        self._own_kit = converter.kit if isinstance(converter, WithKits) else None
        self._books = ReportBuilder()
        self.ids: list[str] = []
        self._played = Performances()

    def add(self, name: str, sequence: NoteSequence) -> None:
        """Converts one sequence."""
        result = self.converter.extract(sequence)
        if not isinstance(result, Skipped) and len(result) == 0:
            result = Skipped(Reason.NO_MATERIAL, counts=result.counts)
        # People know files by their names, not by the ids made of them.
        self._books.add(sequence.filename or name, result, kit=self._kit_of(sequence))
        if isinstance(result, Windows):
            self._store.append(result.arrays)
            self._counts.append(len(result))
            self.ids.append(name)
            self._played.add((name, sequence.filename), result.arrays)

    def _kit_of(self, sequence: NoteSequence) -> str | None:
        """The kit map that a sequence is read with; None where there is none."""
        if self._own_kit is None:
            return None
        pitches = np.array([note.pitch for note in sequence.notes], np.int64)
        if (self._own_kit.class_of(pitches) >= 0).all():
            return str(self._own_kit)
        found = kit_reading(self.converter, sequence)
        return None if found is None else str(found.kit)

    def unreadable(self, name: str, reason: str) -> None:
        """Enters a file that could not be read."""
        self._books.unreadable(name, reason)

    def groups(self) -> np.ndarray:
        """``(sequences + 1,)``: see :class:`~groovekit.Examples`."""
        return starts(self._counts)

    def performances(self) -> list[str]:
        """A name for each sequence's performance, see :class:`~groovekit.Examples`."""
        return self._played.names()

    def report(self, *, files: int | None) -> ExampleReport:
        """The books; see :meth:`groovekit.data.report.ReportBuilder.finish`."""
        return self._books.finish(files=files)

    def fingerprint(self) -> str:
        """See :class:`~groovekit.Examples`."""
        content = [self._store.describe(), self.groups().tolist(), self.ids]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def require_windows(report: ExampleReport, what: str) -> None:
    """Makes sure that there are windows.

    Raises:
      NoExamplesError: there are none; with reasons and advice.
      DataError: the same where no file could be read.
    """
    if report.windows:
        return
    advice = (
        "Check that these are the files you meant"
        if report.sequences
        else "Give a TFRecord of note sequences, or a folder, zip or file of MIDI"
    )
    if Reason.TOO_SHORT in report.skipped:
        advice = "Give longer takes, or a config or converter with fewer bars"
    elif Reason.TIME_SIGNATURE in report.skipped:
        advice = (
            "Give takes in the time signature of the config (4/4 unless it says"
            " otherwise)"
        )
    elif report.skipped.keys() & {Reason.NO_MAPPED_PITCHES, Reason.NO_DRUMS}:
        advice = (
            "Give drum takes, or another kit map (`kit=...`; `groovekit kits list`"
            " shows them)"
        )
    # Files that cannot be read are no matter of the config or the split.
    damaged = report.unreadable_files and not report.sequences
    raise (DataError if damaged else NoExamplesError)(
        f"No examples in {what}: none of the {report.sequences} sequences gives a"
        f" window for this config.\n\n{report.table()}\n\n{advice};"
        " `groovekit inspect` shows what each file holds."
    )
