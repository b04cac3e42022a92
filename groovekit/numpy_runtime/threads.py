"""One thread for the products of small matrices.

OpenBLAS, which NumPy's wheels bring, shares even small products among all cores and
lets its threads wait for each other: where other work (TensorFlow's threads, say) keeps
a core busy, each of the many steps of a groove then takes ten times as long.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
import threading
from collections.abc import Callable, Iterator

# What OpenBLAS's functions are called, by who built it.
_NAMES = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)

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
def one_thread() -> Iterator[None]:
    """While open, NumPy multiplies matrices in one thread, if it uses OpenBLAS."""
    global _open, _before
    functions = _functions()
    if functions is None:
        yield
        return
    get, set_ = functions
    with _LOCK:
        if not _open:
            _before = get()
            set_(1)
        _open += 1
    try:
        yield
    finally:
        with _LOCK:
            _open -= 1
            if not _open:
                set_(_before)
