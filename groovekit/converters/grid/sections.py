"""Stretches of a sequence with one tempo and one time signature."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from groovekit.converters.bar_grid import Grid
from groovekit.converters.base import Reason, UnusableError
from groovekit.io.columns import NoteColumns
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM

# What holds where a sequence says nothing.
DEFAULT_TIME_SIGNATURE = (4, 4)


@dataclasses.dataclass(frozen=True)
class Section:
    """A stretch of a sequence with one tempo and one time signature.

    Attributes:
      start: seconds.
      end: seconds, excluded.
      qpm: quarter notes a minute.
      time_signature: numerator and denominator.
    """

    start: float
    end: float
    qpm: float = DEFAULT_QPM
    time_signature: tuple[int, int] = DEFAULT_TIME_SIGNATURE

    def check_grid(self, grid: Grid) -> None:
        """Makes sure that its bars have the grid's number of steps.

        Raises:
          UnusableError: they have another, or the tempo is not positive.
        """
        numerator, denominator = self.time_signature
        valid = (
            numerator > 0 and denominator > 0 and not denominator & (denominator - 1)
        )
        steps = grid.steps_per_quarter * numerator * 4 / denominator if valid else 0
        if steps != grid.steps_per_bar:
            raise UnusableError(
                Reason.METRE, format_time_signature(self.time_signature)
            )
        if not self.qpm > 0:
            raise UnusableError(Reason.NO_TEMPO, f"tempo {self.qpm:g}")


def format_time_signature(time_signature: tuple[int, int]) -> str:
    """A time signature for messages, e.g. ``"metre 6/8"``."""
    return f"metre {time_signature[0]}/{time_signature[1]}"


def single_section(sequence: NoteSequence) -> Section:
    """The tempo and time signature of a sequence that must not change them.

    A first time signature other than 4/4, or tempo other than 120, that starts after
    time zero is a change as well.

    Raises:
      UnusableError: it changes one of them.
    """
    time_signature, qpm = DEFAULT_TIME_SIGNATURE, DEFAULT_QPM
    signatures = sorted(sequence.time_signatures, key=lambda event: event.time)
    if signatures:
        found = [(event.numerator, event.denominator) for event in signatures]
        if signatures[0].time != 0:
            found.insert(0, DEFAULT_TIME_SIGNATURE)
        change = next((m for m in found if m != found[0]), None)
        if change is not None:
            first, other = (f"{a}/{b}" for a, b in (found[0], change))
            raise UnusableError(Reason.METRE_CHANGE, f"from {first} to {other}")
        time_signature = found[0]
    tempos = sorted(sequence.tempos, key=lambda event: event.time)
    if tempos:
        values = [event.qpm for event in tempos]
        if tempos[0].time != 0:
            values.insert(0, DEFAULT_QPM)
        other_qpm = next((q for q in values if q != values[0]), None)
        if other_qpm is not None:
            detail = f"from {values[0]:g} to {other_qpm:g} quarter notes a minute"
            raise UnusableError(Reason.TEMPO_CHANGE, detail)
        qpm = values[0]
    return Section(0.0, float("inf"), qpm, time_signature)


def split_sections(sequence: NoteSequence, total_seconds: float) -> list[Section]:
    """Cuts a sequence where its tempo or time signature changes.

    Args:
      sequence: unquantised.
      total_seconds: end of the last section.

    Returns:
      Sections in order of time; none if the sequence has no duration.
    """
    events = [(e.time, None, e) for e in sequence.time_signatures]
    events += [(e.time, e.qpm, e) for e in sequence.tempos]
    events = sorted(
        (e for e in events if e[0] < total_seconds), key=lambda event: event[0]
    )
    sections = [Section(0.0, total_seconds)]
    for time, qpm, event in events:
        current = sections[-1]
        changes: dict[str, Any] = (
            {"time_signature": (event.numerator, event.denominator)}
            if qpm is None
            else {"qpm": qpm}
        )
        changed = dataclasses.replace(current, **changes)
        if changed == current:
            continue
        if time > current.start:
            sections[-1] = dataclasses.replace(current, end=time)
            changed = dataclasses.replace(changed, start=time)
            sections.append(changed)
        else:
            sections[-1] = changed
    return sections if total_seconds > 0 else []


def split_notes(
    sequence: NoteSequence, notes: NoteColumns, *, split_on_changes: bool = True
) -> list[tuple[Section, NoteColumns]]:
    """Cuts the notes where tempo or time signature change.

    Args:
      sequence: where ``notes`` come from.
      notes: at least one.
      split_on_changes: cut there; otherwise a change is refused.

    Returns:
      The sections that hold notes, with times that count from the section's
      start; a note ends at the latest with its section.

    Raises:
      UnusableError: all notes lie before time zero, or there is a change.
    """
    last = float(np.nextafter(notes.start.max(), np.inf))
    total = max(sequence.total_time, last, float(notes.end.max()))
    sections = split_sections(sequence, total)
    if not sections:
        raise UnusableError(Reason.NEGATIVE_TIME, "all notes")
    if len(sections) > 1 and not split_on_changes:
        first, second = sections[:2]
        other = first.time_signature != second.time_signature
        reason = Reason.METRE_CHANGE if other else Reason.TEMPO_CHANGE
        raise UnusableError(reason, f"at {second.start:.2f} seconds")
    bounds = np.array([section.start for section in sections[1:]])
    place = np.searchsorted(bounds, notes.start, side="right")
    parts = []
    for index in np.unique(place):
        section = sections[index]
        part = notes.take(place == index)
        end = np.minimum(part.end, section.end) - section.start
        part = dataclasses.replace(part, start=part.start - section.start, end=end)
        parts.append((section, part))
    return parts
