"""Models as functions of NumPy arrays, on batches of any size.

A batch goes through the model in parts, and random numbers are drawn window after
window: neither the parts' size nor what computes them changes what comes out (but
for rounding).
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np

from groovekit.errors import UsageError
from groovekit.models.feed import Feed, Vectors
from groovekit.models.runtimes.prior import Prior
from groovekit.seeding import uniforms

# Below it dividing by the temperature would overflow.
_GREEDY = 1e-4
# Above it there is no order left among the choices, and float32 ends soon.
_HOTTEST = 1e30

Progress = Callable[[int, int], None]


class WindowModel(abc.ABC):
    """Encoder and decoder of a trained model.

    Args:
      max_batch_size: windows that go through the model at once.

    Attributes:
      runtime: what computes: ``"numpy"`` or ``"keras"``.

    Raises:
      UsageError: ``max_batch_size`` is not at least 1.
    """

    runtime: ClassVar[str]

    def __init__(self, *, max_batch_size: int) -> None:
        if max_batch_size < 1:
            raise UsageError(
                f"max_batch_size must be at least 1, got {max_batch_size}."
            )
        self.max_batch_size = max_batch_size

    @property
    @abc.abstractmethod
    def z_size(self) -> int:
        """Dimensions of the latent vector."""

    @property
    @abc.abstractmethod
    def prior(self) -> Prior:
        """What latent vectors of new music are drawn from."""

    @property
    @abc.abstractmethod
    def whole_windows(self) -> bool:
        """Whether all steps of a window are made at once, and no others."""

    @property
    @abc.abstractmethod
    def output_depth(self) -> int:
        """Size of the outputs of one step."""

    @property
    @abc.abstractmethod
    def noise_depth(self) -> int:
        """How many uniform numbers one step's sample takes."""

    @property
    @abc.abstractmethod
    def forceable(self) -> bool:
        """Whether :meth:`decode` can be told which hits there are."""

    @property
    @abc.abstractmethod
    def step_multiple(self) -> int:
        """Sequences of a multiple of so many steps can be generated."""

    @abc.abstractmethod
    def _encode_part(
        self,
        inputs: np.ndarray,
        controls: np.ndarray | None,
        lengths: np.ndarray | None,
        *,
        size: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of some windows, at most ``size``."""

    @abc.abstractmethod
    def _decode_part(
        self,
        z: np.ndarray,
        steps: int,
        feed: Feed,
        *,
        size: int,
        total: int,
    ) -> np.ndarray:
        """Samples some windows, at most ``size`` of ``total``.

        Args:
          z: ``(n, z_size)`` float32.
          steps: length.
          feed: uniforms and controls, with a positive float32 temperature.
          size: of the largest part.
          total: windows of the whole batch.
        """

    def encode(
        self,
        inputs: np.ndarray,
        controls: np.ndarray | None,
        lengths: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The posterior's mean and standard deviation, ``(batch, z_size)`` float32.

        Args:
          inputs: ``(batch, steps, input_depth)``.
          controls: ``(batch, steps, control_depth)`` or None.
          lengths: ``(batch,)``, or ``(batch, segments)`` of hierarchical encoders;
            None if all windows fill their steps.
        """
        parts = []
        for rows, size in self._parts(len(inputs)):
            own = (None if a is None else a[rows] for a in (controls, lengths))
            parts.append(self._encode_part(inputs[rows], *own, size=size))
        if not parts:
            empty = np.zeros((0, self.z_size), np.float32)
            return empty, empty
        mean, stddev = (np.concatenate(part) for part in zip(*parts, strict=True))
        return mean, stddev

    def decode(
        self,
        z: np.ndarray,
        steps: int,
        *,
        temperature: float,
        controls: np.ndarray | None,
        rng: np.random.Generator,
        forced: np.ndarray | None = None,
        vectors: Vectors = "mean",
        progress: Progress | None = None,
    ) -> np.ndarray:
        """Outputs sampled from ``z``: ``(batch, steps, output_depth)`` float32.

        Args:
          z: ``(batch, z_size)`` float32.
          steps: length.
          temperature: at least 0; 0 takes the most probable values.
          controls: ``(batch, steps, control_depth)`` or None.
          rng: draws ``steps x noise_depth`` numbers for each window in turn.
          forced: ``(batch, steps, hits)``: 1 where there must be a hit, 0 where there
            must be none, NaN where the model decides; for heads that draw hits by
            the first of their numbers.
          vectors: what the latent vectors are.
          progress: called as ``progress(done, total)``.
        """
        greedy = temperature < _GREEDY
        heat = np.asarray(1.0 if greedy else min(temperature, _HOTTEST), np.float32)
        outputs = np.empty((len(z), steps, self.output_depth), np.float32)
        for rows, size in self._parts(len(z)):
            noise = None
            if not greedy:
                # Windows first, so that each has its own place in the stream.
                shape = (rows.stop - rows.start, steps, self.noise_depth)
                noise = uniforms(rng, shape)
            if forced is not None:
                noise = _forcing(forced[rows], noise, self.noise_depth)
            feed = Feed(
                uniforms=noise,
                temperature=heat,
                controls=None if controls is None else controls[rows],
                vectors=vectors,
            )
            outputs[rows] = self._decode_part(
                z[rows], steps, feed, size=size, total=len(z)
            )
            if progress is not None:
                progress(rows.stop, len(z))
        return outputs

    def _parts(self, count: int) -> Iterator[tuple[slice, int]]:
        """Rows to compute together, and the size of the largest such part."""
        if not count:
            return
        size = -(-count // -(-count // self.max_batch_size))
        for start in range(0, count, size):
            yield slice(start, min(start + size, count)), size


def _forcing(
    forced: np.ndarray, noise: np.ndarray | None, noise_depth: int
) -> np.ndarray:
    """Numbers that make hits what they must be, whatever the model thinks of them.

    A hit is drawn where the number lies below its probability: -1 always does, 2
    never, and 0.5 where the hit is the more probable.
    """
    if noise is None:
        noise = np.full((*forced.shape[:2], noise_depth), 0.5, np.float32)
    hits = noise[..., : forced.shape[2]]
    hits[forced == 1] = -1.0
    hits[forced == 0] = 2.0
    return noise
