"""Stopping training by SIGINT (Ctrl-C), SIGTERM or SIGHUP, with everything saved."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_LOG = logging.getLogger("groovekit")

#: Exit status of the command line after each signal.
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
# A terminal that is closed; unknown on Windows.
if hasattr(signal, "SIGHUP"):
    EXIT_CODES[signal.SIGHUP] = 129


class StopRequest:
    """Whether a signal asked to stop.

    Attributes:
      signal: which one; None as long as there was none.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def is_set(self) -> bool:
        """Whether one did."""
        return self.signal is not None


@contextlib.contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Notes the first of these signals; a second one does what it did before.

    In another thread than the main one nothing is caught.

    Yields:
      The request, to be asked between steps.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.getsignal(number) for number in EXIT_CODES}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        request.signal = signal.Signals(number)
        _LOG.info("Finishing the step and saving; once more to stop at once.")
        restore()

    for number in EXIT_CODES:
        signal.signal(number, stop)
    try:
        yield request
    finally:
        restore()
