"""A trained model in NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from groovekit.models.feed import Feed
from groovekit.models.runtimes.base import WindowModel
from groovekit.models.runtimes.numpy.network import Network, network_of
from groovekit.models.runtimes.prior import Prior
from groovekit.models.runtimes.threads import by_rows
from groovekit.models.weights_file import open_weights

if TYPE_CHECKING:
    from groovekit.configs.base import ModelConfig

# The responses to all steps' inputs are kept: a larger batch saves no time.
_ENCODED_AT_ONCE = 64
# What the layers of a decoder of whole windows hold should stay in the cache.
_DECODED_AT_ONCE = 128


class NumpyModel(WindowModel):
    """Encoder and decoder of a trained model, in float32.

    Args:
      network: with its weights.
      max_batch_size: windows that go through the model at once.
    """

    runtime = "numpy"

    def __init__(self, network: Network, *, max_batch_size: int) -> None:
        super().__init__(max_batch_size=max_batch_size)
        self._network = network

    @classmethod
    def load(
        cls, config: ModelConfig, weights: Path, *, max_batch_size: int
    ) -> NumpyModel:
        """Loads weights, or a checkpoint ``step-...npz``.

        Args:
          config: of the model.
          weights: the file.
          max_batch_size: windows that go through the model at once.

        Raises:
          NoTwinError: a part of the model exists in Keras only.
          RunFolderError: missing, damaged, or of another model.
        """
        network = network_of(config)
        with open_weights(weights, network.shapes()) as arrays:
            network.load(arrays)
        return cls(network, max_batch_size=max_batch_size)

    @property
    def z_size(self) -> int:
        """Dimensions of the latent vector."""
        return self._network.latent.z_size

    @property
    def prior(self) -> Prior:
        """What latent vectors of new music are drawn from."""
        return self._network.prior

    @property
    def whole_windows(self) -> bool:
        """Whether all steps of a window are made at once, and no others."""
        return self._network.decoder.whole_windows

    @property
    def output_depth(self) -> int:
        """Size of the outputs of one step."""
        return self._network.head.output_depth

    @property
    def noise_depth(self) -> int:
        """How many uniform numbers one step's sample takes."""
        return self._network.head.noise_depth

    @property
    def forceable(self) -> bool:
        """Whether :meth:`decode` can be told which hits there are."""
        return self._network.head.forceable

    @property
    def step_multiple(self) -> int:
        """Sequences of a multiple of so many steps can be generated."""
        return self._network.decoder.step_multiple

    def _encode_part(
        self,
        inputs: np.ndarray,
        controls: np.ndarray | None,
        lengths: np.ndarray | None,
        *,
        size: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        del size  # no need to fill anything up
        network = self._network

        def embedded(rows: slice) -> np.ndarray:
            x = np.asarray(inputs[rows], np.float32)
            if controls is not None:
                own = np.asarray(controls[rows], np.float32)
                x = np.concatenate([x, own], axis=-1)
            return network.encoder(x, None if lengths is None else lengths[rows])

        embedding = np.concatenate(
            by_rows(embedded, len(inputs), most=_ENCODED_AT_ONCE)
        )
        return network.latent(embedding)

    def _decode_part(
        self,
        z: np.ndarray,
        steps: int,
        feed: Feed,
        *,
        size: int,
        total: int,
    ) -> np.ndarray:
        del size, total
        network = self._network

        def decoded(rows: slice) -> np.ndarray:
            own = feed.map(lambda array: np.asarray(array[rows], np.float32))
            if own.controls is not None and network.controls is not None:
                controls, _ = network.controls.sequences(own.controls, None)
                own = own.replace(controls=controls)
            outputs: np.ndarray = network.decoder.decode(z[rows], steps, own).outputs
            return outputs

        return np.concatenate(by_rows(decoded, len(z), most=_DECODED_AT_ONCE))
