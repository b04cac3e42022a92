"""From a mix to what is written: loudness, and peaks that do not clip."""

from __future__ import annotations

import numpy as np

from groovekit.io.sound.loudness import (
    BLOCK,
    decibels,
    gated_loudness,
    true_peak,
    true_peaks,
    weighted_power,
)

#: LUFS of what is rendered, unless another loudness is asked for.
LOUDNESS = -16.0
#: dBFS that true peaks stay below.
TRUE_PEAK = -1.0
# Quiet music is made no louder than this: soft strokes stay soft.
_MOST_GAIN_DB = 12.0
# The limiter aims a little lower, since gains that move lift what lies between samples.
_CEILING_DB = -1.1
# dB that the limiter gives way before a peak and comes back after it, a second.
_ATTACK, _RELEASE = 2_500.0, 100.0
_PASSES, _NEAR_DB = 4, 0.2


def master(
    audio: np.ndarray, sample_rate: int, *, loudness: float | None = LOUDNESS
) -> np.ndarray:
    """Brings a mix to a loudness, and its true peak below -1 dBFS.

    Args:
      audio: ``(samples, 2)`` float32.
      sample_rate: samples a second.
      loudness: LUFS to come near to; None keeps the level, so that soft and loud
        pieces compare.

    Returns:
      The same shape and type.
    """
    most = _factor(_MOST_GAIN_DB if loudness is not None else 0.0)
    peaks = true_peaks(audio, above=_factor(_CEILING_DB) / most)
    gains = _limiting(peaks, len(audio), sample_rate)
    if loudness is not None:
        power, gain = weighted_power(audio, sample_rate), 0.0
        for _ in range(_PASSES):
            missing = loudness - gated_loudness(power * gains**2, sample_rate)
            louder = min(gain + missing, _MOST_GAIN_DB)
            if not np.isfinite(missing) or abs(louder - gain) < _NEAR_DB:
                break
            # What the limiter takes is made up for, by and by.
            gain, factor = louder, _factor(louder)
            gains = _limiting(factor * peaks, len(audio), sample_rate)
            gains *= np.float32(factor)
    limited = audio * gains[:, None]
    excess = decibels(true_peak(limited)) - TRUE_PEAK
    # Rounding to 16 bits must not lift it again.
    lower = _factor(-(excess + 0.01)) if excess > 0 else 1.0
    mastered: np.ndarray = limited * np.float32(lower)
    return mastered


def _limiting(peaks: np.ndarray, samples: int, sample_rate: int) -> np.ndarray:
    """What turns peaks down: fast, slowly back, in straight lines of dB.

    Args:
      peaks: ``(blocks,)`` the true peak of each block.
      samples: how many there are.
      sample_rate: samples a second.

    Returns:
      ``(samples,)`` float32 factors.
    """
    ceiling = _factor(_CEILING_DB)
    if not (peaks > ceiling).any():
        return np.ones(samples, np.float32)
    reduction = 20.0 * np.log10(np.maximum(peaks, ceiling) / ceiling)
    # Between the middles of two blocks lies what both of them ask for.
    around = np.pad(reduction, 1)
    reduction = np.maximum.reduce([around[:-2], around[1:-1], around[2:]])
    # Largest of what peaks before and after ask for, each along its slope.
    seconds = np.arange(len(reduction)) * (BLOCK / sample_rate)
    reduction = np.maximum.accumulate(reduction + _RELEASE * seconds)
    reduction -= (_RELEASE + _ATTACK) * seconds
    reduction = np.maximum.accumulate(reduction[::-1])[::-1] + _ATTACK * seconds
    middles = (np.arange(len(reduction)) + 0.5) * BLOCK
    factors = 10.0 ** (-reduction / 20.0)
    gains: np.ndarray = np.interp(np.arange(samples) + 0.5, middles, factors)
    return gains.astype(np.float32)


def _factor(decibels_: float) -> float:
    return float(10.0 ** (decibels_ / 20.0))
