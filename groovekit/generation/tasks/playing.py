"""What a model makes of all windows of a take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groovekit.converters.grid.drum_tensors import drums_of
from groovekit.errors import UsageError
from groovekit.generation.takes import Take
from groovekit.seeding import generator

if TYPE_CHECKING:
    from groovekit.generation.trained_model import Encoding, TrainedModel


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


def codes(
    posterior: Encoding,
    *,
    temperature: float,
    seed: int,
    mean_only: bool = False,
    prior: bool = False,
) -> np.ndarray:
    """Codes of the windows of one performance, ``(windows, z_size)``.

    They lie ``temperature`` posterior standard deviations (root mean square) from the
    posterior's mean, all windows in the same direction, so that it stays one
    performance.

    Args:
      posterior: of the windows.
      temperature: at least 0.
      seed: of the direction.
      mean_only: one code, the mean over all windows, for all of them.
      prior: take the prior in the posterior's stead.

    Raises:
      UsageError: the temperature is out of range.
    """
    if not 0 <= temperature < math.inf:
        raise UsageError(
            f"The temperature must be at least 0 and finite, got {temperature}."
        )
    mean, stddev = posterior.mean, posterior.stddev
    if prior:
        mean, stddev = np.zeros_like(mean), np.ones_like(stddev)
    if mean_only:
        mean = np.broadcast_to(mean.mean(axis=0), mean.shape)
        stddev = np.broadcast_to(stddev.mean(axis=0), stddev.shape)
    direction = generator(seed, "direction").standard_normal(mean.shape[1], np.float32)
    found: np.ndarray = mean + np.float32(temperature) * stddev * direction
    return found


def play(
    model: TrainedModel,
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
      forced: ``(steps, classes)``, see
        :meth:`groovekit.generation.trained_model.TrainedModel.decode_to_tensors`; the
        model decides on everything by default.
      temperature: of the decoder.
      seed: of what it draws.
    """
    converter = take.converter
    hits = None
    if forced is not None:
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
        take.stitch(made.hits), take.stitch(made.velocities), take.stitch(made.offsets)
    )


def check_count(count: int) -> None:
    """Raises a UsageError unless there is something to make."""
    if count < 1:
        raise UsageError(f"The number of outputs must be at least 1, got {count}.")
