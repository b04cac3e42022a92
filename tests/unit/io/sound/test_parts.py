from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.sounds import centroid, level, share, spectrum

from groovekit.io.sound.parts import Noise, Partials, Repeated, Stroke

RATE = 22_050


def stroke(strength=1.0, *, darkening=0.0, variant=0, rate=RATE):
    rng = np.random.default_rng(variant)
    return Stroke(strength, darkening, (1,), rng, rate)


def loudest(sound):
    hertz, power = spectrum(sound, RATE)
    return hertz[np.argmax(power)]


def test_what_depends_on_strength():
    assert stroke(0.25).of((2.0, 4.0)) == 2.5
    assert stroke(0.25).of(3.0) == 3.0
    assert stroke().gain(-20.0, 8_000.0) == pytest.approx(0.1)
    # Two octaves above 250 Hz, 3 dB each.
    assert stroke(darkening=3.0).gain(0.0, 1_000.0) == pytest.approx(10 ** (-6 / 20))
    assert stroke(darkening=3.0).gain(0.0, 100.0) == 1


def test_partials():
    part = Partials((440.0, 1_000.0), (0.0, (-40.0, 0.0)), (0.5, 0.25))
    sound = part.play(stroke())
    assert len(sound) == RATE // 2
    assert sound.dtype == np.float32
    assert sound[0] == 0
    soft, hard = (part.play(stroke(strength)) for strength in (0.0, 1.0))
    for found in (soft, hard):
        assert loudest(found) == pytest.approx(440, abs=10)
    assert share(soft, RATE, 800, 1_200) < 0.01 < 0.1 < share(hard, RATE, 800, 1_200)
    # 60 dB down at the end, 30 dB in the middle.
    first, middle = level(sound, 0, 0.02, RATE), level(sound, 0.24, 0.26, RATE)
    assert 20 * np.log10(middle / first) == pytest.approx(-30, abs=4)


def test_partials_that_bend():
    part = Partials((100.0,), (0.0,), (1.0,), bend=2.0, bend_seconds=0.05)
    sound = part.play(stroke())
    crossings = np.flatnonzero(np.diff(np.signbit(sound)))
    # Half a period lies between two crossings.
    hertz = RATE / np.diff(crossings) / 2
    assert 250 < hertz[0] < 300
    assert hertz[-5:] == pytest.approx(100, abs=3)
    assert (np.diff(hertz) < 3).all()


def test_noise_lies_in_its_bands():
    part = Noise((1_000.0, 2_000.0, 4_000.0), (-60.0, 0.0), (0.5, 0.25))
    sound = part.play(stroke())
    assert len(sound) == RATE // 2
    assert share(sound, RATE, 1_700, 4_700) > 0.99
    lower = dataclasses.replace(part, levels=(0.0, -60.0)).play(stroke())
    assert share(lower, RATE, 850, 2_350) > 0.99
    both = dataclasses.replace(part, levels=(0.0, 0.0))
    bright, dark = (both.play(stroke(darkening=d)) for d in (0.0, 12.0))
    assert centroid(dark, RATE) < 0.85 * centroid(bright, RATE)


def test_noise_above_half_the_rate_is_left_out():
    part = Noise((3_000.0, 6_000.0, 15_000.0), (0.0, 0.0), (0.1, 0.1))
    sound = part.play(stroke(rate=8_000))
    assert np.isfinite(sound).all()
    assert share(sound, 8_000, 2_500, 3_700) > 0.95
    silent = Noise((9_000.0, 15_000.0), (0.0,), (0.1,)).play(stroke(rate=8_000))
    assert not silent.any()
    high = Partials((9_000.0, 200.0), (0.0, -20.0), (0.1, 0.1))
    assert share(high.play(stroke(rate=8_000)), 8_000, 100, 300) > 0.9


def test_metal_has_sharp_lines():
    def crest(metal):
        part = Noise((1_000.0, 8_000.0), (0.0,), (3.0,), metal=metal, lines=20)
        _, power = spectrum(part.play(stroke()), RATE)
        return power.max() / power.mean()

    assert crest(0.9) > 5 * crest(0.0)


def test_strokes_differ_but_the_same_one_does_not():
    part = Noise((1_000.0, 8_000.0), (0.0,), (0.1,), metal=0.5)
    first, second, again = (part.play(stroke(variant=v)) for v in (0, 1, 0))
    np.testing.assert_array_equal(first, again)
    assert np.abs(np.corrcoef(first, second)[0, 1]) < 0.3
    assert level(first, 0, 0.1, RATE) == pytest.approx(
        level(second, 0, 0.1, RATE), rel=0.5
    )


def test_repetitions():
    click = Noise((500.0, 5_000.0), (0.0,), (0.01,))
    sound = Repeated(click, (0.0, 0.05, 0.1), (0.0, -20.0, 0.0)).play(stroke())
    assert len(sound) == pytest.approx(0.11 * RATE, rel=0.1)
    first, second, third = (
        np.abs(sound[round((t - 0.008) * RATE if t else 0) :][: RATE // 50]).max()
        for t in (0.0, 0.05, 0.1)
    )
    assert second < 0.3 * min(first, third)
    assert level(sound, 0.02, 0.035, RATE) == 0
