"""A performance, and what might come next."""

from __future__ import annotations

import dataclasses
from typing import Any, Unpack

import numpy as np

from groovekit.converters.base import Converter, Counts, Reason, Skipped, Windows
from groovekit.converters.grid.quantize import to_steps
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import UsageError
from groovekit.generation.bar_layout import signatures_of
from groovekit.generation.edits import Edits
from groovekit.generation.manner import Manner, wanted
from groovekit.generation.player import Player
from groovekit.generation.refusals import check_time_signature, refusal
from groovekit.generation.sections import (
    bar_seconds,
    cut,
    one_after_another,
    play_sections,
    sections_for,
)
from groovekit.generation.takes import read_take
from groovekit.generation.tasks.editing import new_hits
from groovekit.generation.tasks.filling import (
    FillingPlayer,
    Unknown,
    check_no_manner,
    check_other,
    chosen_temperature,
    filled,
    fills,
)
from groovekit.io.drum_tracks import drum_tracks
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import TIMED_EVENTS, TempoMap
from groovekit.seeding import draw_seed, generator

#: Windows that it learns from: the last ones of a performance.
RECENT = 16


def continue_(
    model: Player,
    sequence: NoteSequence,
    count: int = 1,
    *,
    bars: int | None = None,
    temperature: float | None = None,
    seed: int | None = None,
    **manner: Unpack[Manner],
) -> list[NoteSequence]:
    """A performance, followed by what might come next.

    To a model that fills, the bars that follow are a part of the performance like any
    other. With other models the last window is encoded (shorter music is repeated to
    fill it, as a loop is), and a random walk goes on from its latent vector, as the
    performance itself walks: with the mean ``c`` of the latent vectors of its last 16
    windows, the next latent vector is ``c + r (z - c) + e``. The factor ``r`` (0..1) is
    the windows' own correlation with their predecessors, and ``e`` is a normal draw
    with the covariance of what that leaves unexplained. So changes are as large as the
    performance's own and go the same ways, and a long continuation stays near it. With
    a single window, ``e`` is a draw from its posterior. What leads from one window to
    the next is sampled so, not learnt: such a model knows no order of windows.

    The continuation begins on the bar line after the last stroke, at the last tempo;
    strokes that anticipate it stay early.

    Args:
      model: the trained model.
      sequence: the performance; it is not changed.
      count: how many continuations, at least 1.
      bars: bars to add; a window of the model by default.
      temperature: of what a model fills in, 1 by default; else of the decoder, 0.5 by
        default.
      seed: of what is drawn.
      manner: for models that fill, see :class:`groovekit.generation.manner.Manner`.

    Returns:
      The whole input followed by each continuation.

    Raises:
      DataError: music that the model cannot take; says why.
      UsageError: numbers out of range, or a manner for a model that does not fill.
    """
    if count < 1:
        raise UsageError(
            f"The number of continuations must be at least 1, got {count}."
        )
    converter = model.converter
    own = converter.window_bars
    bars = own if bars is None else bars
    sections = sections_for(converter, bars)
    seed = draw_seed() if seed is None else seed
    temperature = chosen_temperature(model, temperature)
    if fills(model):
        return _filled(
            model,
            sequence,
            count,
            bars=bars,
            temperature=temperature,
            seed=seed,
            manner=manner,
        )
    check_no_manner(model, manner)
    ending = read_ending(sequence, converter)
    found, qpm = converter.expand(ending.windows), ending.qpm
    posterior = model.encode(found, seed=seed)
    walk = _Walk.of(posterior.mean.astype(np.float64), posterior.stddev[-1])
    vectors = []
    for piece in range(count):
        noise, z = generator(seed, "walk", piece), walk.last
        for _ in range(sections):
            z = walk.step(z, noise)
            vectors.append(z)
    if isinstance(converter, GrooveConverter):
        # Strokes before the bar line are before time zero.
        converter = _changed(converter, first_onset="original")
    pieces = play_sections(
        model,
        np.array(vectors),
        converter,
        bars=bars,
        qpm=qpm,
        temperature=temperature,
        seed=seed,
        controls=None if found.controls is None else found.controls[-1:],
    )
    bar_line = ending.bars * bar_seconds(converter, qpm) * qpm / 60.0 + ending.start
    joint = float(TempoMap.of(sequence).seconds(np.array(bar_line)))
    length = bars * bar_seconds(converter, qpm)
    return [_followed_by(sequence, cut(piece, length), joint) for piece in pieces]


