"""From seconds to steps of a grid: columns of notes, tempo and metre.

Everything here works on whole columns of notes at once.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from groovekit.converters.base import Counts, Reason, Skipped
from groovekit.io.notes import NoteSequence

# What holds where a sequence says nothing.
DEFAULT_QPM = 120.0
DEFAULT_METRE = (4, 4)
# Half a day of music: a stray note at the end of time must not fill the memory.
MAX_BARS = 20_000
_FARTHEST_STEP = 1e14


@dataclasses.dataclass(frozen=True)
class Columns:
    """The notes of a sequence, one array a property, in the sequence's order.

    Attributes:
      pitch: ``(notes,)`` int32, MIDI pitch.
      velocity: ``(notes,)`` uint8, 0..127.
      start: ``(notes,)`` float64, onset in seconds.
      is_drum: ``(notes,)`` bool.
    """

    pitch: np.ndarray
    velocity: np.ndarray
    start: np.ndarray
    is_drum: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, index: Any) -> Columns:
        """The notes at ``index`` (a mask or positions)."""
        return Columns(
            self.pitch[index],
            self.velocity[index],
            self.start[index],
            self.is_drum[index],
        )


@dataclasses.dataclass(frozen=True)
class Section:
    """A stretch of a sequence with one tempo and one metre.

    Attributes:
      start: seconds.
      end: seconds, excluded.
      qpm: quarter notes a minute.
      metre: numerator and denominator.
    """

    start: float
    end: float
    qpm: float = DEFAULT_QPM
    metre: tuple[int, int] = DEFAULT_METRE


@dataclasses.dataclass(frozen=True)
class Obstacle:
    """Why a sequence or section does not fit the grid."""

    reason: Reason
    detail: str

    def skipped(self, notes: int) -> Skipped:
        """A rejection of a whole sequence, none of whose notes is used."""
        counts = Counts(notes=notes, ignored=notes)
        return Skipped(self.reason, self.detail, counts)


def read_columns(sequence: NoteSequence) -> Columns:
    """Reads the notes once.

    A sequence that has steps but no times (every end is zero) gets its onsets
    from the steps, at its own tempo.
    """
    notes = list(sequence.notes)
    count = len(notes)
    velocity = np.fromiter([n.velocity for n in notes], np.int32, count)
    columns = Columns(
        np.fromiter([n.pitch for n in notes], np.int32, count),
        np.clip(velocity, 0, 127).astype(np.uint8),
        np.fromiter([n.start_time for n in notes], np.float64, count),
        np.fromiter([n.is_drum for n in notes], np.bool_, count),
    )
    info = sequence.quantization_info
    rate = float(info.steps_per_second)
    if info.steps_per_quarter:
        qpm = sequence.tempos[0].qpm if sequence.tempos else DEFAULT_QPM
        rate = steps_per_second(info.steps_per_quarter, qpm)
    if rate > 0 and not any(n.end_time for n in notes):
        steps = np.fromiter([n.quantized_start_step for n in notes], np.float64, count)
        columns = dataclasses.replace(columns, start=steps / rate)
    return columns


def steps_per_second(steps_per_quarter: int, qpm: float) -> float:
    """Steps in a second at a tempo."""
    return steps_per_quarter * qpm / 60.0


def to_steps(seconds: np.ndarray, rate: float) -> np.ndarray:
    """The nearest step of each time; half-way goes to the later step.

    Args:
      seconds: ``(notes,)`` float64.
      rate: steps a second.

    Returns:
      ``(notes,)`` int64. Times up to one and a half steps before zero give
      step 0, so that a hit played ahead of the first beat stays with it.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.trunc(seconds * rate + 0.5)
    # Nonsense becomes a step so far away that it is rejected by its range.
    far = _FARTHEST_STEP
    steps = np.clip(np.nan_to_num(steps, nan=-far, posinf=far, neginf=-far), -far, far)
    rounded: np.ndarray = steps.astype(np.int64)
    return rounded


def format_metre(metre: tuple[int, int]) -> str:
    """The metre for messages, e.g. ``"metre 6/8"``."""
    return f"metre {metre[0]}/{metre[1]}"


def check_grid(
    section: Section, steps_per_quarter: int, steps_per_bar: int
) -> Obstacle | None:
    """Says whether a bar of the section has the grid's number of steps."""
    numerator, denominator = section.metre
    valid = numerator > 0 and denominator > 0 and not denominator & (denominator - 1)
    if not valid or steps_per_quarter * numerator * 4 / denominator != steps_per_bar:
        return Obstacle(Reason.METRE, format_metre(section.metre))
    if not section.qpm > 0:
        return Obstacle(Reason.NO_TEMPO, f"tempo {section.qpm:g}")
    return None


def single_section(sequence: NoteSequence) -> Section | Obstacle:
    """The tempo and metre of a sequence that must not change them.

    A first metre other than 4/4, or tempo other than 120, that starts after
    time zero is a change as well.
    """
    metre, qpm = DEFAULT_METRE, DEFAULT_QPM
    metres = sorted(sequence.time_signatures, key=lambda event: event.time)
    if metres:
        found = [(event.numerator, event.denominator) for event in metres]
        if metres[0].time != 0:
            found.insert(0, DEFAULT_METRE)
        change = next((m for m in found if m != found[0]), None)
        if change is not None:
            first, other = (f"{a}/{b}" for a, b in (found[0], change))
            return Obstacle(Reason.METRE_CHANGE, f"from {first} to {other}")
        metre = found[0]
    tempos = sorted(sequence.tempos, key=lambda event: event.time)
    if tempos:
        values = [event.qpm for event in tempos]
        if tempos[0].time != 0:
            values.insert(0, DEFAULT_QPM)
        other_qpm = next((q for q in values if q != values[0]), None)
        if other_qpm is not None:
            detail = f"from {values[0]:g} to {other_qpm:g} quarter notes a minute"
            return Obstacle(Reason.TEMPO_CHANGE, detail)
        qpm = values[0]
    return Section(0.0, float("inf"), qpm, metre)


def split_sections(sequence: NoteSequence, total_seconds: float) -> list[Section]:
    """Cuts a sequence where its tempo or metre changes.

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
            {"metre": (event.numerator, event.denominator)}
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
