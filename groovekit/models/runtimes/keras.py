"""Running a Keras model on batches of any size.

All parts of a batch are filled up to one size, so that one function is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from groovekit.models import backend
from groovekit.models.feed import Feed
from groovekit.models.protocols import Model
from groovekit.models.runtimes.base import WindowModel
from groovekit.models.runtimes.prior import NormalPrior, Prior, StoredPrior

# XLA saves at best 0.1 ms a window and takes more than a second to compile.
_XLA_WINDOWS = 20_000


class BatchedModel(WindowModel):
    """Encoder and decoder of a Keras model as functions of NumPy arrays.

    Args:
      model: a :class:`groovekit.models.music_vae.MusicVAE`.
      max_batch_size: windows that go through the model at once.
    """

    runtime = "keras"

    def __init__(self, model: Model, *, max_batch_size: int) -> None:
        super().__init__(max_batch_size=max_batch_size)
        self.model = model
        self._compiled: dict[Any, Callable[..., Any]] = {}

    @property
    def z_size(self) -> int:
        """Dimensions of the latent vector."""
        return int(self.model.z_size)

    @property
    def prior(self) -> Prior:
        """What latent vectors of new music are drawn from."""
        layer = self.model.prior
        if layer is None:
            return NormalPrior(self.z_size)
        arrays = (layer.codes, layer.centres, layer.factor)
        return StoredPrior(*(np.asarray(backend.to_numpy(a.value)) for a in arrays))

    @property
    def whole_windows(self) -> bool:
        """Whether all steps of a window are made at once, and no others."""
        return bool(self.model.decoder.whole_windows)

    @property
    def output_depth(self) -> int:
        """Size of the outputs of one step."""
        return int(self.model.head.output_depth)

    @property
    def noise_depth(self) -> int:
        """How many uniform numbers one step's sample takes."""
        return int(self.model.head.noise_depth)

    @property
    def forceable(self) -> bool:
        """Whether :meth:`decode` can be told which hits there are."""
        return bool(self.model.head.forceable)

    @property
    def step_multiple(self) -> int:
        """Sequences of a multiple of so many steps can be generated."""
        return int(self.model.step_multiple)

    def _encode_part(
        self,
        inputs: np.ndarray,
        controls: np.ndarray | None,
        lengths: np.ndarray | None,
        *,
        size: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        def posterior(inputs: Any, controls: Any, lengths: Any) -> Any:
            found = self.model.encode(inputs, controls, lengths)
            return found.mean, found.stddev

        function = self._function(("encode",), posterior)
        arrays = (
            None if array is None else _padded(array, size)
            for array in (inputs, controls, lengths)
        )
        with backend.explaining_memory(_too_large(size)):
            mean, stddev = (backend.to_numpy(result) for result in function(*arrays))
        return mean[: len(inputs)], stddev[: len(inputs)]

    def _decode_part(
        self,
        z: np.ndarray,
        steps: int,
        feed: Feed,
        *,
        size: int,
        total: int,
    ) -> np.ndarray:
        def decode(z: Any, uniforms: Any, temperature: Any, controls: Any) -> Any:
            # Only arrays are arguments of compiled functions.
            own = Feed(
                uniforms=uniforms,
                temperature=temperature,
                controls=controls,
                vectors=feed.vectors,
            )
            return self.model.decode(z, steps, own)

        xla = total >= _XLA_WINDOWS
        function = self._function(("decode", steps, feed.vectors, xla), decode, xla=xla)
        own = feed.map(lambda array: _padded(array, size))
        arguments = (own.uniforms, own.temperature, own.controls)
        with backend.explaining_memory(_too_large(size)):
            result = function(_padded(z, size), *arguments)
            return backend.to_numpy(result)[: len(z)]

    def _function(
        self, key: Any, function: Callable[..., Any], *, xla: bool = False
    ) -> Callable[..., Any]:
        if key not in self._compiled:
            self._compiled[key] = backend.inference(self.model, function, xla=xla)
        return self._compiled[key]


def _padded(array: np.ndarray, size: int) -> np.ndarray:
    """The array with its last row repeated up to ``size`` rows."""
    if len(array) == size:
        return array
    return np.concatenate([array, np.repeat(array[-1:], size - len(array), axis=0)])


def _too_large(batch_size: int) -> str:
    return (
        f"A batch of {batch_size} windows does not fit into memory. "
        f"Try `max_batch_size={max(1, batch_size // 2)}`."
    )
