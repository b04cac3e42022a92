"""Random orders of windows, of epochs of any length."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from groovekit.seeding import generator

if TYPE_CHECKING:
    from groovekit.data.examples import Examples

_ROUNDS = 64


_ODD = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


class Permutation:
    """A random order of 0..size - 1 of which any part is computed when needed.

    Sixty-four rounds of a swap-or-not shuffle: in each one a number and its partner
    (a secret minus it) change places or not, as a hash of the two says. It takes no
    memory, whatever the size. Other orders than those of ``Generator.shuffle``.

    Args:
      seed: any integer.
      names: of the random stream, as in :func:`generator`.
    """

    def __init__(self, seed: int, *names: str | int) -> None:
        bits = generator(seed, *names).bit_generator.random_raw(2 * _ROUNDS)
        self._keys = np.asarray(bits, np.uint64).reshape(_ROUNDS, 2)

    def take(
        self,
        numbers: np.ndarray,
        size: np.ndarray | int,
        group: np.ndarray | int = 0,
    ) -> np.ndarray:
        """Where numbers come to lie.

        Args:
          numbers: ``(n,)`` integers, 0..size - 1.
          size: how many numbers change places, of each group where an array.
          group: ``(n,)``, or one for all: groups are permuted independently.

        Returns:
          ``(n,)`` int64, 0..size - 1; different for different numbers of a group.
        """
        first, second, third = (np.uint64(value) for value in _ODD)
        found = np.asarray(numbers).astype(np.uint64)
        sizes = np.asarray(size).astype(np.uint64)
        salt = np.asarray(group).astype(np.uint64) * first
        # Products are meant to overflow: they are hashes.
        with np.errstate(over="ignore"):
            for secret, key in self._keys:
                partner = _mixed(secret ^ salt, second) % sizes + sizes - found
                partner -= np.where(partner >= sizes, sizes, np.uint64(0))
                both = np.maximum(found, partner)
                hashed = _mixed(_mixed(both ^ key, second) ^ salt, third)
                found = np.where(hashed >> np.uint64(63), partner, found)
        return found.astype(np.int64)


def _mixed(value: np.ndarray, factor: np.uint64) -> np.ndarray:
    value = (value ^ value >> np.uint64(30)) * factor
    mixed: np.ndarray = value ^ value >> np.uint64(27)
    return mixed


# Up to this many windows an epoch's order is an array; beyond it, each batch's part
# is computed when it is needed, so that memory does not grow with the windows.
LARGEST_ORDER = 2**20


class _LongOrder:
    """The order of an epoch with too many windows for an array of their numbers.

    Args:
      examples: of the windows; the converter selects as :class:`Converter` does.
      seed: None for the first windows of each sequence.
      epoch: number of the epoch.
      shuffle: whether the windows change places.
    """

    def __init__(
        self, examples: Examples, seed: int | None, epoch: int, *, shuffle: bool
    ) -> None:
        self._size = examples.windows_per_epoch
        self._groups = examples.groups
        self._limit = examples.converter.windows_per_sequence
        self._order = self._choice = None
        if seed is not None and shuffle:
            self._order = Permutation(seed, "shuffle", epoch)
        if seed is not None:
            self._choice = Permutation(seed, "select", epoch)

    def __len__(self) -> int:
        return self._size

    @functools.cached_property
    def _used(self) -> np.ndarray:
        """As ``groups``, of the windows that the epoch uses."""
        assert self._limit is not None
        return _starts(np.minimum(np.diff(self._groups), self._limit))

    def __getitem__(self, part: slice) -> np.ndarray:
        numbers = np.arange(*part.indices(self._size))
        if self._order is not None:
            numbers = self._order.take(numbers, self._size)
        if self._limit is None:
            return numbers
        owners = np.searchsorted(self._used, numbers, side="right") - 1
        ranks = numbers - self._used[owners]
        if self._choice is not None:
            counts = (self._groups[1:] - self._groups[:-1])[owners]
            ranks = self._choice.take(ranks, counts, owners)
        found: np.ndarray = self._groups[owners] + ranks
        return found


def _starts(counts: Any) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
