"""From what was played to edits of a performance's notes; swing and tempo."""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.converters.grid.selection import loudest_of_each
from groovekit.errors import UsageError
from groovekit.generation.edits import Edits, NewDrums
from groovekit.generation.takes import Take
from groovekit.generation.tasks.playing import Played
from groovekit.io.drum_tracks import drum_tracks
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import TempoMap

# A hit stays this side of the middle between two steps, so that it is read back on
# the step that it was written for.
_MAX_OFFSET = 1.0 - 1e-7
# Strokes on one drum keep this distance (in quarter notes), or what they had.
_LEAST_GAP = 1.0 / 32
#: Parts of a sequence that have a time.
EVENTS = (
    "tempos",
    "time_signatures",
    "key_signatures",
    "control_changes",
    "pitch_bends",
    "text_annotations",
    "section_annotations",
)


def performed(
    take: Take,
    velocities: np.ndarray,
    offsets: np.ndarray,
    *,
    amount: float = 1.0,
    timing: bool = True,
    velocity: bool = True,
    where: np.ndarray | None = None,
) -> Edits:
    """The same notes at other velocities and times.

    Notes that share a step and a class (flams, two toms of one class) move together:
    the loudest of them is played as it is said, the others keep their distance to it.

    Args:
      take: the performance.
      velocities: ``(steps, classes)`` MIDI velocities.
      offsets: ``(steps, classes)``, -1..1: twice the distance from the step in steps,
        positive when early.
      amount: how far to go from what was played (0) to what is said (1).
      timing: whether to move notes.
      velocity: whether to change velocities.
      where: ``(steps,)`` bool: on which steps to do so; on all by default.

    Raises:
      UsageError: an amount out of range.
    """
    if not 0 <= amount <= 1:
        raise UsageError(f"The amount must be 0 to 1, got {amount}.")
    cells = take.steps * take.converter.classes + take.classes
    _, cell = np.unique(cells, return_inverse=True)
    leader = loudest_of_each(cells, take.velocities)[cell]
    place = (take.steps, take.classes)
    edits = Edits(take.notes)
    changing = np.full(len(cells), True) if where is None else where[take.steps]
    if timing:
        notes = [take.sequence.notes[position] for position in take.notes.tolist()]
        target = _position(take.steps, offsets[place], take.converter.steps_per_quarter)
        moved = take.quarters + amount * (target - take.quarters[leader])
        kinds = np.array([note.pitch for note in notes])
        moved = _in_order(kinds, take.quarters, moved)
        tempo_map = take.tempo_map
        shift = tempo_map.seconds(moved) - tempo_map.seconds(take.quarters)
        before = np.array([(note.start_time, note.end_time) for note in notes]).T
        start = np.maximum(0.0, before[0] + shift)
        end = np.maximum(start, before[1] + shift)
        start, end = np.where(changing, (start, end), before)
        edits = dataclasses.replace(edits, start=start, end=end)
    if velocity:
        said = np.clip(velocities[place], 1, 127)
        louder = take.velocities + amount * (said - take.velocities[leader])
        values = np.clip(np.rint(louder), 1, 127).astype(np.int64)
        values = np.where(changing, values, take.velocities)
        edits = dataclasses.replace(edits, velocity=values)
    return edits


def new_hits(take: Take, played: Played, *, instrument: int) -> NewDrums:
    """Hits on the grid of a take as notes, with the output kit's pitches.

    Args:
      take: whose grid it is.
      played: the hits.
      instrument: number of the track.
    """
    (steps, classes), converter = np.nonzero(played.hits), take.converter
    pitch = converter.output_kit_map.representatives[classes]
    straight = steps / converter.steps_per_quarter
    quarters = _position(
        steps, played.offsets[steps, classes], converter.steps_per_quarter
    )
    quarters = _in_order(pitch, straight, quarters)
    length = 1.0 / converter.steps_per_quarter
    velocity = np.rint(played.velocities[steps, classes])
    return NewDrums(
        pitch,
        np.clip(velocity, 1, 127).astype(int),
        take.tempo_map.seconds(quarters),
        take.tempo_map.seconds(quarters + length),
        instrument,
    )


