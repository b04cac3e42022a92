"""Checks of a converter."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Sequence
from typing import Any

import numpy as np

from groovekit.configs import base as configs
from groovekit.converters.base import (
    AugmentationConfig,
    Converter,
    Counts,
    Encoded,
    Kind,
    Reason,
    Skipped,
    Slice,
    Tensors,
    Windows,
    concatenate,
)
from groovekit.errors import DataError
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM
from groovekit.testing.checks import (
    calling,
    describe,
    expect,
    frozen,
    own_randomness,
    same_arrays,
    same_tables,
    twice,
    unchanged,
)
from groovekit.testing.decoding import check_decoding, used_steps
from groovekit.testing.sequences import awkward_sequences, example_sequences

_SEED = 20_25
_PARTS = ("inputs", "outputs", "controls", "lengths")
# Windows of a sequence that go through the slower checks.
_SOME = 3


def check_converter(
    converter: Converter,
    sequences: Sequence[NoteSequence] | None = None,
    *,
    round_trip: bool = True,
) -> None:
    """Checks that a converter does what groovekit expects of one.

    Its declarations; its way through JSON; that reading is deterministic, leaves the
    sequence alone, counts every note and gives a reason where it rejects; that the
    tensors have the shapes, types and values declared; that randomness comes from the
    generator alone; that what is decoded is read back as it was; and that augmentation
    keeps shapes.

    Args:
      converter: of a registered class.
      sequences: music that it can read, at least one with a whole window; by default
        :func:`groovekit.testing.example_sequences`.
      round_trip: whether what ``decode`` writes is read back as the same window. Say
        False for a converter that loses something by design.

    Raises:
      ConformanceError: the first check that fails.
    """
    _check_declarations(converter)
    _check_json(converter)
    music = list(example_sequences() if sequences is None else sequences)
    read = []
    for sequence in music:
        windows = _read(converter, sequence, f"the sequence {sequence.id or '?'}")
        if isinstance(windows, Windows):
            read.append((sequence, windows))
    expect(
        bool(read),
        "windows of at least one of the sequences",
        "; ".join(sorted({str(converter.extract(s)) for s in music})) or "no sequence",
        "Give check_converter sequences of the kind that the converter reads.",
    )
    _check_rejections(converter)
    for sequence, windows in read:
        _check_tensors(converter, windows.take(slice(0, _SOME)))
        _check_encode(converter, sequence)
    some = [windows.take(slice(0, _SOME)) for _, windows in read]
    _check_batches(converter, some)
    _check_augmentation(converter, some[0])
    for sequence, windows in read:
        qpm = sequence.tempos[0].qpm if sequence.tempos else DEFAULT_QPM
        check_decoding(
            converter, windows.take(slice(0, _SOME)), qpm, round_trip=round_trip
        )


# Declarations -------------------------------------------------------------------------


def _check_declarations(converter: Any) -> None:
    name = type(converter).__name__
    params = getattr(type(converter), "__dataclass_params__", None)
    expect(
        isinstance(converter, Converter) and params is not None and params.frozen,
        "a converter: a frozen dataclass derived from groovekit.Converter",
        repr(converter),
        "Derive the class and decorate it with @dataclasses.dataclass(frozen=True).",
    )
    with calling(f"hash({name})", "Keep sequences of options as tuples."):
        hash(converter)
    for attribute, least in (
        ("version", 1),
        ("steps", 1),
        ("input_depth", 1),
        ("control_depth", 0),
    ):
        with calling(f"{name}.{attribute}"):
            value = getattr(converter, attribute)
        expect(
            type(value) is int and value >= least,
            f"{name}.{attribute} to be an integer of at least {least}",
            repr(value),
            f"Correct {attribute}.",
        )
    with calling(f"{name}.layout"):
        layout = converter.layout
    kinds = typing.get_args(Kind)
    ok = isinstance(layout, tuple) and len(layout) > 0
    ok = ok and all(isinstance(p, Slice) and p.size >= 1 for p in layout)
    expect(
        ok and all(p.kind in kinds for p in layout),
        f"{name}.layout to be a tuple of Slice, of sizes of at least 1 and kinds "
        + ", ".join(kinds),
        repr(layout),
        "Correct layout.",
    )
    names = [p.name for p in layout]
    expect(
        len(set(names)) == len(names),
        f"the names in {name}.layout to differ",
        ", ".join(names),
        "Give each slice a name of its own.",
    )
    total = sum(p.size for p in layout)
    expect(
        converter.output_depth == total,
        f"{name}.output_depth to be {total}, the sum of the layout's sizes",
        repr(converter.output_depth),
        "Leave output_depth to the base class.",
    )
    shape = converter.length_shape
    expect(
        isinstance(shape, tuple) and all(type(n) is int and n >= 1 for n in shape),
        f"{name}.length_shape to be a tuple of sizes",
        repr(shape),
        "Use () for one length a window.",
    )


def _check_json(converter: Converter) -> None:
    name = type(converter).__name__
    with calling(
        f"{name} to JSON", "Register the class, and keep its fields plain values."
    ):
        table = configs.converter_to_dict(converter)
        text = json.dumps(table)
    with calling(f"{name} from JSON"):
        again = configs.converter_from_dict(json.loads(text))
    expect(
        again == converter,
        f"{name} to come back from JSON as it was",
        f"{again!r} instead of {converter!r}",
        "Annotate every field, and keep only what the fields hold.",
    )


# Reading ------------------------------------------------------------------------------


def _read(converter: Converter, sequence: NoteSequence, what: str) -> Windows | Skipped:
    """Extracts twice and checks what comes."""
    call = f"extract of {what}"
    with unchanged(sequence, call):
        first, second = twice(call, lambda: converter.extract(sequence))
    expect(
        isinstance(first, Windows | Skipped) and isinstance(second, Windows | Skipped),
        f"{call} to return Windows or Skipped",
        type(first).__name__,
        "Return Skipped(Reason...) where there are no windows.",
    )
    expect(
        type(first) is type(second) and first.counts == second.counts,
        f"{call} to give the same twice",
        f"{first!r:.200} and {second!r:.200}",
        "Keep whatever is random in expand.",
    )
    if isinstance(first, Skipped):
        expect(
            isinstance(first.reason, Reason) and first == second,
            f"{call} to be rejected with a groovekit.Reason",
            repr(first.reason),
            "Take the reason that fits best and say more in detail.",
        )
    elif isinstance(second, Windows):
        _check_windows(first, second, call)
    _check_counts(first.counts, len(sequence.notes), call)
    return first


def _check_windows(first: Windows, second: Windows, call: str) -> None:
    expect(
        bool(first.arrays), f"{call} to give arrays", "none", "Name some in Windows."
    )
    sizes = {name: np.shape(array)[:1] for name, array in first.arrays.items()}
    expect(
        all(
            isinstance(a, np.ndarray) and a.dtype != object
            for a in first.arrays.values()
        )
        and len(set(sizes.values())) == 1
        and sizes.popitem()[1] > (0,),
        f"{call} to give numeric arrays with the windows, at least one, on their first "
        "axis",
        ", ".join(f"{n}: {describe(a)}" for n, a in first.arrays.items()),
        "Return Skipped where there are no windows, and arrays of equal length.",
    )
    differing = same_tables(first.arrays, second.arrays)
    expect(
        differing is None,
        f"{call} to give the same twice",
        f"other values in {differing!r}",
        "Keep whatever is random in expand.",
    )


def _check_counts(counts: Any, notes: int, call: str) -> None:
    ok = isinstance(counts, Counts) and min(dataclasses.astuple(counts)) >= 0
    total = counts.kept + counts.merged + counts.unmapped + counts.ignored if ok else 0
    expect(
        ok and counts.notes == notes and total == notes,
        f"{call} to count its {notes} notes, each as kept, merged, unmapped or ignored",
        repr(counts),
        "Correct the Counts: where a sequence is rejected, its notes are ignored.",
    )


def _check_rejections(converter: Converter) -> None:
    for what, sequence in awkward_sequences().items():
        try:
            result = _read(converter, sequence, f"a sequence with {what}")
        except AssertionError as error:
            # Where an option asks for it, a pitch without a class may be an error.
            if isinstance(error.__cause__, DataError):
                continue
            raise
        if not sequence.notes:
            expect(
                isinstance(result, Skipped),
                f"a sequence with {what} to be rejected",
                f"{result!r:.100}",
                "Return Skipped(Reason.EMPTY).",
            )


# Tensors ------------------------------------------------------------------------------


def _frozen_windows(windows: Windows) -> Windows:
    return Windows({n: frozen(a) for n, a in windows.arrays.items()}, windows.counts)


def _expand(
    converter: Converter, windows: Windows, *, seed: int | None = None, **options: Any
) -> Tensors:
    call = "expand" if seed is None else "expand with a generator"

    def run() -> Tensors:
        rng = None if seed is None else np.random.default_rng(seed)
        return converter.expand(windows, rng=rng, **options)

    first, second = twice(call, run)
    expect(
        isinstance(first, Tensors),
        f"{call} to return Tensors",
        type(first).__name__,
        "Return groovekit.Tensors(inputs, outputs, controls, lengths).",
    )
    for part in _PARTS:
        expect(
            same_arrays(getattr(first, part), getattr(second, part)),
            f"{call} to give the same {part} twice",
            "different ones",
            "Draw from the argument rng only, and nothing without it.",
        )
    return first


def _check_tensors(converter: Converter, windows: Windows) -> None:
    windows = _frozen_windows(windows)
    for seed in (None, _SEED):
        _check_shapes(converter, _expand(converter, windows, seed=seed), len(windows))
    plain = _expand(converter, windows)
    labelled = _expand(converter, windows, labels=True).outputs
    if same_arrays(labelled, plain.outputs):
        return
    single = [p.kind for p in converter.layout] == ["categorical"]
    expect(
        single
        and labelled.dtype == np.int32
        and labelled.shape == plain.outputs.shape[:2]
        and np.array_equal(
            labelled[used_steps(converter, plain)], _labels(converter, plain)
        ),
        "labels=True to give the outputs' labels, int32 of shape (batch, steps), or "
        "the outputs themselves",
        describe(labelled),
        "Labels are for layouts of one categorical slice.",
    )


def _labels(converter: Converter, tensors: Tensors) -> np.ndarray:
    labels: np.ndarray = tensors.outputs[used_steps(converter, tensors)].argmax(axis=-1)
    return labels


def _check_shapes(converter: Converter, tensors: Tensors, batch: int) -> None:
    steps, depth = converter.steps, converter.control_depth
    wanted: dict[str, tuple[type, tuple[int, ...]] | None] = {
        "inputs": (np.float32, (batch, steps, converter.input_depth)),
        "outputs": (np.float32, (batch, steps, converter.output_depth)),
        "controls": (np.float32, (batch, steps, depth)) if depth else None,
        "lengths": (np.int32, (batch, *converter.length_shape)),
    }
    for part, want in wanted.items():
        array = getattr(tensors, part)
        if want is None:
            expect(
                array is None,
                "controls to be None, as control_depth is 0",
                describe(array),
                "Declare control_depth, or give None.",
            )
            continue
        dtype, shape = want
        expect(
            isinstance(array, np.ndarray)
            and array.dtype == dtype
            and array.shape == shape,
            f"{part} to be {np.dtype(dtype)} of shape {shape}, as declared",
            describe(array),
            "Correct expand or what the converter declares.",
        )
        expect(
            bool(np.isfinite(array).all()),
            f"{part} to hold finite numbers",
            "infinite ones or NaN",
            "Check divisions and logarithms.",
        )
    _check_lengths(converter, tensors.lengths)
    _check_values(converter, tensors)


def _check_lengths(converter: Converter, lengths: np.ndarray) -> None:
    segments = int(np.prod(converter.length_shape)) if converter.length_shape else 1
    expect(
        converter.steps % segments == 0,
        f"steps ({converter.steps}) to be a multiple of the {segments} segments of "
        "length_shape",
        repr(converter.length_shape),
        "Give all segments the same size.",
    )
    longest = converter.steps // segments
    expect(
        bool(((lengths >= 0) & (lengths <= longest)).all()),
        f"lengths from 0 to {longest}",
        f"{lengths.min()} to {lengths.max()}",
        "A length counts the steps in use, of a segment where there are segments.",
    )
    expect(
        not converter.fixed_length or bool((lengths == longest).all()),
        f"every length to be {longest}, as fixed_length says",
        f"{lengths.min()} to {lengths.max()}",
        "Let fixed_length return False.",
    )


def _check_values(converter: Converter, tensors: Tensors) -> None:
    used = tensors.outputs[used_steps(converter, tensors)]
    start = 0
    for part in converter.layout:
        values = used[:, start : start + part.size]
        start += part.size
        ok, wanted = {
            "binary": (np.isin(values, (0, 1)).all(), "0 or 1"),
            "unit": (((values >= 0) & (values <= 1)).all(), "from 0 to 1"),
            "signed": ((np.abs(values) <= 1).all(), "from -1 to 1"),
            "categorical": (
                np.isin(values, (0, 1)).all() and (values.sum(axis=-1) == 1).all(),
                "one-hot, one 1 a step",
            ),
        }[part.kind]
        expect(
            bool(ok),
            f"the outputs' slice {part.name!r} ({part.kind}) to be {wanted}",
            f"values from {values.min():g} to {values.max():g}",
            "Correct expand, or declare another kind in layout.",
        )


def _check_encode(converter: Converter, sequence: NoteSequence) -> None:
    for seed in (None, _SEED):
        with unchanged(sequence, "encode"):
            rng = [
                None if seed is None else np.random.default_rng(seed) for _ in range(2)
            ]
            with own_randomness("encode"), calling("encode"):
                first, second = (converter.encode(sequence, rng=r) for r in rng)
        expect(
            isinstance(first, Encoded)
            and isinstance(second, Encoded)
            and len(first) > 0,
            "encode to give what extract gives: Encoded with at least one window",
            f"{first!r:.100}",
            "Leave encode to the base class.",
        )
        for part in _PARTS:
            expect(
                same_arrays(getattr(first, part), getattr(second, part)),
                f"encode with the same seed to give the same {part}",
                "different ones",
                "Draw from the argument rng only.",
            )


def _check_batches(converter: Converter, parts: Sequence[Windows]) -> None:
    """A window's tensors do not depend on what else is in its batch."""
    with calling("joining windows of several sequences", "Give all the same arrays."):
        together = converter.expand(concatenate(list(parts)))
    alone = [converter.expand(part) for part in parts]
    for name in _PARTS:
        arrays = [getattr(tensors, name) for tensors in alone]
        if arrays[0] is None:
            continue
        expect(
            same_arrays(getattr(together, name), np.concatenate(arrays)),
            f"the {name} of a window not to depend on the other windows of its batch",
            "other values in a larger batch",
            "Let expand treat each window by itself.",
        )


def _check_augmentation(converter: Converter, windows: Windows) -> None:
    augmentation = AugmentationConfig(
        transpose=(-3, 3),
        stretch=(0.9, 1.1),
        velocity=(0.8, 1.2),
        microtiming=(0.8, 1.2),
    )
    windows = _frozen_windows(windows)

    def run() -> Windows:
        rng = np.random.default_rng(_SEED)
        return converter.augment(windows, augmentation, rng)

    first, second = twice("augment", run)
    expect(
        isinstance(first, Windows) and same_tables(first.arrays, second.arrays) is None,
        "augment with the same seed to give the same windows",
        f"{first!r:.100}",
        "Draw from the argument rng only.",
    )
    for name, array in windows.arrays.items():
        found = first.arrays.get(name)
        expect(
            isinstance(found, np.ndarray)
            and (found.dtype, found.shape) == (array.dtype, array.shape),
            f"augment to keep the type and shape of {name!r}: {describe(array)}",
            describe(found),
            "Change values only.",
        )
    _check_shapes(converter, _expand(converter, first), len(windows))
