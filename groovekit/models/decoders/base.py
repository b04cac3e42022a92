"""What a model expects of its decoder.

Decoders are Keras layers, built from flat arguments and registered by name
(``groovekit.plugins.catalogue.decoders``).
"""

from __future__ import annotations

import abc
from typing import Any

import keras

from groovekit.models.feed import Decoded, Feed
from groovekit.models.heads.base import Head

Tensor = Any


class Decoder(keras.layers.Layer, abc.ABC):
    """What a model expects of its decoder.

    Attributes:
      head: what the outputs mean; gives the depths of inputs and logits.
      segments: parts of equal length that metrics are also given for.
      step_multiple: sequences of a multiple of so many steps can be decoded.
      whole_windows: whether only ``step_multiple`` steps can be.
    """

    head: Head
    segments: int = 1
    step_multiple: int = 1
    whole_windows: bool = False

    @abc.abstractmethod
    def decode(self, z: Tensor, steps: int, feed: Feed) -> Decoded:
        """Logits given the true outputs, or samples where there are none.

        Args:
          z: latent vectors, ``(batch, z_size)``.
          steps: how many, a Python integer.
          feed: what else, and thereby how: all steps at once, or in a loop that feeds
            back samples.
        """

    def call(
        self,
        z: Tensor,
        targets: Tensor,
        controls: Tensor | None = None,
        lengths: Tensor | None = None,
        training: bool | None = None,
    ) -> Tensor:
        """The decoder as a layer: logits given the true outputs.

        Args:
          z: ``(batch, z_size)``.
          targets: ``(batch, steps, output_depth)``; each step sees those before it.
          controls: ``(batch, steps, control_depth)``.
          lengths: see :class:`groovekit.models.feed.Feed`.
          training: whether to drop inputs.

        Returns:
          ``(batch, steps, logits_depth)``.
        """
        feed = Feed(
            targets=targets, controls=controls, lengths=lengths, training=bool(training)
        )
        return self.decode(z, targets.shape[1], feed).outputs

    def compute_output_spec(self, z: Any, *args: Any, **kwargs: Any) -> Any:
        """The shape of :meth:`call`'s result, without running its loops."""
        del z
        targets = args[0] if args else kwargs["targets"]
        shape = (*targets.shape[:2], self.head.logits_depth)
        return keras.KerasTensor(shape, self.compute_dtype)


class CoreDecoder(Decoder):
    """A decoder that can also run one segment of a hierarchical decoder.

    Its :meth:`decode` starts from ``feed.start``, leaves the state of each sequence as
    it is after ``feed.lengths`` steps, and gives ``state`` and ``fed`` where they are
    wanted.
    """

    @property
    @abc.abstractmethod
    def state_depth(self) -> int:
        """Numbers in the whole state."""
