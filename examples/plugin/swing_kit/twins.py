"""The encoder in NumPy, so that its models play without Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

import groovekit as gk
from groovekit.models.runtimes.numpy import parallel


@gk.register_numpy_encoder("swing_kit.accents")
class Accents(parallel.Encoder):
    """Twin of `swing_kit.encoders.AccentEncoder`: weights of the same names."""

    def __init__(self, *args: Any, steps: int, bars: int, **kwargs: Any) -> None:
        super().__init__(*args, steps=steps, bars=bars, **kwargs)
        self._steps, self._bars = steps, bars

    def own_shapes(self) -> dict[str, tuple[int, ...]]:
        """Its own before those that are not trained, as Keras lists them."""
        return {"accents": (self._steps // self._bars,), **super().own_shapes()}

    def take(self, **weights: np.ndarray) -> None:
        """Takes the accents."""
        self._accents = np.tile(weights.pop("accents"), self._bars)[:, None]
        super().take(**weights)

    def __call__(self, x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
        """See `AccentEncoder.call`."""
        return super().__call__(x * self._accents, lengths)
