"""What sounds are computed with: decaying vibrations, ramps, filters."""

from __future__ import annotations

import numpy as np

# Blocks of a long signal are filtered at once, as many as fit in some 40 MB.
_BLOCK_SAMPLES = 1 << 22


def powers(base: complex, count: int) -> np.ndarray:
    """``(count,)`` the powers 0, 1, ... of a number, in single precision.

    A damped vibration and an exponential are such powers. Products of a few of them
    are ten times faster than an exponential or a sine a sample.
    """
    width = max(1, int(np.sqrt(count)))
    kind = np.complex64 if isinstance(base, complex) else np.float32
    fine = (base ** np.arange(width)).astype(kind)
    coarse = ((base**width) ** np.arange(-(-count // width))).astype(kind)
    return np.multiply.outer(coarse, fine).ravel()[:count]


def decay(seconds: float, count: int, sample_rate: int) -> np.ndarray:
    """``(count,)`` float32: an exponential that falls by 60 dB in so many seconds.

    What is left by then is taken off, so that it ends at 0 without a click.
    """
    curve = powers(10.0 ** (-3.0 / (seconds * sample_rate)), count)
    curve -= 1e-3
    return curve


def rise(count: int) -> np.ndarray:
    """``(count,)`` half a cosine from 0 to 1."""
    phase = np.pi * (np.arange(count) + 0.5) / count
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


def fade_in(sound: np.ndarray, count: int) -> None:
    """Lets the first samples rise from 0, in place."""
    count = min(count, len(sound))
    sound[:count] *= rise(count)


def fade_out(sound: np.ndarray, count: int) -> None:
    """Lets the last samples fall to 0, in place."""
    count = min(count, len(sound))
    sound[len(sound) - count :] *= np.linspace(1.0, 0.0, count, dtype=np.float32)


def peaks(audio: np.ndarray) -> np.ndarray:
    """``(samples,)`` the larger of both sides' distances from 0."""
    left, right = np.abs(audio[:, 0]), np.abs(audio[:, 1])
    # Ten times faster than a maximum along an axis of two.
    higher: np.ndarray = np.maximum(left, right)
    return higher


def add_at(target: np.ndarray, start: int, addend: np.ndarray) -> None:
    """Adds to ``target`` from ``start`` on; what goes beyond its end is left out."""
    target[start : start + len(addend)] += addend[: max(0, len(target) - start)]


def convolve(signal: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Filters a signal.

    Args:
      signal: ``(samples,)``.
      response: ``(taps,)`` the filter's response to an impulse.

    Returns:
      ``(samples + taps - 1,)`` of the signal's type.
    """
    total = len(signal) + len(response) - 1
    size = 1 << max(10, (4 * len(response) - 1).bit_length())
    hop = size - len(response) + 1
    frames = -(-total // hop)
    padded = np.zeros((frames, hop), signal.dtype)
    padded.reshape(-1)[: len(signal)] = signal
    spectrum = np.fft.rfft(response.astype(signal.dtype), size)
    filtered = np.zeros((frames + 1) * hop, signal.dtype)
    batch = max(1, _BLOCK_SAMPLES // size)
    for first in range(0, frames, batch):
        rows = padded[first : first + batch]
        blocks = np.fft.irfft(np.fft.rfft(rows, size, axis=1) * spectrum, size, axis=1)
        start, count = first * hop, len(rows) * hop
        filtered[start : start + count] += blocks[:, :hop].ravel()
        # The rest of a block sounds together with the next one.
        rest = filtered[start + hop : start + hop + count].reshape(-1, hop)
        rest[:, : len(response) - 1] += blocks[:, hop:]
    return filtered[:total]
