from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from groovekit.converters.drums import DrumsConverter
from groovekit.data import order
from groovekit.data.order import Epochs, starts
from groovekit.seeding import generator

PINNED = [8, 2, 0, 5, 1, 9, 11, 4]
PINNED_LARGE = [2494765, 697730, 754994, 1502298]
COUNTS = [10, 0, 1, 3, 6, 25, 0]


@dataclasses.dataclass(frozen=True)
class Limited(DrumsConverter):
    """A converter of which an epoch uses some windows of each sequence."""

    limit: int | None = None

    @property
    def windows_per_sequence(self):
        return self.limit


def reference(counts, limit, seed, epoch):
    """The order spelled out, over 64-bit numbers and all sequences at once."""
    numbers = np.arange(sum(counts))
    if limit is not None:
        owner = np.repeat(np.arange(len(counts)), counts)
        drawn = np.lexsort(
            (generator(seed, "select", epoch).random(len(numbers)), owner)
        )
        rank = numbers - np.repeat(starts(counts)[:-1], counts)
        numbers = np.sort(drawn[rank < limit])
    generator(seed, "shuffle", epoch).shuffle(numbers)
    return numbers.tolist()


@pytest.mark.parametrize("at_once", [1, 4, 11, 2**20])
@pytest.mark.parametrize("limit", [None, 1, 3, 100])
def test_orders_are_those_of_one_shuffled_array(monkeypatch, limit, at_once):
    monkeypatch.setattr(order, "SELECTED_AT_ONCE", at_once)
    epochs = Epochs(starts(COUNTS), Limited(limit=limit))
    for seed, epoch in itertools.product((0, 7), (0, 5)):
        found = epochs.order(seed, epoch, shuffle=True)
        assert found.dtype == np.int32
        assert len(found) == epochs.size
        assert found.tolist() == reference(COUNTS, limit, seed, epoch)


def test_orders_are_pinned():
    # Runs are resumed by later versions: the orders must never change.
    epochs = Epochs(starts([5, 7]), Limited(limit=4))
    assert epochs.order(7, 3, shuffle=True).tolist() == PINNED
    large = Epochs(starts([1000, 3 * 10**6]), Limited()).order(7, 0, shuffle=True)
    assert large[:4].tolist() == PINNED_LARGE
    assert len(np.unique(large)) == len(large)


def test_without_a_seed_the_first_windows_are_used():
    epochs = Epochs(starts([3, 1, 4]), Limited(limit=2))
    assert epochs.order(None, 0, shuffle=False).tolist() == [0, 1, 3, 4, 5]


def test_no_sequences_have_no_windows():
    epochs = Epochs(starts([]), Limited(limit=2))
    assert epochs.size == 0
    assert epochs.selection(None).tolist() == []
