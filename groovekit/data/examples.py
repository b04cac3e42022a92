"""Converted examples: windows of many sequences, and how batches are drawn.

What is random (which windows of a long sequence, their order, augmentation, note
dropout) is drawn anew each epoch from the seed, so that the batch of a step depends on
seed and step alone and training resumes exactly where it stopped.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from groovekit.converters.base import (
    AugmentationConfig,
    Converter,
    Reason,
    Skipped,
    Tensors,
    Windows,
)
from groovekit.data import cache as disk
from groovekit.data.order import LARGEST_ORDER, _LongOrder, _starts
from groovekit.data.report import ExampleReport, ReportBuilder
from groovekit.errors import DataError, NoExamplesError, UsageError
from groovekit.io.notes import NoteSequence
from groovekit.seeding import generator

# Stores of more bytes are released from memory each time so many windows were read:
# the operating system counts a good part of the file as this process's otherwise.
LARGEST_MAPPED = 2**28
_READ_AT_ONCE = 1024


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """Windows of many sequences, ready to be batched.

    Attributes:
      stored: compact windows, usually memory-mapped, perhaps more than are used.
      groups: ``(sequences + 1,)`` int64: number of the first window of each
        sequence, then the number of windows.
      ids: id of each sequence (one a source file, as a rule).
      report: what was read and what became of it.
      converter: makes tensors of windows.
      fingerprint: of the windows and ids; the same examples have the same one,
        wherever their files lie.
      origins: ``(sequences,)`` int64: number in ``stored`` of the first window of
        each sequence; None where all windows are used.
    """

    stored: Windows
    groups: np.ndarray
    ids: Sequence[str]
    report: ExampleReport
    converter: Converter
    fingerprint: str
    origins: np.ndarray | None = None

    @classmethod
    def from_sequences(
        cls, sequences: Iterable[tuple[str, NoteSequence]], converter: Converter
    ) -> Examples:
        """Converts ``(id, sequence)`` pairs in memory.

        Raises:
          DataError: no windows; the message holds the table of reasons.
        """
        store = disk.MemoryStore()
        conversion = Conversion(converter, store)
        for name, sequence in sequences:
            conversion.add(name, sequence)
        report = conversion.report(files=None)
        require_windows(report, "the sequences")
        return conversion.examples(store.finish(), report)

    def __len__(self) -> int:
        """Number of windows."""
        return int(self.groups[-1])

    @property
    def sequences(self) -> int:
        """Number of sequences that have windows."""
        return len(self.groups) - 1

    @property
    def windows(self) -> Windows:
        """All windows that are used (copied where they are a selection)."""
        if self.origins is None:
            return self.stored
        return self.take(np.arange(len(self)))

    def take(self, numbers: np.ndarray) -> Windows:
        """The windows with these numbers (0 to ``len(self) - 1``), in memory."""
        if self.origins is not None:
            owners = np.searchsorted(self.groups, numbers, side="right") - 1
            numbers = numbers + (self.origins - self.groups[:-1])[owners]
        return self.stored.take(numbers)

    def subset(self, keep: np.ndarray) -> Examples:
        """The examples of some sequences.

        Args:
          keep: ``(sequences,)`` bool.
        """
        keep = np.asarray(keep, bool)
        counts = np.diff(self.groups)
        origins = self.groups[:-1] if self.origins is None else self.origins
        ids = tuple(name for name, kept in zip(self.ids, keep, strict=True) if kept)
        chosen = json.dumps([self.fingerprint, np.flatnonzero(keep).tolist()])
        return dataclasses.replace(
            self,
            groups=_starts(counts[keep]),
            ids=ids,
            fingerprint=hashlib.sha256(chosen.encode()).hexdigest()[:32],
            origins=origins[keep],
        )

    # Epochs --------------------------------------------------------------------

    @functools.cached_property
    def windows_per_epoch(self) -> int:
        """How many windows an epoch has.

        Every epoch has as many as the first one: converters draw *which* windows
        of a sequence are used, not how many.
        """
        if self._own_selection:
            return len(self.epoch_indices(None))
        limit = self.converter.windows_per_sequence
        if limit is None:
            return len(self)
        return int(np.minimum(np.diff(self.groups), limit).sum())

    @property
    def _own_selection(self) -> bool:
        return type(self.converter).select is not Converter.select

    def epoch_indices(self, rng: np.random.Generator | None) -> np.ndarray:
        """Numbers of the windows an epoch uses, in order of the sequences.

        Args:
          rng: draws where the converter limits the windows of a sequence; without
            it the first ones are used.
        """
        counts = np.diff(self.groups)
        if self._own_selection:
            parts = [
                start + self.converter.select(int(count), rng)
                for start, count in zip(self.groups[:-1], counts, strict=True)
            ]
            return np.concatenate(parts) if parts else np.arange(0)
        limit = self.converter.windows_per_sequence
        if limit is None or not (counts > limit).any():
            return np.arange(len(self))
        rank = np.arange(len(self)) - np.repeat(self.groups[:-1], counts)
        if rng is None:
            return np.flatnonzero(rank < limit)
        # A random order within each sequence, of which the first ones are used.
        owner = np.repeat(np.arange(len(counts)), counts)
        order = np.lexsort((rng.random(len(self)), owner))
        return np.sort(order[rank < limit])

    def _epoch(
        self, seed: int | None, epoch: int, shuffle: bool
    ) -> np.ndarray | _LongOrder:
        """Numbers of the windows of an epoch in their order; slices give arrays."""
        if self.windows_per_epoch > LARGEST_ORDER and not self._own_selection:
            return _LongOrder(self, seed, epoch, shuffle=shuffle)
        if seed is None:
            return self.epoch_indices(None)
        indices = self.epoch_indices(generator(seed, "select", epoch))
        if len(indices) != self.windows_per_epoch:
            raise ValueError(
                f"{type(self.converter).__name__}.select gave {len(indices)} windows"
                f" in an epoch and {self.windows_per_epoch} without a generator: the"
                " number must not depend on the draw"
            )
        if shuffle:
            generator(seed, "shuffle", epoch).shuffle(indices)
        return indices

    def effective_batch_size(self, batch_size: int) -> int:
        """The size of training batches: no more windows than an epoch has."""
        return min(batch_size, self.windows_per_epoch)

    def steps_per_epoch(self, batch_size: int) -> int:
        """Batches of one pass, the last one perhaps smaller."""
        return -(-self.windows_per_epoch // batch_size)

    def batches(
        self,
        batch_size: int,
        *,
        seed: int | None = None,
        repeat: bool = False,
        shuffle: bool | None = None,
        labels: bool = False,
        drop_last: bool = False,
        start_step: int = 0,
        augmentation: AugmentationConfig | None = None,
    ) -> Iterator[Tensors]:
        """Batches of tensors; batch ``i`` is a function of ``seed`` and ``i``.

        Args:
          batch_size: windows a batch, at least 1.
          seed: of everything random; None for the same order and tensors each time.
          repeat: for training: epoch after epoch without end, an epoch's rest
            opening the next one's first batch, so that all batches have
            :meth:`effective_batch_size` windows. Otherwise one pass, whose last
            batch may be smaller.
          shuffle: another order each epoch; default: if there is a seed.
          labels: see :meth:`Converter.expand`.
          drop_last: leave out a last batch that is not full (never the only one).
          start_step: number of the first batch.
          augmentation: for training: varies each window anew each epoch; needs a
            seed. None for the windows as they are, which is for evaluation.

        Raises:
          UsageError: a batch size below 1, or a negative first step.
        """
        if batch_size < 1:
            raise UsageError(f"The batch size must be at least 1, got {batch_size}.")
        if start_step < 0:
            raise UsageError(f"The first step must be at least 0, got {start_step}.")
        if shuffle is None:
            shuffle = seed is not None
        if shuffle and seed is None:
            raise ValueError("shuffling needs a seed")
        if augmentation is not None and augmentation.identity:
            augmentation = None
        if augmentation is not None and seed is None:
            raise ValueError("augmenting needs a seed")
        if shuffle and self._large:
            for array in self.stored.arrays.values():
                disk.read_at_random(array)
        if repeat:
            orders = self._endless(batch_size, seed, shuffle, start_step)
        else:
            orders = self._one_pass(batch_size, seed, shuffle, start_step, drop_last)
        return self._expand(orders, seed, labels, start_step, augmentation)

    @property
    def _large(self) -> bool:
        arrays = self.stored.arrays.values()
        return sum(array.nbytes for array in arrays) > LARGEST_MAPPED

    def _expand(
        self,
        orders: Iterator[np.ndarray],
        seed: int | None,
        labels: bool,
        first: int,
        augmentation: AugmentationConfig | None,
    ) -> Iterator[Tensors]:
        arrays = self.stored.arrays.values()
        read = 0
        for step, numbers in enumerate(orders, start=first):
            windows = self.take(numbers)
            read += len(numbers)
            if self._large and read >= _READ_AT_ONCE:
                read = 0
                for array in arrays:
                    disk.release(array)
            if augmentation is not None and seed is not None:
                windows = self.converter.augment(
                    windows, augmentation, generator(seed, "augment", step)
                )
            rng = None if seed is None else generator(seed, "expand", step)
            yield self.converter.expand(windows, rng=rng, labels=labels)

    def _one_pass(
        self,
        size: int,
        seed: int | None,
        shuffle: bool,
        start_step: int,
        drop_last: bool,
    ) -> Iterator[np.ndarray]:
        order = self._epoch(seed, 0, shuffle)
        end = len(order)
        if drop_last and end > size:
            end -= end % size
        for start in range(start_step * size, end, size):
            yield order[start : start + size]

    def _endless(
        self, batch_size: int, seed: int | None, shuffle: bool, start_step: int
    ) -> Iterator[np.ndarray]:
        size, total = self.effective_batch_size(batch_size), self.windows_per_epoch
        position, epoch = start_step * size, -1
        order: np.ndarray | _LongOrder = np.arange(0)
        while True:
            parts: list[np.ndarray] = []
            missing = size
            while missing:
                wanted, offset = divmod(position, total)
                if wanted != epoch:
                    epoch, order = wanted, self._epoch(seed, wanted, shuffle)
                part = order[offset : offset + missing]
                parts.append(part)
                position += len(part)
                missing -= len(part)
            yield np.concatenate(parts)


# Converting --------------------------------------------------------------------


class Conversion:
    """Converts sequence after sequence into a store and keeps the books."""

    def __init__(
        self, converter: Converter, store: disk.MemoryStore | disk.EntryWriter
    ) -> None:
        self._converter = converter
        self._store = store
        self._counts: list[int] = []
        self._books = ReportBuilder()
        self.ids: list[str] = []

    def add(self, name: str, sequence: NoteSequence) -> None:
        """Converts one sequence."""
        result = self._converter.extract(sequence)
        if not isinstance(result, Skipped) and len(result) == 0:
            result = Skipped(Reason.NO_MATERIAL, counts=result.counts)
        # People know files by their names, not by the ids made of them.
        self._books.add(sequence.filename or name, result)
        if isinstance(result, Windows):
            self._store.append(result.arrays)
            self._counts.append(len(result))
            self.ids.append(name)

    def unreadable(self, name: str, reason: str) -> None:
        """Enters a file that could not be read."""
        self._books.unreadable(name, reason)

    def groups(self) -> np.ndarray:
        """See :class:`Examples`."""
        return _starts(self._counts)

    def report(self, *, files: int | None) -> ExampleReport:
        """The books; see :meth:`groovekit.data.report.ReportBuilder.finish`."""
        return self._books.finish(files=files)

    def examples(
        self, arrays: Mapping[str, np.ndarray], report: ExampleReport
    ) -> Examples:
        """What was converted, with the arrays that the store collected."""
        return Examples(
            stored=Windows(arrays, report.counts),
            groups=self.groups(),
            ids=tuple(self.ids),
            report=report,
            converter=self._converter,
            fingerprint=self.fingerprint(),
        )

    def fingerprint(self) -> str:
        """See :class:`Examples`."""
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
    elif Reason.METRE in report.skipped:
        advice = "Give takes in 4/4"
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
