"""Sequences made of whole arrays are those made note by note."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from groovekit.converters.grid.notes_out import (
    add_notes,
    drum_sequences,
    empty_sequence,
)


def columns(count: int):
    rng = np.random.default_rng(count)
    pitch, velocity = rng.integers(0, 128, (2, count))
    start = np.sort(rng.uniform(-0.1, 9, count))
    return pitch, velocity, start, start + rng.uniform(0, 1, count)


def one_by_one(notes, **about):
    sequence = empty_sequence(qpm=97.0, time_signature=(3, 4), duration=2.0)
    for pitch, velocity, start, end in zip(*notes, strict=True):
        sequence.notes.add(
            pitch=pitch, velocity=velocity, start_time=start, end_time=end, **about
        )
        sequence.total_time = max(sequence.total_time, end)
    return sequence.SerializeToString(deterministic=True)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 200])
def test_notes_of_one_instrument(count):
    about = {"instrument": 2, "program": 33, "is_drum": False}
    sequence = empty_sequence(qpm=97.0, time_signature=(3, 4), duration=2.0)
    add_notes(sequence, *columns(count), **about)
    found = sequence.SerializeToString(deterministic=True)
    assert found == one_by_one(columns(count), **about)


@pytest.mark.parametrize(
    "sizes", [[], [0], [0, 0], [3], [0, 2, 0, 0, 5, 1, 0], [40, 0, 1]]
)
def test_drums_of_many_sequences(sizes):
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    notes = columns(int(bounds[-1]))
    found = drum_sequences(
        *notes, bounds=bounds, qpm=97.0, time_signature=(3, 4), duration=2.0
    )
    expected = [
        one_by_one([c[a:b] for c in notes], instrument=9, is_drum=True)
        for a, b in itertools.pairwise(bounds)
    ]
    assert [s.SerializeToString(deterministic=True) for s in found] == expected


def test_each_sequence_may_have_its_duration():
    none = np.zeros(0)
    durations = np.array([1.0, 0.5])
    found = drum_sequences(
        *[none] * 4,
        bounds=np.zeros(3, int),
        qpm=120,
        time_signature=(4, 4),
        duration=durations,
    )
    assert [sequence.total_time for sequence in found] == [1.0, 0.5]
