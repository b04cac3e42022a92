from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers.sounds import centroid, level, spectrum

from groovekit.io.sound.tones import tone_of

RATE = 22_050


def play(program, pitch=60, velocity=100, seconds=0.5):
    return tone_of(program).play(pitch, velocity, round(seconds * RATE), RATE)


@pytest.mark.parametrize("program", range(0, 128, 8))
class TestEachFamily:
    @pytest.mark.parametrize("pitch", [28, 45, 60, 81])
    def test_pitch(self, program, pitch):
        sound = play(program, pitch)
        assert sound.dtype == np.float32
        assert np.isfinite(sound).all()
        hertz, power = spectrum(sound * np.hanning(len(sound)), RATE)
        expected = 440 * 2 ** ((pitch - 69) / 12)
        near = np.abs(hertz / expected - 1) < 0.3
        found = hertz[near][np.argmax(power[near])]
        assert found == pytest.approx(expected, abs=3)
        assert power[hertz < 0.7 * expected].max() < 0.01 * power.max()

    def test_harder_is_brighter_and_louder(self, program):
        bright = [centroid(play(program, 48, v), RATE) for v in (10, 60, 120)]
        assert all(b > a for a, b in itertools.pairwise(bright))
        assert bright[-1] > 1.08 * bright[0]
        gains = [tone_of(program).gain(v) for v in (10, 60, 120)]
        assert gains == sorted(gains)

    def test_it_ends_soon_after_the_note(self, program):
        tone = tone_of(program)
        sound = play(program, seconds=0.4)
        assert len(sound) <= round((0.4 + tone.release) * RATE) + 1
        assert level(sound, 0.05, 0.1, RATE) > 0.1
        assert abs(sound[0]) < 0.02
        assert abs(sound[-1]) < 0.02


def test_families():
    names = {program: tone_of(program).name for program in (0, 33, 81, 19)}
    assert names == {0: "keys", 33: "bass", 81: "lead", 19: "organ"}
    assert tone_of(-1) is tone_of(0)
    assert tone_of(500) is tone_of(127)


def test_keys_decay_and_organs_do_not():
    keys, organ = (play(program, seconds=2.0) for program in (0, 19))
    assert level(keys, 1.5, 1.9, RATE) < 0.2 * level(keys, 0.1, 0.5, RATE)
    assert level(organ, 1.5, 1.9, RATE) > 0.9 * level(organ, 0.1, 0.5, RATE)
    # A key that is held is over when it is silent.
    assert len(play(0, seconds=60.0)) < 10 * RATE


def test_pitches_beyond_the_rate_are_silent():
    sound = tone_of(0).play(127, 100, 800, 8_000)
    assert np.isfinite(sound).all()
    assert not sound.any()
