"""Note sequences as sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from groovekit.errors import DataError, UsageError
from groovekit.io.drum_tracks import with_drums_marked
from groovekit.io.notes import NoteSequence
from groovekit.io.sound import soundfonts
from groovekit.io.sound.mastering import LOUDNESS, master
from groovekit.io.sound.mixing import mix
from groovekit.io.sound.signals import peaks

#: Samples a second, as on a CD.
SAMPLE_RATE = 44_100
_RATES = (8_000, 192_000)
_LONGEST_SECONDS = 3600.0
# What is softer than this after the last note is cut off: -80 dBFS.
_SILENCE = 1e-4


def render(
    sequence: NoteSequence,
    *,
    sample_rate: int = SAMPLE_RATE,
    soundfont: str | Path | None = None,
    loudness: float | None = LOUDNESS,
) -> np.ndarray:
    """Plays a sequence; the same one gives the same samples.

    Drums (:mod:`groovekit.io.drum_tracks`) are played by a drum kit, others by the
    program that they name. Notes begin at the nearest sample; pitch bends and controls
    are not played.

    Args:
      sequence: in seconds.
      sample_rate: samples a second, 8,000 to 192,000.
      soundfont: an ``.sf2`` or ``.sf3`` file to play with; without, drums and tones of
        groovekit's own sound, which need no further library.
      loudness: LUFS to bring the whole to, as far as 12 dB more suffice; None keeps
        the level that the velocities give, so that pieces compare.

    Returns:
      ``(samples, 2)`` float32, left and right, its true peak below -1 dBFS: from time
      zero to the end of the sequence at least, and as long as it resounds.

    Raises:
      UsageError: a sample rate out of range.
      DataError: no such SoundFont, or notes at times that cannot be played.
      GroovekitError: no synthesizer is installed that plays SoundFonts.
    """
    if not _RATES[0] <= sample_rate <= _RATES[1]:
        raise UsageError(
            f"The sample rate must be {_RATES[0]:,} to {_RATES[1]:,}, got "
            f"{sample_rate:,}."
        )
    sequence = with_drums_marked(sequence)
    end = max([note.end_time for note in sequence.notes] + [sequence.total_time])
    if not 0 <= end <= _LONGEST_SECONDS:
        raise DataError(
            f"Expected music of 0 to {_LONGEST_SECONDS:g} seconds to render, got "
            f"{end:g}."
        )
    if soundfont is None:
        audio = mix(sequence, sample_rate)
    else:
        audio = soundfonts.play(sequence, soundfont, sample_rate, end)
    audio = master(audio, sample_rate, loudness=loudness)
    loud = np.flatnonzero(peaks(audio) > _SILENCE)
    needed = round(end * sample_rate)
    length = max(needed, loud[-1] + 1 if len(loud) else 0)
    if len(audio) < length:
        audio = np.pad(audio, ((0, length - len(audio)), (0, 0)))
    return audio[:length]