def drum_track(take: Take) -> int:
    """Number of the track of a take's drums, where new ones of the kit belong."""
    return int(take.sequence.notes[int(take.notes[0])].instrument)


def output_pitches(take: Take) -> np.ndarray:
    """``(notes,)`` pitches of the model's output kit for the notes of a take."""
    pitches: np.ndarray = take.converter.output_kit_map.representatives[take.classes]
    return pitches


def finish(
    sequence: NoteSequence,
    *,
    swing: float = 0.0,
    qpm: float | None = None,
    by_hand: bool = False,
) -> NoteSequence:
    """Swings and rescales a sequence, see :func:`swung` and :func:`at_tempo`."""
    if swing:
        sequence = swung(sequence, swing, by_hand=by_hand)
    return sequence if qpm is None else at_tempo(sequence, qpm)


def swung(
    sequence: NoteSequence, swing: float, *, by_hand: bool = False
) -> NoteSequence:
    """A copy whose drums play swung eighths.

    The off-beat eighth moves from the middle of the beat (``swing`` 0) to two thirds
    of it (1, a triplet); what lies between beat and off-beat moves in proportion, so
    that nothing changes its order and microtiming stays.

    Args:
      sequence: the music; notes that are not drums stay.
      swing: 0 to 1.
      by_hand: whether its drums were chosen, so that none are looked for beside them.

    Raises:
      UsageError: swing out of range.
    """
    if not 0 <= swing <= 1:
        raise UsageError(f"The swing must be 0 to 1, got {swing}.")
    drums = np.flatnonzero(drum_tracks(sequence, by_hand=by_hand).is_drum).tolist()
    notes = [sequence.notes[i] for i in drums]
    tempo_map = TempoMap.of(sequence)
    middle = 0.5 + swing / 6.0

    def warp(seconds: list[float]) -> np.ndarray:
        quarters = tempo_map.quarters(np.array(seconds))
        beat = np.floor(quarters)
        place = np.interp(quarters - beat, [0.0, 0.5, 1.0], [0.0, middle, 1.0])
        return tempo_map.seconds(beat + place)

    starts = warp([note.start_time for note in notes])
    ends = warp([note.end_time for note in notes])
    return Edits(np.array(drums, int), start=starts, end=ends).applied_to(sequence)


def at_tempo(sequence: NoteSequence, qpm: float) -> NoteSequence:
    """A copy that begins at another tempo; later changes keep their proportion.

    Args:
      sequence: in seconds.
      qpm: quarter notes a minute at its beginning.

    Raises:
      UsageError: a tempo that is not positive.
    """
    if not 0 < qpm < np.inf:
        raise UsageError(f"Tempos are positive numbers, got {qpm}.")
    changed = NoteSequence()
    changed.CopyFrom(sequence)
    before = float(TempoMap.of(sequence).rates[0]) * 60.0
    if not any(tempo.time <= 0 for tempo in changed.tempos):
        changed.tempos.add(qpm=before)
    factor = before / qpm
    for note in changed.notes:
        note.start_time *= factor
        note.end_time *= factor
    for field in EVENTS:
        for event in getattr(changed, field):
            event.time *= factor
    for tempo in changed.tempos:
        tempo.qpm /= factor
    changed.total_time *= factor
    return changed


def _position(steps: np.ndarray, offsets: np.ndarray, per_quarter: int) -> np.ndarray:
    """Onsets in quarter notes, not before the start of the sequence."""
    early = np.clip(offsets, -_MAX_OFFSET, _MAX_OFFSET) / 2
    positions: np.ndarray = np.maximum((steps - early) / per_quarter, 0.0)
    return positions


def _in_order(kinds: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """New onsets, of which those of one kind follow each other as they did."""
    order = np.lexsort((before, kinds))
    kept = after.copy()
    for a, b in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
        if kinds[a] == kinds[b]:
            kept[b] = max(kept[b], kept[a] + min(before[b] - before[a], _LEAST_GAP))
    return kept
