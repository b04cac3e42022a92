"""A player without a network: what it plays is drawn, the same on every machine."""

from __future__ import annotations

import zlib

import numpy as np

from groovekit.generation.inputs import to_tensors
from groovekit.generation.latent_vectors import Encoding


class Dice:
    """Plays grooves of any converter of grooves, and nothing but what tasks ask for."""

    abilities = frozenset({"encode"})
    folder = None
    progress = None

    def __init__(self, config):
        self.config, self.converter = config, config.converter

    def to_tensors(self, music, *, window=1, controls=None):
        assert controls is None
        return to_tensors(music, self.converter, window=window)

    def encode(self, music, *, window=1, controls=None, seed=None, rng=None):
        assert rng is None
        tensors, _ = self.to_tensors(music, window=window, controls=controls)
        shape = (len(tensors), self.config.latent.z_size)
        rng = np.random.default_rng(seed)
        mean = rng.random(shape, np.float32)
        return Encoding(mean, rng.random(shape, np.float32), mean)

    def decode_to_tensors(
        self,
        z,
        *,
        temperature=0.5,
        steps=None,
        controls=None,
        forced=None,
        seed=None,
        rng=None,
    ):
        assert steps is None
        assert rng is None
        assert (controls is not None) == bool(self.converter.control_depth)
        # What it plays depends on where it is asked to play from, but for rounding.
        place = zlib.crc32(np.round(np.float64(z), 3).astype("<f4").tobytes())
        drawn = np.random.default_rng([seed, place, int(100 * temperature)])
        shape = (len(z), self.converter.steps)
        parts = []
        for part in self.converter.layout:
            values = drawn.random((*shape, part.size))
            if part.name == "hits":
                values = (values > 0.8).astype(float)
                if forced is not None:
                    values = np.where(np.isnan(forced), values, forced)
            elif part.kind == "signed":
                values = 2 * values - 1
            parts.append(values)
        return np.concatenate(parts, axis=-1).astype(np.float32)
