"""Short music made in code, for checks: ordinary pieces and awkward ones."""

from __future__ import annotations

import numpy as np

from groovekit.io.notes import NoteSequence

_BARS = 16
_KICK, _SNARE, _CLOSED, _OPEN, _CRASH, _TOM = 36, 38, 42, 46, 49, 45
_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
_MELODY, _BASS, _KEYS, _DRUMS = 0, 1, 2, 9
_CHORDS = (("C", 0), ("G", 7), ("Am", 9), ("F", 5))


def _empty(qpm: float, name: str) -> NoteSequence:
    sequence = NoteSequence(ticks_per_quarter=220)
    sequence.id = f"/id/conformance/{name}"
    sequence.tempos.add(qpm=qpm)
    sequence.time_signatures.add(numerator=4, denominator=4)
    return sequence


def _add(
    sequence: NoteSequence,
    pitch: int,
    start: float,
    length: float,
    velocity: int,
    *,
    instrument: int = _DRUMS,
    program: int = 0,
) -> None:
    sequence.notes.add(
        pitch=pitch,
        velocity=velocity,
        start_time=start,
        end_time=start + length,
        instrument=instrument,
        program=program,
        is_drum=instrument == _DRUMS,
    )
    sequence.total_time = max(sequence.total_time, start + length)


def drum_groove(seed: int, *, bars: int = _BARS, qpm: float = 120.0) -> NoteSequence:
    """Rock drums with dynamics and microtiming, in one tempo and in 4/4.

    Nothing is early at the start of a bar: cut there, such a stroke would start
    before time zero.

    Args:
      seed: of variations, velocities and timing.
      bars: length.
      qpm: quarter notes a minute.
    """
    rng = np.random.default_rng(seed)
    sequence = _empty(qpm, f"drums/{seed}")
    step = 15.0 / qpm
    for number in range(16 * bars):
        place = number % 16
        pitches = [_CLOSED] if place % 2 == 0 else []
        if place in (0, 8) or rng.random() < 0.1:
            pitches.append(_KICK)
        if place in (4, 12):
            pitches.append(_SNARE)
        if place == 14 and rng.random() < 0.5:
            pitches.append(_OPEN)
        if place == 15 and rng.random() < 0.5:
            pitches.append(_TOM)
        if number % 64 == 0:
            pitches.append(_CRASH)
        for pitch in pitches:
            shift = float(np.clip(rng.normal(0.0, 0.1), -0.3, 0.3))
            start = (number + (abs(shift) if place == 0 else shift)) * step
            _add(sequence, pitch, start, step / 2, int(rng.integers(30, 127)))
    sequence.total_time = 16 * bars * step
    return sequence


def band(seed: int, *, bars: int = _BARS, qpm: float = 120.0) -> NoteSequence:
    """Melody, bass, keys and drums on the grid of sixteenths, with chord symbols.

    Args:
      seed: of melody and velocities.
      bars: length.
      qpm: quarter notes a minute.
    """
    rng = np.random.default_rng(seed)
    sequence = drum_groove(seed, bars=bars, qpm=qpm)
    sequence.id = f"/id/conformance/band/{seed}"
    # Drums on the grid too, so that all parts can be quantised alike.
    step = 15.0 / qpm
    for note in sequence.notes:
        number = round(note.start_time / step)
        note.start_time, note.end_time = number * step, (number + 0.5) * step
    sequence.key_signatures.add(key=0)
    for bar in range(bars):
        start = 16 * bar * step
        figure, root = _CHORDS[bar % len(_CHORDS)]
        annotation = sequence.text_annotations.add(time=start, text=figure)
        annotation.annotation_type = annotation.CHORD_SYMBOL
        for beat in range(4):
            at = start + 4 * beat * step
            pitch = 60 + int(rng.choice(_SCALE))
            velocity = int(rng.integers(40, 120))
            _add(sequence, pitch, at, 3 * step, velocity, instrument=_MELODY, program=0)
            _add(sequence, 36 + root, at, 3 * step, 90, instrument=_BASS, program=33)
        for interval in (0, 4, 7):
            _add(
                sequence,
                48 + root + interval,
                start,
                15 * step,
                70,
                instrument=_KEYS,
                program=5,
            )
    sequence.total_time = 16 * bars * step
    return sequence


def example_sequences() -> list[NoteSequence]:
    """Pieces that most converters can read: drums alone, and a band with drums."""
    return [
        drum_groove(1),
        drum_groove(2, qpm=97.0),
        band(3),
        band(4, qpm=140.0),
    ]


def awkward_sequences() -> dict[str, NoteSequence]:
    """Pieces that a converter reads or rejects with a reason, by what is odd."""
    found = {"no notes": NoteSequence(), "no notes, but a tempo": _empty(120.0, "none")}
    found["no tempo and no time signature"] = plain = drum_groove(5, bars=4)
    del plain.tempos[:], plain.time_signatures[:]
    found["a time signature of 7/8"] = odd = drum_groove(6, bars=4)
    odd.time_signatures[0].numerator, odd.time_signatures[0].denominator = 7, 8
    found["a time signature of 3/4"] = waltz = band(7, bars=4)
    waltz.time_signatures[0].numerator = 3
    found["a change of time signature"] = change = drum_groove(8, bars=8)
    change.time_signatures.add(numerator=3, denominator=4, time=4.0)
    found["a change of tempo"] = faster = band(9, bars=8)
    faster.tempos.add(qpm=150.0, time=4.0)
    found["a tempo of zero"] = still = drum_groove(10, bars=4)
    still.tempos[0].qpm = 0.0
    found["notes before time zero"] = early = band(11, bars=4)
    for note in early.notes:
        note.start_time -= 3.0
        note.end_time -= 3.0
    found["one short note"] = short = _empty(120.0, "short")
    _add(short, _KICK, 0.0, 0.1, 100)
    found["one melodic note"] = tone = _empty(120.0, "tone")
    _add(tone, 60, 0.0, 0.5, 100, instrument=_MELODY)
    found["pitches that no kit has"] = strange = _empty(120.0, "strange")
    for number in range(64):
        _add(strange, 1 + number % 2, number * 0.5, 0.1, 100)
    found["a note at the end of time"] = far = band(12, bars=4)
    _add(far, _KICK, 1e9, 0.1, 100)
    _add(far, 60, 1e9, 0.1, 100, instrument=_MELODY)
    found["notes of no length and velocity"] = none = band(13, bars=4)
    for note in list(none.notes)[::3]:
        note.end_time, note.velocity = note.start_time, 0
    return found
