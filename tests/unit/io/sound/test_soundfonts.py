"""SoundFonts, played by one of two libraries; neither comes with groovekit."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import types
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from helpers.sounds import level, music, spectrum

from groovekit.errors import DataError, GroovekitError
from groovekit.io.notes import NoteSequence
from groovekit.io.sound.rendering import render
from groovekit.io.sound.soundfonts import play

RATE = 8_000
# General MIDI, which pretty_midi brings.
FONT = Path(pretty_midi.__file__).with_name("TimGM6mb.sf2")
with_synthesizer = pytest.mark.skipif(
    importlib.util.find_spec("tinysoundfont") is None,
    reason="needs tinysoundfont (pip install --no-deps tinysoundfont)",
)


def rendered(sequence, **options):
    return render(sequence, sample_rate=RATE, soundfont=FONT, **options)


@with_synthesizer
class TestPlaying:
    def test_strokes_sound_where_they_are_played(self):
        sound = rendered(music((0.5, 38, 100), total=4.0))
        assert sound.dtype == np.float32
        assert sound.shape == (4 * RATE, 2)
        assert np.isfinite(sound).all()
        (loud,) = np.nonzero(np.abs(sound).max(axis=1) > 1e-3)
        assert 0 <= loud[0] - 0.5 * RATE < 0.01 * RATE
        assert level(sound, 0.5, 0.6, RATE) > 0.01
        assert level(sound, 0.5, 0.6, RATE) > 100 * level(sound, 3.5, 4.0, RATE)

    def test_it_resounds_after_the_end(self):
        crash = rendered(music((0.0, 49, 127), total=0.5))
        assert RATE < len(crash) <= 3.5 * RATE
        assert np.abs(crash[-1]).max() > 0
        kick = rendered(music((0.0, 36, 127), total=0.5))
        assert 0.5 * RATE <= len(kick) < len(crash)

    def test_velocity_is_loudness(self):
        levels = [
            level(rendered(music((0.0, 38, v)), loudness=None), 0, 0.2, RATE)
            for v in (20, 60, 100, 127)
        ]
        assert all(b > 1.2 * a for a, b in itertools.pairwise(levels))

    def test_equal_music_gives_equal_samples(self):
        beat = music((0.0, 36, 90), (0.5, 38, 100), (0.25, 42, 60), total=1.0)
        np.testing.assert_array_equal(rendered(beat), rendered(beat))

    def test_it_never_clips(self):
        loud = music(*[(0.0, pitch, 127) for pitch in range(35, 60)], total=1.0)
        assert np.abs(rendered(loud, loudness=None)).max() < 10 ** (-1 / 20)

    def test_programs(self):
        """A piano note has its pitch; together with drums both are heard."""
        piano = music((0.0, 69, 100), total=1.0, is_drum=False)
        sound = play(piano, FONT, RATE, 1.0)
        hertz, power = spectrum(sound[: RATE // 2], RATE)
        assert hertz[np.argmax(power)] == pytest.approx(440, abs=5)
        organ = music((0.0, 69, 100), total=1.0, is_drum=False, program=19)
        assert not np.allclose(play(organ, FONT, RATE, 1.0), sound, atol=0.01)
        both = NoteSequence()
        both.CopyFrom(piano)
        both.notes.extend(music((0.0, 38, 100)).notes)
        together = play(both, FONT, RATE, 1.0)
        snare = play(music((0.0, 38, 100)), FONT, RATE, 1.0)
        np.testing.assert_allclose(together, sound + snare, atol=1e-4)

    def test_files_that_are_none(self, tmp_path):
        bad = tmp_path / "bad.sf2"
        bad.write_bytes(b"RIFF nothing")
        with pytest.raises(DataError, match="cannot be read as a SoundFont"):
            render(music((0.0, 36, 1)), soundfont=bad)

    def test_too_many_programs(self):
        many = NoteSequence()
        for program in range(16):
            many.notes.add(pitch=60, velocity=80, end_time=1.0, program=program)
        with pytest.raises(DataError, match="at most 15 programs to render, got 16"):
            rendered(many)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"no SoundFont .*none\.sf2"):
        render(music((0.0, 36, 1)), soundfont=tmp_path / "none.sf2")


def test_without_a_synthesizer(monkeypatch):
    for name in ("tinysoundfont", "fluidsynth"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(GroovekitError, match="pip install --no-deps tinysoundfont"):
        render(music((0.0, 36, 100)), soundfont=FONT)


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
    beat = music((0.5, 36, 100), (0.6, 36, 90), total=1.0)
    sound = play(beat, FONT, RATE, 1.0)
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
