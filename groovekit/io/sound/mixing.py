"""The notes of a sequence as strokes and tones, each at its place in the mix."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np

from groovekit.io.notes import NoteSequence
from groovekit.io.sound.drums import VARIANTS, Drum, stroke_gain, voice
from groovekit.io.sound.kit import drum_of
from groovekit.io.sound.room import reverberate
from groovekit.io.sound.signals import fade_out
from groovekit.io.sound.tones import tone_of

_MIDDLE = 0.25 * np.pi
# Takes of common drummers come to some -16 LUFS with it.
_LEVEL = 10.0 ** (-9.5 / 20.0)


@dataclasses.dataclass(frozen=True)
class _Placed:
    """A sound in the mix.

    Attributes:
      start: its first sample.
      sound: ``(samples,)`` float32.
      pan: -1 (left) to 1 (right).
      gain: a factor.
      room: factor of what is sent into the room.
    """

    start: int
    sound: np.ndarray
    pan: float
    gain: float
    room: float


def mix(sequence: NoteSequence, sample_rate: int) -> np.ndarray:
    """Plays the drums and the melodies of a sequence.

    Args:
      sequence: in seconds.
      sample_rate: samples a second.

    Returns:
      ``(samples, 2)`` float32, left and right, from time zero on as long as it sounds;
      not bounded.
    """
    placed = [*_strokes(sequence, sample_rate), *_tones(sequence, sample_rate)]
    length = max((item.start + len(item.sound) for item in placed), default=0)
    left, right, sent = np.zeros((3, length), np.float32)
    for item in placed:
        where = slice(item.start, item.start + len(item.sound))
        angle = _MIDDLE * (1.0 + item.pan)
        # Of equal power at all places.
        gain = np.sqrt(2.0) * _LEVEL * item.gain
        left[where] += np.float32(gain * np.cos(angle)) * item.sound
        right[where] += np.float32(gain * np.sin(angle)) * item.sound
        sent[where] += np.float32(_LEVEL * item.gain * item.room) * item.sound
    if not length:
        return np.zeros((0, 2), np.float32)
    sides = [*reverberate(sent, sample_rate)]
    sides[0][:length] += left
    sides[1][:length] += right
    return np.stack(sides, axis=1)


def _strokes(sequence: NoteSequence, sample_rate: int) -> list[_Placed]:
    """Drums; strokes end when their group is struck again."""
    notes = sorted(
        (_sample(note.start_time, sample_rate), note.pitch, note.velocity)
        for note in sequence.notes
        if note.is_drum
    )
    drums = [drum_of(pitch) for _, pitch, _ in notes]
    ends = _ends(notes, drums, sample_rate)
    struck: dict[str, int] = defaultdict(int)
    placed = []
    for (start, _, velocity), drum, end in zip(notes, drums, ends, strict=True):
        velocity = min(max(velocity, 1), 127)
        sound = voice(drum, velocity, struck[drum.name] % VARIANTS, sample_rate)
        struck[drum.name] += 1
        if end is not None and end[0] < len(sound):
            stop, fade = end
            sound = sound[:stop].copy()
            fade_out(sound, fade)
        placed.append(
            _Placed(
                start,
                sound,
                drum.pan,
                stroke_gain(drum, velocity),
                10.0 ** (drum.room / 20.0),
            )
        )
    return placed


def _ends(
    notes: list[tuple[int, int, int]], drums: list[Drum], sample_rate: int
) -> list[tuple[int, int] | None]:
    """Samples after which each stroke has ended, and those of its fade before."""
    ends: list[tuple[int, int] | None] = [None] * len(notes)
    following: dict[str, tuple[int, int]] = {}
    for index in reversed(range(len(notes))):
        start, drum = notes[index][0], drums[index]
        after = following.get(drum.damped_with)
        if after is not None:
            fade = max(1, after[1])
            ends[index] = after[0] - start + fade, fade
        damping = round(drum.damping * sample_rate)
        following[drum.damped_with] = start, damping
    return ends


def _tones(sequence: NoteSequence, sample_rate: int) -> list[_Placed]:
    notes = sorted(
        (
            _sample(note.start_time, sample_rate),
            _sample(note.end_time, sample_rate),
            note.pitch,
            note.velocity,
            note.program,
        )
        for note in sequence.notes
        if not note.is_drum
    )
    placed = []
    for start, end, pitch, velocity, program in notes:
        tone = tone_of(program)
        velocity = min(max(velocity, 1), 127)
        sound = tone.play(pitch, velocity, max(1, end - start), sample_rate)
        placed.append(_Placed(start, sound, tone.pan, tone.gain(velocity), tone.room))
    return placed


def _sample(seconds: float, sample_rate: int) -> int:
    return max(0, round(seconds * sample_rate))
