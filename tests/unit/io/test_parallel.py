from __future__ import annotations

import os

import pytest
from helpers.processes import die, slept, where

from groovekit.errors import DataError
from groovekit.io.parallel import ordered_map


def test_a_map_over_processes_keeps_the_order():
    items = list(range(-50, 50))
    assert list(ordered_map(abs, items, workers=2)) == list(map(abs, items))
    assert list(ordered_map(abs, [], workers=2)) == []


def test_a_map_over_processes_works_on_in_this_one_while_others_start():
    items = list(range(1000))
    assert next(iter(ordered_map(where, items, workers=3)))[0] == 0
    found = list(ordered_map(where, items, workers=2))
    assert [item for item, _ in found] == items
    assert os.getpid() in {process for _, process in found}


def test_a_map_over_processes_of_unequal_items():
    items = [0.02 if number % 9 == 0 else 0.0 for number in range(300)]
    found = list(ordered_map(slept, items, workers=3))
    assert [item for item, _ in found] == items
    assert len({process for _, process in found}) > 1


def test_a_worker_that_dies_is_a_plain_error():
    with pytest.raises(DataError, match="A worker process died"):
        list(ordered_map(die, range(400), workers=2))
