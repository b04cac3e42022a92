"""Parallel encoder and decoder with their head in NumPy.

See :mod:`groovekit.models.encoders.parallel`, :mod:`groovekit.models.decoders.parallel`
and :mod:`groovekit.models.heads.laplace`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from groovekit.models.dynamics import (
    OFFSET_BINS,
    VELOCITY_BINS,
    draw_from_bins,
    dynamics_depth,
    dynamics_features,
    spread,
)
from groovekit.models.feed import VECTORS, Decoded, Feed, Vectors
from groovekit.models.groove_features import LEAST_HIT, MOST_HIT
from groovekit.models.runtimes.numpy import decoders, encoders, heads
from groovekit.models.runtimes.numpy.layer import Cost, Layer, NoTwinError, Shape
from groovekit.models.runtimes.numpy.lstm import Dense
from groovekit.models.window_features import SCALES, window_features

# Keras's own.
_NORM_EPSILON = np.float32(1e-3)
_GELU_A, _GELU_B = np.float32(math.sqrt(2.0 / math.pi)), np.float32(0.044715)


class Norm(Layer):
    """Layer normalisation.

    Args:
      units: size of what is normalised.
    """

    def __init__(self, units: int) -> None:
        self._units = units

    def own_shapes(self) -> dict[str, Shape]:
        """Scale and shift."""
        return {"gamma": (self._units,), "beta": (self._units,)}

    def take(self, **weights: np.ndarray) -> None:
        """Scale and shift."""
        self._gamma, self._beta = weights["gamma"], weights["beta"]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``(..., units)`` to the same shape."""
        x = x - x.mean(axis=-1, keepdims=True)
        variance = np.einsum("...i,...i->...", x, x)[..., None] / np.float32(
            self._units
        )
        x *= self._gamma / np.sqrt(variance + _NORM_EPSILON)
        x += self._beta
        return x


class ResidualMLP(Layer):
    """See :class:`groovekit.models.residual.ResidualMLP`."""

    def __init__(self, inputs: int, sizes: Sequence[int], outputs: int) -> None:
        depths = [inputs, *sizes]
        self._hidden = [Dense(a, b) for a, b in zip(depths, sizes, strict=False)]
        self._norms = [Norm(units) for units in sizes]
        self._last = Dense(depths[-1], outputs)

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """Hidden layers, their norms, and the last one."""
        pairs = zip(self._hidden, self._norms, strict=True)
        for index, (dense, norm) in enumerate(pairs):
            yield f"hidden.{index}", dense
            yield f"norms.{index}", norm
        yield "last", self._last

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``(..., inputs)`` to ``(..., outputs)``."""
        for dense, norm in zip(self._hidden, self._norms, strict=True):
            x = norm(_gelu(dense(x)))
        return self._last(x)


def _gelu(x: np.ndarray) -> np.ndarray:
    inner = x * x
    inner *= _GELU_B
    inner += 1
    inner *= x
    inner *= _GELU_A
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    gelu: np.ndarray = inner
    return gelu


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
        self._steps_per_bar = 1
        self._network: ResidualMLP | None = None

    def fit_window(self, *, steps: int, bars: int) -> None:
        """Tells the head the windows that it is for."""
        self._steps_per_bar = steps // bars
        if len(self._scales):
            depth = dynamics_depth(self._classes, self._steps_per_bar)
            bins = VELOCITY_BINS + OFFSET_BINS
            self._network = ResidualMLP(depth, self._hidden, bins)

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
        window, step, drum = np.nonzero(hits)
        for index, values in enumerate(
            self._values(logits, outputs, uniforms, temperature, (window, step, drum)),
            start=1,
        ):
            low = np.float32(1 / 127 if index == 1 else -1)
            outputs[window, step, index * classes + drum] = np.clip(values, low, 1)
        return outputs

    def _values(
        self,
        logits: np.ndarray,
        outputs: np.ndarray,
        uniforms: np.ndarray | None,
        temperature: np.ndarray,
        places: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> list[np.ndarray]:
        """Velocities and offsets of the hits at some places."""
        window, step, drum = places
        classes = self._classes
        assert self._centres is not None
        sure = np.clip(logits[window, step, drum], LEAST_HIT, MOST_HIT)
        values = []
        for index, scale in enumerate(self._scales):
            column = (index + 1) * classes + drum
            drafted = logits[window, step, column]
            values.append(self._centres[index, drum] + drafted / (scale * sure))
        if uniforms is None:
            return values
        drafts = np.zeros((*logits.shape[:2], len(values), classes), np.float32)
        for index, own in enumerate(values):
            drafts[window, step, index, drum] = own
        features = dynamics_features(
            outputs[..., :classes],
            drafts,
            places,
            steps_per_bar=self._steps_per_bar,
            xp=np,
        )
        assert self._network is not None
        told = self._network(features)
        drawn = []
        for index, part in enumerate(
            (told[:, :VELOCITY_BINS], told[:, VELOCITY_BINS:])
        ):
            own = uniforms[window, step, (index + 1) * classes + drum]
            own = spread(own, temperature, np).astype(np.float32)
            drawn.append(draw_from_bins(part, own, np))
        return [drawn[0], 2 * drawn[1] - 1]


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
            self._refiner = ResidualMLP(2 * flat // bars, refinement, flat // bars)

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
            bars = flat.reshape(len(z), self._bars, -1)
            mean = np.broadcast_to(bars.mean(axis=1, keepdims=True), bars.shape)
            flat = bars + self._refiner(np.concatenate([bars, mean], axis=-1))
        logits = flat.reshape(len(z), steps, self._head.logits_depth)
        return Decoded(
            self._head.sample(
                logits, feed.uniforms, feed.temperature, vectors=feed.vectors
            )
        )
