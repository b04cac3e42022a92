"""Music as a model takes it: windows of sequences, and bare arrays."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from groovekit.converters.base import Converter, Counts, Skipped, Tensors, join
from groovekit.errors import DataError, UsageError
from groovekit.generation.refusals import refusal
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM, tempo_of

#: Of decoders, unless told otherwise: sharper than what the model has learnt.
DEFAULT_TEMPERATURE = 0.5


@dataclasses.dataclass(frozen=True)
class Excerpt:
    """One window of a sequence, as a model takes it.

    Attributes:
      tensors: a batch of one window.
      qpm: the sequence's tempo.
      window: which of its windows, from 1.
      windows: how many it has.
      counts: what happened to the notes of the whole sequence.
    """

    tensors: Tensors
    qpm: float
    window: int
    windows: int
    counts: Counts


#: What a model takes: sequences, windows of them, or tensors: ``(batch, steps,
#: input_depth)`` arrays, or one window without the batch axis.
Music: TypeAlias = (
    NoteSequence | Excerpt | Iterable[NoteSequence | Excerpt] | Tensors | np.ndarray
)


def read_excerpt(path: str | Path, converter: Converter, *, window: int = 1) -> Excerpt:
    """Reads one window of a MIDI file; see :func:`excerpt`.

    Raises:
      DataError: unreadable, or without such a window; the message says why.
    """
    path = Path(path).expanduser()
    return excerpt(read_midi(path), converter, window=window, name=str(path))


def excerpt(
    sequence: NoteSequence,
    converter: Converter,
    *,
    window: int = 1,
    name: str = "The sequence",
) -> Excerpt:
    """Takes one window out of a sequence.

    Args:
      sequence: the music.
      converter: of the model.
      window: which one, from 1.
      name: how to call the sequence in messages.

    Raises:
      DataError: there is no such window; the message says why.
    """
    found = converter.extract(sequence)
    if isinstance(found, Skipped):
        raise refusal(found, sequence, converter, name=name)
    if not 1 <= window <= len(found):
        count = f"{len(found)} window" + ("s" if len(found) > 1 else "")
        raise DataError(f"{name} has {count}, but no window {window}.")
    tensors = converter.expand(found.take(slice(window - 1, window)))
    return Excerpt(tensors, tempo_of(sequence), window, len(found), found.counts)


def to_tensors(
    music: Music, converter: Converter, *, window: int = 1
) -> tuple[Tensors, list[float]]:
    """Windows of music as a batch, and the tempo of each.

    Args:
      music: sequences, excerpts or tensors. Bare arrays have no controls; where
        windows vary in length, zeros at the end (of each segment) are padding.
      converter: of the model.
      window: which window of each sequence, from 1.

    Raises:
      DataError: a sequence without such a window; says why.
      UsageError: an array of another shape, or nothing.
    """
    if isinstance(music, Tensors):
        return music, [DEFAULT_QPM] * len(music)
    if isinstance(music, np.ndarray):
        inputs = music[None] if music.ndim == 2 else music
        depth = converter.input_depth
        if inputs.ndim != 3 or inputs.shape[-1] != depth:
            raise UsageError(
                f"Inputs have the shape (batch, steps, {depth}), got {music.shape}."
            )
        lengths = _lengths_of(inputs, converter)
        return Tensors(inputs, inputs, None, lengths), [DEFAULT_QPM] * len(inputs)
    items = [music] if isinstance(music, NoteSequence | Excerpt) else list(music)
    if not items:
        raise UsageError("Expected at least one sequence, got none.")
    found = [
        item
        if isinstance(item, Excerpt)
        else excerpt(
            item,
            converter,
            window=window,
            name=item.filename or item.id or f"Sequence {number}",
        )
        for number, item in enumerate(items, start=1)
    ]
    return join([item.tensors for item in found]), [item.qpm for item in found]


def one_window(
    music: Music, converter: Converter, *, window: int = 1
) -> tuple[Tensors, list[float]]:
    """As :func:`to_tensors`, of music that gives one window.

    Raises:
      UsageError: it gives another number of them.
    """
    tensors, tempos = to_tensors(music, converter, window=window)
    if len(tensors) != 1:
        raise UsageError(f"Expected one groove, got {len(tensors)}.")
    return tensors, tempos


def _lengths_of(inputs: np.ndarray, converter: Converter) -> np.ndarray:
    """Steps in use of bare arrays, ``(batch, *length_shape)`` int32.

    Where windows vary in length, zeros at the end (of each segment) are padding.
    """
    batch, steps = inputs.shape[:2]
    segments = math.prod(converter.length_shape)
    if steps % segments:
        raise UsageError(f"Inputs have a multiple of {segments} steps, got {steps}.")
    size = steps // segments
    lengths = np.full((batch, segments), size)
    if not converter.fixed_length:
        used = inputs.reshape(batch, segments, size, -1).any(axis=-1)
        lengths = np.max(used * np.arange(1, size + 1), axis=-1, initial=0)
    return lengths.reshape(batch, *converter.length_shape).astype(np.int32)
