"""Music longer than a model's window: how many windows, and joining them."""

from __future__ import annotations

import itertools

from groovekit.converters.base import Converter
from groovekit.converters.options import with_options
from groovekit.errors import UsageError
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence


def plan(
    converter: Converter, bars: int | None, *, step_multiple: int, name: str
) -> tuple[Converter, int]:
    """What music of a length is made with.

    Args:
      converter: of the model.
      bars: length; None for the model's.
      step_multiple: the model decodes a multiple of so many steps.
      name: of the config, for messages.

    Returns:
      The converter for windows of the right length, and how many of them follow
      each other.

    Raises:
      UsageError: a length that the model cannot make.
    """
    if bars is None:
        return converter, 1
    if bars < 1:
        raise UsageError(f"bars must be at least 1, got {bars}.")
    if converter.tiles:
        own = converter.window_bars
        if bars % own:
            raise UsageError(
                f"The windows of {name} have {own} bars: bars must be a multiple, got "
                f"{bars}."
            )
        return converter, bars // own
    converter = with_options(converter, bars=bars)
    if converter.steps % step_multiple:
        least = step_multiple * bars / converter.steps
        raise UsageError(
            f"{name} decodes {least:g} bars at a time: bars must be a multiple, got "
            f"{bars}."
        )
    return converter, 1


def one_after_another(parts: list[NoteSequence], seconds: float) -> NoteSequence:
    """Joins windows in time; equal instruments of different windows become one.

    Args:
      parts: at least one; the first gives tempo and metre.
      seconds: length of each.
    """
    joined = NoteSequence()
    joined.CopyFrom(parts[0])
    del joined.notes[:]
    numbers: dict[tuple[int, bool, int], int] = {}
    for index, part in enumerate(parts):
        offset = index * seconds
        # Two pianos in one window stay two.
        seen: dict[int, tuple[int, bool, int]] = {}
        for note in part.notes:
            if note.instrument not in seen:
                kind = (note.program, note.is_drum)
                twins = sum(key[:2] == kind for key in seen.values())
                seen[note.instrument] = (*kind, twins)
            key = seen[note.instrument]
            copy = joined.notes.add()
            copy.CopyFrom(note)
            copy.start_time += offset
            copy.end_time += offset
            copy.instrument = numbers.setdefault(key, _free_instrument(numbers, key[1]))
        if index:
            for annotation in part.text_annotations:
                copy = joined.text_annotations.add()
                copy.CopyFrom(annotation)
                copy.time += offset
    joined.total_time = len(parts) * seconds
    return joined


def _free_instrument(numbers: dict[tuple[int, bool, int], int], is_drum: bool) -> int:
    """The next number; 9 is for drums, as MIDI channels have it."""
    taken = set(numbers.values())
    if is_drum and DRUM_CHANNEL not in taken:
        return DRUM_CHANNEL
    return next(n for n in itertools.count() if n not in taken and n != DRUM_CHANNEL)
