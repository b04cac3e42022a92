"""Checks of a converter's way back, from tensors to notes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from groovekit.converters.base import Converter, Tensors, Windows
from groovekit.converters.options import WithKits
from groovekit.io.notes import NoteSequence
from groovekit.testing.checks import calling, describe, expect, frozen, twice

# A velocity is a 127th; times go through seconds in floating point.
_TOLERANCE = 2e-3


def used_steps(converter: Converter, tensors: Tensors) -> np.ndarray:
    """``(batch, steps)`` bool: which steps are not padding."""
    lengths = tensors.lengths.reshape(len(tensors), -1)
    size = converter.steps // lengths.shape[1]
    used = np.arange(size) < lengths[:, :, None]
    return used.reshape(len(tensors), -1)


def check_decoding(
    converter: Converter, windows: Windows, qpm: float, *, round_trip: bool
) -> None:
    """Checks what a converter writes, and that it reads it back.

    Args:
      converter: what is checked.
      windows: from its ``extract``.
      qpm: tempo to write in.
      round_trip: whether to read back.

    Raises:
      ConformanceError: the first check that fails.
    """
    tensors = converter.expand(windows)
    outputs, controls = frozen(tensors.outputs), frozen(tensors.controls)
    first, second = twice(
        "decode", lambda: converter.decode(outputs, controls, qpm=qpm)
    )
    expect(
        isinstance(first, list) and len(first) == len(outputs) and first == second,
        f"decode to give the same {len(outputs)} sequences twice, one a window",
        f"{len(first)}" if isinstance(first, list) else type(first).__name__,
        "Return a list with a NoteSequence for each window.",
    )
    for sequence in first:
        _check_sequence(sequence, qpm)
    longer = np.concatenate([outputs, outputs], axis=1)
    more = None if controls is None else np.concatenate([controls, controls], axis=1)
    with calling("decode of twice as many steps", "Take the steps from the array."):
        count = len(converter.decode(longer, more, qpm=qpm))
    expect(
        count == len(outputs),
        f"decode of twice as many steps to give {len(outputs)} sequences",
        str(count),
        "Return one for each window, however long it is.",
    )
    _check_default_controls(converter)
    if round_trip:
        _check_round_trip(converter, tensors, first)


def _check_sequence(sequence: Any, qpm: float) -> None:
    expect(
        isinstance(sequence, NoteSequence)
        and [round(t.qpm, 3) for t in sequence.tempos][:1] == [round(qpm, 3)],
        f"decode to give NoteSequences with the tempo asked for ({qpm:g})",
        f"{type(sequence).__name__} with {len(getattr(sequence, 'tempos', ()))} tempos",
        "Add the tempo: sequence.tempos.add(qpm=qpm).",
    )
    for note in sequence.notes:
        expect(
            0 <= note.pitch <= 127
            and 0 <= note.velocity <= 127
            and 0 <= note.start_time < note.end_time <= sequence.total_time + 1e-6,
            "decoded notes with pitches and velocities from 0 to 127, starting at zero "
            "or later, ending after their start and before the sequence's total_time",
            f"pitch {note.pitch}, velocity {note.velocity}, {note.start_time:g} to "
            f"{note.end_time:g} s of {sequence.total_time:g} s",
            "MIDI files cannot hold others: clip them.",
        )


def _check_default_controls(converter: Converter) -> None:
    with calling("default_controls"):
        controls = converter.default_controls(2, converter.steps)
    shape = (2, converter.steps, converter.control_depth)
    expect(
        controls is None
        or (
            converter.control_depth > 0
            and controls.dtype == np.float32
            and controls.shape == shape
        ),
        f"default_controls to be None or float32 of shape {shape}",
        describe(controls),
        "Give None where controls depend on the music.",
    )


def _reader(converter: Converter) -> Converter:
    """The converter, reading what it writes: with its output kit's pitches."""
    if isinstance(converter, WithKits):
        again: Any = dataclasses.replace(converter, kit=converter.output_kit)
        return cast("Converter", again)
    return converter


def _check_round_trip(
    converter: Converter, tensors: Tensors, decoded: Sequence[NoteSequence]
) -> None:
    reader = _reader(converter)
    for window, sequence in enumerate(decoded):
        if not sequence.notes:
            continue
        with calling("reading what decode wrote"):
            again = reader.extract(sequence)
        expect(
            isinstance(again, Windows),
            "what decode writes to be read back",
            str(again),
            "Write tempo, time signature and all that extract asks for; or say "
            "round_trip=False.",
        )
        assert isinstance(again, Windows)
        found = reader.expand(again)
        used = used_steps(converter, tensors)[window]
        distance = np.abs(found.outputs - tensors.outputs[window])
        # A stroke ahead of the window's start is moved to it: there is no earlier.
        distance[:, 0, _timing(converter)] = 0.0
        distance = distance[:, used]
        worst = distance.reshape(len(found), -1).max(axis=1, initial=0.0)
        best = int(worst.argmin())
        expect(
            float(worst[best]) <= _TOLERANCE,
            "what decode writes to be read back as the window it came from",
            _where(converter, distance[best]),
            "Let decode undo extract and expand; or say round_trip=False where "
            "something is lost by design.",
        )


def _timing(converter: Converter) -> np.ndarray:
    """``(output_depth,)`` bool: which outputs are signed."""
    parts = converter.layout
    return np.repeat([part.kind == "signed" for part in parts], [p.size for p in parts])


def _where(converter: Converter, distance: np.ndarray) -> str:
    """Words for the largest difference ``(steps, output_depth)``."""
    step, column = np.unravel_index(int(distance.argmax()), distance.shape)
    start = 0
    for part in converter.layout:
        if column < start + part.size:
            break
        start += part.size
    return (
        f"a difference of {distance[step, column]:g} in {part.name!r}, number "
        f"{column - start}, at step {step}"
    )
