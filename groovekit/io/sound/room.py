"""The room that the kit stands in: a small one, with early reflections."""

from __future__ import annotations

import functools

import numpy as np

from groovekit.io.sound.parts import Noise, Stroke
from groovekit.io.sound.signals import convolve, fade_in

# Walls, ceiling and floor: milliseconds and levels in dB, left and right.
_REFLECTIONS = (
    ((7.1, -9.0), (11.9, -10.0), (17.3, -13.0), (23.9, -14.0), (31.7, -17.0)),
    ((8.3, -9.5), (10.7, -10.5), (19.1, -12.5), (26.3, -14.5), (29.9, -17.0)),
)
# Reverberation, which walls take the highs from; below 200 Hz there is none, so that
# kicks stay tight.
_REVERBERATION = Noise(
    (200.0, 600.0, 1_800.0, 5_000.0, 11_000.0),
    (-6.0, -6.0, -9.0, -17.0),
    (0.42, 0.46, 0.36, 0.24),
)
_STARTS_SECONDS = 0.012
_REFLECTION_HZ = 5_500.0
# Energy of the response, of both sides together.
_LEVEL = 1.0


def reverberate(signal: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """What is heard of a sound by way of the room, left and right.

    Args:
      signal: ``(samples,)`` what is sent into the room.
      sample_rate: samples a second.

    Returns:
      Two arrays that go on after the signal as long as the room resounds.
    """
    left, right = _responses(sample_rate)
    return convolve(signal, left), convolve(signal, right)


@functools.lru_cache(maxsize=4)
def _responses(sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    sides = [_response(side, sample_rate) for side in range(2)]
    size = max(len(side) for side in sides)
    padded = np.stack([np.pad(side, (0, size - len(side))) for side in sides])
    padded *= _LEVEL / np.sqrt(np.sum(padded**2))
    return padded[0], padded[1]


def _response(side: int, sample_rate: int) -> np.ndarray:
    stroke = Stroke(
        strength=1.0,
        darkening=0.0,
        seed=(side,),
        rng=np.random.default_rng(side),
        sample_rate=sample_rate,
    )
    late = _REVERBERATION.play(stroke)
    fade_in(late, round(0.02 * sample_rate))
    start = round(_STARTS_SECONDS * sample_rate)
    response = np.concatenate([np.zeros(start), late])
    # Each wall answers with a short pulse, softened.
    width = max(1, round(sample_rate / _REFLECTION_HZ))
    pulse = np.hanning(width + 2)[1:-1]
    pulse /= pulse.sum()
    for milliseconds, level in _REFLECTIONS[side]:
        at = round(milliseconds / 1_000.0 * sample_rate)
        # Walls turn the wave over; one and the next differ.
        sign = 1.0 if int(milliseconds) % 2 else -1.0
        strength = sign * 10.0 ** (level / 20.0) * np.sqrt(np.sum(late**2))
        response[at : at + width] += strength * pulse
    return response
