"""Which chord and key hold on each step of a section of a sequence.

They come from the sequence's annotations, or are inferred from its notes where
it has none.
"""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np

from groovekit.converters.bar_grid import Grid
from groovekit.converters.base import Reason, UnusableError
from groovekit.converters.grid.quantize import to_steps
from groovekit.converters.grid.sections import Section
from groovekit.converters.harmony.chord_inference import Inferred, infer_chords
from groovekit.converters.harmony.chords import (
    CHORD_SYMBOL,
    KEYS,
    NO_CHORD,
    ChordEncoding,
)
from groovekit.errors import UsageError
from groovekit.io.columns import NoteColumns, rate_of_steps
from groovekit.io.notes import NoteSequence

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Harmony:
    """Chords and keys of the steps of a section.

    Attributes:
      figures: the symbols that occur.
      chords: ``(steps,)`` uint16 indices into ``figures``.
      keys: ``(steps,)`` uint8, 0 (C) to 11 (B); None where nobody asked.
    """

    figures: tuple[str, ...]
    chords: np.ndarray
    keys: np.ndarray | None

    def labels(self, encoding: ChordEncoding, chords: np.ndarray) -> np.ndarray:
        """Labels of chords.

        Args:
          encoding: which labels.
          chords: indices into ``figures``, of any shape; others may be symbols
            that cannot be read.

        Returns:
          uint8 labels of the same shape.

        Raises:
          UnusableError: a symbol has none.
        """
        table = np.zeros(len(self.figures), np.uint8)
        for index in np.unique(chords):
            try:
                table[index] = encoding.encode(self.figures[index])
            except UsageError as error:
                raise UnusableError(Reason.HARMONY, str(error)) from error
        labels: np.ndarray = table[chords]
        return labels


def read_harmony(
    sequence: NoteSequence,
    section: Section,
    notes: NoteColumns,
    *,
    steps: int,
    total_seconds: float,
    grid: Grid,
    keys: bool = False,
    chords: bool = True,
) -> Harmony:
    """Reads or infers the chords and keys of a section.

    Before the first chord there is none; before the first key that one holds.

    Args:
      sequence: with its annotations of chords and its key signatures.
      section: the section.
      notes: of the section, times from its start; chords are inferred from them.
      steps: how many steps are wanted.
      total_seconds: where the section's last note ends.
      grid: whose steps they are.
      keys: whether keys are wanted.
      chords: whether chords are wanted.

    Raises:
      UnusableError: it cannot be told: two chords on one step, chords without a
        key (which inference would contradict), or no way to infer them.
    """
    rate = grid.steps_per_second(section.qpm)
    figures = _section_chords(sequence, section)
    signatures = _section_keys(sequence, section)
    if (chords and not figures) or (keys and not signatures):
        if figures:
            detail = "has chords, but no key signature"
            raise UnusableError(Reason.HARMONY, detail)
        inferred = infer_chords(
            notes,
            section,
            total_seconds=total_seconds,
            grid=grid,
        )
        return _inferred_harmony(inferred, steps, rate, keys=keys)
    found = _annotated_chords(figures, steps, rate)
    if not keys:
        return Harmony(*found, None)
    times = [time for time, _ in signatures]
    values = [key for _, key in signatures]
    return Harmony(*found, _hold_keys(np.array(times), np.array(values), steps, rate))


def _in_section(
    events: list[tuple[float, _T]], section: Section
) -> list[tuple[float, _T]]:
    """Events in the section, after the last one that held when it began."""
    events = sorted(events, key=lambda event: event[0])
    before = [event for event in events if event[0] <= section.start]
    inside = [event for event in events if section.start < event[0] < section.end]
    moved = [(time - section.start, value) for time, value in inside]
    return [(0.0, before[-1][1]), *moved] if before else moved


def _section_chords(
    sequence: NoteSequence, section: Section
) -> list[tuple[float, str]]:
    rate = rate_of_steps(sequence)
    events = [
        (a.quantized_step * (1 / rate) if rate else a.time, a.text)
        for a in sequence.text_annotations
        if a.annotation_type == CHORD_SYMBOL
    ]
    return _in_section(events, section)


def _section_keys(sequence: NoteSequence, section: Section) -> list[tuple[float, int]]:
    events = [(k.time, k.key % KEYS) for k in sequence.key_signatures]
    return _in_section(events, section)


def _annotated_chords(
    events: list[tuple[float, str]], steps: int, rate: float
) -> tuple[tuple[str, ...], np.ndarray]:
    """The symbols, and the index of the one that holds on each step."""
    starts = to_steps(np.array([time for time, _ in events]), rate)
    names: dict[str, int] = {NO_CHORD: 0}
    indices = np.zeros(steps, np.uint16)
    previous: tuple[int, str] | None = None
    for start, (_, figure) in zip(starts.tolist(), events, strict=True):
        if start >= steps:
            break
        if previous is not None and start == previous[0] and figure != previous[1]:
            detail = f"chords {previous[1]} and {figure} on one step"
            raise UnusableError(Reason.HARMONY, detail)
        indices[max(start, 0) :] = names.setdefault(figure, len(names))
        previous = start, figure
    return tuple(names), indices


def _inferred_harmony(
    inferred: Inferred, steps: int, rate: float, *, keys: bool
) -> Harmony:
    names: dict[str, int] = {NO_CHORD: 0}
    frames = [names.setdefault(figure, len(names)) for figure in inferred.figures]
    # The last one goes on to the end.
    frame = np.minimum(np.arange(steps) // inferred.steps, len(frames) - 1)
    indices = np.array(frames, np.uint16)[frame]
    if not keys:
        return Harmony(tuple(names), indices, None)
    times = np.arange(len(frames)) * inferred.seconds
    return Harmony(tuple(names), indices, _hold_keys(times, inferred.keys, steps, rate))


def _hold_keys(
    times: np.ndarray, keys: np.ndarray, steps: int, rate: float
) -> np.ndarray:
    """``(steps,)`` uint8: the last key that began on a step or before it."""
    held = np.searchsorted(rate * times, np.arange(steps), side="right") - 1
    return keys[np.maximum(held, 0)].astype(np.uint8)
