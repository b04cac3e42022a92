"""A map over processes that keeps the order and a bounded number of results."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import FrameType
from typing import TypeVar

from groovekit.errors import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK = 8
# Enough that this process has something to do while the others start.
_HELD = 32
# Chunks that a process is given at once: files differ in size, and it must not wait
# while this process works at a large one.
_QUEUED = 3
# Starting a process costs as much as reading a few dozen files.
_FILES_A_WORKER = 32


def default_workers(items: int) -> int:
    """How many processes pay for ``items`` files on this machine."""
    return max(1, min(available_cores(), 16, items // _FILES_A_WORKER))


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ordered_map(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int
) -> Generator[Result, None, None]:
    """Applies ``function`` to ``items``, in processes, in the items' order.

    A bounded number of chunks a process is held, so that memory does not grow
    with the number of items.

    Args:
      function: importable by name; results must pickle.
      items: what to work on; must pickle.
      workers: processes, this one among them.

    Yields:
      ``function(item)`` for each item.

    Raises:
      DataError: a worker died (killed for lack of memory, for instance).
    """
    if workers <= 1:
        yield from map(function, items)
        return
    # Not forked: this process may hold threads of a numerical library. Starting
    # takes as long as reading hundreds of files, so this process works as well.
    pool = ProcessPoolExecutor(
        min(workers - 1, -(-len(items) // _CHUNK)) or 1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_leave_signals_to_the_parent,
    )
    held: deque[Future[list[Result]]] = deque()
    given: list[Future[list[Result]]] = []
    try:
        for start in range(0, len(items), _CHUNK):
            chunk = items[start : start + _CHUNK]
            given = [future for future in given if not future.done()]
            if len(given) < _QUEUED * (workers - 1):
                with _interrupts_deferred():
                    future = pool.submit(_apply, function, chunk)
                given.append(future)
            else:
                future = Future()
                future.set_result(_apply(function, chunk))
            held.append(future)
            while held and (held[0].done() or len(held) >= _HELD * workers):
                yield from held.popleft().result()
        while held:
            yield from held.popleft().result()
    except BrokenProcessPool as error:
        raise DataError(
            "A worker process died while reading files (perhaps for lack of "
            "memory). Try again with `workers=1`."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _apply(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [function(item) for item in items]


def _leave_signals_to_the_parent() -> None:
    # Ctrl-C reaches the whole process group; the parent cleans up for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Starts processes so that stopping cannot hit them half made.

    The new processes inherit that SIGINT is blocked. Blocking it is not enough
    here: the signal then goes to a thread of a numerical library, and Python
    raises in the main thread all the same. So the handlers wait, too.
    """
    if (
        not hasattr(signal, "pthread_sigmask")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    handlers = {
        number: signal.signal(number, lambda *which: came.append(which))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for which, _ in came:
        signal.raise_signal(which)
