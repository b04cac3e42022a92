"""A player that fills without a network: it draws what it plays from the seed alone."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from groovekit.configs.base import Config
from groovekit.configs.run_folder import RunFolder
from groovekit.converters.groove import GrooveConverter
from groovekit.generation.partial import Filled
from groovekit.models.family import Family


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

    @classmethod
    def load(cls, files, **_options):
        return cls(files.config.converter)

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class FakeConfig(Config):
    """A config without parts of its own."""

    FAMILY: ClassVar[str] = "helpers.filler"
    FAMILY_PARTS: ClassVar[Mapping[str, type]] = {}


class FakeNetwork:
    """Computes for nothing."""

    def cost(self, steps):
        return types.SimpleNamespace(multiplications=0 * steps)


class FakeFamily(Family):
    """The family of :class:`FakeFiller`, of which nothing can be trained."""

    name = "helpers.filler"
    config_class = FakeConfig
    abilities = FakeFiller.abilities
    player = "helpers.filler:FakeFiller"
    plays_with_keras = False

    def build(self, config, *, seed, dtype):
        raise NotImplementedError

    def optimizer(self, config, model):
        raise NotImplementedError

    def network(self, config):
        return FakeNetwork()


def filler_run(folder):
    """A run folder of the fake model; its family must be registered."""
    config = FakeConfig(name="mask-fake", converter=GrooveConverter(bars=8))
    run = RunFolder.create(folder, config, {})
    run.weights_path.write_bytes(b"")
    return folder
