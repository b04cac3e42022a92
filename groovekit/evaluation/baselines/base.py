"""What a baseline is: it predicts windows that a model has to predict, too.

Velocities are MIDI velocities, offsets twice the distance from the grid in steps,
positive when early, as in :class:`groovekit.evaluation.metrics.Drums`.
"""

from __future__ import annotations

import abc
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from groovekit.evaluation.metrics import MAX_VELOCITY, Drums

#: What a baseline knows of the window that it predicts.
Given = Literal["nothing", "the input", "the hits"]


class Case(NamedTuple):
    """Windows to predict.

    Attributes:
      inputs: what a model gets to see.
      hits: ``(windows, steps, classes)`` bool: the true hits, for baselines that are
        given them; others take nothing but the shape.
      rng: of those that draw.
    """

    inputs: Drums
    hits: np.ndarray
    rng: np.random.Generator


class Baseline(abc.ABC):
    """Predicts windows.

    Attributes:
      name: in tables for programs.
      label: in tables for people.
      given: what it knows of a window.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    given: ClassVar[Given]

    @abc.abstractmethod
    def predict(self, case: Case) -> Drums:
        """Predicts windows."""


def played(hits: np.ndarray, velocities: np.ndarray, offsets: np.ndarray) -> Drums:
    """Within what MIDI and the grid allow, and nothing where there is no hit."""
    return Drums(
        hits,
        np.clip(velocities, 1, MAX_VELOCITY) / MAX_VELOCITY * hits,
        np.clip(offsets, -1, 1) * hits,
    )
