from __future__ import annotations

import importlib.util
import itertools
import sys
import types
import wave

import numpy as np
import pytest

from groovekit.errors import DataError, GroovekitError, UsageError
from groovekit.io import sound as audio
from groovekit.io.notes import NoteSequence
from groovekit.io.sound import render, write_wav

RATE = 8_000
with_synthesizer = pytest.mark.skipif(
    importlib.util.find_spec("tinysoundfont") is None,
    reason="needs tinysoundfont (pip install --no-deps tinysoundfont)",
)


def music(*notes, total=0.0, is_drum=True, program=0):
    """Notes ``(start, pitch, velocity)`` of a tenth of a second."""
    sequence = NoteSequence()
    for start, pitch, velocity in notes:
        sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=start,
            end_time=start + 0.1,
            is_drum=is_drum,
            program=program,
        )
    sequence.total_time = total
    return sequence


def loudness(sound, start, end):
    return float(np.sqrt(np.mean(sound[round(start * RATE) : round(end * RATE)] ** 2)))


@with_synthesizer
class TestRendering:
    def test_strokes_sound_where_they_are_played(self):
        sound = render(music((0.5, 38, 100), total=4.0), sample_rate=RATE)
        assert sound.dtype == np.float32
        assert sound.shape[1] == 2
        assert np.isfinite(sound).all()
        assert len(sound) == 4 * RATE
        (loud,) = np.nonzero(np.abs(sound).max(axis=1) > 1e-3)
        assert 0 <= loud[0] - 0.5 * RATE < 0.01 * RATE
        assert loudness(sound, 0.5, 0.6) > 0.01 > 100 * loudness(sound, 3.5, 4.0)

    def test_it_resounds_after_the_end(self):
        crash = render(music((0.0, 49, 127), total=0.5), sample_rate=RATE)
        assert RATE < len(crash) <= 3.5 * RATE
        assert np.abs(crash[-1]).max() > 0
        kick = render(music((0.0, 36, 127), total=0.5), sample_rate=RATE)
        assert 0.5 * RATE <= len(kick) < len(crash)

    def test_velocity_is_loudness(self):
        levels = [
            loudness(render(music((0.0, 38, v), total=1.0), sample_rate=RATE), 0, 0.5)
            for v in (20, 60, 100, 127)
        ]
        assert all(b > 1.2 * a for a, b in itertools.pairwise(levels))

    def test_equal_music_gives_equal_samples(self):
        beat = music((0.0, 36, 90), (0.5, 38, 100), (0.25, 42, 60), total=1.0)
        first, second = (render(beat, sample_rate=RATE) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        doubled = render(beat, sample_rate=2 * RATE)
        assert abs(len(doubled) - 2 * len(first)) < RATE

    def test_it_never_clips(self):
        loud = music(*[(0.0, pitch, 127) for pitch in range(35, 60)], total=1.0)
        sound = render(loud, sample_rate=RATE)
        assert np.abs(sound).max() == pytest.approx(audio.PEAK, abs=1e-6)

    def test_silence(self):
        sound = render(NoteSequence(total_time=1.0), sample_rate=RATE)
        np.testing.assert_array_equal(sound, np.zeros((RATE, 2), np.float32))
        assert render(NoteSequence(), sample_rate=RATE).shape == (0, 2)

    def test_programs(self):
        """A piano note has its pitch; together with drums both are heard."""
        piano = music((0.0, 69, 100), total=1.0, is_drum=False)
        sound = render(piano, sample_rate=RATE)[: RATE // 10, 0]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * RATE))
        assert np.argmax(spectrum) / 8 == pytest.approx(440, abs=5)
        organ = music((0.0, 69, 100), total=1.0, is_drum=False, program=19)
        other = render(organ, sample_rate=RATE)[: len(sound), 0]
        assert not np.allclose(other, sound, atol=0.01)
        both = NoteSequence()
        both.CopyFrom(piano)
        both.notes.extend(music((0.0, 38, 100)).notes)
        together = render(both, sample_rate=RATE)
        apart = [render(m, sample_rate=RATE) for m in (piano, music((0.0, 38, 100)))]
        size = min(map(len, [together, *apart]))
        np.testing.assert_allclose(
            together[:size], apart[0][:size] + apart[1][:size], atol=1e-4
        )

    def test_messages(self, tmp_path):
        with pytest.raises(DataError, match=r"no SoundFont .*none\.sf2"):
            render(music((0.0, 36, 1)), soundfont=tmp_path / "none.sf2")
        bad = tmp_path / "bad.sf2"
        bad.write_bytes(b"RIFF nothing")
        with pytest.raises(DataError, match="cannot be read as a SoundFont"):
            render(music((0.0, 36, 1)), soundfont=bad)
        with pytest.raises(DataError, match="0 to 3600 seconds to render, got 4000"):
            render(NoteSequence(total_time=4000.0))
        with pytest.raises(UsageError, match="8,000 to 192,000, got 10"):
            render(NoteSequence(), sample_rate=10)
        many = NoteSequence()
        for program in range(16):
            many.notes.add(pitch=60, velocity=80, end_time=1.0, program=program)
        with pytest.raises(DataError, match="at most 15 programs to render, got 16"):
            render(many)


def test_without_a_synthesizer(monkeypatch):
    for name in ("tinysoundfont", "fluidsynth"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(GroovekitError, match="pip install --no-deps tinysoundfont"):
        render(music((0.0, 36, 100)))


def test_the_systems_fluidsynth(monkeypatch):
    """The same events go to FluidSynth where there is nothing else."""
    calls = []

    class Synth:
        def __init__(self, *, gain, samplerate):
            assert (gain, samplerate) == (0.5, float(RATE))

        def sfload(self, path):
            calls.append(path.rpartition("/")[2])
            return 3

        def program_select(self, *args):
            calls.append(("program", *args))

        def noteon(self, *args):
            calls.append(("on", *args))

        def noteoff(self, *args):
            calls.append(("off", *args))

        def get_samples(self, count):
            calls.append(count)
            return np.full(2 * count, 8192, np.int16)

    monkeypatch.setitem(sys.modules, "tinysoundfont", None)
    monkeypatch.setitem(sys.modules, "fluidsynth", types.SimpleNamespace(Synth=Synth))
    sound = render(music((0.5, 36, 100), (0.6, 36, 90), total=1.0), sample_rate=RATE)
    assert calls == [
        "TimGM6mb.sf2",
        ("program", 9, 3, 128, 0),
        4000,
        ("on", 9, 36, 100),
        800,
        # A note ends before the next one of its pitch begins.
        ("off", 9, 36),
        ("on", 9, 36, 90),
        800,
        ("off", 9, 36),
        32000 - 5600,
    ]
    np.testing.assert_array_equal(sound, np.full((32000, 2), 0.25, np.float32))


class TestFiles:
    def test_wav(self, tmp_path):
        sound = np.array([[0.0, 1.0], [-1.0, 0.5], [2.0, -0.25]])
        path = write_wav(tmp_path / "a.wav", sound, 8_000)
        with wave.open(str(path)) as file:
            assert file.getparams()[:4] == (2, 2, 8_000, 3)
            samples = np.frombuffer(file.readframes(3), "<i2").reshape(3, 2)
        expected = [[0, 32767], [-32767, 16384], [32767, -8192]]
        np.testing.assert_array_equal(samples, expected)
        assert write_wav(tmp_path / "a.wav", sound).name == "a-2.wav"
        assert write_wav(path, sound[:, 0], overwrite=True) == path
        with wave.open(str(path)) as file:
            assert file.getparams()[:4] == (1, 2, 22_050, 3)

    def test_samples_that_are_none(self, tmp_path):
        with pytest.raises(DataError, match="finite samples"):
            write_wav(tmp_path / "a.wav", np.array([np.nan]))
        with pytest.raises(DataError, match=r"got shape \(1, 1, 1\)"):
            write_wav(tmp_path / "a.wav", np.zeros((1, 1, 1)))
