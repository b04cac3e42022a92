"""Note sequences of other programs, checked before anything computes with them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from groovekit.io.notes import NoteSequence

# Beyond that no music is: a month.
_LONGEST_SECONDS = 31 * 24 * 3600.0


def fault_of(sequence: NoteSequence) -> str:
    """What in a sequence cannot be, as a reason for people; empty where it is sound.

    Times are finite and end within a month; pitches, velocities and programs are
    MIDI's; tempos are positive; time signatures have a beat. Notes may begin before
    time zero or end before they begin: converters know what to do with them.
    """
    notes = sequence.notes
    return (
        _times("a note's start", (note.start_time for note in notes))
        or _times("a note's end", (note.end_time for note in notes))
        or _midi("pitch", (note.pitch for note in notes))
        or _midi("velocity", (note.velocity for note in notes))
        or _midi("program", (note.program for note in notes))
        or _midi("control's value", (c.control_value for c in sequence.control_changes))
        or _times("its length", [sequence.total_time])
        or _times("a tempo's time", (tempo.time for tempo in sequence.tempos))
        or _tempos(sequence)
        or _time_signatures(sequence)
    )


def _times(what: str, seconds: Iterable[float]) -> str:
    for value in seconds:
        if not -_LONGEST_SECONDS <= value <= _LONGEST_SECONDS:
            return f"{what} is {value:g} seconds"
    return ""


def _midi(what: str, values: Iterable[int]) -> str:
    for value in values:
        if not 0 <= value <= 127:
            return f"a {what} is {value}; expected 0 to 127"
    return ""


def _tempos(sequence: NoteSequence) -> str:
    for tempo in sequence.tempos:
        # What MIDI cannot hold, no one plays: at most 60 million a minute.
        if not (math.isfinite(tempo.qpm) and 0 < tempo.qpm <= 6e7):
            return f"a tempo is {tempo.qpm:g} quarter notes a minute"
    return ""


def _time_signatures(sequence: NoteSequence) -> str:
    for signature in sequence.time_signatures:
        if signature.numerator < 1 or signature.denominator < 1:
            return f"a time signature is {signature.numerator}/{signature.denominator}"
        reason = _times("a time signature's time", [signature.time])
        if reason:
            return reason
    return ""
