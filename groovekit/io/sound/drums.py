"""A drum: its parts, its place in the mix, and the sound of a stroke."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from groovekit.io.sound.parts import Dynamic, Part, Stroke
from groovekit.io.sound.signals import add_at

#: Strokes that differ a little take turns; five, which no bar is a multiple of.
VARIANTS = 5
# Velocities whose strokes sound alike but for their level.
_LAYER = 8
# Level by velocity: an exponent, some 20 dB from 30 to 127.
_LOUDNESS_CURVE = 1.6
# A drum's level is measured in this time from the stroke on.
_LEVEL_SECONDS = 0.06
_CACHED = 256


@dataclasses.dataclass(frozen=True)
class Drum:
    """A drum of the kit.

    Attributes:
      name: for people.
      parts: what sounds together.
      level: dB in the mix, of strokes at full velocity.
      pan: -1 (left) to 1 (right), as the drummer sits.
      room: dB of what is sent into the room.
      darkening: dB an octave that the softest stroke lacks of the hardest one's highs.
      drive: how much the loudest of it is rounded off.
      group: strokes of one group damp each other; by default the drum alone.
      damping: seconds in which a stroke silences what the group still sounds.
    """

    name: str
    parts: tuple[Part, ...]
    level: float
    pan: float = 0.0
    room: float = -14.0
    darkening: float = 3.0
    drive: Dynamic = 0.0
    group: str = ""
    damping: float = 0.08

    @property
    def damped_with(self) -> str:
        """The group that the drum belongs to."""
        return self.group or self.name


def stroke_gain(drum: Drum, velocity: int) -> float:
    """The factor that makes a voice as loud as a velocity (1..127) wants it."""
    return float(10.0 ** (drum.level / 20.0) * (velocity / 127.0) ** _LOUDNESS_CURVE)


def voice(drum: Drum, velocity: int, variant: int, sample_rate: int) -> np.ndarray:
    """The sound of one stroke, all of the same level.

    Args:
      drum: what is struck.
      velocity: 1..127; neighbours share a sound.
      variant: 0 to 4, strokes that differ a little.
      sample_rate: samples a second.

    Returns:
      ``(samples,)`` float32, read-only.
    """
    return _voice(drum, (velocity - 1) // _LAYER, variant, sample_rate)


@functools.lru_cache(maxsize=_CACHED)
def _voice(drum: Drum, layer: int, variant: int, sample_rate: int) -> np.ndarray:
    strength = (layer * _LAYER + 0.5 * (_LAYER + 1)) / 127.0
    name = tuple(drum.name.encode())
    sounds = []
    for index, part in enumerate(drum.parts):
        stroke = Stroke(
            strength=strength,
            darkening=drum.darkening * (1.0 - strength),
            seed=(*name, index),
            rng=np.random.default_rng((*name, index, 1 + variant)),
            sample_rate=sample_rate,
        )
        sounds.append(part.play(stroke))
    total = np.zeros(max(len(sound) for sound in sounds), np.float32)
    for sound in sounds:
        add_at(total, 0, sound)
    drive = stroke.of(drum.drive)
    if drive:
        total = np.tanh(total * np.float32(drive / np.abs(total).max()))
    measured = total[: round(_LEVEL_SECONDS * sample_rate)]
    result: np.ndarray = total / np.sqrt(np.mean(measured**2))
    result.flags.writeable = False
    return result
