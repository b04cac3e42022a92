from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers import tiny
from helpers.sounds import level, music, spectrum

from groovekit.errors import DataError, UsageError
from groovekit.io.notes import NoteSequence
from groovekit.io.sound import drums, parts, room, tones
from groovekit.io.sound.loudness import decibels, integrated_loudness, true_peak
from groovekit.io.sound.rendering import SAMPLE_RATE, render
from groovekit.io.sound.wav import encode_wav

RATE = 8_000


def test_strokes_sound_where_they_are_played():
    sound = render(music((0.5, 38, 100), total=4.0), sample_rate=RATE)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert sound.shape == (4 * RATE, 2)
    (loud,) = np.nonzero(np.abs(sound).max(axis=1) > 1e-3)
    assert 0 <= loud[0] - 0.5 * RATE < 0.01 * RATE
    assert level(sound, 0.5, 0.6, RATE) > 0.01
    assert level(sound, 3.5, 4.0, RATE) == 0


def test_it_resounds_after_the_end():
    crash = render(music((0.0, 49, 127), total=0.5), sample_rate=RATE)
    assert RATE < len(crash) <= 4 * RATE
    assert np.abs(crash[-1]).max() > 0
    kick = render(music((0.0, 36, 127), total=0.5), sample_rate=RATE)
    assert 0.5 * RATE <= len(kick) < len(crash)


@pytest.mark.parametrize("rate", [8_000, 22_050, SAMPLE_RATE, 96_000])
def test_loudness_and_peaks(rate):
    sound = render(tiny.groove(1), sample_rate=rate)
    assert integrated_loudness(sound, rate) == pytest.approx(-16, abs=1)
    assert decibels(true_peak(sound)) <= -1
    assert len(sound) / rate == pytest.approx(8, abs=1)


def test_nothing_clips():
    loud = music(*[(0.1 * i, p, 127) for i in range(8) for p in range(35, 60)])
    for loudness in (None, -16.0):
        sound = render(loud, loudness=loudness)
        assert decibels(true_peak(sound)) <= -1
        # In the file, too.
        whole = np.frombuffer(encode_wav(sound, SAMPLE_RATE)[44:], "<i2")
        assert np.abs(whole.astype(int)).max() < 32_767 * 10 ** (-0.9 / 20)


def test_velocity_is_loudness_where_the_level_is_kept():
    def loud(velocity, **options):
        one = music((0.0, 38, velocity), total=1.0)
        return integrated_loudness(render(one, **options), SAMPLE_RATE)

    levels = [loud(v, loudness=None) for v in (20, 45, 70, 95)]
    assert all(b > a + 1.5 for a, b in itertools.pairwise(levels))
    assert loud(80) == pytest.approx(loud(100), abs=1)
    assert loud(80, loudness=-20.0) == pytest.approx(-20, abs=0.5)


def test_equal_music_gives_equal_bytes():
    beat = tiny.groove(3, bars=2)
    first = encode_wav(render(beat), SAMPLE_RATE)
    for cached in (drums._voice, parts._loops, room._responses, tones._play):
        cached.cache_clear()
    assert encode_wav(render(beat), SAMPLE_RATE) == first


def test_programs():
    """A piano note has its pitch; together with drums both are heard."""
    piano = music((0.0, 69, 100), total=1.0, is_drum=False)
    sound = render(piano, sample_rate=RATE)[: RATE // 10, 0]
    hertz, power = spectrum(np.pad(sound * np.hanning(len(sound)), (0, RATE)), RATE)
    assert hertz[np.argmax(power)] == pytest.approx(440, abs=5)
    many = NoteSequence()
    for program in range(128):
        many.notes.add(pitch=60, velocity=80, end_time=0.1, program=program)
    assert decibels(true_peak(render(many, sample_rate=RATE))) <= -1


def test_silence():
    sound = render(NoteSequence(total_time=1.0), sample_rate=RATE)
    np.testing.assert_array_equal(sound, np.zeros((RATE, 2), np.float32))
    assert render(NoteSequence(), sample_rate=RATE).shape == (0, 2)


def test_messages():
    with pytest.raises(DataError, match="0 to 3600 seconds to render, got 4000"):
        render(NoteSequence(total_time=4000.0))
    with pytest.raises(UsageError, match="8,000 to 192,000, got 10"):
        render(NoteSequence(), sample_rate=10)
