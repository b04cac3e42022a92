"""A player that fills without a network: it draws what it plays from the seed alone."""

from __future__ import annotations

import types

import numpy as np

from groovekit.converters.groove import GrooveConverter
from groovekit.generation.partial import Filled


class FakeFiller:
    """Fills partial performances at random, and remembers what it was given.

    Attributes:
      seen: each partial performance, and the arguments that came with it.
    """

    abilities = frozenset({"fill"})
    folder = None
    progress = None

    def __init__(self, converter=None, *, density=0.3):
        self.converter = converter or GrooveConverter(bars=8)
        self.config = types.SimpleNamespace(name="mask-fake", converter=self.converter)
        self.density = density
        self.seen = []

    @property
    def partial(self):
        """The last one it was given."""
        return self.seen[-1][0]

    def fill(self, partial, count=1, *, temperature=1.0, expected=False, seed):
        self.seen.append(
            (
                partial,
                types.SimpleNamespace(
                    count=count, temperature=temperature, expected=expected, seed=seed
                ),
            )
        )
        made = []
        for version in range(count):
            own = 0 if expected else seed + 1000 * version
            drawn = np.random.default_rng(own).random((3, *partial.hits.shape))
            made.append(
                Filled.of(
                    partial,
                    drawn[0] < self.density * max(1.0, temperature),
                    drawn[1],
                    (drawn[2] - 0.5) / 2,
                )
            )
        return made
