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
from groovekit.io.tempo import TIMED_EVENTS, TempoMap

# A hit stays this side of the middle between two steps, so that it is read back on
# the step that it was written for.
_MAX_OFFSET = 1.0 - 1e-7
# Strokes on one drum keep this distance (in quarter notes), or what they had.
_LEAST_GAP = 1.0 / 32
# In steps: nearer to its step than this, a stroke is meant to be there; nearer to each
# other, strokes of one drum are a roll.
_NEAR, _ROLL = 0.25, 0.85


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
    Where none of them is near the step (triplets of sixteenths, rolls), they keep their
    place between their neighbours and move as these do.

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
        target = take.position(take.steps, _early(offsets[place]))
        moved = take.quarters + amount * _shifts(take, target, cells)
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


def _shifts(take: Take, target: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """How far each note of a take moves, ``(notes,)`` quarter notes.

    Args:
      take: the performance.
      target: ``(notes,)`` where the one note of each cell is to go, in quarter notes.
      cells: ``(notes,)`` numbers of steps and classes.
    """
    own, unit = take.quarters, take.converter.steps_per_quarter
    place = take.position(take.steps)
    apart = np.abs(own - place) * unit
    _, first, cell, sizes = np.unique(
        cells, return_index=True, return_inverse=True, return_counts=True
    )
    loudest = loudest_of_each(cells, take.velocities)
    by_distance = np.lexsort((apart, cell))
    nearest = by_distance[np.searchsorted(cell[by_distance], np.arange(len(first)))]
    leader = np.where(apart[loudest] <= _NEAR, loudest, nearest)
    order = np.lexsort((own, take.classes))
    gaps = np.diff(own[order]) * unit
    gaps[np.diff(take.classes[order]) != 0] = np.inf
    gaps = np.concatenate([[np.inf], gaps, [np.inf]])
    after, before = gaps[1:] < _ROLL, gaps[:-1] < _ROLL
    inside = after & before
    # A roll ends with the neighbours of the strokes inside it.
    ends = (before & np.roll(inside, 1)) | (after & np.roll(inside, -1))
    close, roll = np.zeros((2, len(own)), bool)
    close[order], roll[order] = after | before, inside | ends
    # A stroke alone in its cell is at its place, unless others are close to it.
    placed = (apart[leader] <= _NEAR) | ((sizes == 1) & ~close[leader])
    # Those of a roll stray as is said, from where they are.
    origin = np.where(roll, place, own)
    shift = target[leader] - origin[leader]
    classes = take.classes[leader]
    for drum in np.unique(classes[~placed]):
        between = ~placed & (classes == drum)
        known = placed & (classes == drum)
        if not known.any():
            known = placed
        if not known.any():
            shift[between] = 0.0
            continue
        places, ways = own[leader][known], shift[known]
        by_time = np.argsort(places, kind="stable")
        shift[between] = np.interp(own[leader][between], places[by_time], ways[by_time])
    return np.asarray(shift[cell])


def new_hits(take: Take, played: Played, *, instrument: int | None = None) -> NewDrums:
    """Hits on the grid of a take as notes, with the output kit's pitches.

    Args:
      take: whose grid it is.
      played: the hits.
      instrument: number of a track of their own; None for that of the take's drums.
    """
    converter = take.converter
    used = take.layout.used(len(played.hits))
    steps, classes = np.nonzero(played.hits & used[:, None])
    pitch = converter.output_kit_map.representatives[classes]
    straight = take.position(steps)
    quarters = take.position(steps, _early(played.offsets[steps, classes]))
    quarters = _in_order(pitch, straight, quarters)
    length = 1.0 / converter.steps_per_quarter
    velocity = np.rint(played.velocities[steps, classes])
    track: tuple[int, int, bool]
    if instrument is None:
        drum = take.sequence.notes[int(take.notes[0])]
        track = (drum.instrument, drum.program, drum.is_drum)
    else:
        track = (instrument, 0, True)
    return NewDrums(
        pitch,
        np.clip(velocity, 1, 127).astype(int),
        take.tempo_map.seconds(quarters),
        take.tempo_map.seconds(quarters + length),
        *track,
    )


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
    for field in TIMED_EVENTS:
        for event in getattr(changed, field):
            event.time *= factor
    for tempo in changed.tempos:
        tempo.qpm /= factor
    changed.total_time *= factor
    return changed


def _early(offsets: np.ndarray) -> np.ndarray:
    """Offsets in steps, so that hits stay nearer to their step than to another."""
    early: np.ndarray = np.clip(offsets, -_MAX_OFFSET, _MAX_OFFSET) / 2
    return early


def _in_order(kinds: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """New onsets, of which those of one kind follow each other as they did."""
    order = np.lexsort((before, kinds))
    kept = after.copy()
    for a, b in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
        if kinds[a] == kinds[b]:
            kept[b] = max(kept[b], kept[a] + min(before[b] - before[a], _LEAST_GAP))
    return kept
