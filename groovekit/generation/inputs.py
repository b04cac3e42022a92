"""What generating reads and where it writes: MIDI inputs, names of outputs."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from groovekit.converters.base import Converter, Counts, Skipped, Tensors
from groovekit.converters.kits import get_kit
from groovekit.converters.options import matching_kit
from groovekit.errors import ConfigError, DataError, UsageError
from groovekit.generation.refusals import refusal
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence

#: Tempo of what has none, in quarter notes a minute.
DEFAULT_QPM = 120.0
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


def complete_controls(
    given: np.ndarray | None,
    converter: Converter,
    batch: int,
    steps: int,
    *,
    name: str,
) -> np.ndarray | None:
    """Controls of a whole batch, checked; those that need no music are made.

    Args:
      given: ``(batch or 1, steps or more, control_depth)``, one window without
        the batch axis, or None.
      converter: of the model.
      batch: windows.
      steps: steps of each.
      name: of the config, for messages.

    Returns:
      ``(batch, steps, control_depth)``; None for a model without controls.

    Raises:
      UsageError: missing, of another shape, or not wanted.
    """
    depth = converter.control_depth
    if not depth:
        if given is not None:
            raise UsageError(f"The config {name} has no controls, got some.")
        return None
    if given is None:
        found = converter.default_controls(batch, steps)
        if found is None:
            raise UsageError(needs_controls(converter, name))
        return found
    given = np.asarray(given, np.float32)
    if given.ndim == 2:
        given = given[None]
    ok = given.ndim == 3 and given.shape[2] == depth and len(given) in (1, batch)
    if not ok or given.shape[1] < steps:
        raise UsageError(
            f"Controls for {batch} windows of {steps} steps have the shape "
            f"({batch} or 1, {steps}, {depth}), got {given.shape}."
        )
    return np.broadcast_to(given[:, :steps], (batch, steps, depth))


def takes_chords(converter: Converter) -> bool:
    """Whether a model of this converter plays over chords."""
    return getattr(converter, "chord_encoding", None) is not None


def needs_controls(converter: Converter, name: str) -> str:
    """What to say where a model's controls are missing.

    Args:
      converter: of the model.
      name: of the config.
    """
    if takes_chords(converter):
        return (
            f"A model of the config {name} plays over chords in a key: give them "
            '(--chords "C Am F G", chords=...).'
        )
    if getattr(converter, "hits_as_controls", False):
        return (
            f"A model of the config {name} plays hits that it is given: give music "
            "with these hits (--input FILE, controls=...)."
        )
    return (
        f"A model of the config {name} needs controls, which come from music: give "
        "some (--input FILE, controls=...)."
    )


def tempo_of(sequence: NoteSequence) -> float:
    """The first tempo in quarter notes a minute; 120 where there is none."""
    if not sequence.tempos:
        return DEFAULT_QPM
    first = min(sequence.tempos, key=lambda tempo: tempo.time)
    return float(first.qpm) if first.qpm > 0 else DEFAULT_QPM


def with_options(
    converter: Converter,
    *,
    kit: str | None = None,
    output_kit: str | None = None,
    bars: int | None = None,
    trained: bool = True,
) -> Converter:
    """The same converter with other kits, or for another number of bars.

    Args:
      converter: of a model.
      kit: kit map to read notes with: a registered name or a JSON file.
      output_kit: kit map to write notes with.
      bars: bars of a window.
      trained: whether there is such a model, which fixes the number of drum
        classes; otherwise the two kit maps only have to agree.

    Raises:
      UsageError: an option that this kind of converter has not.
      UnknownNameError: no such kit map.
      ConfigError: a kit map of another size than the model's, or than the other.
    """
    wanted = {"kit": kit, "output_kit": output_kit, "bars": bars}
    changes: dict[str, Any] = {k: v for k, v in wanted.items() if v is not None}
    fields = {field.name for field in dataclasses.fields(converter)}  # type: ignore[arg-type]  # abstract, but each is a dataclass
    for name in changes:
        if name not in fields:
            option = name.replace("_", "-")
            raise UsageError(
                f"--{option} has no effect on {type(converter).__name__}, which has "
                f"no {name}: leave it out."
            )
    kits = [name for name in ("kit", "output_kit") if name in changes]
    # The number of classes, that of the kit map that was read with, is part of the
    # trained model.
    own = str(getattr(converter, "kit", None) or getattr(converter, "output_kit", ""))
    before = len(get_kit(own)) if kits else 0
    for name in kits:
        after = len(get_kit(changes[name]))
        if trained and before != after:
            option = name.replace("_", "-")
            raise ConfigError(
                f"The model has {before} drum classes ({own!r}), the kit map "
                f"{changes[name]!r} has {after}: choose another --{option}."
            )
    changed: Converter = (
        dataclasses.replace(converter, **changes) if changes else converter  # type: ignore[type-var]
    )
    if kits and {"kit", "output_kit"} <= fields:
        both: Any = changed
        matching_kit(both.output_kit, both.kit, len(get_kit(both.kit)))
    return changed


def output_names(config: str, mode: str, stamp: str, count: int) -> list[str]:
    """File names as the original's: config, mode, date, number and total.

    Args:
      config: name of the config.
      mode: e.g. ``"sample"``.
      stamp: date and time, e.g. ``"2026-11-21_010203"``.
      count: how many.
    """
    # A config read from a run folder may be called anything.
    config = re.sub(r"[^\w.-]", "_", config)
    return [f"{config}_{mode}_{stamp}-{i:03d}-of-{count:03d}.mid" for i in range(count)]


def join(parts: list[Tensors]) -> Tensors:
    """Batches after each other.

    Args:
      parts: at least one, all with controls or all without.
    """
    controls = [part.controls for part in parts if part.controls is not None]
    return Tensors(
        np.concatenate([part.inputs for part in parts]),
        np.concatenate([part.outputs for part in parts]),
        np.concatenate(controls) if controls else None,
        np.concatenate([part.lengths for part in parts]),
    )
