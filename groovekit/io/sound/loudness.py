"""Loudness and true peak as ITU-R BS.1770-5 and EBU R 128 define them."""

from __future__ import annotations

import functools

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from groovekit.io.sound.signals import convolve

# Loudness is measured in blocks of 400 ms, which overlap by three quarters.
_STEP_SECONDS, _STEPS_PER_BLOCK = 0.1, 4
# LUFS of a mean square of 1; blocks below the gates do not count.
_OFFSET, _ABSOLUTE_GATE, _RELATIVE_GATE = -0.691, -70.0, -10.0
# The two filters in front of it: a shelf for the head, a high-pass. The standard
# prints coefficients for 48 kHz; these are what they are made from.
_SHELF = {"hertz": 1681.974450955533, "q": 0.7071752369554196, "db": 3.999843853973347}
_HIGH_PASS = {"hertz": 38.13547087602444, "q": 0.5003270373238773}
# They are that long, to 100 dB.
_RESPONSE_SECONDS = 0.1

# Between two samples are three more, each made of twelve neighbours.
_OVERSAMPLING, _TAPS = 4, 12
BLOCK, _BLOCKS_AT_ONCE = 64, 4_096


def integrated_loudness(audio: np.ndarray, sample_rate: int) -> float:
    """The loudness of a whole piece.

    Args:
      audio: ``(samples, channels)``, channels of equal weight (left, right).
      sample_rate: samples a second.

    Returns:
      LUFS; minus infinity for silence. Pieces shorter than a block (0.4 s) are
      followed by silence.
    """
    return gated_loudness(weighted_power(audio, sample_rate), sample_rate)


def weighted_power(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """``(samples,)`` the power that is heard of all channels, at each sample."""
    response = _weighting(sample_rate)
    power = np.zeros(len(audio), audio.dtype)
    for channel in audio.T if len(audio) else ():
        power += convolve(channel, response)[: len(audio)] ** 2
    return power


def gated_loudness(power: np.ndarray, sample_rate: int) -> float:
    """The loudness of what :func:`weighted_power` gives, without its quiet blocks."""
    step = round(_STEP_SECONDS * sample_rate)
    steps = max(len(power) // step, _STEPS_PER_BLOCK)
    padded = np.pad(power[: steps * step], (0, max(0, steps * step - len(power))))
    means = padded.reshape(steps, step).mean(axis=1, dtype=np.float64)
    sums = np.cumsum(np.concatenate([[0.0], means]))
    blocks = (sums[_STEPS_PER_BLOCK:] - sums[:-_STEPS_PER_BLOCK]) / _STEPS_PER_BLOCK
    blocks = blocks[_lufs(blocks) > _ABSOLUTE_GATE]
    if not len(blocks):
        return -np.inf
    blocks = blocks[_lufs(blocks) > _lufs(blocks.mean()) + _RELATIVE_GATE]
    return float(_lufs(blocks.mean()))


def true_peak(audio: np.ndarray) -> float:
    """The largest value that the sound reaches at or between its samples.

    Args:
      audio: ``(samples, channels)``.

    Returns:
      0 or more; 1 is full scale.
    """
    return float(true_peaks(audio).max(initial=0.0))


def true_peaks(audio: np.ndarray, *, above: float | None = None) -> np.ndarray:
    """What :func:`true_peak` gives, of each block of 64 samples.

    Args:
      audio: ``(samples, channels)``.
      above: blocks whose true peak is lower may be given a lower one, which saves
        most of the work; the largest sample by default.

    Returns:
      ``(blocks,)``.
    """
    if not len(audio):
        return np.zeros(0)
    filters = _interpolators()
    half = _TAPS // 2
    size = len(audio)
    blocks = -(-size // BLOCK)
    padded = np.zeros((audio.shape[1], blocks * BLOCK + _TAPS), audio.dtype)
    padded[:, half : half + size] = audio.T
    inside = np.abs(padded[:, half : half + blocks * BLOCK])
    peaks: np.ndarray = inside.reshape(len(padded), blocks, BLOCK).max(axis=(0, 2))
    if above is None:
        above = float(peaks.max(initial=0.0))
    # Where all samples are low, what lies between them is no peak.
    near = peaks > above / np.abs(filters).sum(axis=1).max()
    near[1:] |= near[:-1].copy()
    near[:-1] |= near[1:].copy()
    (candidates,) = np.nonzero(near)
    for channel in padded:
        windows = sliding_window_view(channel, BLOCK + _TAPS)[::BLOCK]
        for first in range(0, len(candidates), _BLOCKS_AT_ONCE):
            at = candidates[first : first + _BLOCKS_AT_ONCE]
            between = sliding_window_view(windows[at], _TAPS, axis=1) @ filters.T
            peaks[at] = np.maximum(peaks[at], np.abs(between).max(axis=(1, 2)))
    return peaks


def decibels(amplitude: float) -> float:
    """The level of an amplitude: 0 for 1, minus infinity for 0."""
    return float(20.0 * np.log10(amplitude)) if amplitude > 0 else -np.inf


def _lufs(power: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        level: np.ndarray = _OFFSET + 10.0 * np.log10(power)
    return level


@functools.lru_cache(maxsize=4)
def _weighting(sample_rate: int) -> np.ndarray:
    """``(taps,)`` the response of both filters (the standard's "K" weighting)."""
    impulse = np.zeros(round(_RESPONSE_SECONDS * sample_rate))
    impulse[0] = 1.0
    return biquad(*high_pass(sample_rate), biquad(*shelf(sample_rate), impulse))


def shelf(sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator of the first filter."""
    k = np.tan(np.pi * _SHELF["hertz"] / sample_rate)
    q, high = _SHELF["q"], 10.0 ** (_SHELF["db"] / 20.0)
    band = high**0.4996667741545416
    a0 = 1.0 + k / q + k * k
    b = np.array(
        [high + band * k / q + k * k, 2.0 * (k * k - high), high - band * k / q + k * k]
    )
    return b / a0, np.array([a0, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k]) / a0


def high_pass(sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator of the second filter."""
    k = np.tan(np.pi * _HIGH_PASS["hertz"] / sample_rate)
    q = _HIGH_PASS["q"]
    a0 = 1.0 + k / q + k * k
    a = np.array([a0, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k])
    return np.array([1.0, -2.0, 1.0]), a / a0


def biquad(b: np.ndarray, a: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """A filter of second order, sample by sample: for short signals."""
    filtered, before = np.zeros_like(signal), np.pad(signal, (2, 0))
    first = second = 0.0
    for i in range(len(signal)):
        value = b[0] * before[i + 2] + b[1] * before[i + 1] + b[2] * before[i]
        value -= a[1] * first + a[2] * second
        filtered[i] = value
        first, second = value, first
    return filtered


@functools.lru_cache(maxsize=1)
def _interpolators() -> np.ndarray:
    """``(3, 12)`` the filters that make what lies between two samples."""
    phases = np.arange(1, _OVERSAMPLING) / _OVERSAMPLING
    distance = np.arange(_TAPS) - (_TAPS // 2 - 1) - phases[:, None]
    window = np.cos(0.5 * np.pi * distance / (_TAPS / 2 + 0.5)) ** 2
    filters: np.ndarray = np.sinc(distance) * window
    filters /= filters.sum(axis=1, keepdims=True)
    return filters
