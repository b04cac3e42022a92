"""Drums of training windows, as they were played and as a model gets to see them."""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.converters.base import Converter, Tensors
from groovekit.converters.drum_tensors import drums_of
from groovekit.converters.groove import GrooveConverter
from groovekit.data.examples import Examples
from groovekit.data.performances import (
    owners_of,
    positions_of,
    some_tensors,
    spread_windows,
)
from groovekit.evaluation.metrics import Drums

#: Training windows that baselines are fitted on, at most.
MOST_TRAINING_WINDOWS = 20_000


@dataclasses.dataclass(frozen=True, eq=False)
class Known:
    """Training windows.

    Attributes:
      drums: as they were played.
      inputs: as a model gets to see them.
      owners: ``(windows,)``: the performance that each is of.
      aligned: ``(windows,)`` bool: see :func:`aligned`.
    """

    drums: Drums
    inputs: Drums
    owners: np.ndarray
    aligned: np.ndarray

    @classmethod
    def of(cls, train: Examples, converter: Converter) -> Known:
        """Reads at most 20,000 windows at equal distances."""
        numbers = spread_windows(train, MOST_TRAINING_WINDOWS)
        outputs, inputs = [], []
        for part in some_tensors(train, MOST_TRAINING_WINDOWS):
            outputs.append(drums_of(part.outputs, converter))
            inputs.append(inputs_of(part, outputs[-1], converter))
        return cls(
            Drums.concatenate(outputs),
            Drums.concatenate(inputs),
            owners_of(train, numbers),
            aligned(positions_of(train, numbers), converter),
        )


def inputs_of(data: Tensors, outputs: Drums, converter: Converter) -> Drums:
    """What the model sees, where that has the outputs' layout; else the outputs."""
    if converter.input_depth != converter.output_depth:
        return outputs
    return drums_of(data.inputs, converter)


def aligned(positions: np.ndarray, converter: Converter) -> np.ndarray:
    """``(windows,)`` bool: those of which one begins where the one before it ends.

    Overlapping windows show each bar several times and at every place; phrases and
    fills have theirs.

    Args:
      positions: ``(windows,)`` place of each window among those of its sequence.
      converter: that has cut them.
    """
    bars = converter.window_bars
    hop = 1.0
    if isinstance(converter, GrooveConverter):
        hop = bars if converter.hop_bars is None else converter.hop_bars
    return np.asarray(positions % max(1, round(bars / hop)) == 0)
