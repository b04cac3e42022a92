"""Windows as segments: lengths, and arrays cut into parts of equal length.

Sequences are padded a segment at a time: a window of 3 segments of at most 4
steps, 3, 2 and 4 of them in use, is ``[a b c - | d e - - | f g h i]`` with
lengths ``[3, 2, 4]``.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from groovekit.errors import ConfigError

Tensor = Any


def segment_lengths(lengths: Tensor, segments: int) -> Tensor:
    """Lengths of each segment, ``(batch, segments)`` int32.

    Args:
      lengths: ``(batch, segments)``, or ``(batch,)`` of windows that are full or
        empty.
      segments: how many.
    """
    lengths = ops.cast(lengths, "int32")
    if len(lengths.shape) == 1:
        return ops.repeat((lengths // segments)[:, None], segments, axis=1)
    return lengths


def fold(x: Tensor, parts: int) -> Tensor:
    """``(n, parts * rest, ...)`` to ``(n * parts, rest, ...)``."""
    return ops.reshape(x, (-1, x.shape[1] // parts, *x.shape[2:]))


def unfold(x: Tensor, parts: int) -> Tensor:
    """``(n * parts, rest, ...)`` to ``(n, parts * rest, ...)``."""
    return ops.reshape(x, (-1, parts * x.shape[1], *x.shape[2:]))


def stack_parts(x: Tensor, parts: int) -> Tensor:
    """``(n, parts * rest, ...)`` to ``(parts, n, rest, ...)``, for loops."""
    x = ops.reshape(x, (-1, parts, x.shape[1] // parts, *x.shape[2:]))
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))


def with_last(fed: Tensor, targets: Tensor, lengths: Tensor | None) -> Tensor:
    """``fed`` with the last step in use taken from ``targets``."""
    steps = ops.arange(fed.shape[1], dtype="int32")[None, :]
    if lengths is None:
        last = steps == fed.shape[1] - 1
    else:
        last = steps == ops.cast(lengths, "int32")[:, None] - 1
    return ops.where(last[..., None], targets, fed)


def checked_lengths(lengths: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths of a hierarchy's levels.

    Raises:
      ConfigError: none, or one below 1.
    """
    if not lengths or min(lengths) < 1:
        raise ConfigError(
            f"level_lengths takes one or more lengths of at least 1, got {lengths!r}."
        )
    return tuple(lengths)
