"""Windows by performance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers import tiny

from groovekit.data.datasets import load_examples
from groovekit.data.examples import Examples
from groovekit.data.performances import (
    all_tensors,
    by_window,
    owners_of,
    positions_of,
    some_tensors,
    some_windows,
    tempos_of,
)
from groovekit.data.settings import DataSettings
from groovekit.io.midi.files import write_midi


@pytest.fixture(scope="module")
def examples():
    """Four takes of one to four windows of two bars."""
    converter = tiny.config().converter
    takes = [tiny.groove(n, bars=2 + n) for n in range(4)]
    return Examples.from_sequences([(take.id, take) for take in takes], converter)


def test_owners(examples):
    counts = np.diff(examples.groups)
    np.testing.assert_array_equal(owners_of(examples), np.repeat([0, 1, 2, 3], counts))


def test_positions(examples):
    counts = np.diff(examples.groups)
    every = np.concatenate([np.arange(count) for count in counts])
    np.testing.assert_array_equal(positions_of(examples), every)
    chosen = np.array([0, 3, len(every) - 1])
    np.testing.assert_array_equal(positions_of(examples, chosen), every[chosen])
    owners = owners_of(examples, chosen)
    np.testing.assert_array_equal(owners, owners_of(examples)[chosen])


def test_cut_takes_are_one_performance(examples):
    names = ("a/take:0", "b/take:1", "a/take:12", "c:x")
    cut = dataclasses.replace(examples, ids=names)
    counts = np.diff(examples.groups)
    np.testing.assert_array_equal(owners_of(cut), np.repeat([0, 1, 0, 2], counts))


def test_some_windows_are_whole_performances(examples):
    assert some_windows(examples, 100) is examples
    few = some_windows(examples, 4, seed=1)
    assert 1 <= len(few) <= 4
    assert len(few) == np.diff(few.groups).sum()
    assert set(few.ids) < set(examples.ids)
    assert some_windows(examples, 4, seed=1).ids == few.ids
    assert some_windows(examples, 1).sequences == 1
    assert len(all_tensors(few)) == len(few)


def test_tempos(examples, tmp_path):
    counts = np.diff(examples.groups)
    found = by_window(np.array([90.0, 100, 110, 120]), examples)
    np.testing.assert_array_equal(found, np.repeat([90, 100, 110, 120], counts))
    assert set(by_window(None, examples)) == {120.0}
    for number, qpm in enumerate((90.0, 150.0)):
        write_midi(tiny.groove(number, qpm=qpm), tmp_path / f"{number}.mid")
    read = load_examples(
        tmp_path, examples.converter, settings=DataSettings(cache=False)
    )
    assert tempos_of(tmp_path, None, read.ids) == pytest.approx([90, 150], rel=1e-4)
    assert tempos_of(tmp_path, None, ["another"]) is None


def test_windows_beyond_an_epoch(examples):
    limited = dataclasses.replace(
        examples, converter=dataclasses.replace(examples.converter, max_windows=1)
    )
    assert len(all_tensors(limited)) == 4
    every, few = (
        np.concatenate([part.outputs for part in some_tensors(limited, count)])
        for count in (100, 3)
    )
    np.testing.assert_array_equal(every, all_tensors(examples).outputs)
    chosen = [0, (len(examples) - 1) // 2, len(examples) - 1]
    np.testing.assert_array_equal(few, every[chosen])
    assert some_windows(limited, 3, seed=1).sequences == 3
