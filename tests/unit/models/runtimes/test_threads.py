"""Matrix products in one thread, and as before afterwards; windows in several."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from groovekit.models.runtimes import threads
from groovekit.models.runtimes.threads import by_rows, one_thread


class Library:
    """Stands for OpenBLAS."""

    def __init__(self, now):
        self.now = now

    def get_num_threads(self):
        return self.now[0]

    def set_num_threads(self, count):
        self.now[0] = count


@pytest.fixture
def count(monkeypatch):
    """Stands for OpenBLAS's number of threads."""
    now = [4]
    monkeypatch.setattr(threads, "_libraries", lambda: [Library(now)])
    return now


def test_one_thread(count):
    with one_thread() as before:
        assert before == 4
        assert count == [1]
        # Another thread of the program may be inside as well.
        with one_thread() as before:
            assert before == 4
            assert count == [1]
        assert count == [1]
    assert count == [4]


def test_errors_leave_no_trace(count):
    with pytest.raises(ValueError, match="wrong"), one_thread():
        raise ValueError("wrong")
    assert count == [4]


def test_another_library(monkeypatch):
    monkeypatch.setattr(threads, "_libraries", list)
    with one_thread() as before:
        assert before == 1
    assert by_rows(lambda rows: rows, 1000) == [slice(0, 1000)]


def test_numpys_own_library():
    assert (np.eye(2) @ np.eye(2)).sum() == 2  # loads it
    found = threads._libraries()
    if not found:
        pytest.skip("NumPy multiplies with another library than OpenBLAS")
    before = [library.get_num_threads() for library in found]
    with one_thread():
        assert {library.get_num_threads() for library in found} == {1}
    assert [library.get_num_threads() for library in found] == before


def test_parts_are_computed_at_the_same_time_and_keep_their_order(count):
    meeting = threading.Barrier(4, timeout=30)

    def compute(rows):
        meeting.wait()
        assert count == [1]
        return rows

    parts = by_rows(compute, 130)
    assert parts == [slice(0, 32), slice(32, 65), slice(65, 97), slice(97, 130)]
    assert count == [4]


def test_few_rows_are_computed_here(count):
    here = threading.get_ident()
    assert by_rows(lambda rows: (rows, threading.get_ident()), 63) == [
        (slice(0, 63), here)
    ]


def test_parts_have_a_largest_size(count):
    assert by_rows(lambda rows: rows.stop - rows.start, 40, most=16) == [13, 13, 14]
    assert by_rows(lambda rows: rows.stop - rows.start, 500, most=64) == [
        62, 63, 62, 63, 62, 63, 62, 63,
    ]  # fmt: skip


def test_errors_of_a_thread_arrive(count):
    def fail(rows):
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        by_rows(fail, 130)
    assert count == [4]
