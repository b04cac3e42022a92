"""What drums are made of: partials, noise, and either of them several times.

A part gives the sound of one stroke. What depends on how hard the stroke is, is
written as a pair: the value of the softest and of the hardest stroke. Decays are the
seconds in which a vibration falls by 60 dB.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import Protocol

import numpy as np

from groovekit.io.sound.signals import add_at, decay, fade_in, fade_out, powers

#: A number, or the numbers of the softest and of the hardest stroke.
Dynamic = float | tuple[float, float]

# Softness takes from what lies above this frequency.
_DARKENING_HZ = 250.0
# Neighbouring bands of noise overlap by so many octaves.
_OVERLAP = 0.4
# Nothing is made so near to half the sample rate, where filters fold back.
_HIGHEST = 0.46
# Noise that comes back after this time is not recognised.
_LOOP_SECONDS = 0.7
# No two strokes are alike: relative standard deviations.
_DETUNING, _REWEIGHTING = 0.003, 0.08


@dataclasses.dataclass(frozen=True)
class Stroke:
    """How a drum is struck.

    Attributes:
      strength: 0 (softest) to 1 (hardest).
      darkening: dB an octave that the stroke lacks above 250 Hz.
      seed: numbers of the drum, for what is random but the same at all strokes.
      rng: for what differs from stroke to stroke.
      sample_rate: samples a second.
    """

    strength: float
    darkening: float
    seed: tuple[int, ...]
    rng: np.random.Generator
    sample_rate: int

    def of(self, value: Dynamic) -> float:
        """A part's number at this strength."""
        if isinstance(value, tuple):
            soft, hard = value
            return soft + (hard - soft) * self.strength
        return value

    def gain(self, level: Dynamic, hertz: float) -> float:
        """The factor of a level in dB, at a frequency."""
        octaves = max(0.0, np.log2(hertz / _DARKENING_HZ))
        return float(10.0 ** ((self.of(level) - self.darkening * octaves) / 20.0))


class Part(Protocol):
    """Something that sounds when a drum is struck."""

    def play(self, stroke: Stroke) -> np.ndarray:
        """``(samples,)`` float32: the sound, until it is too soft to be heard."""


