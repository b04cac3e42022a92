"""What this machine has to train with: free memory, and the speed of its CPU."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np


def matrix_rate() -> float:
    """Operations a second of a matrix product of typical size, on this CPU."""
    a = np.ones((512, 1024), np.float32)
    b = np.ones((1024, 1024), np.float32)
    a @ b
    start = time.perf_counter()
    repeats = 5
    for _ in range(repeats):
        a @ b
    elapsed = max(time.perf_counter() - start, 1e-6)
    return repeats * 2.0 * a.shape[0] * a.shape[1] * b.shape[1] / elapsed


def available_memory() -> int | None:
    """Bytes that programs can still get; None where the system does not say."""
    found = [_from_meminfo(), _from_cgroup()]
    return min((n for n in found if n is not None), default=None)


def _from_meminfo() -> int | None:
    # Not the free pages alone: files the system caches make room when asked.
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        table = dict(line.split(":", 1) for line in lines)
        return int(table["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None


def _from_cgroup() -> int | None:
    """What a container's limit leaves (version 2 of control groups)."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = (folder / "memory.current").read_text(encoding="ascii").strip()
        return max(int(limit) - int(used), 0)
    except (OSError, ValueError):
        # No group, or one without a limit, which says "max".
        return None
