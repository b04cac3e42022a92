"""Latent vectors of music: posteriors, and what is drawn from them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from groovekit.errors import UsageError
from groovekit.seeding import generator


class Encoding(NamedTuple):
    """The posterior of some windows: diagonal normal distributions.

    Attributes:
      mean: ``(batch, z_size)`` float32.
      stddev: ``(batch, z_size)`` float32, positive.
      sample: ``(batch, z_size)`` float32, a latent vector drawn from each.
    """

    mean: np.ndarray
    stddev: np.ndarray
    sample: np.ndarray


def latent_vectors(
    posterior: Encoding,
    *,
    temperature: float,
    seed: int,
    mean_only: bool = False,
    prior: bool = False,
) -> np.ndarray:
    """Latent vectors of the windows of one performance, ``(windows, z_size)``.

    They lie ``temperature`` posterior standard deviations (root mean square) from the
    posterior's mean, all windows in the same direction, so that it stays one
    performance.

    Args:
      posterior: of the windows.
      temperature: at least 0.
      seed: of the direction.
      mean_only: one latent vector, the mean over all windows, for all of them.
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
