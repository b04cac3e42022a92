from __future__ import annotations

import numpy as np
from helpers.sounds import centroid, level, share

from groovekit.io.sound.room import reverberate

RATE = 22_050


def test_a_clap_in_the_room():
    clap = np.zeros(RATE // 100, np.float32)
    clap[0] = 1
    left, right = reverberate(clap, RATE)
    assert len(left) == len(right)
    # First the walls, then a tail of less than half a second, each side its own.
    for side in (left, right):
        assert side.dtype == np.float32
        assert not np.abs(side[: round(0.006 * RATE)]).max() > 1e-6
        assert level(side, 0.007, 0.03, RATE) > 10 * level(side, 0.3, 0.35, RATE)
        assert len(side) < 0.6 * RATE
    size = len(left)
    assert (
        abs(np.corrcoef(left[RATE // 50 : size], right[RATE // 50 : size])[0, 1]) < 0.5
    )


def test_it_is_dark_and_leaves_kicks_alone():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(RATE).astype(np.float32)
    left, _ = reverberate(noise, RATE)
    assert centroid(left, RATE) < 0.6 * centroid(noise, RATE)
    assert share(left, RATE, 0, 100) < 0.1