@dataclasses.dataclass(frozen=True)
class Partials:
    """Damped vibrations, all of which may glide down to their pitch.

    Attributes:
      hertz: their frequencies.
      levels: dB of each.
      decays: seconds of each.
      bend: how much higher they begin: 0.1 is a tenth above their frequency.
      bend_seconds: time in which a bend falls to a third.
      attack: seconds until they sound fully.
    """

    hertz: tuple[float, ...]
    levels: tuple[Dynamic, ...]
    decays: tuple[Dynamic, ...]
    bend: Dynamic = 0.0
    bend_seconds: float = 0.03
    attack: float = 0.0

    def play(self, stroke: Stroke) -> np.ndarray:
        """The sum of the vibrations, beginning at 0."""
        rate = stroke.sample_rate
        lengths = [round(stroke.of(seconds) * rate) for seconds in self.decays]
        sound = np.zeros(max(lengths), np.float32)
        bend = stroke.of(self.bend)
        tune = 1.0 + _DETUNING * stroke.rng.standard_normal()
        weights = 1.0 + _REWEIGHTING * stroke.rng.standard_normal(len(self.hertz))
        angle = None
        if bend:
            time = np.arange(len(sound)) / rate
            fall = powers(np.exp(-1.0 / (self.bend_seconds * rate)), len(sound))
            angle = 2.0 * np.pi * (time + bend * self.bend_seconds * (1.0 - fall))
            angle = angle.astype(np.float32)
        for frequency, level, count, weight in zip(
            self.hertz, self.levels, lengths, weights, strict=True
        ):
            hertz = frequency * tune
            if hertz * (1.0 + max(bend, 0.0)) > _HIGHEST * rate:
                continue
            damping = -3.0 * np.log(10.0) / count
            if angle is None:
                turn = complex(np.exp(damping + 2j * np.pi * hertz / rate))
                vibration = powers(turn, count).imag
            else:
                vibration = np.sin(np.float32(hertz) * angle[:count])
                vibration *= powers(np.exp(damping), count)
            # 60 dB down it would still click where it ends.
            fade_out(vibration, count // 8)
            vibration *= np.float32(stroke.gain(level, hertz) * weight)
            sound[:count] += vibration
        fade_in(sound, round(self.attack * rate))
        return sound


@dataclasses.dataclass(frozen=True)
class Noise:
    """Noise in bands, each with a level and a decay of its own.

    Attributes:
      edges: Hz, rising; neighbours bound a band.
      levels: dB of each band.
      decays: seconds of each band.
      metal: share of each band's energy that lies in ``lines``.
      lines: sharp frequencies a band, without harmony, as plates of metal have.
      attack: seconds until it sounds fully.
    """

    edges: tuple[float, ...]
    levels: tuple[Dynamic, ...]
    decays: tuple[Dynamic, ...]
    metal: float = 0.0
    lines: int = 40
    attack: Dynamic = 0.0

    def play(self, stroke: Stroke) -> np.ndarray:
        """The sum of the bands."""
        rate = stroke.sample_rate
        decays = [stroke.of(seconds) for seconds in self.decays]
        sound = np.zeros(round(max(decays) * rate), np.float32)
        loops = _loops(self, stroke.seed, rate)
        # The bands repeat without a seam: each stroke begins elsewhere.
        offset = int(stroke.rng.integers(loops.shape[1] - len(sound)))
        weights = 1.0 + _REWEIGHTING * stroke.rng.standard_normal(len(self.levels))
        for index, (level, seconds) in enumerate(zip(self.levels, decays, strict=True)):
            count = round(seconds * rate)
            middle = float(np.sqrt(self.edges[index] * self.edges[index + 1]))
            curve = decay(seconds, count, rate)
            curve *= np.float32(stroke.gain(level, middle) * weights[index])
            curve *= loops[index, offset : offset + count]
            sound[:count] += curve
        fade_in(sound, round(stroke.of(self.attack) * rate))
        return sound


@functools.lru_cache(maxsize=128)
def _loops(noise: Noise, seed: tuple[int, ...], sample_rate: int) -> np.ndarray:
    """``(bands, samples)`` float32: noise for each band, of unit power, that repeats.

    It is longer than the longest stroke by one round.
    """
    longest = max(float(np.max(seconds)) for seconds in noise.decays)
    round_seconds = min(longest, _LOOP_SECONDS)
    size = 1 << int(np.ceil(np.log2(round_seconds * sample_rate + 1)))
    edges, metal, lines = noise.edges, noise.metal, noise.lines
    rng = np.random.default_rng(seed)
    hertz = np.fft.rfftfreq(size, 1.0 / sample_rate)
    octaves = np.log2(np.maximum(hertz, 1.0))
    highest = np.log2(_HIGHEST * sample_rate)
    loops = np.zeros((len(edges) - 1, size), np.float32)
    for index, (low, high) in enumerate(itertools.pairwise(edges)):
        shape = _slope(octaves - np.log2(low)) * _slope(np.log2(high) - octaves)
        shape *= octaves < highest
        if not shape.any():
            continue
        even = shape * (
            rng.standard_normal(len(hertz)) + 1j * rng.standard_normal(len(hertz))
        )
        sharp = np.zeros(len(hertz), np.complex128)
        at = rng.uniform(low, high, lines) / sample_rate * size
        at = at[at < _HIGHEST * size].astype(int)
        turns = rng.uniform(0.0, 2.0 * np.pi, len(at))
        sharp[at] = rng.gamma(1.0, 1.0, len(at)) * np.exp(1j * turns)
        spectrum = np.sqrt(1.0 - metal) * _unit(even) + np.sqrt(metal) * _unit(sharp)
        loops[index] = np.fft.irfft(spectrum, size) * size / np.sqrt(2.0)
    count = round(longest * sample_rate) + size
    return np.tile(loops, -(-count // size))[:, :count]


def _slope(octaves: np.ndarray) -> np.ndarray:
    """From 0 to 1 around the edge of a band, which lies at 0."""
    inside = np.clip(octaves / _OVERLAP + 0.5, 0.0, 1.0)
    curve: np.ndarray = np.sin(0.5 * np.pi * inside)
    return curve


def _unit(spectrum: np.ndarray) -> np.ndarray:
    power = np.sqrt(np.sum(np.abs(spectrum) ** 2))
    return spectrum / power if power else spectrum


@dataclasses.dataclass(frozen=True)
class Repeated:
    """A part that sounds several times in one stroke: a rattle, hands that clap.

    Attributes:
      part: what sounds.
      seconds: when, from the stroke on.
      levels: dB of each.
    """

    part: Part
    seconds: tuple[float, ...]
    levels: tuple[float, ...]

    def play(self, stroke: Stroke) -> np.ndarray:
        """The sum of the repetitions, no two of them alike."""
        sounds = [self.part.play(stroke) for _ in self.seconds]
        spread = 1.0 + 0.03 * stroke.rng.standard_normal(len(sounds))
        starts = [
            round(seconds * factor * stroke.sample_rate)
            for seconds, factor in zip(self.seconds, spread, strict=True)
        ]
        ends = [start + len(sound) for start, sound in zip(starts, sounds, strict=True)]
        total = np.zeros(max(ends), np.float32)
        for start, level, sound in zip(starts, self.levels, sounds, strict=True):
            add_at(total, start, np.float32(10.0 ** (level / 20.0)) * sound)
        return total


def click(low: float, high: float, level: Dynamic, seconds: Dynamic = 0.008) -> Noise:
    """The moment in which a stick or a beater hits."""
    return Noise((low, high), (level,), (seconds,), attack=0.0002)
