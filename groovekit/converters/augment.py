"""Augmentation: windows in other keys, played softer or louder, tighter or looser.

Training varies compact windows (:meth:`groovekit.converters.base.Converter.augment`),
so that conversion is cached and each epoch draws anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from groovekit.converters.base import AugmentationConfig

MIN_PITCH, MAX_PITCH = 0, 127


def vary_performance(
    velocities: np.ndarray,
    offsets: np.ndarray,
    augmentation: AugmentationConfig,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Drum performances with velocities and microtiming scaled, window by window.

    Args:
      velocities: ``(windows, steps, classes)`` uint8, 0 where nothing is hit.
      offsets: same shape, float32 in [-1, 1].
      augmentation: the ranges that one factor a window is drawn from, uniformly.
      rng: of the draws; two numbers a window.

    Returns:
      Velocities and offsets of the same shapes and types: velocities of hits stay
      from 1 to 127, offsets in (-1, 1] (half a step late is early on the next one).
    """
    velocity, microtiming = (
        rng.uniform(*limits, size=(len(velocities), 1, 1)).astype(np.float32)
        for limits in (augmentation.velocity, augmentation.microtiming)
    )
    louder = np.clip(np.rint(velocities * velocity), 1, 127).astype(velocities.dtype)
    latest = np.nextafter(np.float32(-1.0), np.float32(0.0))
    return (
        np.where(velocities > 0, louder, velocities),
        np.clip(offsets * microtiming, latest, np.float32(1.0)),
    )


def draw_transpositions(
    limits: tuple[int, int],
    lowest: np.ndarray,
    highest: np.ndarray,
    rng: np.random.Generator,
    *,
    min_pitch: int = MIN_PITCH,
    max_pitch: int = MAX_PITCH,
) -> np.ndarray:
    """Draws a transposition for each window, uniformly among the allowed ones.

    One number is drawn for each window, whatever its notes.

    Args:
      limits: lowest and highest transposition in semitones, both inclusive.
      lowest: ``(windows,)`` integers: lowest pitch of each window; of a window
        without pitches anything above its ``highest``.
      highest: ``(windows,)`` integers: highest pitch of each window.
      rng: of the draws.
      min_pitch: lowest pitch that may come out.
      max_pitch: highest pitch that may come out.

    Returns:
      ``(windows,)`` int64, in ``limits`` and such that all pitches stay from
      ``min_pitch`` to ``max_pitch``; 0 where no transposition does that.
    """
    lowest, highest = (np.asarray(p, np.int64) for p in (lowest, highest))
    silent = lowest > highest
    low = np.where(silent, limits[0], np.maximum(limits[0], min_pitch - lowest))
    high = np.where(silent, limits[1], np.minimum(limits[1], max_pitch - highest))
    count = high - low + 1
    drawn = low + np.floor(rng.random(len(low)) * np.maximum(count, 1)).astype(np.int64)
    return np.where(count > 0, np.minimum(drawn, high), 0)
