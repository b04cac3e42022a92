"""The best linear code at as many bits as a model takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from groovekit.evaluation.baselines.threshold import best_threshold
from groovekit.evaluation.hit_cells import parts_of
from groovekit.evaluation.metrics import MAX_VELOCITY, Drums
from groovekit.models.linear_code import LinearCode, Spectrum
from groovekit.models.window_features import (
    SCALES,
    class_means,
    read_features,
    window_features,
)

#: Features of windows up to which a code is fitted; many more take minutes.
MOST_FEATURES = 4096
# Rates are tried until what is coded costs what it shall.
_RATES = 4
# Training windows that thresholds are found on.
_TUNED = 1024


@dataclasses.dataclass(frozen=True, eq=False)
class LinearReconstruction:
    """Windows coded and decoded by linear maps, in closed form.

    A baseline for models that reconstruct what they see: hits, velocities and offsets
    of all cells are one vector, of which the training's mean and covariance say how to
    code it (:mod:`groovekit.models.linear_code`). Hits are what lies above a threshold
    with the best F1 on training windows.

    Attributes:
      mean: windows decoded from the posterior's means.
      drawn: windows decoded from codes drawn from the posterior.
      bits: what the windows cost: mean KL divergence from N(0, I).
    """

    mean: Drums
    drawn: Drums
    bits: float

    @classmethod
    def of(
        cls, drums: Drums, train: Drums, bits: float, rng: np.random.Generator
    ) -> LinearReconstruction:
        """Fits a code to every second training window, and codes windows with it.

        Args:
          drums: windows to code.
          train: training windows, of the same shape.
          bits: what the windows are to cost, above 0.
          rng: draws codes.
        """
        known = train.rows(slice(None, None, 2))
        centres = class_means(_joined(known), len(_scales(known)))

        def vectors(windows: Drums) -> np.ndarray:
            found = window_features(_joined(windows), centres, _scales(windows), np)
            return np.asarray(found).reshape(len(windows), -1)

        spectrum = Spectrum.of(vectors(known))
        asked = vectors(drums)
        code = _at_cost(spectrum, asked, bits)
        size = min(_TUNED, len(train))
        tuned = train.rows(np.linspace(0, len(train) - 1, size).astype(np.int64))
        found = []
        for draw in (_means, _draws(code, rng)):
            scores = _decoded(code, draw(code.encode(vectors(tuned))), centres, tuned)
            threshold = best_threshold(scores[0], tuned.hits)
            hits, *values = _decoded(code, draw(code.encode(asked)), centres, drums)
            found.append(_played(drums, hits > threshold, *values))
        cost = float(code.kl_bits(code.encode(asked)).mean())
        return cls(found[0], found[1], cost)


def _at_cost(spectrum: Spectrum, vectors: np.ndarray, bits: float) -> LinearCode:
    """The code with which these vectors cost so much on average."""
    rate = bits
    for _ in range(_RATES):
        code = spectrum.code(rate)
        # What was not fitted to costs a little more or less than the rate.
        rate *= bits / float(code.kl_bits(code.encode(vectors)).mean())
    return code


def _means(z: np.ndarray) -> np.ndarray:
    return z


def _draws(
    code: LinearCode, rng: np.random.Generator
) -> Callable[[np.ndarray], np.ndarray]:
    sigma = np.exp(code.log_sigma)
    return lambda z: z + sigma * rng.standard_normal(z.shape)


def _decoded(
    code: LinearCode, z: np.ndarray, centres: np.ndarray, like: Drums
) -> list[np.ndarray]:
    """Scores of hits, and velocities (0..1) and offsets, as far as there are any."""
    decoded = code.decode(z).reshape(*like.hits.shape[:2], -1)
    read = read_features(decoded, centres, _scales(like))
    return np.split(read, 1 + len(_scales(like)), axis=-1)


def _scales(drums: Drums) -> tuple[float, ...]:
    """Of velocities and offsets, as far as there are any."""
    return () if drums.velocities is None else (SCALES["unit"], SCALES["signed"])


def _joined(drums: Drums) -> np.ndarray:
    """Hits and their values beside each other, as a converter has them."""
    hits, velocities, offsets = parts_of(drums)
    parts = [hits]
    if drums.velocities is not None:
        parts += [hits * velocities / MAX_VELOCITY, hits * offsets]
    return np.concatenate(parts, axis=-1, dtype=np.float32)


def _played(like: Drums, hits: np.ndarray, *values: np.ndarray) -> Drums:
    if not values:
        return like.replaced(hits, None, None)
    velocities, offsets = values
    return like.replaced(
        hits,
        np.clip(velocities, 0, 1) * MAX_VELOCITY * hits,
        np.clip(offsets, -1, 1) * hits,
    )
