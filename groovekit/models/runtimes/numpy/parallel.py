"""Parallel encoder and decoder with their head in NumPy.

See :mod:`groovekit.models.encoders.parallel`, :mod:`groovekit.models.decoders.parallel`
and :mod:`groovekit.models.heads.laplace`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from groovekit.models.dynamics import spread
from groovekit.models.feed import VECTORS, Decoded, Feed, Vectors
from groovekit.models.runtimes.numpy import decoders, encoders, heads
from groovekit.models.runtimes.numpy.dynamics import Dynamics
from groovekit.models.runtimes.numpy.layer import Cost, Layer, NoTwinError, Shape
from groovekit.models.runtimes.numpy.lstm import Dense
from groovekit.models.runtimes.numpy.residual import ResidualMLP
from groovekit.models.window_features import (
    LEAST_HIT,
    MOST_HIT,
    SCALES,
    window_features,
)


def _scales(layout: Sequence[Any]) -> tuple[float, ...]:
    kinds = [part.kind for part in layout]
    if kinds[:1] != ["binary"] or len({part.size for part in layout}) != 1:
        raise NoTwinError("the layout of a parallel part")
    if not set(kinds[1:]) <= set(SCALES):
        raise NoTwinError("the layout of a parallel part")
    return tuple(SCALES[kind] for kind in kinds[1:])


class Encoder(encoders.Encoder):
    """Linear in the features of a window, and a network that adds to it."""

    windowed: ClassVar[bool] = True

    def __init__(
        self,
        sizes: tuple[int, ...],
        depth: int,
        *,
        residual: bool,
        steps: int,
        bars: int,
        layout: Sequence[Any],
        z_size: int,
    ) -> None:
        del depth, residual, bars
        self._layout, self._scales = layout, _scales(layout)
        self._depth = sum(part.size for part in layout)
        self._flat = steps * self._depth
        self._z_size = z_size
        self._centres = np.zeros((0, 0), np.float32)
        self._linear = Dense(self._flat, z_size)
        self._network = ResidualMLP(self._flat, sizes, 2 * z_size)
        self.output_depth = 2 * z_size

    def own_shapes(self) -> dict[str, Shape]:
        """Means of the values of each class's hits."""
        if not self._scales:
            return {}
        return {"centres": (len(self._scales), self._layout[0].size)}

    def take(self, **weights: np.ndarray) -> None:
        """Means of the values of each class's hits."""
        self._centres = weights["centres"]

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The linear part and the network."""
        yield "linear", self._linear
        yield "network", self._network

    def cost(self, steps: int) -> Cost:
        """All of a window at once."""
        del steps
        return sum((part.cost(1) for _, part in self.parts()), Cost(0, 4 * self._flat))

    def __call__(self, x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
        """See :class:`groovekit.models.encoders.parallel.ParallelEncoder`."""
        del lengths
        x = x[..., : self._depth]
        features = window_features(x, self._centres, self._scales, np)
        flat = np.asarray(features, np.float32).reshape(len(x), self._flat)
        found = self._network(flat)
        found[:, : self._z_size] += self._linear(flat)
        return found


class Laplace(heads.Head):
    """Hits above a threshold; medians of their dynamics, or draws."""

    forceable = True

    def __init__(
        self,
        layout: Sequence[Any],
        *,
        gamma: float = 0.7,  # noqa: ARG002 - for training
        hidden: Sequence[int] = (128, 128),
    ) -> None:
        super().__init__(layout)
        self._scales = np.array(_scales(layout), np.float32)
        self._classes = layout[0].size
        self._hidden = tuple(hidden)
        self._network: Dynamics | None = None

    def fit_window(self, *, steps: int, bars: int) -> None:
        """Tells the head the windows that it is for."""
        if len(self._scales):
            self._network = Dynamics(self._classes, steps // bars, self._hidden)

    def own_shapes(self) -> dict[str, Shape]:
        """Of hits, errors, means and thresholds."""
        values = (len(self._scales), self._classes)
        own: dict[str, Shape] = {"gain": (), "level": ()}
        if len(self._scales):
            own["log_scales"] = values
            own["centres"] = values
        return {**own, "thresholds": (len(VECTORS), self._classes)}

    def take(self, **weights: np.ndarray) -> None:
        """Of hits, errors, means and thresholds."""
        self._gain, self._level = weights["gain"], weights["level"]
        self._centres = weights.get("centres")
        self._thresholds = weights["thresholds"]

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The network that dynamics are drawn from."""
        if self._network is not None:
            yield "network", self._network

    def cost(self, steps: int) -> Cost:
        """Dynamics of an eighth of all cells."""
        return super().cost(-(-steps * self._classes // 8))

    def sample(
        self,
        logits: np.ndarray,
        uniforms: np.ndarray | None,
        temperature: np.ndarray,
        vectors: Vectors = "mean",
    ) -> np.ndarray:
        """See :meth:`groovekit.models.heads.laplace.LaplaceHead.sample`."""
        classes = self._classes
        draft = logits[..., :classes]
        threshold = self._thresholds[VECTORS.index(vectors)]
        hits = self._gain * (draft - self._level) > threshold
        if uniforms is not None:
            forcing = uniforms[..., :classes]
            hits = (hits | (forcing < 0)) & ~(forcing > 1)
        outputs = np.zeros(logits.shape, np.float32)
        outputs[..., :classes] = hits
        if not len(self._scales):
            return outputs
        row, drum = np.divmod(np.flatnonzero(hits), classes)
        # Where each hit and its values lie in the flattened arrays.
        hit = row * logits.shape[-1] + drum
        places = hit[:, None] + classes * np.arange(1, 1 + len(self._scales))
        values = self._medians(logits, hit, places, drum)
        if uniforms is not None:
            assert self._network is not None
            values = self._network.draw(
                outputs[..., :classes],
                values,
                (row, drum),
                spread(uniforms.reshape(-1)[places], temperature, np),
            )
        lowest = np.array([1 / 127, -1], np.float32)
        outputs.reshape(-1)[places] = np.clip(values, lowest, np.float32(1))
        return outputs

    def _medians(
        self, logits: np.ndarray, hit: np.ndarray, places: np.ndarray, drum: np.ndarray
    ) -> np.ndarray:
        """Velocity and offset of each hit, ``(n, 2)``."""
        assert self._centres is not None
        flat = logits.reshape(-1)
        sure = np.clip(flat[hit], LEAST_HIT, MOST_HIT)[:, None]
        values: np.ndarray = self._centres.T[drum]
        values += flat[places] / (self._scales * sure)
        return values


class Refiner(ResidualMLP):
    """Adds to each bar what a network makes of it and of the mean of all.

    Args:
      depth: size of a bar.
      sizes: units of the hidden layers, at least one.
    """

    def __init__(self, depth: int, sizes: Sequence[int]) -> None:
        super().__init__(2 * depth, sizes, depth)

    def refine(self, bars: np.ndarray) -> None:
        """Changes ``(batch, bars, depth)`` in place."""
        batch, count, depth = bars.shape
        of_bar, of_mean = np.split(self._hidden[0].kernel, 2)
        # The mean's share of the first layer is the same for all bars of a window.
        shared = bars.mean(axis=1) @ of_mean
        shared += self._hidden[0].bias
        x = bars.reshape(-1, depth) @ of_bar
        x.reshape(batch, count, -1)[:] += shared[:, None]
        bars += self.behind_first(x).reshape(bars.shape)


class Decoder(decoders.Decoder):
    """Linear in the latent vector, a network that adds to it, and a refinement."""

    windowed: ClassVar[bool] = True
    whole_windows = True

    def __init__(
        self,
        sizes: tuple[int, ...],
        z_size: int,
        head: heads.Head,
        *,
        control_depth: int,
        residual: bool,
        steps: int,
        bars: int,
        layout: Sequence[Any],
        refinement: Sequence[int] = (),
    ) -> None:
        del residual, layout
        if control_depth or not isinstance(head, Laplace):
            raise NoTwinError("a parallel decoder with this head")
        head.fit_window(steps=steps, bars=bars)
        self._head = head
        self.step_multiple = self._steps = steps
        self._bars = bars
        flat = steps * head.logits_depth
        self._linear = Dense(z_size, flat)
        self._network = ResidualMLP(z_size, sizes, flat)
        self._refiner = None
        if refinement and bars > 1:
            self._refiner = Refiner(flat // bars, refinement)

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The linear part, the networks, and the head's."""
        yield "linear", self._linear
        yield "network", self._network
        if self._refiner is not None:
            yield "refiner", self._refiner
        yield "head_layer", self._head

    def cost(self, steps: int) -> Cost:
        """All of a window at once; the refinement for each bar."""
        total = self._linear.cost(1) + self._network.cost(1) + self._head.cost(steps)
        total += Cost(0, 8 * self._linear.outputs)
        if self._refiner is not None:
            total += self._refiner.cost(self._bars)
        return total

    def decode(self, z: np.ndarray, steps: int, feed: Feed) -> Decoded:
        """See :class:`groovekit.models.runtimes.numpy.decoders.Decoder`."""
        flat = self._linear(z)
        flat += self._network(z)
        if self._refiner is not None:
            self._refiner.refine(flat.reshape(len(z), self._bars, -1))
        logits = flat.reshape(len(z), steps, self._head.logits_depth)
        return Decoded(
            self._head.sample(
                logits, feed.uniforms, feed.temperature, vectors=feed.vectors
            )
        )
