"""Collecting windows, sequence after sequence: arrays under construction."""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np


class Column:
    """One array under construction: its type, rows so far and digest."""

    def __init__(self, name: str, first: np.ndarray) -> None:
        self.name = name
        self.dtype = first.dtype
        self.shape = first.shape[1:]
        self.rows = 0
        self.digest = hashlib.sha256()

    def check(self, rows: np.ndarray) -> np.ndarray:
        """Counts rows and takes them into the digest; gives them contiguous.

        Raises:
          ValueError: they have another type or shape than those before.
        """
        if rows.dtype != self.dtype or rows.shape[1:] != self.shape:
            raise ValueError(
                f"array {self.name!r} had rows {self.dtype}{list(self.shape)} before,"
                f" now {rows.dtype}{list(rows.shape[1:])}: a converter's windows all"
                " have one type and shape"
            )
        rows = np.ascontiguousarray(rows)
        self.rows += len(rows)
        self.digest.update(rows.tobytes())
        return rows

    def describe(self) -> dict[str, Any]:
        """Type, shape and digest."""
        return {
            "dtype": np.lib.format.dtype_to_descr(self.dtype),
            "shape": [self.rows, *self.shape],
            "sha256": self.digest.hexdigest(),
        }


class Store(abc.ABC):
    """Collects windows: the rows of each array, and a digest of them."""

    def __init__(self) -> None:
        self._columns: dict[str, Column] = {}

    def append(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Adds rows to each array.

        Raises:
          ValueError: rows of another type or shape than those before.
        """
        for name, rows in arrays.items():
            if name not in self._columns:
                self._open(name)
                self._columns[name] = Column(name, rows)
            self._keep(name, self._columns[name].check(rows))

    def describe(self) -> dict[str, dict[str, Any]]:
        """Type, shape and digest of each array."""
        return {name: c.describe() for name, c in sorted(self._columns.items())}

    @abc.abstractmethod
    def _open(self, name: str) -> None:
        """Begins an array."""

    @abc.abstractmethod
    def _keep(self, name: str, rows: np.ndarray) -> None:
        """Adds checked rows to an array."""


class MemoryStore(Store):
    """Collects windows in memory."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: dict[str, list[np.ndarray]] = {}

    def _open(self, name: str) -> None:
        self._parts[name] = []

    def _keep(self, name: str, rows: np.ndarray) -> None:
        self._parts[name].append(rows)

    def finish(self) -> dict[str, np.ndarray]:
        """The arrays."""
        return {name: np.concatenate(parts) for name, parts in self._parts.items()}
