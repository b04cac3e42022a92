"""Sound: note sequences played by a SoundFont, and WAV files.

Needs one of two libraries, imported when something is rendered: tinysoundfont,
which brings its synthesizer, or pyfluidsynth with FluidSynth of the operating
system. The SoundFont is General MIDI by default: TimGM6mb, which pretty_midi brings.
"""

from __future__ import annotations

import importlib.util
import io
import wave
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.errors import DataError, GroovekitError, UsageError
from groovekit.io.files import write_file, write_new
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence

SAMPLE_RATE = 22_050
_RATES = (8_000, 192_000)
_CHANNELS = 16
# Room for several loud strokes at once; both are about equally loud.
_GAIN_DB, _FLUIDSYNTH_GAIN = -6.0, 0.5
# Cymbals and releases go on after the last note; beyond, silence is cut off.
_TAIL_SECONDS = 3.0
_SILENCE = 1e-4
#: Louder music is turned down to this peak, as a whole.
PEAK = 0.99
_LONGEST_SECONDS = 3600.0

_MISSING = (
    "Sound needs a synthesizer: pip install --no-deps tinysoundfont (without "
    "--no-deps it wants PyAudio, which groovekit has no use for), or pip install "
    "pyfluidsynth beside FluidSynth of the operating system."
)


def render(
    sequence: NoteSequence,
    *,
    sample_rate: int = SAMPLE_RATE,
    soundfont: str | Path | None = None,
) -> np.ndarray:
    """Plays a sequence; the same one gives the same samples.

    Notes marked as drums are played by the SoundFont's drum kit, others by the
    program that they name. Notes begin at the nearest sample; pitch bends and
    controls are not played.

    Args:
      sequence: in seconds.
      sample_rate: samples a second, 8,000 to 192,000.
      soundfont: an ``.sf2`` or ``.sf3`` file.

    Returns:
      ``(samples, 2)`` float32, left and right, within -0.99..0.99: from time zero
      to the end of the sequence at least, and as long as it resounds (3 s at most).

    Raises:
      UsageError: a sample rate out of range.
      DataError: no such SoundFont, or notes at times that cannot be played.
      GroovekitError: no synthesizer is installed.
    """
    if not _RATES[0] <= sample_rate <= _RATES[1]:
        raise UsageError(
            f"The sample rate must be {_RATES[0]:,} to {_RATES[1]:,}, got "
            f"{sample_rate:,}."
        )
    end = max([note.end_time for note in sequence.notes] + [sequence.total_time])
    if not 0 <= end <= _LONGEST_SECONDS:
        raise DataError(
            f"Expected music of 0 to {_LONGEST_SECONDS:g} seconds to render, got "
            f"{end:g}."
        )
    synthesizer = _synthesizer(_soundfont(soundfont), sample_rate)
    audio = _play(synthesizer, sequence, sample_rate, end)
    needed = round(end * sample_rate)
    loud = np.flatnonzero(np.abs(audio).max(axis=1) > _SILENCE)
    audio = audio[: max(needed, loud[-1] + 1 if len(loud) else 0)]
    peak = float(np.abs(audio).max(initial=0.0))
    return audio * np.float32(PEAK / peak) if peak > PEAK else audio


def write_wav(
    path: str | Path,
    audio: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    *,
    overwrite: bool = False,
) -> Path:
    """Writes samples as a WAV file of 16 bits.

    Args:
      path: where to; a number is added to a name that is taken, unless
        ``overwrite``.
      audio: ``(samples,)`` or ``(samples, channels)``, -1..1; what lies beyond is
        clipped.
      sample_rate: samples a second.
      overwrite: replace an existing file.

    Returns:
      The path used.

    Raises:
      DataError: samples that are not finite.
      WriteError: the file cannot be written.
    """
    audio = np.asarray(audio)
    if audio.ndim not in (1, 2) or not np.isfinite(audio).all():
        raise DataError(
            "Expected finite samples of shape (samples,) or (samples, channels), got "
            f"shape {audio.shape}."
        )
    whole = np.round(np.clip(audio, -1.0, 1.0) * 32_767).astype("<i2")
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1 if audio.ndim == 1 else audio.shape[1])
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(whole.tobytes())
    path = Path(path)
    if overwrite:
        write_file(path, target.getvalue())
        return path
    return write_new(path, target.getvalue())


# Playing ---------------------------------------------------------------------------


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


def _soundfont(given: str | Path | None) -> str:
    if given is None:
        spec = importlib.util.find_spec("pretty_midi")
        assert spec is not None
        assert spec.origin is not None
        return str(Path(spec.origin).with_name("TimGM6mb.sf2"))
    path = Path(given).expanduser()
    if not path.is_file():
        raise DataError(f"There is no SoundFont {path}.")
    return str(path)


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
