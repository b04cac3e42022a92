"""Ways from one latent vector to another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from groovekit.errors import UsageError

# Sine of the angle between two latent vectors below which they count as
# parallel: the formula divides by it.
_PARALLEL = 1e-4


def slerp(
    start: npt.ArrayLike, end: npt.ArrayLike, fractions: npt.ArrayLike
) -> np.ndarray:
    """Spherical linear interpolation: turns ``start`` to ``end`` at even speed.

    Latent vectors of the prior lie near a sphere, and a straight line leaves it.
    Both directions and lengths may differ. Where the angle says nothing (equal,
    opposite or zero vectors) the way is a straight line.

    Args:
      start: ``(z_size,)``, finite.
      end: ``(z_size,)``, finite.
      fractions: ``(count,)``, 0 for the start and 1 for the end.

    Returns:
      ``(count, z_size)`` float32; both ends are met exactly.

    Raises:
      UsageError: not two vectors of one size, or not finite.
    """
    first, last = np.asarray(start, np.float64), np.asarray(end, np.float64)
    if first.ndim != 1 or first.shape != last.shape:
        raise UsageError(
            "Interpolation takes two latent vectors of shape (z_size,), got "
            f"{first.shape} and {last.shape}."
        )
    if not (np.isfinite(first).all() and np.isfinite(last).all()):
        raise UsageError(
            "Interpolation takes finite latent vectors, got NaN or infinity."
        )
    t = np.asarray(fractions, np.float64)[:, None]
    weights = _weights(first, last, t)
    path = weights[0] * first + weights[1] * last
    path = np.where(t == 0, first, np.where(t == 1, last, path))
    return path.astype(np.float32)


def _weights(
    first: np.ndarray, last: np.ndarray, t: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What each end contributes at each fraction ``(count, 1)``."""
    lengths = [float(np.linalg.norm(vector)) for vector in (first, last)]
    if min(lengths) > 0:
        cosine = np.clip(np.dot(first / lengths[0], last / lengths[1]), -1.0, 1.0)
        angle = float(np.arccos(cosine))
        sine = float(np.sin(angle))
        if sine > _PARALLEL:
            return np.sin((1.0 - t) * angle) / sine, np.sin(t * angle) / sine
    return 1.0 - t, t
