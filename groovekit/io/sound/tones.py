"""Simple tones for melodies: one for each family of General MIDI's programs."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from groovekit.io.sound.signals import fade_in, fade_out, powers

_PARTIALS = 24
_HIGHEST = 0.46
# Velocities whose tones sound alike but for their level; level by velocity.
_LAYER, _LOUDNESS_CURVE = 8, 1.4
_CACHED = 256
# A tone that decays is over after so many of its decays.
_LEVEL_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Tone:
    """How a family of instruments sounds.

    Attributes:
      name: for people.
      slope: dB an octave by which partials fall, of the softest and the hardest tone.
      decay: seconds in which middle C falls by 60 dB; higher pitches and partials fall
        faster. None holds its level.
      odd: whether even partials are missing.
      attack: seconds until it sounds fully.
      release: seconds from the end of a note to silence.
      stretch: how far partials lie above multiples, as stiff strings have it.
      level: dB in the mix.
      pan: -1 (left) to 1 (right).
      room: factor of what is sent into the room.
    """

    name: str
    slope: tuple[float, float]
    decay: float | None = None
    odd: bool = False
    attack: float = 0.004
    release: float = 0.08
    stretch: float = 0.0
    level: float = -10.0
    pan: float = 0.0
    room: float = 0.15

    def gain(self, velocity: int) -> float:
        """The factor that makes a tone as loud as a velocity (1..127) wants it."""
        loudness = (velocity / 127.0) ** _LOUDNESS_CURVE
        return float(10.0 ** (self.level / 20.0) * loudness)

    def play(
        self, pitch: int, velocity: int, held: int, sample_rate: int
    ) -> np.ndarray:
        """The sound of one note, all of the same level.

        Args:
          pitch: 0..127.
          velocity: 1..127; neighbours share a sound.
          held: samples until it is let go.
          sample_rate: samples a second.

        Returns:
          ``(samples,)`` float32, read-only.
        """
        return _play(self, pitch, (velocity - 1) // _LAYER, held, sample_rate)


_KEYS = Tone("keys", (-9.0, -5.0), decay=5.0, stretch=3e-4, release=0.12)
_MALLETS = Tone("mallets", (-18.0, -5.0), decay=2.2, odd=True, release=0.5, level=-11.0)
_ORGAN = Tone("organ", (-8.0, -6.0), attack=0.012, release=0.06, level=-14.0)
_PLUCKED = Tone("plucked", (-8.0, -4.0), decay=2.6, stretch=1e-4, pan=-0.15)
_BASS = Tone("bass", (-9.0, -5.0), decay=4.5, release=0.05, level=-6.0, room=0.04)
_STRINGS = Tone(
    "strings", (-9.0, -6.0), attack=0.07, release=0.25, level=-14.0, pan=0.15
)
_LEAD = Tone("lead", (-8.0, -4.5), attack=0.012, release=0.07, level=-13.0, pan=0.1)
# Eight programs make a family of General MIDI.
_FAMILIES = (
    *(_KEYS, _MALLETS, _ORGAN, _PLUCKED, _BASS, _STRINGS, _STRINGS, _LEAD),
    *(_LEAD, _LEAD, _LEAD, _STRINGS, _STRINGS, _PLUCKED, _MALLETS, _LEAD),
)


def tone_of(program: int) -> Tone:
    """The tone of a program (0..127)."""
    return _FAMILIES[min(max(program, 0), 127) // 8]


@functools.lru_cache(maxsize=_CACHED)
def _play(
    tone: Tone, pitch: int, layer: int, held: int, sample_rate: int
) -> np.ndarray:
    strength = (layer * _LAYER + 0.5 * (_LAYER + 1)) / 127.0
    slope = tone.slope[0] + (tone.slope[1] - tone.slope[0]) * strength
    lowest = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
    count = held + round(tone.release * sample_rate)
    falls = None
    if tone.decay is not None:
        falls = tone.decay * (261.6 / lowest) ** 0.5 * sample_rate
        count = min(count, round(falls))
    sound = np.zeros(count, np.float32)
    for number in range(1, _PARTIALS + 1, 2 if tone.odd else 1):
        hertz = lowest * number * np.sqrt(1.0 + tone.stretch * number**2)
        if hertz > _HIGHEST * sample_rate:
            break
        turn = 2j * np.pi * hertz / sample_rate
        if falls is not None:
            turn -= 3.0 * np.log(10.0) / falls * number**0.5
        level = 10.0 ** (slope * np.log2(number) / 20.0)
        sound += np.float32(level) * powers(complex(np.exp(turn)), count).imag
    fade_in(sound, round(tone.attack * sample_rate))
    fade_out(sound, max(1, count - held) if count > held else count // 8)
    measured = np.sqrt(np.mean(sound[: round(_LEVEL_SECONDS * sample_rate)] ** 2))
    result: np.ndarray = sound / np.maximum(measured, np.float32(1e-6))
    result.flags.writeable = False
    return result
