"""What a model makes of all windows of a take."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groovekit.converters.drum_tensors import drums_of
from groovekit.errors import UsageError
from groovekit.generation.player import Player
from groovekit.generation.takes import Take


class Played(NamedTuple):
    """Drumming on the grid of a take, from its start on.

    Attributes:
      hits: ``(steps, classes)`` bool.
      velocities: ``(steps, classes)`` MIDI velocities, not rounded.
      offsets: ``(steps, classes)``, -1..1: twice the distance from the step in steps,
        positive when early.
    """

    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray


def play(
    model: Player,
    take: Take,
    z: np.ndarray,
    *,
    forced: np.ndarray | None = None,
    temperature: float = 0.0,
    seed: int = 0,
) -> Played:
    """Decodes all windows of a take and stitches them.

    Args:
      model: the trained model.
      take: the performance.
      z: ``(windows, z_size)``.
      forced: ``(steps, classes)``: 1 for a hit to play, 0 for none, NaN where the
        model decides, as it does on everything by default.
      temperature: of the decoder.
      seed: of what it draws.
    """
    converter = take.converter
    hits, used = None, take.layout.used(take.bars * take.steps_per_bar)
    if forced is not None:
        forced = np.where(used[:, None], forced, 0.0)
        # With split instruments each drum has a step of its own.
        width = converter.layout[0].size
        hits = take.cut(forced.astype(np.float32)).reshape(len(z), -1, width)
    tensors = model.decode_to_tensors(
        z,
        temperature=temperature,
        controls=converter.expand(take.windows).controls,
        forced=hits,
        seed=seed,
    )
    made = drums_of(tensors, converter)
    assert made.velocities is not None
    assert made.offsets is not None
    return Played(
        take.stitch(made.hits) & used[:, None],
        take.stitch(made.velocities),
        take.stitch(made.offsets),
    )


def check_count(count: int) -> None:
    """Raises a UsageError unless there is something to make."""
    if count < 1:
        raise UsageError(f"The number of outputs must be at least 1, got {count}.")
