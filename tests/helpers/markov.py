"""A family from elsewhere that is neither a VAE nor masked: a Markov chain of hits.

Whether a drum is hit depends on the step of the bar and on whether it was hit on the
step before. One weight, learnt by gradients or counted at once; sampling needs NumPy
alone. What a guest has to write, and nothing besides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

import groovekit as gk
from groovekit.configs.presets import ModelFiles, locate
from groovekit.converters.options import with_options
from groovekit.errors import UsageError
from groovekit.models.runtimes.numpy.layer import Layer
from groovekit.models.weights_file import open_weights
from groovekit.seeding import generator, one_seed

NAME = "tests.markov"


@dataclasses.dataclass(frozen=True)
class ChainConfig:
    """The chain.

    Attributes:
      loudness: velocity of all hits, 0..1.
      prior: hits and rests that each count begins with.
    """

    loudness: float = 0.7
    prior: float = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class MarkovConfig(gk.Config):
    FAMILY: ClassVar[str] = NAME
    FAMILY_PARTS: ClassVar[Mapping[str, type]] = {"chain": ChainConfig}

    chain: ChainConfig = dataclasses.field(default_factory=ChainConfig)


class MarkovChain(Layer):
    """The twin in NumPy: shapes are known, and hits drawn, without Keras."""

    def __init__(self, positions, classes):
        self._shape = (positions, 2, classes)

    def own_shapes(self):
        return {"logits": self._shape}

    def take(self, logits):
        self.logits = logits

    def draw(self, steps, temperature, rng):
        hits = np.zeros((steps, self._shape[2]), np.float32)
        drums, before = np.arange(self._shape[2]), np.zeros(self._shape[2], int)
        for step in range(steps):
            logits = self.logits[step % self._shape[0], before, drums]
            chance = 1 / (1 + np.exp(-logits / max(temperature, 1e-3)))
            before = (rng.random(len(drums)) < chance).astype(int)
            hits[step] = before
        return hits


class MarkovPlayer:
    """Samples; nothing else."""

    abilities = frozenset({"sample"})
    z_size = 0

    def __init__(self, config, chain, folder=None):
        self.config, self.converter = config, config.converter
        self.folder, self.progress = folder, None
        self._chain = chain

    @classmethod
    def load(cls, source, *, kit=None, output_kit=None, **options):
        # Precision, runtime and batch size: NumPy computes it one by one.
        del options
        files = source if isinstance(source, ModelFiles) else locate(source)
        converter = with_options(files.config.converter, kit=kit, output_kit=output_kit)
        config = files.config.replace(converter=converter)
        chain = MarkovFamily().network(config)
        with open_weights(files.weights, chain.shapes()) as weights:
            chain.load(weights)
        return cls(config, chain, files.folder)

    def sample(
        self,
        count=1,
        *,
        temperature=None,
        bars=None,
        controls=None,
        chords=None,
        qpm=None,
        seed=None,
        rng=None,
    ):
        if controls is not None or chords is not None:
            raise UsageError(f"{self.config.name} takes neither controls nor chords.")
        converter, seed = self.converter, one_seed(seed, rng)
        steps = (bars or converter.bars) * converter.grid.steps_per_bar
        hits = np.stack(
            [
                self._chain.draw(
                    steps,
                    1.0 if temperature is None else temperature,
                    generator(seed, "chain", number),
                )
                for number in range(count)
            ]
        )
        loud = self.config.chain.loudness * hits
        outputs = np.concatenate([hits, loud, 0 * hits], axis=-1)
        return converter.decode(outputs, qpm=120.0 if qpm is None else qpm)


def transitions(outputs, positions, classes):
    """Hits by position, what was before (none at the start) and class, and of all."""
    hits = outputs[..., :classes]
    before = np.pad(hits, ((0, 0), (1, 0), (0, 0)))[:, :-1]
    shape = (-1, positions, classes)
    hits, before = hits.reshape(shape), before.reshape(shape)
    kinds = np.stack([1 - before, before], axis=2)
    return (kinds * hits[:, :, None]).sum(0), kinds.sum(0)


class MarkovFamily(gk.Family):
    name = NAME
    config_class: ClassVar[type[gk.Config]] = MarkovConfig
    abilities = frozenset({"sample"})
    player = "helpers.markov:MarkovPlayer"
    plays_with_keras = False

    def temperature(self, config):
        return 1.0

    @staticmethod
    def _sizes(config):
        converter = config.converter
        return converter.grid.steps_per_bar, converter.classes

    def build(self, config, *, seed, dtype):
        from helpers.markov_keras import MarkovModel

        return MarkovModel(*self._sizes(config), dtype=dtype)

    def optimizer(self, config, model):
        from groovekit.models.builder import build_optimizer

        return build_optimizer(config, model)

    def network(self, config):
        return MarkovChain(*self._sizes(config))

    def start(self, model, config, examples, *, seed):
        outputs = examples.tensors(np.arange(len(examples))).outputs
        hits, all_ = transitions(outputs, *self._sizes(config))
        prior = config.chain.prior
        model.logits.assign(np.log((hits + prior) / (all_ - hits + prior)))
        return True


def register():
    """Makes the family and a config known; again does nothing."""
    from groovekit.plugins import catalogue

    if NAME not in catalogue.families.names():
        gk.register_family(NAME)(MarkovFamily())
    if "tests.chain_2bar" not in catalogue.configs.names():
        gk.register_config("tests.chain_2bar")(chain_2bar)


def chain_2bar():
    return MarkovConfig(
        name="tests.chain_2bar",
        converter=gk.GrooveConverter(bars=2),
        training=gk.TrainingConfig(batch_size=8, steps=30, learning_rate=0.1),
    )
