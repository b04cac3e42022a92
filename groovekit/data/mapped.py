"""Memory-mapped arrays that are larger than this process should seem to be."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np


def release(array: np.ndarray) -> None:
    """Takes what was read of a memory-mapped array off this process's memory.

    The operating system keeps the pages as long as it has room, and maps them again
    when they are read again. Other arrays, and those that may be written, stay.

    Args:
      array: of a cache entry, or any other.
    """
    _advise(array, "MADV_DONTNEED")


def read_at_random(array: np.ndarray) -> None:
    """Says that rows of a memory-mapped array will be read here and there.

    The operating system reads single pages then, instead of 32 around each.

    Args:
      array: of a cache entry, or any other, of which nothing becomes.
    """
    _advise(array, "MADV_RANDOM")


def _advise(array: np.ndarray, name: str) -> None:
    found: Any = array
    while isinstance(found, np.ndarray) and not found.flags.writeable:
        found = found.base
    # Not every system knows every advice, or any.
    advice = getattr(mmap, name, None)
    if isinstance(found, mmap.mmap) and advice is not None:
        found.madvise(advice)
