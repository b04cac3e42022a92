"""Loudness and true peak of signals whose values the standards print."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.sounds import sine

from groovekit.io.sound import loudness
from groovekit.io.sound.loudness import integrated_loudness, true_peak, true_peaks

RATES = [48_000, 44_100, 22_050]


def test_filters_are_those_of_the_standard():
    """Tables 1 and 2 of ITU-R BS.1770 print the coefficients for 48 kHz."""
    b, a = loudness.shelf(48_000)
    np.testing.assert_allclose(
        b, [1.53512485958697, -2.69169618940638, 1.19839281085285], atol=1e-9
    )
    np.testing.assert_allclose(a, [1, -1.69065929318241, 0.73248077421585], atol=1e-9)
    b, a = loudness.high_pass(48_000)
    np.testing.assert_array_equal(b, [1, -2, 1])
    np.testing.assert_allclose(a, [1, -1.99004745483398, 0.99007225036621], atol=1e-9)


@pytest.mark.parametrize("rate", RATES)
def test_a_sine_of_full_scale(rate):
    """997 Hz on one channel: -3.01 LUFS (BS.1770, section 2.8)."""
    one = sine(997, 0.0, 3, rate) * [1, 0]
    assert integrated_loudness(one, rate) == pytest.approx(-3.01, abs=0.03)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # EBU Tech 3341, table 1: level in dBFS and seconds of each part.
        pytest.param([(-23, 20)], -23.0, id="1"),
        pytest.param([(-33, 20)], -33.0, id="2"),
        pytest.param([(-36, 10), (-23, 60), (-36, 10)], -23.0, id="3"),
        pytest.param(
            [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0, id="4"
        ),
        pytest.param([(-26, 20), (-20, 20.1), (-26, 20)], -23.0, id="5"),
    ],
)
def test_ebu_test_signals(parts, expected, rate):
    if rate != 48_000 and len(parts) > 1:
        pytest.skip("once is enough")
    sound = np.concatenate([sine(1_000, db, seconds, rate) for db, seconds in parts])
    assert integrated_loudness(sound, rate) == pytest.approx(expected, abs=0.1)


def test_short_and_silent_pieces():
    assert integrated_loudness(np.zeros((48_000, 2)), 48_000) == -np.inf
    assert integrated_loudness(np.zeros((0, 2)), 48_000) == -np.inf
    # A quarter of the one block.
    short = integrated_loudness(sine(1_000, -20, 0.1, 48_000), 48_000)
    assert short == pytest.approx(-20 - 6.02, abs=0.1)


def test_single_precision_is_enough():
    sound = sine(1_000, -23, 5, 48_000)
    single = integrated_loudness(sound.astype(np.float32), 48_000)
    assert single == pytest.approx(integrated_loudness(sound, 48_000), abs=1e-3)


@pytest.mark.parametrize(
    ("hertz", "degrees"), [(12_000, 45), (8_000, 60), (6_000, 67.5), (12_000, 0)]
)
def test_peaks_between_samples(hertz, degrees):
    """EBU Tech 3341, cases 15 to 18: -6 dBTP, within +0.2 and -0.4 dB."""
    sound = sine(hertz, 20 * np.log10(0.5), 1, 48_000, phase=np.deg2rad(degrees))
    # Faded: an edge overshoots.
    sound *= np.hanning(len(sound))[:, None]
    found = loudness.decibels(true_peak(sound))
    assert -6.02 - 0.4 < found < -6.02 + 0.2
    assert true_peak(sound) >= np.abs(sound).max()


def test_true_peaks_of_blocks():
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((1_000, 2)) * np.linspace(0, 1, 1_000)[:, None]
    exact = true_peaks(sound, above=0.0)
    assert exact.shape == (16,)
    assert exact.max() == true_peak(sound)
    quick = true_peaks(sound, above=1.0)
    np.testing.assert_array_equal(quick[exact >= 1.0], exact[exact >= 1.0])
    assert (quick <= exact).all()
    assert true_peak(np.zeros((0, 2))) == 0.0
    assert loudness.decibels(0.0) == -np.inf
