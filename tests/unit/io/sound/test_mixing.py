from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers.sounds import level, music

from groovekit.io.sound.kit import KIT
from groovekit.io.sound.mixing import mix

RATE = 22_050


def onset(sound):
    return int(np.flatnonzero(np.abs(sound).max(axis=1) > 1e-3)[0])


def test_strokes_sound_where_they_are_played():
    sound = mix(music((0.5, 38, 100)), RATE)
    assert sound.dtype == np.float32
    assert 0 <= onset(sound) - 0.5 * RATE < 0.002 * RATE
    later = mix(music((0.5 + 10 / RATE, 38, 100)), RATE)
    assert onset(later) - onset(sound) == 10


def test_notes_before_the_start_and_odd_velocities():
    sound = mix(music((-0.3, 38, 100), (0.1, 36, 0), (0.2, 36, 200)), RATE)
    assert np.isfinite(sound).all()
    assert onset(sound) < 0.002 * RATE


def test_pan_and_room():
    def sides(pitch):
        sound = mix(music((0.0, pitch, 100)), RATE)
        return (level(side, 0, 0.05, RATE) for side in sound.T)

    left, right = sides(42)
    assert left > 1.3 * right
    left, right = sides(51)
    assert right > 1.3 * left
    left, right = sides(36)
    assert left == pytest.approx(right, rel=0.1)
    # The room goes on after a dry stick, on both sides.
    stick = mix(music((0.0, 37, 120)), RATE)
    for side in stick.T:
        assert level(side, 0.15, 0.25, RATE) > 1e-4 > level(side, 0.55, 0.57, RATE)


@pytest.mark.parametrize("closing", [42, 44, 22])
def test_an_open_hat_is_choked(closing):
    rings = mix(music((0.0, 46, 100)), RATE)
    assert level(rings, 0.5, 0.6, RATE) > 0.003
    choked = mix(music((0.0, 46, 100), (0.3, closing, 1)), RATE)
    np.testing.assert_allclose(choked[: RATE // 4], rings[: RATE // 4], atol=1e-6)
    assert level(choked, 0.5, 0.6, RATE) < 0.1 * level(rings, 0.5, 0.6, RATE)
    # Faded, not cut: the hat is heard for a moment while it closes.
    assert level(choked, 0.3, 0.31, RATE) > 0.3 * level(rings, 0.3, 0.31, RATE)


def test_other_drums_choke_no_hat():
    rings = mix(music((0.0, 46, 100)), RATE)
    both = mix(music((0.0, 46, 100), (0.3, 36, 100)), RATE)
    kick = mix(music((0.3, 36, 100)), RATE)
    both[: len(kick)] -= kick
    np.testing.assert_allclose(both[: len(rings)], rings, atol=1e-5)


def test_a_drum_that_is_struck_again_does_not_pile_up():
    def peak(strokes):
        notes = [(0.1 * i, 49, 110) for i in range(strokes)]
        return np.abs(mix(music(*notes), RATE)).max()

    assert peak(20) < 2.2 * peak(1)


def test_repeats_differ_and_come_again():
    beat = music(*[(0.5 * i, 42, 90) for i in range(8)])
    sound = mix(beat, RATE)
    strokes = [sound[round(0.5 * i * RATE) :][: RATE // 20] for i in range(8)]
    for one, other in itertools.pairwise(strokes):
        assert np.abs(one - other).max() > 0.1 * np.abs(one).max()
    np.testing.assert_array_equal(mix(beat, RATE), sound)


def test_order_of_the_notes_does_not_matter():
    notes = [(0.0, 36, 90), (0.0, 42, 60), (0.25, 42, 40), (0.5, 38, 100)]
    np.testing.assert_array_equal(
        mix(music(*notes), RATE), mix(music(*reversed(notes)), RATE)
    )


def test_tones_and_drums_together():
    piano, snare = music((0.0, 60, 90), is_drum=False), music((0.0, 38, 90))
    both = music((0.0, 38, 90))
    both.notes.extend(piano.notes)
    apart = [mix(item, RATE) for item in (piano, snare)]
    total = mix(both, RATE)
    for part in apart:
        total[: len(part)] -= part
    assert np.abs(total).max() < 1e-5


def test_levels_of_a_mix():
    """Kick and snare lead; hats and rides lie 5 to 14 dB below."""

    def loud(pitch):
        return level(mix(music((0.0, pitch, 100)), RATE), 0, 0.1, RATE)

    snare = loud(38)
    for pitch in (35, 36, 41, 43, 45, 47, 48, 50, 49, 57):
        assert -9 < 20 * np.log10(loud(pitch) / snare) < 5
    for pitch in (42, 44, 46, 51, 53, 59, 22, 26):
        assert -16 < 20 * np.log10(loud(pitch) / snare) < -5
    assert all(-20 < 20 * np.log10(loud(pitch) / snare) < 5 for pitch in KIT)


def test_nothing():
    assert mix(music(), RATE).shape == (0, 2)
