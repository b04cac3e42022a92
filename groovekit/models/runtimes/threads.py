"""Threads for windows, none for the products of small matrices.

OpenBLAS, which NumPy's wheels bring, shares even small products among all cores and
lets its threads wait for each other: where other work (TensorFlow's threads, say) keeps
a core busy, each of the many steps of a groove then takes ten times as long. Windows
that go through the model in threads of their own wait for nothing.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

# With fewer, a thread would wait for the interpreter more than it computes.
_ROWS_A_THREAD = 32

Result = TypeVar("Result")

_LOCK = threading.Lock()
# How many blocks are open, and each library's number of threads before the first.
# threadpoolctl's own blocks restore wrong numbers where they overlap in time.
_open = 0
_before: list[int] = []


@functools.cache
def _libraries() -> list[Any]:
    """OpenBLAS, as often as it is loaded: NumPy's, SciPy's, ...; none with another.

    NumPy is loaded by the time that somebody has something to multiply.
    """
    found = ThreadpoolController().select(internal_api="openblas")
    return list(found.lib_controllers)


@contextlib.contextmanager
def one_thread() -> Iterator[int]:
    """While open, NumPy multiplies matrices in one thread, if it uses OpenBLAS.

    Yields:
      How many threads it uses otherwise; 1 with another library.
    """
    global _open, _before
    libraries = _libraries()
    with _LOCK:
        if not _open:
            _before = [library.get_num_threads() for library in libraries]
            _set(libraries, [1] * len(libraries))
        _open += 1
        count = max(_before, default=1)
    try:
        yield count
    finally:
        with _LOCK:
            _open -= 1
            if not _open:
                _set(libraries, _before)


def _set(libraries: list[Any], counts: list[int]) -> None:
    for library, count in zip(libraries, counts, strict=True):
        library.set_num_threads(count)


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
