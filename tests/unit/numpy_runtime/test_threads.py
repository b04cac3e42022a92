"""Matrix products in one thread, and as before afterwards."""

from __future__ import annotations

import pytest

from groovekit.numpy_runtime import threads
from groovekit.numpy_runtime.threads import one_thread


@pytest.fixture
def count(monkeypatch):
    """Stands for OpenBLAS's number of threads."""
    now = [4]
    functions = (lambda: now[0], lambda value: now.__setitem__(0, value))
    monkeypatch.setattr(threads, "_functions", lambda: functions)
    return now


def test_one_thread(count):
    with one_thread():
        assert count == [1]
        # Another thread of the program may be inside as well.
        with one_thread():
            assert count == [1]
        assert count == [1]
    assert count == [4]


def test_errors_leave_no_trace(count):
    with pytest.raises(ValueError, match="wrong"), one_thread():
        raise ValueError("wrong")
    assert count == [4]


def test_another_library(monkeypatch):
    monkeypatch.setattr(threads, "_functions", lambda: None)
    with one_thread():
        pass


def test_numpys_own_library():
    found = threads._functions()
    if found is None:
        pytest.skip("NumPy multiplies with another library than OpenBLAS")
    get, _ = found
    before = get()
    with one_thread():
        assert get() == 1
    assert get() == before
