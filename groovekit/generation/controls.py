"""Controls that a model plays by: given ones are checked, missing ones made."""

from __future__ import annotations

import numpy as np

from groovekit.converters.base import Converter
from groovekit.errors import UsageError


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


def needs_controls(converter: Converter, name: str) -> str:
    """What to say where a model's controls are missing.

    Args:
      converter: of the model.
      name: of the config.
    """
    if converter.takes_chords:
        return (
            f"A model of the config {name} plays over chords in a key: give them "
            '(`chords="C Am F G"`).'
        )
    if converter.takes_hits:
        return (
            f"A model of the config {name} plays hits that it is given: give music "
            "with these hits (`controls=...`)."
        )
    return (
        f"A model of the config {name} needs controls, which come from music: give "
        "some (`controls=...`)."
    )
