"""Right-padded sequences: turned round, and their last step."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def reverse(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverses each sequence in its own length; padding stays at the right.

    Args:
      x: ``(batch, steps, depth)``.
      lengths: ``(batch,)`` integers, or None if all sequences fill their steps.
    """
    if lengths is None:
        return ops.flip(x, axis=1)
    steps = ops.arange(x.shape[1], dtype="int32")[None, :]
    lengths = ops.cast(lengths, "int32")[:, None]
    source = ops.where(steps < lengths, lengths - 1 - steps, steps)
    return ops.take_along_axis(x, source[:, :, None], axis=1)


def last_step(x: Tensor, lengths: Tensor | None) -> Tensor:
    """The last step in use of each sequence; zeros for empty ones."""
    if lengths is None:
        return x[:, -1]
    lengths = ops.cast(lengths, "int32")
    index = ops.maximum(lengths - 1, 0)[:, None, None]
    last = ops.take_along_axis(x, index, axis=1)[:, 0]
    return last * ops.cast(lengths > 0, last.dtype)[:, None]
