from __future__ import annotations

import json

import numpy as np

from groovekit.data import cache


def make_entry(key: str) -> None:
    meta = {
        "examples": "drums.tfrecord",
        "split": None,
        "converter": {"name": "groove"},
        "report": {"windows": 42},
    }
    with cache.EntryWriter(key) as writer:
        writer.append({"x": np.arange(1000)})
        writer.commit(meta)


def test_an_empty_cache(command):
    result = command("cache", "list")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "0 entries, 0 bytes of 5.0 GiB" in result.stderr
    assert command("cache", "clear").stdout == "Removed 0 entries, 0 bytes.\n"


def test_list(command):
    make_entry("ab12" * 10)
    result = command("cache", "list")
    assert result.exit_code == 0
    for text in ("KEY", "ab12ab12ab12 ", "groove", "42", "KiB", "drums.tfrecord"):
        assert text in result.stdout
    table = json.loads(command("cache", "list", "--json").stdout)
    (entry,) = table["entries"]
    assert entry["key"] == "ab12" * 10
    assert entry["windows"] == 42
    assert table["bytes"] == entry["bytes"] > 8000
    assert table["limit"] == 5 * 2**30


def test_damaged_entries_are_listed(command):
    make_entry("ab" * 20)
    (cache.cache_folder() / "examples" / ("ab" * 20) / "entry.json").write_text("{")
    assert "(damaged)" in command("cache", "list").stdout
    assert "Removed 1 entries" in command("cache", "clear").stdout


def test_clear_some_and_all(command):
    for key in ("aa", "bb", "cc"):
        make_entry(key * 20)
    result = command("cache", "clear", "aaaa")
    assert "Removed 1 entries" in result.stdout
    result = command("cache", "clear", "dd")
    assert result.exit_code == 1
    assert "No cached conversion is called 'dd'" in result.stderr
    assert "Removed 2 entries" in command("cache", "clear").stdout
    assert cache.entries() == []
