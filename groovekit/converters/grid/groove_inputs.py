"""What a groove model gets to see: taps, and grooves without some notes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Taps are played on this class (the open hi-hat of the nine-class kits).
TAP_CLASS = 3
# A note falls with at least this share of the drawn probability, however loud.
_MIN_WEIGHT = 0.2


class Parts(NamedTuple):
    """A batch of grooves, each part ``(batch, steps, classes)`` float32.

    Attributes:
      hits: 0 or 1.
      velocities: 0..1.
      offsets: -1..1, positive when early.
    """

    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray


def without_some_notes(
    parts: Parts, max_probability: float, rng: np.random.Generator
) -> Parts:
    """Drops notes at random, soft ones more often.

    For each groove a probability p is drawn from 0..``max_probability``; a note
    falls with p x max(0.2, 1 - velocity).
    """
    shape = (len(parts.hits), 1, 1)
    probability = rng.random(shape, np.float32) * np.float32(max_probability)
    weight = np.maximum(np.float32(_MIN_WEIGHT), 1 - parts.velocities)
    kept = rng.random(parts.hits.shape, np.float32) >= weight * probability
    return Parts(*(part * kept for part in parts))


def taps(velocities: np.ndarray, sounding: Parts) -> Parts:
    """The loudest note of each step, played on one class.

    Args:
      velocities: ``(batch, steps, classes)``; the largest of a step says which
        class is tapped (the first of equal ones).
      sounding: where the tapped note is taken from.
    """
    loudest = np.argmax(velocities, axis=-1)[..., None]
    tapped = [np.zeros_like(part) for part in sounding]
    for part, source in zip(tapped, sounding, strict=True):
        found = np.take_along_axis(source, loudest, axis=-1)
        part[..., TAP_CLASS] = found[..., 0]
    return Parts(*tapped)