def _filled(
    model: FillingPlayer,
    sequence: NoteSequence,
    count: int,
    *,
    bars: int,
    temperature: float,
    seed: int,
    manner: Manner,
) -> list[NoteSequence]:
    """The sequence with what a model fills the bars behind it with."""
    take = read_take(sequence, model.converter)
    cells = take.cells()
    first, behind = take.layout.following(take.bars, bars)
    length = behind * take.steps_per_bar
    cells = np.concatenate([cells, np.zeros((length - len(cells), *cells.shape[1:]))])
    free = np.zeros(cells.shape[:2], bool)
    free[first * take.steps_per_bar :] = True
    versions = filled(
        model,
        take,
        cells,
        Unknown.of(free),
        check_other(wanted(take, manner), "these are known anyway"),
        count,
        temperature=temperature,
        seed=seed,
    )
    quarters = np.array(take.layout.end(behind))
    end = float(take.tempo_map.seconds(quarters))
    made = []
    for played in versions:
        new = played._replace(hits=played.hits & free)
        added = new_hits(take, new)
        # A late hit on the last step does not make the music longer.
        added = added._replace(end=np.minimum(added.end, end))
        whole = Edits(added=added).applied_to(sequence)
        whole.total_time = max(whole.total_time, end)
        made.append(whole)
    return made


