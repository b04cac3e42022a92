"""Threads for windows, none for the products of small matrices.

OpenBLAS, which NumPy's wheels bring, shares even small products among all cores and
lets its threads wait for each other: where other work (TensorFlow's threads, say) keeps
a core busy, each of the many steps of a groove then takes ten times as long. Windows
that go through the model in threads of their own wait for nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

# What OpenBLAS's functions are called, by who built it.
_NAMES = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)

# With fewer, a thread would wait for the interpreter more than it computes.
_ROWS_A_THREAD = 32

Result = TypeVar("Result")

_LOCK = threading.Lock()
# How many blocks are open, and the number of threads before the first.
_open, _before = 0, 1


@functools.cache
def _functions() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """OpenBLAS's own for the number of threads; None with another library."""
    for name in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
        path = getattr(sys.modules.get(name), "__file__", None)
        if path is None:
            continue
        try:
            # Finds what the module is linked with as well.
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for pattern in _NAMES:
            with contextlib.suppress(AttributeError):
                return (
                    getattr(library, pattern.format("get")),
                    getattr(library, pattern.format("set")),
                )
    return None


@contextlib.contextmanager
def one_thread() -> Iterator[int]:
    """While open, NumPy multiplies matrices in one thread, if it uses OpenBLAS.

    Yields:
      How many threads it uses otherwise; 1 with another library.
    """
    global _open, _before
    functions = _functions()
    if functions is None:
        yield 1
        return
    get, set_ = functions
    with _LOCK:
        if not _open:
            _before = get()
            set_(1)
        _open += 1
        count = _before
    try:
        yield count
    finally:
        with _LOCK:
            _open -= 1
            if not _open:
                set_(_before)


def by_rows(
    compute: Callable[[slice], Result], rows: int, *, most: int | None = None
) -> list[Result]:
    """Computes consecutive parts of some rows, in as many threads as OpenBLAS has.

    Args:
      compute: gives the result of some rows; runs in several threads at once.
      rows: how many there are, at least 1.
      most: of one part; None for no limit.

    Returns:
      The parts' results, in order.
    """
    with one_thread() as available:
        threads = max(1, min(available, rows // _ROWS_A_THREAD))
        parts = threads if most is None else max(threads, -(-rows // most))
        bounds = [rows * part // parts for part in range(parts + 1)]
        slices = list(map(slice, bounds[:-1], bounds[1:]))
        if threads == 1:
            return list(map(compute, slices))
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(compute, slices))
