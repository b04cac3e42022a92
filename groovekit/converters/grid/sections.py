"""Stretches of a sequence with one tempo and one time signature."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal

import numpy as np

from groovekit.converters.bar_grid import Grid
from groovekit.converters.base import Reason, UnusableError
from groovekit.io.columns import NoteColumns
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM, TempoMap, bare_at_one_tempo

#: What becomes of music that changes its tempo or its time signature. ``"follow"``: the
#: grid follows the tempo, and bars are counted anew at each change of the time
#: signature. ``"split"``: they are counted anew at each change of either, as the
#: original does. ``"refuse"``: nothing is made of it.
Changes = Literal["follow", "split", "refuse"]

# Nearer to a bar line than so much of a quarter note lies on it.
_ON_THE_LINE = 0.02

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
      first_bar: bars of the sequence that lie before it.
    """

    start: float
    end: float
    qpm: float = DEFAULT_QPM
    time_signature: tuple[int, int] = DEFAULT_TIME_SIGNATURE
    first_bar: int = 0

    @property
    def quarters_per_bar(self) -> float:
        """Length of its bars in quarter notes; 0 of a time signature that is none."""
        numerator, denominator = self.time_signature
        return 4 * numerator / denominator if numerator > 0 < denominator else 0.0

    @property
    def bars(self) -> float:
        """Length in bars, not always whole."""
        length = (self.end - self.start) * self.qpm / 60.0
        return length / self.quarters_per_bar if self.quarters_per_bar else 0.0

    def check_grid(self, grid: Grid, *, pairs: bool = False) -> None:
        """Makes sure that its bars have the grid's number of steps.

        Args:
          grid: of the converter.
          pairs: whether two bars may be one of the grid, as two of 2/4 are one of 4/4.

        Raises:
          UnusableError: they have another, or the tempo is not positive.
        """
        numerator, denominator = self.time_signature
        valid = (
            numerator > 0 and denominator > 0 and not denominator & (denominator - 1)
        )
        steps = grid.steps_per_quarter * numerator * 4 / denominator if valid else 0
        if steps != grid.steps_per_bar and not (
            pairs and 2 * steps == grid.steps_per_bar
        ):
            raise UnusableError(
                Reason.TIME_SIGNATURE, format_time_signature(self.time_signature)
            )
        if not self.qpm > 0:
            raise UnusableError(Reason.NO_TEMPO, f"tempo {self.qpm:g}")