@dataclasses.dataclass(frozen=True, eq=False)
class _Walk:
    """How latent vectors follow each other; see :func:`continue_`.

    Attributes:
      last: ``(z_size,)`` latent vector to go on from.
      centre: ``(z_size,)``.
      memory: share of a latent vector's distance from the centre that the next one
        keeps.
      ways: ``(ways, z_size)``: a step is their sum, each times a normal draw.
    """

    last: np.ndarray
    centre: np.ndarray
    memory: float
    ways: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, stddev: np.ndarray) -> _Walk:
        """Learns from consecutive latent vectors ``(windows, z_size)``."""
        centre = vectors.mean(axis=0)
        away = vectors - centre
        before, after = away[:-1], away[1:]
        if not before.any():
            return cls(vectors[-1], centre, 0.0, np.diag(stddev.astype(np.float64)))
        memory = float(np.clip(np.vdot(before, after) / np.vdot(before, before), 0, 1))
        left = after - memory * before
        return cls(vectors[-1], centre, memory, left / np.sqrt(len(left)))

    def step(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The next latent vector."""
        drawn = rng.standard_normal(len(self.ways)) @ self.ways
        return np.asarray(self.centre + self.memory * (z - self.centre) + drawn)


@dataclasses.dataclass(frozen=True, eq=False)
class Ending:
    """What a performance is continued from.

    Attributes:
      windows: the last ones in their order, the last of them ending with the last
        bar; at least one.
      qpm: the last tempo.
      bars: length up to the last onset, from ``start`` on.
      start: where bars are counted from, in quarter notes: the last change of time
        signature.
      counts: what happened to the notes of the whole performance.
    """

    windows: Windows
    qpm: float
    bars: int
    start: float
    counts: Counts


def read_ending(sequence: NoteSequence, converter: Converter) -> Ending:
    """Reads the end of a performance, which may change its tempo.

    Of one that changes its time signature, the last stretch is read.

    Args:
      sequence: the performance.
      converter: of the model.

    Raises:
      DataError: music that the model cannot take; says why.
    """
    name = sequence.filename or "The sequence"
    tempo_map = TempoMap.of(sequence)
    qpm = float(60.0 * tempo_map.rates[-1])
    even = _at_one_tempo(sequence, tempo_map, qpm)
    start = _last_change(sequence, tempo_map, converter)
    if start:
        even = _from(even, start * 60.0 / qpm, converter, qpm)
    # Whatever the converter would leave out: bar lines are counted from there.
    check_time_signature(even, converter, name=name)
    bars = _bars_used(even, converter, qpm)
    own = converter.window_bars
    # A window from each bar on, so that one of them ends where the music does.
    stride = own if isinstance(converter, GrooveConverter) else 1
    if stride > 1:
        converter = _changed(converter, hop_bars=1)
    found = converter.extract(even)
    counts = found.counts
    if isinstance(found, Skipped) and found.reason is Reason.TOO_SHORT:
        seconds = bars * bar_seconds(converter, qpm)
        found = converter.extract(one_after_another([even] * -(-own // bars), seconds))
    if isinstance(found, Skipped):
        raise refusal(found, even, converter, name=name)
    recent = np.arange(len(found))[::-1][::stride][:RECENT]
    return Ending(found.take(recent[::-1]), qpm, bars, start, counts)


def _last_change(
    sequence: NoteSequence, tempo_map: TempoMap, converter: Converter
) -> float:
    """Where the last stretch of music in the model's bars begins, in quarter notes.

    0 of music in one time signature, and of music that ends in other bars.
    """
    last = max((note.start_time for note in sequence.notes), default=0.0)
    quarters = float(tempo_map.quarters(np.array(last)))
    used = [s for s in signatures_of(sequence, tempo_map) if s.start <= quarters]
    fits = used and used[-1].bar == converter.grid.quarters_per_bar
    return used[-1].start if fits else 0.0


def _from(
    even: NoteSequence, seconds: float, converter: Converter, qpm: float
) -> NoteSequence:
    """What of music at one tempo begins at a time or, by half a step, before it."""
    half = 0.5 / converter.grid.steps_per_second(qpm)
    rest = NoteSequence()
    rest.CopyFrom(even)
    del rest.notes[:], rest.time_signatures[:]
    numerator, denominator = converter.grid.time_signature
    rest.time_signatures.add(numerator=numerator, denominator=denominator)
    for note in even.notes:
        if note.start_time >= seconds - half:
            copy = rest.notes.add()
            copy.CopyFrom(note)
            copy.start_time = max(0.0, note.start_time - seconds)
            copy.end_time = max(copy.start_time, note.end_time - seconds)
    for field in TIMED_EVENTS:
        for event in getattr(rest, field):
            event.time = max(0.0, event.time - seconds)
    rest.total_time = max(0.0, even.total_time - seconds)
    return rest


def _at_one_tempo(
    sequence: NoteSequence, tempo_map: TempoMap, qpm: float
) -> NoteSequence:
    """The sequence with all in it where it would be at an even tempo."""
    even = NoteSequence()
    even.CopyFrom(sequence)
    del even.tempos[:]
    for field in TIMED_EVENTS:
        for event in getattr(even, field):
            quarters = tempo_map.quarters(np.array(event.time))
            event.time = float(quarters) * 60.0 / qpm
    even.tempos.add(qpm=qpm)
    times = np.array([(n.start_time, n.end_time) for n in sequence.notes])
    moved = tempo_map.quarters(times.reshape(-1, 2)) * (60.0 / qpm)
    for note, (start, end) in zip(even.notes, moved.tolist(), strict=True):
        note.start_time, note.end_time = start, end
    return even


def _bars_used(sequence: NoteSequence, converter: Converter, qpm: float) -> int:
    """Bars up to the last onset; of the drums, where there are any."""
    starts = np.array([note.start_time for note in sequence.notes])
    drums = drum_tracks(sequence).is_drum
    onsets = starts[drums] if drums.any() else starts
    grid = converter.grid
    last = to_steps(np.array([onsets.max(initial=0.0)]), grid.steps_per_second(qpm))[0]
    return int(last) // grid.steps_per_bar + 1


def _followed_by(
    sequence: NoteSequence, piece: NoteSequence, joint: float
) -> NoteSequence:
    """The sequence with another one from ``joint`` (seconds) on."""
    whole = NoteSequence()
    whole.CopyFrom(sequence)
    for note in piece.notes:
        copy = whole.notes.add()
        copy.CopyFrom(note)
        copy.start_time = max(0.0, copy.start_time + joint)
        copy.end_time += joint
    whole.total_time = max(sequence.total_time, piece.total_time + joint)
    return whole


def _changed(converter: Converter, **changes: Any) -> Converter:
    changed: Converter = dataclasses.replace(converter, **changes)  # type: ignore[type-var]  # abstract, but each is a dataclass
    return changed
