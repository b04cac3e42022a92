from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from groovekit.io.midi.tempo_estimate import estimate_qpm

EIGHTHS, SIXTEENTHS = np.arange(0, 256, 2), np.arange(256)
KICKS = np.concatenate([np.array([0, 3, 6, 8, 12, 14]) + 16 * bar for bar in range(16)])


@pytest.mark.parametrize("qpm", [97.5, 110, 125, 133, 155, 174])
@pytest.mark.parametrize(
    "steps", [EIGHTHS, SIXTEENTHS, KICKS], ids=["8", "16", "kicks"]
)
def test_the_tempo_of_a_machine(qpm, steps):
    # In whole milliseconds, from some time on, several drums at a time.
    onsets = np.round(np.repeat(steps, 2) * 15 / qpm, 3) + 7.3
    assert estimate_qpm(onsets) == qpm


def test_a_slow_one_may_be_taken_for_another():
    assert estimate_qpm(SIXTEENTHS * 15 / 61) in (61, 122)
    assert estimate_qpm(EIGHTHS * 15 / 90) in (90, 135, 180)


def test_what_was_played_has_no_certain_tempo():
    played = SIXTEENTHS * 0.125 + np.random.default_rng(1).normal(0, 0.03, 256)
    assert estimate_qpm(played) is None


@pytest.mark.parametrize("onsets", [[], [0.0], [1.0] * 50, [0.0, 0.5, 1.0]])
def test_too_few_onsets_have_no_tempo(onsets):
    assert estimate_qpm(np.array(onsets)) is None


def test_many_onsets_take_no_memory():
    tracemalloc.start()
    estimate_qpm(np.arange(300_000) * 1e-4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20
