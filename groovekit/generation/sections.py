"""Music longer than a model's window: how many windows, and joining them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from groovekit.converters.base import Converter
from groovekit.converters.options import with_options
from groovekit.errors import UsageError
from groovekit.generation.controls import complete_controls
from groovekit.generation.player import Player
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence
from groovekit.io.tempo import tempo_of
from groovekit.models.feed import Vectors


def plan(
    converter: Converter,
    bars: int | None,
    *,
    step_multiple: int,
    name: str,
    whole_windows: bool = False,
) -> tuple[Converter, int]:
    """What music of a length is made with.

    Args:
      converter: of the model.
      bars: length; None for the model's.
      step_multiple: the model decodes a multiple of so many steps.
      name: of the config, for messages.
      whole_windows: whether it decodes no more than that at once: then windows repeat.

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
    if converter.tiles or whole_windows:
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
      parts: at least one; the first gives tempo and time signature.
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


def sections_for(converter: Converter, bars: int) -> int:
    """How many windows so many bars take."""
    if bars < 1:
        raise UsageError(f"bars must be at least 1, got {bars}.")
    return -(-bars // converter.window_bars)


def play_sections(
    model: Player,
    z: np.ndarray,
    converter: Converter,
    *,
    bars: int,
    qpm: float,
    temperature: float | None,
    seed: int,
    controls: np.ndarray | None = None,
    vectors: Vectors = "mean",
) -> list[NoteSequence]:
    """Pieces whose sections follow each other.

    Args:
      model: decodes.
      z: ``(pieces * sections, z_size)``.
      converter: writes the notes.
      bars: length of a piece.
      qpm: tempo.
      temperature: of the decoder.
      seed: of what the decoder draws.
      controls: ``(1, steps, control_depth)`` for every section.
      vectors: what the latent vectors are.
    """
    own = converter.window_bars
    sections = sections_for(converter, bars)
    steps = converter.steps
    controls = complete_controls(
        controls, converter, len(z), steps, name=model.config.name
    )
    tensors = model.decode_to_tensors(
        z, temperature=temperature, controls=controls, vectors=vectors, seed=seed
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
        return [cut(piece, bars * bar_seconds(converter, qpm)) for piece in made]

    def joined(array: np.ndarray) -> np.ndarray:
        return array.reshape(-1, sections * steps, array.shape[-1])[:, :kept]

    return converter.decode(
        joined(tensors), None if controls is None else joined(controls), qpm=qpm
    )


def bar_seconds(converter: Converter, qpm: float) -> float:
    """Length of a bar of a converter whose windows are whole bars."""
    return converter.window_seconds(qpm) / converter.window_bars


def cut_back(
    pieces: list[NoteSequence], lengths: Sequence[float | None], converter: Converter
) -> list[NoteSequence]:
    """What was made of short loops, as long as they are.

    Args:
      pieces: each at one tempo.
      lengths: of each in quarter notes; None for one that stays as it is.
      converter: of the model.
    """
    made = []
    for piece, quarters in zip(pieces, lengths, strict=True):
        if quarters is not None:
            quarter = 60.0 / tempo_of(piece)
            # What is early at the end belongs to the next turn.
            ahead = 0.5 * quarter / converter.grid.steps_per_quarter
            cut(piece, quarters * quarter, ahead=ahead)
        made.append(piece)
    return made


def cut(sequence: NoteSequence, seconds: float, *, ahead: float = 0) -> NoteSequence:
    """The first seconds of a sequence.

    Args:
      sequence: changed in place, and given back.
      seconds: how many.
      ahead: notes that begin so many seconds before the end, or fewer, go, too.
    """
    kept = [note for note in sequence.notes if note.start_time < seconds - ahead]
    del sequence.notes[:]
    sequence.notes.extend(kept)
    for note in sequence.notes:
        note.end_time = min(note.end_time, seconds)
    sequence.total_time = seconds
    return sequence
