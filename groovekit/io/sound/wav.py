"""WAV files."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np

from groovekit.errors import DataError
from groovekit.io.files import write_file, write_new


def write_wav(
    path: str | Path,
    audio: np.ndarray,
    sample_rate: int,
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
    path, data = Path(path), encode_wav(audio, sample_rate)
    if overwrite:
        write_file(path, data)
        return path
    return write_new(path, data)


def encode_wav(audio: np.ndarray, sample_rate: int) -> bytes:
    """The contents of a WAV file; arguments and errors as for :func:`write_wav`."""
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
    return target.getvalue()
