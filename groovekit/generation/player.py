"""What makes music: the side of a trained model that tasks see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from groovekit.configs.base import Config
from groovekit.converters.base import Converter, Tensors
from groovekit.converters.harmony.chords import Chords
from groovekit.generation.inputs import Music
from groovekit.generation.latent_vectors import Encoding
from groovekit.io.notes import NoteSequence
from groovekit.models.family import Ability
from groovekit.models.feed import Vectors
from groovekit.models.runtimes.base import Progress


class Player(Protocol):
    """What tasks need of a model, :class:`.TrainedModel` or another.

    No ability is obligatory: a player says which it has, and the methods of the others
    raise a UsageError. Those here belong to ``sample`` (:meth:`sample`) and to
    ``encode`` (all others). :class:`.TrainedModel` says what each takes, gives and
    raises.

    Attributes:
      converter: reads and writes the notes.
      progress: called as ``progress(done, total)`` when windows are decoded.
    """

    converter: Converter
    progress: Progress | None

    @property
    def config(self) -> Config:
        """Of the model."""
        ...

    @property
    def z_size(self) -> int:
        """Dimensions of the latent vectors; 0 without any."""
        ...

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where it was loaded from; None if from nowhere."""
        ...

    def sample(
        self,
        count: int = 1,
        *,
        temperature: float | None = None,
        bars: int | None = None,
        controls: Music | None = None,
        chords: Chords | None = None,
        qpm: float | None = None,
        seed: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> list[NoteSequence]:
        """Makes new music."""
        ...

    def draw(
        self,
        count: int,
        *,
        length: int | None = None,
        relatedness: float = 0.0,
        seed: int,
    ) -> np.ndarray:
        """Latent vectors of new music: single ones, or walks of ``length``."""
        ...

    def to_tensors(
        self,
        music: Music,
        *,
        window: int | None = None,
        controls: np.ndarray | None = None,
    ) -> tuple[Tensors, list[float]]:
        """Windows of music as the model takes them, and the tempo of each."""
        ...

    def encode(
        self,
        music: Music,
        *,
        window: int | None = None,
        controls: np.ndarray | None = None,
        seed: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> Encoding:
        """The posterior of each sequence."""
        ...

    def decode(
        self,
        z: np.ndarray,
        *,
        temperature: float | None = None,
        bars: int | None = None,
        controls: np.ndarray | None = None,
        chords: Chords | None = None,
        qpm: float | Sequence[float] | None = None,
        vectors: Vectors = "mean",
        seed: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> list[NoteSequence]:
        """Music from latent vectors ``(batch, z_size)``."""
        ...

    def decode_to_tensors(
        self,
        z: np.ndarray,
        *,
        temperature: float | None = None,
        steps: int | None = None,
        controls: np.ndarray | None = None,
        forced: np.ndarray | None = None,
        vectors: Vectors = "mean",
        seed: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> np.ndarray:
        """Outputs ``(batch, steps, output_depth)`` from latent vectors."""
        ...
