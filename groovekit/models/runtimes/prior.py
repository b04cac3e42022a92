"""Drawing latent vectors of new music, and fitting what they are drawn from: NumPy."""

from __future__ import annotations

import abc
import dataclasses
import math

import numpy as np

from groovekit.models.runtimes.threads import one_thread
from groovekit.seeding import generator

# How far a draw goes from a stored latent vector towards others of its kind.
_LEAST_TURN, _GREATEST_TURN = math.radians(25), math.radians(55)
_KMEANS_ROUNDS = 15
# On the covariance's diagonal, of its mean: few windows do not fill all dimensions.
_RIDGE = 1e-4


class Prior(abc.ABC):
    """A distribution of latent vectors."""

    @abc.abstractmethod
    def walks(
        self, count: int, length: int, *, seed: int, relatedness: float, spread: float
    ) -> np.ndarray:
        """Draws series of latent vectors, each a walk that stays in the distribution.

        Neither more walks nor longer ones change the beginning of any.

        Args:
          count: how many series.
          length: latent vectors in each.
          seed: of all draws.
          relatedness: correlation of neighbours, 0 to 1.
          spread: scale of what is random in a vector, at least 0.

        Returns:
          ``(count, length, z_size)`` float32.
        """

    def draw(self, count: int, *, seed: int, spread: float = 1.0) -> np.ndarray:
        """Draws ``(count, z_size)`` latent vectors."""
        walks = self.walks(count, 1, seed=seed, relatedness=0.0, spread=spread)
        return walks[:, 0]


@dataclasses.dataclass(frozen=True)
class NormalPrior(Prior):
    """The standard normal distribution.

    Attributes:
      z_size: dimensions.
    """

    z_size: int

    def draw(self, count: int, *, seed: int, spread: float = 1.0) -> np.ndarray:
        """See :class:`Prior`."""
        noise = generator(seed, "codes").standard_normal(
            (count, self.z_size), np.float32
        )
        return np.float32(spread) * noise

    def walks(
        self, count: int, length: int, *, seed: int, relatedness: float, spread: float
    ) -> np.ndarray:
        """See :class:`Prior`."""
        walks = _noise(count, length, self.z_size, seed=seed, relatedness=relatedness)
        return (spread * walks).astype(np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class StoredPrior(Prior):
    """Latent vectors of training windows, turned towards others of their kind.

    A draw is ``c + cos t (z - c) + sin t L n``: ``z`` one of the stored vectors, ``c``
    the mean of its group, ``L`` the Cholesky factor of the covariance within groups,
    ``n`` standard normal, ``t`` between 25 and 55 degrees.

    Attributes:
      codes: ``(count, z_size)`` stored latent vectors.
      centres: ``(clusters, z_size)`` means of groups of them.
      factor: ``(z_size, z_size)``, lower.
    """

    codes: np.ndarray
    centres: np.ndarray
    factor: np.ndarray

    def walks(
        self, count: int, length: int, *, seed: int, relatedness: float, spread: float
    ) -> np.ndarray:
        """See :class:`Prior`. A walk stays with its stored vector."""
        picks = generator(seed, "codes", "picks").random((count, 2))
        chosen = self.codes[(picks[:, 0] * len(self.codes)).astype(np.int64)]
        turn = _LEAST_TURN + (_GREATEST_TURN - _LEAST_TURN) * picks[:, 1]
        angle = turn.astype(np.float32)[:, None]
        noise = _noise(
            count, length, self.codes.shape[1], seed=seed, relatedness=relatedness
        )
        with one_thread():
            centres = self.centres[nearest(chosen, self.centres)]
            ways = noise.astype(np.float32) @ self.factor.T
        still = centres + np.cos(angle) * (chosen - centres)
        walks: np.ndarray = still[:, None] + spread * np.sin(angle)[:, None] * ways
        return walks.astype(np.float32)


def _noise(
    count: int, length: int, size: int, *, seed: int, relatedness: float
) -> np.ndarray:
    """Standard normal walks ``(count, length, size)``, a stream for each."""
    fresh = float(np.sqrt(1.0 - relatedness**2))
    walks = np.empty((count, length, size))
    for index in range(count):
        rng = generator(seed, "path", index)
        z = rng.standard_normal(size)
        walks[index, 0] = z
        for step in range(1, length):
            z = relatedness * z + fresh * rng.standard_normal(size)
            walks[index, step] = z
    return walks


def fit_stored_prior(
    codes: np.ndarray, *, count: int, clusters: int, seed: int
) -> StoredPrior:
    """Fits :class:`StoredPrior` to drawn latent vectors of training windows.

    Args:
      codes: ``(windows, z_size)``, of windows that stand one after another.
      count: how many to store; where there are fewer, some are stored twice.
      clusters: how many groups (Lloyd's k-means, 15 rounds).
      seed: of the first groups and of the choice.
    """
    rng = generator(seed, "prior")
    codes = codes.astype(np.float32)
    order = rng.permutation(len(codes))
    centres = codes[order[np.arange(clusters) % len(codes)]].copy()
    for _ in range(_KMEANS_ROUNDS):
        group = nearest(codes, centres)
        sizes = np.bincount(group, minlength=clusters)
        sums = np.zeros_like(centres)
        np.add.at(sums, group, codes)
        used = sizes > 0
        centres[used] = sums[used] / sizes[used, None]
    group = nearest(codes, centres)
    within = (codes - centres[group]).astype(np.float64)
    freedom = max(len(codes) - len(np.unique(group)), 1)
    covariance = within.T @ within / freedom
    ridge = _RIDGE * max(float(np.trace(covariance)) / len(covariance), 1e-6)
    factor = np.linalg.cholesky(covariance + ridge * np.eye(len(covariance)))
    stored = codes[order[np.arange(count) % len(codes)]]
    return StoredPrior(stored, centres, factor.astype(np.float32))


def nearest(codes: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Number of the nearest centre of each latent vector, ``(count,)``."""
    half = 0.5 * np.square(centres).sum(axis=1)
    found: np.ndarray = (codes @ centres.T - half).argmax(axis=1)
    return found
