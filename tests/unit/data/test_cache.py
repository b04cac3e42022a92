from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from groovekit.data import cache
from groovekit.data.mapped import read_at_random, release
from groovekit.data.stores import MemoryStore
from groovekit.errors import ConfigError


def make_entry(key: str, rows: int = 4, *, used: float | None = None) -> cache.Entry:
    with cache.EntryWriter(key) as writer:
        for start in range(0, rows, 3):
            count = min(3, rows - start)
            writer.append({"x": np.arange(start, start + count, dtype=np.int32)})
        writer.commit({"examples": f"of {key}"})
    entry = cache.read_entry(key)
    assert entry is not None
    if used is not None:
        os.utime(entry.path / "entry.json", (used, used))
    return entry


def test_rows_come_back():
    entry = make_entry("aa", 7)
    assert entry.load()["x"].tolist() == list(range(7))
    assert entry.meta["arrays"]["x"]["shape"] == [7]
    assert entry.damaged() == ""
    # Also for anyone else who reads .npy files.
    np.testing.assert_array_equal(np.load(entry.path / "x.npy"), np.arange(7))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 3, 4), np.float32),
        np.array([True, False]),
        np.zeros((3, 0), np.uint8),
        np.arange(6, dtype=">u2").reshape(3, 2),
    ],
)
def test_any_plain_array(array):
    with cache.EntryWriter("bb") as writer:
        writer.append({"x": array})
        writer.append({"x": array})
        writer.commit({})
    found = cache.read_entry("bb").load()["x"]
    np.testing.assert_array_equal(found, np.concatenate([array, array]))
    assert found.dtype == array.dtype
    assert not found.flags.writeable


def test_memory_and_disk_agree():
    memory = MemoryStore()
    with cache.EntryWriter("cc") as writer:
        for store in (memory, writer):
            store.append({"x": np.arange(3), "y": np.ones((3, 2))})
            store.append({"x": np.arange(2), "y": np.ones((2, 2))})
        assert memory.describe() == writer.describe()
    assert memory.finish()["x"].tolist() == [0, 1, 2, 0, 1]


def test_without_commit_nothing_stays():
    with cache.EntryWriter("dd") as writer:
        writer.append({"x": np.arange(3)})
    assert cache.read_entry("dd") is None
    assert not any((cache.cache_folder() / "examples").iterdir())


def test_two_builders_of_one_entry():
    with cache.EntryWriter("ee") as first, cache.EntryWriter("ee") as second:
        for writer in (first, second):
            writer.append({"x": np.arange(3)})
        first.commit({"n": 1})
        mapped = cache.read_entry("ee").load()["x"]
        second.commit({"n": 2})
    # The first one stays; who reads it meanwhile is not disturbed.
    assert cache.read_entry("ee").meta["n"] == 1
    assert mapped.tolist() == [0, 1, 2]
    assert len(list((cache.cache_folder() / "examples").iterdir())) == 1


def test_a_damaged_entry_gives_way():
    entry = make_entry("ff")
    (entry.path / "x.npy").unlink()
    assert cache.read_entry("ff") is None
    assert make_entry("ff").load()["x"].tolist() == [0, 1, 2, 3]


def test_the_limit_removes_what_was_used_longest_ago(monkeypatch):
    now = time.time()
    sizes = [
        make_entry(k, 1000, used=now - a).size for k, a in [("old", 9), ("new", 5)]
    ]
    monkeypatch.setenv("GROOVEKIT_CACHE_LIMIT", str(int(2.5 * sizes[0])))
    make_entry("newest", 1000)
    assert [entry.key for entry in cache.entries()] == ["newest", "new"]
    monkeypatch.setenv("GROOVEKIT_CACHE_LIMIT", "0")
    make_entry("last", 10)
    # What is in use stays, whatever the limit.
    assert [entry.key for entry in cache.entries()] == ["last"]


def test_using_an_entry_keeps_it():
    now = time.time()
    for key, age in [("a", 50), ("b", 20)]:
        make_entry(key, used=now - age)
    cache.read_entry("a").touch()
    assert [entry.key for entry in cache.entries()] == ["a", "b"]


def test_what_dead_processes_left_goes():
    stale = cache.cache_folder() / "examples" / ".building-1-dead"
    stale.mkdir(parents=True)
    (stale / "x.npy").write_bytes(b"x")
    make_entry("a")
    assert stale.exists()
    old = time.time() - 2 * 24 * 3600
    os.utime(stale, (old, old))
    make_entry("b")
    assert not stale.exists()


def test_clearing():
    for key in ("aa11", "aa22", "bb33"):
        make_entry(key)
    assert {entry.key for entry in cache.clear(["aa1"])} == {"aa11"}
    assert len(cache.clear()) == 2
    assert cache.entries() == []
    assert cache.clear() == []


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", 5 * 2**30),
        ("1000", 1000),
        ("500MB", 500 * 10**6),
        ("5 GiB", 5 * 2**30),
        ("1.5k", 1500),
    ],
)
def test_limits(monkeypatch, text, size):
    monkeypatch.setenv("GROOVEKIT_CACHE_LIMIT", text)
    assert cache.cache_limit() == size


@pytest.mark.parametrize("text", ["much", "-1", "5 parsecs", "5i"])
def test_limits_that_are_none(monkeypatch, text):
    monkeypatch.setenv("GROOVEKIT_CACHE_LIMIT", text)
    with pytest.raises(ConfigError, match="GROOVEKIT_CACHE_LIMIT takes a size"):
        cache.cache_limit()


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_user_s_folder(monkeypatch, platform):
    monkeypatch.delenv("GROOVEKIT_CACHE_DIR")
    monkeypatch.setattr("sys.platform", platform)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert "groovekit" in cache.cache_folder().parts
    assert cache.cache_folder().is_relative_to(Path.home())


def test_released_arrays_are_read_again(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(100_000))
    mapped = np.asarray(np.load(tmp_path / "a.npy", mmap_mode="r"))
    read_at_random(mapped)
    for _ in range(2):
        assert mapped.sum() == 100_000 * 99_999 // 2
        release(mapped)
    # What is no map, or may have been written, stays as it is.
    written = np.load(tmp_path / "a.npy", mmap_mode="c")
    written[0] = 7
    for array in (written, np.arange(3), np.arange(3)[1:]):
        before = array.copy()
        release(array)
        np.testing.assert_array_equal(array, before)
