"""Which sequences are of one performance: what must not be parted by holding out.

A take that was cut beforehand, a take under two names, and a take that was recorded
again by machine are one performance each: a model that has seen one of the sequences
knows the others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

import numpy as np

# TensorFlow Datasets' groove/4bar-midionly: NAME:3.
_CUT = re.compile(r":\d+$")
# E-GMD's recordings of one take of the Groove MIDI Dataset with other kits:
# drummer1/session1/1_funk_80_beat_4-4_17.midi.
_KIT = re.compile(r"(_(?:beat|fill)_\d+-\d+)_\d+(\.midi?)?$")


def take_of(name: str) -> str:
    """The name of the take that a sequence of some name is of."""
    return _KIT.sub(r"\1", _CUT.sub("", name))


class Performances:
    """Tells performances apart, sequence after sequence."""

    def __init__(self) -> None:
        self._digests: list[str] = []
        # Numbers of sequences: each points to an earlier one of its performance.
        self._earlier: list[int] = []
        self._first: dict[str, int] = {}

    def add(self, names: Iterable[str], arrays: Mapping[str, np.ndarray]) -> None:
        """Adds a sequence.

        Args:
          names: by which takes are known, such as its id and its file; empty ones do
            not count.
          arrays: its windows.
        """
        digest = hashlib.sha256()
        for key, rows in sorted(arrays.items()):
            digest.update(key.encode())
            digest.update(np.ascontiguousarray(rows).tobytes())
        number = len(self._digests)
        self._digests.append(digest.hexdigest()[:16])
        self._earlier.append(number)
        marks = [f"take {take_of(name)}" for name in names if name]
        for mark in (*marks, f"content {self._digests[-1]}"):
            other = self._root(self._first.setdefault(mark, number))
            own = self._root(number)
            self._earlier[max(own, other)] = min(own, other)

    def _root(self, number: int) -> int:
        while self._earlier[number] != number:
            number = self._earlier[number]
        return number

    def names(self) -> list[str]:
        """A name for each sequence's performance: the least digest of its windows.

        It depends neither on what files and folders are called nor on their order.
        """
        roots = [self._root(number) for number in range(len(self._digests))]
        least: dict[int, str] = {}
        for root, digest in zip(roots, self._digests, strict=True):
            least[root] = min(digest, least.get(root, digest))
        return [least[root] for root in roots]
