"""Small note sequences for tests."""

from __future__ import annotations

from collections.abc import Iterable

from groovekit.converters.base import Converter, Skipped
from groovekit.io.notes import NoteSequence

SIXTEENTH = 0.125


def drums(
    notes: Iterable[tuple[float, int, int]],
    *,
    qpm: float = 120.0,
    metre: tuple[int, int] = (4, 4),
    is_drum: bool = True,
) -> NoteSequence:
    """A sequence of (step, pitch, velocity), in one tempo and metre."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    sequence.time_signatures.add(numerator=metre[0], denominator=metre[1])
    second = 15.0 / qpm
    for step, pitch, velocity in notes:
        note = sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=step * second,
            end_time=(step + 1) * second,
            is_drum=is_drum,
            instrument=9 if is_drum else 0,
        )
        sequence.total_time = max(sequence.total_time, note.end_time)
    return sequence


def beat(bars: int = 2, *, hats: bool = False, **options) -> NoteSequence:
    """Kick and snare on the quarters of so many bars, and hats on the eighths."""
    notes = [(4 * q, 38 if q % 2 else 36, 100) for q in range(4 * bars)]
    if hats:
        notes += [(2 * e, 42, 80) for e in range(8 * bars)]
    return drums(notes, **options)


def skipped(converter: Converter, sequence: NoteSequence) -> Skipped:
    """Why there is nothing for a converter in a sequence, all of it accounted for."""
    result = converter.encode(sequence)
    assert isinstance(result, Skipped)
    counts = result.counts
    assert counts.notes == len(sequence.notes)
    assert counts.notes == (
        counts.kept + counts.merged + counts.unmapped + counts.ignored
    )
    return result
