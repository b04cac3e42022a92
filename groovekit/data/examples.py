"""Converted examples: windows of many sequences, and how batches are drawn.

What is random (which windows of a long sequence, their order, augmentation, note
dropout) is drawn anew each epoch from the seed, so that the batch of a step depends on
seed and step alone and training resumes exactly where it stopped.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from groovekit.converters.base import (
    AugmentationConfig,
    Converter,
    Tensors,
    Windows,
)
from groovekit.data import mapped
from groovekit.data.conversion import Conversion, require_windows
from groovekit.data.order import Epochs, starts
from groovekit.data.report import ExampleReport
from groovekit.data.stores import MemoryStore
from groovekit.errors import UsageError
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
      performances: for each sequence a name that those of one performance share
        (pieces of a take, copies, the same take recorded again) and that says nothing
        else; empty where that is not known.
    """

    stored: Windows
    groups: np.ndarray
    ids: Sequence[str]
    report: ExampleReport
    converter: Converter
    fingerprint: str
    origins: np.ndarray | None = None
    performances: Sequence[str] = ()

    @classmethod
    def from_sequences(
        cls, sequences: Iterable[tuple[str, NoteSequence]], converter: Converter
    ) -> Examples:
        """Converts ``(id, sequence)`` pairs in memory.

        Raises:
          DataError: no windows; the message holds the table of reasons.
        """
        store = MemoryStore()
        conversion = Conversion(converter, store)
        for name, sequence in sequences:
            conversion.add(name, sequence)
        report = conversion.report(files=None)
        require_windows(report, "the sequences")
        return cls.from_conversion(conversion, store.finish(), report)

    @classmethod
    def from_conversion(
        cls,
        conversion: Conversion,
        arrays: Mapping[str, np.ndarray],
        report: ExampleReport,
    ) -> Examples:
        """What was converted, with the arrays that its store collected."""
        return cls(
            stored=Windows(arrays, report.counts),
            groups=conversion.groups(),
            ids=tuple(conversion.ids),
            report=report,
            converter=conversion.converter,
            fingerprint=conversion.fingerprint(),
            performances=conversion.performances(),
        )

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

    def tensors(self, numbers: np.ndarray) -> Tensors:
        """The windows with these numbers as models take them, always the same."""
        return self.converter.expand(self.take(numbers))

    def subset(self, keep: np.ndarray) -> Examples:
        """The examples of some sequences.

        Args:
          keep: ``(sequences,)`` bool.
        """
        keep = np.asarray(keep, bool)
        counts = np.diff(self.groups)
        origins = self.groups[:-1] if self.origins is None else self.origins
        ids, performances = (
            tuple(itertools.compress(names, keep))
            for names in (self.ids, self.performances)
        )
        chosen = json.dumps([self.fingerprint, np.flatnonzero(keep).tolist()])
        return dataclasses.replace(
            self,
            groups=starts(counts[keep]),
            ids=ids,
            performances=performances,
            fingerprint=hashlib.sha256(chosen.encode()).hexdigest()[:32],
            origins=origins[keep],
        )

    # Epochs --------------------------------------------------------------------

    @functools.cached_property
    def _epochs(self) -> Epochs:
        return Epochs(self.groups, self.converter)

    @property
    def windows_per_epoch(self) -> int:
        """How many windows an epoch has, the same in each."""
        return self._epochs.size

    def epoch_indices(self, rng: np.random.Generator | None) -> np.ndarray:
        """Numbers of the windows an epoch uses; see :meth:`Epochs.selection`."""
        return self._epochs.selection(rng)

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
                mapped.read_at_random(array)
        if repeat:
            size = self.effective_batch_size(batch_size)
            orders = self._epochs.endless(
                size, seed=seed, shuffle=shuffle, start_step=start_step
            )
        else:
            orders = self._epochs.one_pass(
                batch_size,
                seed=seed,
                shuffle=shuffle,
                start_step=start_step,
                drop_last=drop_last,
            )
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
                    mapped.release(array)
            if augmentation is not None and seed is not None:
                windows = self.converter.augment(
                    windows, augmentation, generator(seed, "augment", step)
                )
            rng = None if seed is None else generator(seed, "expand", step)
            yield self.converter.expand(windows, rng=rng, labels=labels)
