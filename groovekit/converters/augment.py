"""Augmentation: windows in other keys, played softer or louder, tighter or looser.

Training varies compact windows (:meth:`groovekit.converters.base.Converter.augment`),
so that conversion is cached and each epoch draws anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groovekit.converters.base import AugmentationConfig
    from groovekit.converters.kits import KitMap

MIN_PITCH, MAX_PITCH = 0, 127
# General MIDI's pitches.
_GROUP_OF = (
    dict.fromkeys((35, 36), "kick")
    | dict.fromkeys((37, 38, 39, 40), "snare")
    | dict.fromkeys((41, 43, 45, 47, 48, 50), "toms")
)


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
      rng: of the draws.

    Returns:
      Velocities and offsets of the same shapes and types: velocities of hits stay
      from 1 to 127, offsets in (-1, 1] (half a step late is early on the next one).
    """
    velocity, microtiming = (
        rng.uniform(*limits, size=(len(velocities), 1, 1)).astype(np.float32)
        for limits in (augmentation.velocity, augmentation.microtiming)
    )
    played = velocities * velocity
    moved: np.ndarray = offsets * microtiming
    each, drums = (len(velocities), 1, 1), (len(velocities), 1, velocities.shape[2])
    if augmentation.velocity_power:
        power = np.exp(augmentation.velocity_power * rng.standard_normal(each))
        played = 127.0 * np.clip(played / 127.0, 0.0, 1.0) ** power
    if augmentation.drum_velocity:
        played = played * np.exp(
            augmentation.drum_velocity * rng.standard_normal(drums)
        )
    for deviation, shape in (
        (augmentation.push, each),
        (augmentation.drum_push, drums),
    ):
        if deviation:
            moved = moved + deviation * rng.standard_normal(shape)
    louder = np.clip(np.rint(played), 1, 127).astype(velocities.dtype)
    latest = np.nextafter(np.float32(-1.0), np.float32(0.0))
    moved = np.clip(moved, latest, np.float32(1.0)).astype(np.float32)
    if augmentation.push or augmentation.drum_push:
        # Silent cells stay on the grid.
        moved = np.where(velocities > 0, moved, np.float32(0.0))
    return np.where(velocities > 0, louder, velocities), moved


def vary_kit(
    arrays: Mapping[str, np.ndarray],
    augmentation: AugmentationConfig,
    rng: np.random.Generator,
    *,
    bars: int,
    groups: Sequence[Sequence[int]],
) -> dict[str, np.ndarray]:
    """Drumming with other drums: left out, from other windows, bars in other orders.

    Args:
      arrays: ``(windows, steps, classes)`` each, alike in shape; 0 where nothing is
        hit.
      augmentation: how probable each is.
      rng: of all draws.
      bars: of a window.
      groups: classes that are taken from another window together.
    """
    varied = {name: np.array(array) for name, array in arrays.items()}
    count, steps, classes = next(iter(varied.values())).shape
    if augmentation.swap_drums:
        swapped = np.flatnonzero(rng.random(count) < augmentation.swap_drums)
        other = rng.integers(count, size=len(swapped))
        group = rng.integers(len(groups), size=len(swapped))
        for index, own in enumerate(groups):
            here, there = swapped[group == index], other[group == index]
            columns = np.array(own, np.int64)
            for name, array in arrays.items():
                varied[name][here[:, None], :, columns] = np.asarray(array)[
                    there[:, None], :, columns
                ]
    if augmentation.shuffle_bars:
        shuffled = np.flatnonzero(rng.random(count) < augmentation.shuffle_bars)
        order = np.argsort(rng.random((len(shuffled), bars)), axis=1)
        for name, array in varied.items():
            # Of none, too: a small batch may have no window to shuffle.
            cut = array[shuffled].reshape(len(shuffled), bars, steps // bars * classes)
            cut = np.take_along_axis(cut, order[:, :, None], axis=1)
            varied[name][shuffled] = cut.reshape(len(shuffled), *array.shape[1:])
    if augmentation.drop_drum:
        kept = rng.random((count, 1, classes)) >= augmentation.drop_drum
        varied = {n: np.where(kept, a, a.dtype.type(0)) for n, a in varied.items()}
    return varied


def drum_groups(kit: KitMap) -> list[list[int]]:
    """Classes that one limb or sound has in common, by the pitch they are played at.

    Kick; snares; toms; hats and cymbals with all the rest. Groups that a kit has
    nothing of are left out.

    Args:
      kit: whose classes they are.
    """
    found: dict[str, list[int]] = {"kick": [], "snare": [], "toms": [], "rest": []}
    for number, pitch in enumerate(kit.representatives.tolist()):
        found[_GROUP_OF.get(pitch, "rest")].append(number)
    return [group for group in found.values() if group]


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
