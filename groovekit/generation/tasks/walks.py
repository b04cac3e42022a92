"""Walks through latent space: music longer than a model's window.

A section of the music is a window of the model, and the sections' codes are a random
walk. All sections are put on the grid before notes are written, so that a stroke that
anticipates a bar line stays where it is. As in
:mod:`groovekit.generation.tasks.latent`, the model comes first, and None as ``seed``
draws one.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from groovekit.converters.base import Converter, Counts, Reason, Skipped, Windows
from groovekit.converters.grid.quantize import to_steps
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import UsageError
from groovekit.generation.controls import complete_controls
from groovekit.generation.inputs import DEFAULT_TEMPERATURE
from groovekit.generation.player import Player
from groovekit.generation.refusals import check_metre, refusal
from groovekit.generation.sections import one_after_another
from groovekit.generation.tasks.editing import EVENTS
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM, TempoMap
from groovekit.seeding import draw_seed, generator

#: Correlation of the codes of neighbouring sections in :func:`sample_long`.
RELATEDNESS = 0.95
#: Windows that :func:`continue_` learns from: the last ones of a performance.
RECENT = 16


def sample_long(
    model: Player,
    count: int = 1,
    *,
    bars: int,
    relatedness: float = RELATEDNESS,
    qpm: float = DEFAULT_QPM,
    temperature: float = DEFAULT_TEMPERATURE,
    seed: int | None = None,
) -> list[NoteSequence]:
    """New music of any length whose sections are related.

    A section is a window of the model. The first code comes from the prior, and each
    further one is ``relatedness * z + sqrt(1 - relatedness ** 2) * noise`` of the one
    before: a walk that stays where the prior is, so that the last section is as good
    as the first, and on which sections are the less alike the further apart they
    are. Sections are joined on the grid, so that strokes before a bar line stay
    there.

    Args:
      model: the trained model.
      count: how many pieces, at least 1.
      bars: length, at least 1; of the last section only what is needed is kept.
      relatedness: correlation of neighbouring codes, 0 (unrelated) to 1 (all equal
        but for what the decoder draws).
      qpm: tempo.
      temperature: of the decoder.
      seed: of codes and decoder.

    Raises:
      UsageError: numbers out of range, or a model that needs controls.
    """
    if count < 1:
        raise UsageError(f"The number of samples must be at least 1, got {count}.")
    if not 0 <= relatedness <= 1:
        raise UsageError(f"relatedness must be 0 to 1, got {relatedness}.")
    sections = _sections(model.converter, bars)
    seed = draw_seed() if seed is None else seed
    fresh = float(np.sqrt(1.0 - relatedness**2))
    codes = []
    for piece in range(count):
        # A stream each: neither more pieces nor more bars change the beginning.
        noise = generator(seed, "path", piece)
        z = noise.standard_normal(model.config.latent.z_size)
        codes.append(z)
        for _ in range(sections - 1):
            z = relatedness * z + fresh * noise.standard_normal(len(z))
            codes.append(z)
    return _pieces(
        model,
        np.array(codes),
        model.converter,
        bars=bars,
        qpm=qpm,
        temperature=temperature,
        seed=seed,
    )


def continue_(
    model: Player,
    sequence: NoteSequence,
    count: int = 1,
    *,
    bars: int | None = None,
    temperature: float = DEFAULT_TEMPERATURE,
    seed: int | None = None,
) -> list[NoteSequence]:
    """A performance, followed by what might come next.

    The last window is encoded (shorter music is repeated to fill it, as a loop is),
    and a random walk goes on from its code, as the performance itself walks: with the
    mean ``c`` of the codes of its last 16 windows, the next code is ``c + r (z - c) +
    e``. The factor ``r`` (0..1) is the windows' own correlation with their
    predecessors, and ``e`` is a normal draw with the covariance of what that leaves
    unexplained. So changes are as large as the performance's own and go the same
    ways, and a long continuation stays near it. With a single window, ``e`` is a draw
    from its posterior. What leads from one window to the next is sampled so, not
    learnt: the model knows no order of windows.

    The continuation begins on the bar line after the last stroke, at the last tempo;
    strokes that anticipate it stay early.

    Args:
      model: the trained model.
      sequence: the performance; it is not changed.
      count: how many continuations, at least 1.
      bars: bars to add; a window of the model by default.
      temperature: of the decoder.
      seed: of walk and decoder.

    Returns:
      The whole input followed by each continuation.

    Raises:
      DataError: music that the model cannot take; says why.
      UsageError: numbers out of range.
    """
    if count < 1:
        raise UsageError(
            f"The number of continuations must be at least 1, got {count}."
        )
    converter = model.converter
    own = converter.window_bars
    bars = own if bars is None else bars
    sections = _sections(converter, bars)
    seed = draw_seed() if seed is None else seed
    ending = read_ending(sequence, converter)
    found, qpm = converter.expand(ending.windows), ending.qpm
    posterior = model.encode(found, seed=seed)
    walk = _Walk.of(posterior.mean.astype(np.float64), posterior.stddev[-1])
    codes = []
    for piece in range(count):
        noise, z = generator(seed, "walk", piece), walk.last
        for _ in range(sections):
            z = walk.step(z, noise)
            codes.append(z)
    if isinstance(converter, GrooveConverter):
        # Strokes before the bar line are before time zero.
        converter = _changed(converter, first_onset="original")
    pieces = _pieces(
        model,
        np.array(codes),
        converter,
        bars=bars,
        qpm=qpm,
        temperature=temperature,
        seed=seed,
        controls=None if found.controls is None else found.controls[-1:],
    )
    bar_line = ending.bars * _bar_seconds(converter, qpm)
    joint = float(TempoMap.of(sequence).seconds(np.array(bar_line * qpm / 60.0)))
    return [_followed_by(sequence, piece, joint) for piece in pieces]


@dataclasses.dataclass(frozen=True, eq=False)
class _Walk:
    """How codes follow each other; see :func:`continue_`.

    Attributes:
      last: ``(z_size,)`` code to go on from.
      centre: ``(z_size,)``.
      memory: share of a code's distance from the centre that the next one keeps.
      ways: ``(ways, z_size)``: a step is their sum, each times a normal draw.
    """

    last: np.ndarray
    centre: np.ndarray
    memory: float
    ways: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, stddev: np.ndarray) -> _Walk:
        """Learns from consecutive codes ``(windows, z_size)``."""
        centre = codes.mean(axis=0)
        away = codes - centre
        before, after = away[:-1], away[1:]
        if not before.any():
            return cls(codes[-1], centre, 0.0, np.diag(stddev.astype(np.float64)))
        memory = float(np.clip(np.vdot(before, after) / np.vdot(before, before), 0, 1))
        left = after - memory * before
        return cls(codes[-1], centre, memory, left / np.sqrt(len(left)))

    def step(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The next code."""
        drawn = rng.standard_normal(len(self.ways)) @ self.ways
        return np.asarray(self.centre + self.memory * (z - self.centre) + drawn)