def format_time_signature(time_signature: tuple[int, int]) -> str:
    """A time signature for messages, e.g. ``"time signature 6/8"``."""
    return f"time signature {time_signature[0]}/{time_signature[1]}"


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
            raise UnusableError(
                Reason.TIME_SIGNATURE_CHANGE, f"from {first} to {other}"
            )
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
    sequence: NoteSequence, notes: NoteColumns, *, changes: Changes = "split"
) -> list[tuple[Section, NoteColumns]]:
    """Cuts the notes where tempo or time signature change.

    Args:
      sequence: where ``notes`` come from.
      notes: at least one.
      changes: ``"split"``, or ``"refuse"`` for an error where there is a change.

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
    if len(sections) > 1 and changes == "refuse":
        first, second = sections[:2]
        other = first.time_signature != second.time_signature
        reason = Reason.TIME_SIGNATURE_CHANGE if other else Reason.TEMPO_CHANGE
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


def at_even_tempo(
    sequence: NoteSequence, notes: NoteColumns
) -> tuple[NoteSequence, NoteColumns]:
    """Music as it would be if it stayed at the tempo that it begins with.

    Args:
      sequence: where ``notes`` come from.
      notes: at least one.

    Returns:
      Both as they are where the tempo does not change before the last note's end.
      Otherwise the notes at other times, and a sequence with all that stands beside
      them.
    """
    last = max(float(notes.start.max()), float(notes.end.max()))
    tempos = sorted(sequence.tempos, key=lambda tempo: tempo.time)
    used = [tempo for tempo in tempos if tempo.time < last]
    valid = {tempo.qpm for tempo in used if tempo.qpm > 0}
    if not valid or not math.isfinite(last):
        return sequence, notes
    first = [tempo.qpm for tempo in used if tempo.time <= 0 < tempo.qpm]
    qpm = float(first[-1]) if first else DEFAULT_QPM
    if valid == {qpm}:
        if len(used) == len(tempos):
            return sequence, notes
        # Tempos behind the music change nothing of it.
        bare = NoteSequence()
        bare.CopyFrom(sequence)
        del bare.notes[:], bare.tempos[:]
        bare.tempos.add(qpm=qpm)
        return bare, notes
    tempo_map = TempoMap.of(sequence)
    start, end = (tempo_map.at_one_tempo(x, qpm) for x in (notes.start, notes.end))
    moved = dataclasses.replace(notes, start=start, end=end)
    return bare_at_one_tempo(sequence, tempo_map, qpm), moved


@dataclasses.dataclass(frozen=True, eq=False)
class SplitNotes:
    """The sections of a sequence that hold notes.

    Attributes:
      sections: each with its notes, whose times count from the section's start.
      broken: notes in bars that a change of time signature cuts short, which belong to
        no section.
    """

    sections: list[tuple[Section, NoteColumns]]
    broken: int = 0


def follow_sections(
    sequence: NoteSequence, notes: NoteColumns, grid: Grid, *, onsets_only: bool
) -> SplitNotes:
    """Cuts notes of one tempo where bars are counted anew.

    That is where the time signature changes, unless bars stay as long as they were and
    the change lies on a bar line. Of what comes before a change, whole bars of the grid
    count. A note less than half a step early lies behind the change.

    Args:
      sequence: at one tempo, see :func:`at_even_tempo`; where ``notes`` come from.
      notes: at least one.
      grid: of the converter.
      onsets_only: whether notes keep the little that they are early; otherwise they
        start with their section.

    Raises:
      UnusableError: all notes lie in bars that are cut short.
    """
    last = float(np.nextafter(notes.start.max(), np.inf))
    total = max(sequence.total_time, last, float(notes.end.max()))
    # What comes before time zero, or never, is for those to refuse who read it.
    found = split_sections(sequence, total if total > 0 else math.inf)
    sections = _numbered(found)
    qpm = sections[0].qpm
    half = 30.0 / qpm / grid.steps_per_quarter if qpm > 0 else 0.0
    bounds = np.array([section.start for section in sections[1:]])
    place = np.searchsorted(bounds - half, notes.start, side="right")
    parts, broken = [], 0
    for index in np.unique(place):
        section = sections[index]
        part = notes.take(place == index)
        start = part.start - section.start
        if index:
            start = np.maximum(start, -half if onsets_only else 0.0)
        end = np.minimum(part.end, section.end) - section.start
        part = dataclasses.replace(part, start=start, end=np.maximum(start, end))
        if index + 1 < len(sections) and section.quarters_per_bar:
            # Bars of the grid: of two bars of 2/4, one alone is none.
            length = max(section.quarters_per_bar, grid.quarters_per_bar)
            seconds = length * 60.0 / qpm if qpm > 0 else 0.0
            bars = (section.end - section.start) / seconds if seconds else 0.0
            whole = math.floor(bars + _ON_THE_LINE) * seconds
            inside = part.start < whole - half
            if not inside.any() and section.quarters_per_bar < grid.quarters_per_bar:
                # A pickup, or an odd bar: that says more than that it is short.
                inside[:] = True
            broken += int(np.count_nonzero(~inside))
            if not inside.any():
                continue
            part = part.take(inside)
        parts.append((section, part))
    if not parts:
        raise UnusableError(Reason.BROKEN_BAR, f"{broken} notes")
    return SplitNotes(parts, broken)


def _numbered(sections: list[Section]) -> list[Section]:
    """The same, joined where bars go on as before, each with the bars before it."""
    joined = sections[:1]
    for section in sections[1:]:
        last = joined[-1]
        bars = dataclasses.replace(last, end=section.start).bars
        on_line = abs(bars - round(bars)) * last.quarters_per_bar < _ON_THE_LINE
        if section.quarters_per_bar == last.quarters_per_bar and on_line:
            joined[-1] = dataclasses.replace(last, end=section.end)
            continue
        whole = round(bars) if on_line else math.ceil(bars)
        joined.append(dataclasses.replace(section, first_bar=last.first_bar + whole))
    return joined
