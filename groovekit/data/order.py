"""Which windows an epoch uses, and in which order.

An order is an array of the windows' numbers, of 32 bits each: 4 MB a million.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np

from groovekit.converters.base import Converter
from groovekit.seeding import generator

# Windows of whole sequences that are selected from at once, at least: selecting takes
# forty bytes a window, an order four.
SELECTED_AT_ONCE = 2**20


@dataclasses.dataclass(frozen=True, eq=False)
class Epochs:
    """The epochs over windows of many sequences.

    Attributes:
      groups: ``(sequences + 1,)`` int64: number of the first window of each
        sequence, then the number of windows.
      converter: says how many windows of a sequence an epoch uses, or selects them.
    """

    groups: np.ndarray
    converter: Converter

    @functools.cached_property
    def size(self) -> int:
        """How many windows an epoch has.

        Every epoch has as many as the first one: converters draw *which* windows
        of a sequence are used, not how many.
        """
        if self._own_selection:
            return len(self.selection(None))
        limit = self.converter.windows_per_sequence
        if limit is None:
            return int(self.groups[-1])
        return int(np.minimum(np.diff(self.groups), limit).sum())

    @property
    def _own_selection(self) -> bool:
        return type(self.converter).select is not Converter.select

    def selection(self, rng: np.random.Generator | None) -> np.ndarray:
        """Numbers of the windows an epoch uses, in order of the sequences.

        Args:
          rng: draws where the converter limits the windows of a sequence; without
            it the first ones are used.

        Returns:
          ``(windows,)`` int32, or int64 where that does not hold them.
        """
        total = int(self.groups[-1])
        kind = np.int32 if total <= np.iinfo(np.int32).max else np.int64
        if self._own_selection:
            parts = [
                start + self.converter.select(int(count), rng)
                for start, count in zip(
                    self.groups[:-1], np.diff(self.groups), strict=True
                )
            ]
            return np.concatenate(parts or [[]], dtype=kind, casting="unsafe")
        limit = self.converter.windows_per_sequence
        if limit is None or not (np.diff(self.groups) > limit).any():
            return np.arange(total, dtype=kind)
        parts = [_limited(groups, limit, rng) for groups in self._blocks()]
        return np.concatenate(parts, dtype=kind, casting="unsafe")

    def _blocks(self) -> Iterator[np.ndarray]:
        """``groups`` in parts of many windows each, which bounds memory."""
        first, last = 0, len(self.groups) - 1
        while first < last:
            limit = self.groups[first] + SELECTED_AT_ONCE
            end = min(int(np.searchsorted(self.groups, limit)), last)
            yield self.groups[first : end + 1]
            first = end

    def order(self, seed: int | None, epoch: int, *, shuffle: bool) -> np.ndarray:
        """Numbers of the windows of an epoch in their order.

        Args:
          seed: None for the first windows of each sequence.
          epoch: number of the epoch.
          shuffle: whether the windows change places; needs a seed.

        Returns:
          As :meth:`selection`.
        """
        if seed is None:
            return self.selection(None)
        numbers = self.selection(generator(seed, "select", epoch))
        if len(numbers) != self.size:
            raise ValueError(
                f"{type(self.converter).__name__}.select gave {len(numbers)} windows"
                f" in an epoch and {self.size} without a generator: the number must"
                " not depend on the draw"
            )
        if shuffle:
            generator(seed, "shuffle", epoch).shuffle(numbers)
        return numbers

    def one_pass(
        self,
        batch_size: int,
        *,
        seed: int | None,
        shuffle: bool,
        start_step: int = 0,
        drop_last: bool = False,
    ) -> Iterator[np.ndarray]:
        """The first epoch's windows, batch by batch; the last one may be smaller.

        Args:
          batch_size: windows a batch.
          seed: see :meth:`order`.
          shuffle: see :meth:`order`.
          start_step: number of the first batch.
          drop_last: leave out a last batch that is not full (never the only one).
        """
        order = self.order(seed, 0, shuffle=shuffle)
        end = len(order)
        if drop_last and end > batch_size:
            end -= end % batch_size
        for start in range(start_step * batch_size, end, batch_size):
            yield order[start : start + batch_size]

    def endless(
        self, batch_size: int, *, seed: int | None, shuffle: bool, start_step: int = 0
    ) -> Iterator[np.ndarray]:
        """Epoch after epoch, an epoch's rest opening the next one's first batch.

        Args:
          batch_size: windows a batch, no more than an epoch has.
          seed: see :meth:`order`.
          shuffle: see :meth:`order`.
          start_step: number of the first batch.
        """
        position, epoch = start_step * batch_size, -1
        order = np.arange(0)
        while True:
            parts: list[np.ndarray] = []
            missing = batch_size
            while missing:
                wanted, offset = divmod(position, self.size)
                if wanted != epoch:
                    # The last one goes first: there is never room for two.
                    epoch, order = wanted, np.arange(0)
                    order = self.order(seed, epoch, shuffle=shuffle)
                part = order[offset : offset + missing]
                parts.append(part)
                position += len(part)
                missing -= len(part)
            yield np.concatenate(parts)


def starts(counts: np.ndarray | list[int]) -> np.ndarray:
    """``groups`` as of :class:`Epochs`, of each sequence's number of windows."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _limited(
    groups: np.ndarray, limit: int, rng: np.random.Generator | None
) -> np.ndarray:
    """At most ``limit`` windows of each sequence: the first ones, or drawn ones."""
    counts = np.diff(groups)
    total = int(groups[-1] - groups[0])
    rank = np.arange(total) - np.repeat(groups[:-1] - groups[0], counts)
    if rng is None:
        return np.asarray(groups[0] + np.flatnonzero(rank < limit))
    # A random order within each sequence, of which the first ones are used.
    owner = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((rng.random(total), owner))
    return np.asarray(groups[0] + np.sort(order[rank < limit]))