# Windows and sections --------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Ending:
    """What a performance is continued from.

    Attributes:
      windows: the last ones in their order, the last of them ending with the last
        bar; at least one.
      qpm: the last tempo.
      bars: length up to the last onset.
      counts: what happened to the notes of the whole performance.
    """

    windows: Windows
    qpm: float
    bars: int
    counts: Counts


def read_ending(sequence: NoteSequence, converter: Converter) -> Ending:
    """Reads the end of a performance, which may change its tempo.

    Args:
      sequence: the performance.
      converter: of the model.

    Raises:
      DataError: music that the model cannot take; says why.
    """
    name = sequence.filename or "The sequence"
    # Whatever the converter would leave out: bar lines are counted from the start.
    check_metre(sequence, converter, name=name)
    tempo_map = TempoMap.of(sequence)
    qpm = float(60.0 * tempo_map.rates[-1])
    even = _at_one_tempo(sequence, tempo_map, qpm)
    bars = _bars_used(even, converter, qpm)
    own = converter.window_bars
    # A window from each bar on, so that one of them ends where the music does.
    stride = own if isinstance(converter, GrooveConverter) else 1
    if stride > 1:
        converter = _changed(converter, hop_bars=1)
    found = converter.extract(even)
    counts = found.counts
    if isinstance(found, Skipped) and found.reason is Reason.TOO_SHORT:
        seconds = bars * _bar_seconds(converter, qpm)
        found = converter.extract(one_after_another([even] * -(-own // bars), seconds))
    if isinstance(found, Skipped):
        raise refusal(found, even, converter, name=name)
    recent = np.arange(len(found))[::-1][::stride][:RECENT]
    return Ending(found.take(recent[::-1]), qpm, bars, counts)


def _at_one_tempo(
    sequence: NoteSequence, tempo_map: TempoMap, qpm: float
) -> NoteSequence:
    """The sequence with all in it where it would be at an even tempo."""
    even = NoteSequence()
    even.CopyFrom(sequence)
    del even.tempos[:]
    for field in EVENTS:
        for event in getattr(even, field):
            quarters = tempo_map.quarters(np.array(event.time))
            event.time = float(quarters) * 60.0 / qpm
    even.tempos.add(qpm=qpm)
    times = np.array([(n.start_time, n.end_time) for n in sequence.notes])
    moved = tempo_map.quarters(times.reshape(-1, 2)) * (60.0 / qpm)
    for note, (start, end) in zip(even.notes, moved.tolist(), strict=True):
        note.start_time, note.end_time = start, end
    return even


def _sections(converter: Converter, bars: int) -> int:
    """How many windows so many bars take."""
    if bars < 1:
        raise UsageError(f"bars must be at least 1, got {bars}.")
    return -(-bars // converter.window_bars)


def _pieces(
    model: Player,
    codes: np.ndarray,
    converter: Converter,
    *,
    bars: int,
    qpm: float,
    temperature: float,
    seed: int,
    controls: np.ndarray | None = None,
) -> list[NoteSequence]:
    """Pieces whose sections follow each other.

    Args:
      model: decodes.
      codes: ``(pieces * sections, z_size)``.
      converter: writes the notes.
      bars: length of a piece.
      qpm: tempo.
      temperature: of the decoder.
      seed: of what the decoder draws.
      controls: ``(1, steps, control_depth)`` for every section.
    """
    own = converter.window_bars
    sections = -(-bars // own)
    steps = converter.steps
    controls = complete_controls(
        controls, converter, len(codes), steps, name=model.config.name
    )
    tensors = model.decode_to_tensors(
        codes, temperature=temperature, controls=controls, seed=seed
    )
    kept = steps * bars // own
    if converter.tiles or not converter.fixed_length:
        # Windows that may end before their last step.
        parts = converter.decode(tensors, controls, qpm=qpm)
        seconds = converter.window_seconds(qpm)
        made = [
            one_after_another(parts[first : first + sections], seconds)
            for first in range(0, len(parts), sections)
        ]
        return [_cut(piece, bars * _bar_seconds(converter, qpm)) for piece in made]

    def joined(array: np.ndarray) -> np.ndarray:
        return array.reshape(-1, sections * steps, array.shape[-1])[:, :kept]

    return converter.decode(
        joined(tensors), None if controls is None else joined(controls), qpm=qpm
    )


def _bar_seconds(converter: Converter, qpm: float) -> float:
    return converter.window_seconds(qpm) / converter.window_bars


def _bars_used(sequence: NoteSequence, converter: Converter, qpm: float) -> int:
    """Bars up to the last onset; of the drums, where there are any."""
    drums = [n.start_time for n in sequence.notes if n.is_drum]
    onsets = drums or [n.start_time for n in sequence.notes] or [0.0]
    grid = converter.grid
    last = to_steps(np.array([max(onsets)]), grid.steps_per_second(qpm))[0]
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


def _cut(sequence: NoteSequence, seconds: float) -> NoteSequence:
    """The first seconds of a sequence."""
    kept = [note for note in sequence.notes if note.start_time < seconds]
    del sequence.notes[:]
    sequence.notes.extend(kept)
    for note in sequence.notes:
        note.end_time = min(note.end_time, seconds)
    sequence.total_time = seconds
    return sequence


def _changed(converter: Converter, **changes: Any) -> Converter:
    changed: Converter = dataclasses.replace(converter, **changes)  # type: ignore[type-var]  # abstract, but each is a dataclass
    return changed
