"""SoundFonts: sampled instruments, played by a library that is installed.

One of two libraries, imported when something is played: tinysoundfont, which brings
its synthesizer, or pyfluidsynth with FluidSynth of the operating system.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from groovekit.errors import DataError, GroovekitError
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence

_CHANNELS = 16
# Room for several loud strokes at once; both are about equally loud.
_GAIN_DB, _FLUIDSYNTH_GAIN = -6.0, 0.5
# Cymbals and releases go on after the last note.
_TAIL_SECONDS = 3.0

_MISSING = (
    "SoundFonts need a synthesizer: pip install --no-deps tinysoundfont (without "
    "--no-deps it wants PyAudio, which groovekit has no use for), or pip install "
    "pyfluidsynth beside FluidSynth of the operating system. Without `soundfont`, "
    "groovekit plays drums and tones of its own."
)


def play(
    sequence: NoteSequence, soundfont: str | Path, sample_rate: int, end: float
) -> np.ndarray:
    """Plays a sequence with a SoundFont.

    Args:
      sequence: in seconds, of 15 programs at most beside its drums.
      soundfont: an ``.sf2`` or ``.sf3`` file.
      sample_rate: samples a second.
      end: where the sequence ends, in seconds.

    Returns:
      ``(samples, 2)`` float32, left and right, from time zero to 3 s after the end.

    Raises:
      DataError: no such SoundFont, or too many programs.
      GroovekitError: no synthesizer is installed.
    """
    path = Path(soundfont).expanduser()
    if not path.is_file():
        raise DataError(f"There is no SoundFont {path}.")
    return _play(_synthesizer(str(path), sample_rate), sequence, sample_rate, end)


def _events(
    sequence: NoteSequence, sample_rate: int
) -> list[tuple[int, int, int, int, int]]:
    """``(sample, on, channel, pitch, velocity)`` in order, ends before starts."""
    channels = _channels(sequence)
    events = []
    for note in sequence.notes:
        channel = channels[_voice(note)]
        start = max(0, round(note.start_time * sample_rate))
        stop = max(start + 1, round(note.end_time * sample_rate))
        velocity = min(max(note.velocity, 1), 127)
        events.append((start, 1, channel, note.pitch, velocity))
        events.append((stop, 0, channel, note.pitch, 0))
    return sorted(events)


def _voice(note: Any) -> tuple[bool, int]:
    return note.is_drum, 0 if note.is_drum else note.program


def _channels(sequence: NoteSequence) -> dict[tuple[bool, int], int]:
    """A channel for the drums and for each program; sixteen at most."""
    voices = sorted({_voice(note) for note in sequence.notes}, reverse=True)
    free = [channel for channel in range(_CHANNELS) if channel != DRUM_CHANNEL]
    programs = [voice for voice in voices if not voice[0]]
    if len(programs) > len(free):
        raise DataError(
            f"Expected at most {len(free)} programs to render, got {len(programs)}."
        )
    found = dict(zip(programs, free, strict=False))
    return {**found, (True, 0): DRUM_CHANNEL}


def _play(
    synthesizer: Any, sequence: NoteSequence, sample_rate: int, end: float
) -> np.ndarray:
    for (is_drum, program), channel in _channels(sequence).items():
        synthesizer.program(channel, program, is_drum)
    parts, position = [], 0
    for sample, is_on, channel, pitch, velocity in _events(sequence, sample_rate):
        if sample > position:
            parts.append(synthesizer.generate(sample - position))
            position = sample
        if is_on:
            synthesizer.on(channel, pitch, velocity)
        else:
            synthesizer.off(channel, pitch)
    total = round((end + _TAIL_SECONDS) * sample_rate)
    parts.append(synthesizer.generate(total - position))
    return np.concatenate(parts)


# Synthesizers ----------------------------------------------------------------------


def _synthesizer(soundfont: str, sample_rate: int) -> Any:
    for kind in (_TinySoundFont, _FluidSynth):
        try:
            return kind(soundfont, sample_rate)
        except (ImportError, OSError):
            # OSError: a system's FluidSynth that lacks a library of its own.
            continue
    raise GroovekitError(_MISSING)


class _TinySoundFont:
    def __init__(self, soundfont: str, sample_rate: int) -> None:
        import tinysoundfont

        self._synth = tinysoundfont.Synth(gain=_GAIN_DB, samplerate=sample_rate)
        try:
            self._synth.sfload(soundfont)
        except Exception as error:
            raise _unusable(soundfont) from error

    def program(self, channel: int, program: int, is_drum: bool) -> None:
        self._synth.program_change(channel, program, is_drum)

    def on(self, channel: int, pitch: int, velocity: int) -> None:
        self._synth.noteon(channel, pitch, velocity)

    def off(self, channel: int, pitch: int) -> None:
        self._synth.noteoff(channel, pitch)

    def generate(self, samples: int) -> np.ndarray:
        raw = bytes(self._synth.generate(samples))
        return np.frombuffer(raw, np.float32).reshape(-1, 2)


class _FluidSynth:
    def __init__(self, soundfont: str, sample_rate: int) -> None:
        import fluidsynth

        self._synth = fluidsynth.Synth(
            gain=_FLUIDSYNTH_GAIN, samplerate=float(sample_rate)
        )
        self._font = self._synth.sfload(soundfont)
        if self._font < 0:
            raise _unusable(soundfont)

    def program(self, channel: int, program: int, is_drum: bool) -> None:
        self._synth.program_select(channel, self._font, 128 * is_drum, program)

    def on(self, channel: int, pitch: int, velocity: int) -> None:
        self._synth.noteon(channel, pitch, velocity)

    def off(self, channel: int, pitch: int) -> None:
        self._synth.noteoff(channel, pitch)

    def generate(self, samples: int) -> np.ndarray:
        whole = np.asarray(self._synth.get_samples(samples))
        return (whole.reshape(-1, 2) / 32_768).astype(np.float32)


def _unusable(soundfont: str) -> DataError:
    return DataError(
        f"{soundfont} cannot be read as a SoundFont: expected an .sf2 or .sf3 file."
    )
