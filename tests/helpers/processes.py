"""What processes that tests start work on: they cannot import modules of tests."""

from __future__ import annotations

import multiprocessing
import os
import time


def slept(item):
    """Sleeps so many seconds; gives them and the process."""
    time.sleep(item)
    return item, os.getpid()


def where(item):
    """Gives the item and the process that had it."""
    time.sleep(0.0005)
    return item, os.getpid()


def die(item):
    """Ends the process, unless it is the first one."""
    if multiprocessing.parent_process() is not None:
        os._exit(1)
    time.sleep(0.01)
