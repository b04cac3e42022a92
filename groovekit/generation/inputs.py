"""Music as a model takes it: windows of sequences, and bare arrays."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

from groovekit.converters.base import (
    Converter,
    Counts,
    Reason,
    Skipped,
    Tensors,
    Windows,
    join,
)
from groovekit.converters.grid_converter import GridConverter
from groovekit.errors import DataError, UsageError
from groovekit.generation.refusals import refusal
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
      bar: the bar of the sequence, from 1, that it begins with; None where the
        converter does not say.
      loop_quarters: length in quarter notes of a short loop that was repeated to fill
        it; None of longer music.
    """

    tensors: Tensors
    qpm: float
    window: int
    windows: int
    counts: Counts
    bar: int | None = None
    loop_quarters: float | None = None


#: What a model takes: sequences, windows of them, or tensors: ``(batch, steps,
#: input_depth)`` arrays, or one window without the batch axis.
Music: TypeAlias = (
    NoteSequence | Excerpt | Iterable[NoteSequence | Excerpt] | Tensors | np.ndarray
)


def excerpt(
    sequence: NoteSequence,
    converter: Converter,
    *,
    window: int | None = None,
    from_bar: int | None = None,
    name: str = "The sequence",
) -> Excerpt:
    """Takes one window out of a sequence.

    Music that is shorter than a window is a loop: it is repeated to fill one.

    Args:
      sequence: the music.
      converter: of the model.
      window: which one, from 1; by default the one with the most hits (of equals, and
        of music without hits, the first).
      from_bar: the bar that it begins with, from 1, instead of ``window``.
      name: how to call the sequence in messages.

    Raises:
      DataError: there is no such window; the message says why.
      UsageError: ``window`` and ``from_bar`` together.
    """
    if window is not None and from_bar is not None:
        raise UsageError("Give `window` or `from_bar`, not both.")
    if from_bar is not None and hasattr(converter, "hop_bars"):
        # So that a window begins with every bar.
        converter = dataclasses.replace(converter, hop_bars=1)  # type: ignore[type-var]  # abstract, but each is a dataclass
    found = _windows(sequence, converter)
    if isinstance(found, Skipped):
        raise refusal(found, sequence, converter, name=name)
    if from_bar is not None:
        window = _from_bar(found, from_bar, name)
    elif window is None:
        window = _fullest(found, converter)
    if not 1 <= window <= len(found):
        count = f"{len(found)} window" + ("s" if len(found) > 1 else "")
        raise DataError(f"{name} has {count}, but no window {window}.")
    return Excerpt(
        converter.expand(found.take(slice(window - 1, window))),
        tempo_of(sequence),
        window,
        len(found),
        found.counts,
        None if found.bars is None else int(found.bars[window - 1]),
        found.loop_quarters,
    )


def _windows(sequence: NoteSequence, converter: Converter) -> Windows | Skipped:
    """All windows; that of the repeated music where it is shorter than one."""
    found = converter.extract(sequence)
    short = isinstance(found, Skipped) and found.reason is Reason.TOO_SHORT
    if short and isinstance(converter, GridConverter):
        return dataclasses.replace(converter, loop=True).extract(sequence)
    return found


def _fullest(found: Windows, converter: Converter) -> int:
    """The number, from 1, of the window with the most hits."""
    if isinstance(converter, GridConverter):
        hits = converter.hits_of(found)
        if hits is not None:
            return int(np.argmax(hits)) + 1
    return 1


def _from_bar(found: Windows, bar: int, name: str) -> int:
    """The number, from 1, of the window that begins with a bar.

    Raises:
      DataError: there is none; names those that windows begin with.
    """
    if found.bars is None:
        raise DataError(
            f"The windows of {name} have no bars with this model: name one by its "
            "number (`window`)."
        )
    place = np.flatnonzero(found.bars == bar)
    if len(place):
        return int(place[0]) + 1
    begin = np.unique(found.bars)
    runs = np.split(begin, np.flatnonzero(np.diff(begin) > 1) + 1)
    spans = [str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs]
    raise DataError(
        f"{name} has no window with hits that begins with bar {bar}: windows begin "
        f"with bar {', '.join(spans[:8])}{' and others' if len(spans) > 8 else ''}."
    )


def excerpts_of(
    music: Music, converter: Converter, *, window: int | None = None
) -> Music:
    """The same with a window of each sequence; tensors stay as they are.

    Args:
      music: sequences, excerpts or tensors.
      converter: of the model.
      window: which of each sequence, from 1; the fullest by default.

    Raises:
      DataError: a sequence without such a window; says why.
      UsageError: nothing.
    """
    if isinstance(music, Tensors | np.ndarray):
        return music
    items = [music] if isinstance(music, NoteSequence | Excerpt) else list(music)
    if not items:
        raise UsageError("Expected at least one sequence, got none.")
    return [
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


def loops_of(music: Music, count: int) -> list[float | None]:
    """Lengths of the short loops among excerpts, in quarter notes; None for others.

    Args:
      music: from :func:`excerpts_of`.
      count: windows in it.
    """
    if isinstance(music, Tensors | np.ndarray | NoteSequence | Excerpt):
        return [None] * count
    return [item.loop_quarters if isinstance(item, Excerpt) else None for item in music]


def longest_loop(lengths: list[float | None]) -> float | None:
    """The longest of several loops; None where one of them is none."""
    known = [length for length in lengths if length is not None]
    return max(known) if len(known) == len(lengths) else None


def to_tensors(
    music: Music, converter: Converter, *, window: int | None = None
) -> tuple[Tensors, list[float]]:
    """Windows of music as a batch, and the tempo of each.

    Args:
      music: sequences, excerpts or tensors. Bare arrays have no controls; where
        windows vary in length, zeros at the end (of each segment) are padding.
      converter: of the model.
      window: which window of each sequence, from 1; the fullest by
        default.

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
    found: Any = excerpts_of(music, converter, window=window)
    return join([item.tensors for item in found]), [item.qpm for item in found]


def one_window(
    music: Music, converter: Converter, *, window: int | None = None
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
