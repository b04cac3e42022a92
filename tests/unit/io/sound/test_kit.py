"""The drums: what each sounds like, softly and hard."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers.sounds import centroid, level, share, spectrum

from groovekit.io.sound.drums import VARIANTS, stroke_gain, voice
from groovekit.io.sound.kit import KIT, drum_of

RATE = 44_100
VELOCITIES = (10, 40, 70, 100, 127)
GENERAL_MIDI = range(27, 88)


def strokes(pitch):
    drum = drum_of(pitch)
    return [voice(drum, v, 0, RATE) * stroke_gain(drum, v) for v in VELOCITIES]


def test_every_drum_of_general_midi_is_there():
    assert set(GENERAL_MIDI) <= set(KIT)
    names = [drum.name for drum in KIT.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("pitch", KIT)
class TestEachDrum:
    def test_it_sounds(self, pitch):
        for sound in strokes(pitch):
            assert sound.dtype == np.float32
            assert np.isfinite(sound).all()
            assert 0.02 < len(sound) / RATE < 5
            assert level(sound, 0, 0.05, RATE) > 0
            # Neither a step at the start nor a click at the end.
            assert abs(sound[0]) < 0.3 * np.abs(sound).max()
            assert np.abs(sound[-20:]).max() < 2e-3 * np.abs(sound).max()

    def test_harder_is_louder(self, pitch):
        levels = [level(sound, 0, 0.06, RATE) for sound in strokes(pitch)]
        assert all(b > 1.2 * a for a, b in itertools.pairwise(levels))

    def test_harder_is_brighter(self, pitch):
        found = [centroid(sound, RATE) for sound in strokes(pitch)]
        assert all(b > a for a, b in itertools.pairwise(found))
        assert found[-1] > 1.04 * found[0]

    def test_no_two_strokes_are_alike(self, pitch):
        drum = drum_of(pitch)
        sounds = [voice(drum, 90, variant, RATE) for variant in range(VARIANTS)]
        for one, other in itertools.combinations(sounds, 2):
            size = min(len(one), len(other))
            assert np.abs(one[:size] - other[:size]).max() > 0.01
        bright = [centroid(sound, RATE) for sound in sounds]
        assert max(bright) < 2.2 * min(bright)


def test_the_rest_of_the_pitches_play_their_neighbour():
    assert drum_of(0) is KIT[22]
    assert drum_of(24) is KIT[22]
    assert drum_of(127) is KIT[87]


def test_sounds_are_the_same_again_and_cannot_be_changed():
    first = voice(KIT[38], 100, 2, RATE)
    assert voice(KIT[38], 100, 2, RATE) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


def hard(pitch):
    return voice(drum_of(pitch), 120, 0, RATE)


def test_kick():
    """Its pitch falls from 150 to 50 Hz; a click begins it."""
    sound = hard(36)
    body = sound[round(0.004 * RATE) :]
    smooth = np.convolve(body, np.hanning(200) / np.hanning(200).sum(), "same")
    crossings = np.flatnonzero(np.diff(np.signbit(smooth)))
    hertz = RATE / np.diff(crossings) / 2
    assert 100 < hertz[0] < 180
    assert hertz[10:20] == pytest.approx(52, abs=4)
    start, later = sound[: RATE // 50], sound[RATE // 20 : RATE // 10]
    assert share(start, RATE, 2_000, 8_000) > 30 * share(later, RATE, 2_000, 8_000)


def test_snare():
    """Two vibrations of the heads, and wires."""
    sound = hard(38)
    hertz, power = spectrum(sound, RATE)
    for low, high, peak in ((150, 250, 186), (280, 420, 331)):
        inside = (hertz > low) & (hertz < high)
        assert hertz[inside][np.argmax(power[inside])] == pytest.approx(peak, rel=0.06)
    assert share(sound, RATE, 1_000, 16_000) > 0.3
    assert 0.2 < len(sound) / RATE < 0.5
    ghost = voice(drum_of(38), 25, 0, RATE)
    assert share(ghost, RATE, 1_000, 16_000) < 0.5 * share(sound, RATE, 1_000, 16_000)


def test_hats():
    closed, pedal, opened = hard(42), hard(44), hard(46)
    for sound in (closed, pedal, opened):
        assert share(sound, RATE, 3_000, 20_000) > 0.9
        assert share(sound, RATE, 0, 300) < 0.01
    assert len(pedal) < len(closed) < 0.35 * RATE < RATE < len(opened)
    assert len({drum_of(pitch).damped_with for pitch in (22, 26, 42, 44, 46)}) == 1


def test_toms_are_tuned_downwards():
    pitches = (50, 48, 47, 45, 43, 41)
    found = []
    for pitch in pitches:
        hertz, power = spectrum(hard(pitch), RATE)
        found.append(hertz[np.argmax(power)])
    assert all(a > 1.1 * b for a, b in itertools.pairwise(found))
    assert 65 < found[-1] < found[0] < 210
    pans = [drum_of(pitch).pan for pitch in pitches]
    assert pans == sorted(pans)


def test_cymbals():
    crash, ride, bell, splash = (hard(pitch) for pitch in (49, 51, 53, 55))
    for sound in (crash, ride, bell):
        assert 2 < len(sound) / RATE < 4
    assert len(splash) < 0.5 * len(crash)
    assert share(crash, RATE, 3_000, 20_000) > 0.4
    # A ride's ping is over sooner than its wash; a bell has a pitch.
    ping = share(ride[: RATE // 10], RATE, 2_500, 9_000)
    assert ping > 0.5 > share(bell[: RATE // 10], RATE, 2_500, 9_000)
    _, power = spectrum(bell, RATE)
    assert power.max() > 0.02 * power.sum()
