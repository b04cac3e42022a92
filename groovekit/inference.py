"""Running a trained model on batches of any size.

A batch goes through the model in parts of one size, so that one function is
compiled, and random numbers are drawn window after window: neither the part's
size nor the backend changes what comes out (but for rounding).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from groovekit.errors import UsageError
from groovekit.models import backend

# Below it dividing by the temperature would overflow.
_GREEDY = 1e-4
# XLA saves at best 0.1 ms a window and takes more than a second to compile.
_XLA_WINDOWS = 20_000

Progress = Callable[[int, int], None]


class BatchedModel:
    """Encoder and decoder of a model as functions of NumPy arrays.

    Args:
      model: a :class:`groovekit.models.music_vae.MusicVAE`.
      max_batch_size: windows that go through the model at once.
    """

    def __init__(self, model: Any, *, max_batch_size: int) -> None:
        if max_batch_size < 1:
            raise UsageError(
                f"max_batch_size must be at least 1, got {max_batch_size}."
            )
        self.model = model
        self.max_batch_size = max_batch_size
        self._compiled: dict[Any, Callable[..., Any]] = {}

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
          lengths: ``(batch,)``; None if all windows fill their steps.
        """

        def posterior(inputs: Any, controls: Any, lengths: Any) -> Any:
            return tuple(self.model.encode(inputs, controls, lengths))

        function = self._function(("encode",), posterior)
        parts: list[list[np.ndarray]] = []
        for rows, size in self._parts(len(inputs)):
            arrays = (
                None if array is None else _padded(array[rows], size)
                for array in (inputs, controls, lengths)
            )
            used = rows.stop - rows.start
            with backend.explaining_memory(_too_large(size)):
                results = function(*arrays)
                parts.append([backend.to_numpy(result)[:used] for result in results])
        if not parts:
            empty = np.zeros((0, self.model.z_size), np.float32)
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
        progress: Progress | None = None,
    ) -> np.ndarray:
        """Outputs sampled from codes, ``(batch, steps, output_depth)`` float32.

        Args:
          z: ``(batch, z_size)`` float32.
          steps: length.
          temperature: at least 0; 0 takes the most probable values.
          controls: ``(batch, steps, control_depth)`` or None.
          rng: draws ``steps x noise_depth`` numbers for each window in turn.
          progress: called as ``progress(done, total)``.
        """
        greedy = temperature < _GREEDY
        heat = np.asarray(1.0 if greedy else temperature, np.float32)
        depth = self.model.head.noise_depth

        def generate(z: Any, noise: Any, temperature: Any, controls: Any) -> Any:
            return self.model.generate(
                z, steps, uniforms=noise, temperature=temperature, controls=controls
            )

        xla = len(z) >= _XLA_WINDOWS
        function = self._function(("decode", steps, xla), generate, xla=xla)
        outputs = np.empty((len(z), steps, self.model.head.output_depth), np.float32)
        for rows, size in self._parts(len(z)):
            used = rows.stop - rows.start
            noise = None
            if not greedy:
                # Windows first, so that each has its own place in the stream.
                drawn = _padded(rng.random((used, steps, depth), np.float32), size)
                noise = np.ascontiguousarray(drawn.transpose(1, 0, 2))
            given = None if controls is None else _padded(controls[rows], size)
            with backend.explaining_memory(_too_large(size)):
                result = function(_padded(z[rows], size), noise, heat, given)
                outputs[rows] = backend.to_numpy(result)[:used]
            if progress is not None:
                progress(rows.stop, len(z))
        return outputs

    def _function(
        self, key: Any, function: Callable[..., Any], *, xla: bool = False
    ) -> Callable[..., Any]:
        if key not in self._compiled:
            self._compiled[key] = backend.inference(self.model, function, xla=xla)
        return self._compiled[key]

    def _parts(self, count: int) -> Iterator[tuple[slice, int]]:
        """Rows to compute together, and the size to fill them up to."""
        if not count:
            return
        size = -(-count // -(-count // self.max_batch_size))
        for start in range(0, count, size):
            yield slice(start, min(start + size, count)), size


def _padded(array: np.ndarray, size: int) -> np.ndarray:
    """The array with its last row repeated up to ``size`` rows."""
    if len(array) == size:
        return array
    return np.concatenate([array, np.repeat(array[-1:], size - len(array), axis=0)])


def _too_large(batch_size: int) -> str:
    return (
        f"A batch of {batch_size} windows does not fit into memory. "
        f"Try --max-batch-size {max(1, batch_size // 2)}."
    )
