"""What all checks share: the error, and calls that must not fail or change things."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from groovekit.io.notes import NoteSequence

T = TypeVar("T")


class ConformanceError(AssertionError):
    """A converter or config that does not do what groovekit expects of it."""


def expect(condition: bool, expected: str, came: str, advice: str) -> None:
    """Raises ConformanceError unless ``condition`` holds.

    Args:
      condition: whether the check passes.
      expected: what should be, as a sentence's object.
      came: what is instead.
      advice: what to do, as a sentence.
    """
    if not condition:
        raise ConformanceError(f"Expected {expected}, got {came}. {advice}")


@contextlib.contextmanager
def calling(what: str, advice: str = "") -> Iterator[None]:
    """Turns whatever is raised inside into a ConformanceError that names the call."""
    try:
        yield
    except ConformanceError:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, ValueError) and "read-only" in str(error):
            advice = "It writes into an array that it was given: work on a copy."
        advice = advice or "Correct it; the error above this one shows where."
        raise ConformanceError(
            f"Expected {what} to succeed, got {text.rstrip('.')}. {advice}"
        ) from error


def frozen(array: Any) -> Any:
    """A copy that cannot be written to, as memory-mapped arrays cannot."""
    if array is None:
        return None
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


def same_arrays(a: Any, b: Any) -> bool:
    """Whether two arrays (or None) are equal in type, shape and values."""
    if a is None or b is None:
        return a is b
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def same_tables(a: Mapping[str, Any], b: Mapping[str, Any]) -> str | None:
    """The first name whose arrays differ between two tables; None if none does."""
    for name in [*a, *(n for n in b if n not in a)]:
        if name not in a or name not in b or not same_arrays(a[name], b[name]):
            return name
    return None


def describe(array: Any) -> str:
    """Words for an array: type and shape."""
    if isinstance(array, np.ndarray):
        return f"{array.dtype} of shape {array.shape}"
    return type(array).__name__


@contextlib.contextmanager
def unchanged(sequence: NoteSequence, what: str) -> Iterator[None]:
    """Checks that a sequence is the same afterwards."""
    before = sequence.SerializeToString(deterministic=True)
    yield
    expect(
        sequence.SerializeToString(deterministic=True) == before,
        f"{what} to leave its sequence as it was",
        "a changed one",
        "Work on a copy (NoteSequence.CopyFrom).",
    )


@contextlib.contextmanager
def own_randomness(what: str) -> Iterator[None]:
    """Checks that nothing is drawn from the generators that all programs share."""

    def state() -> Any:
        _, keys, *rest = np.random.get_state()  # noqa: NPY002 - that is what is checked
        return bytes(np.asarray(keys)), tuple(rest), random.getstate()

    before = state()
    yield
    expect(
        state() == before,
        f"{what} to draw from the generator it is given",
        "draws from np.random or random, which all programs share",
        "Take every random number from the argument rng.",
    )


def twice(what: str, call: Callable[[], T]) -> tuple[T, T]:
    """Results of two calls, with shared generators left alone."""
    with own_randomness(what), calling(what):
        return call(), call()
