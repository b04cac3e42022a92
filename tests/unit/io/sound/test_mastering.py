from __future__ import annotations

import numpy as np
import pytest
from helpers.sounds import sine

from groovekit.io.sound.loudness import decibels, integrated_loudness, true_peak
from groovekit.io.sound.mastering import LOUDNESS, TRUE_PEAK, master

RATE = 22_050


def tone(decibels_, seconds=3.0):
    return sine(1_000, decibels_, seconds, RATE).astype(np.float32)


@pytest.mark.parametrize("level", [-25.0, -16.0, -4.0])
def test_loudness(level):
    found = master(tone(level), RATE)
    assert found.dtype == np.float32
    assert integrated_loudness(found, RATE) == pytest.approx(LOUDNESS, abs=0.25)
    other = master(tone(level), RATE, loudness=-20.0)
    assert integrated_loudness(other, RATE) == pytest.approx(-20, abs=0.25)


def test_quiet_music_stays_quiet():
    found = master(tone(-50.0), RATE)
    assert integrated_loudness(found, RATE) == pytest.approx(-50 + 12, abs=0.1)


def test_silence():
    silent = np.zeros((RATE, 2), np.float32)
    np.testing.assert_array_equal(master(silent, RATE), silent)
    assert master(silent[:0], RATE).shape == (0, 2)


def test_a_level_is_kept():
    sound = tone(-20.0)
    np.testing.assert_array_equal(master(sound, RATE, loudness=None), sound)


@pytest.mark.parametrize("loudness", [None, LOUDNESS])
def test_peaks_are_turned_down(loudness):
    """Bursts over a quiet tone: they bend, and the tone comes back."""
    sound = tone(-24.0)
    rng = np.random.default_rng(0)
    for start in (0, RATE, len(sound) - 50):
        burst = 4 * rng.standard_normal((40, 2)).astype(np.float32)
        sound[start : start + 40] += burst
    found = master(sound, RATE, loudness=loudness)
    assert decibels(true_peak(found)) <= TRUE_PEAK
    assert decibels(true_peak(found)) > TRUE_PEAK - 1
    if loudness is None:
        np.testing.assert_array_equal(
            found[RATE // 2 : RATE - 500], sound[RATE // 2 : RATE - 500]
        )
        ratio = found[RATE + 40 : 2 * RATE, 0] / sound[RATE + 40 : 2 * RATE, 0]
        assert (ratio < 1.001).all()


def test_loud_music_gets_near():
    """Drums that peak far above their loudness cannot reach it, but come near."""
    rng = np.random.default_rng(1)
    sound = np.zeros((4 * RATE, 2), np.float32)
    for start in range(0, 4 * RATE, RATE // 2):
        fall = np.exp(-np.arange(2_000) / 800)[:, None]
        sound[start : start + 2_000] += 0.5 * fall * rng.standard_normal((2_000, 2))
    found = master(sound, RATE)
    assert decibels(true_peak(found)) <= TRUE_PEAK
    assert integrated_loudness(found, RATE) == pytest.approx(LOUDNESS, abs=1.0)
