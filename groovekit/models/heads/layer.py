"""A head in models of one's own: a layer behind the logits, and their loss."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.errors import UsageError
from groovekit.models.heads.base import Head

Tensor = Any


def _without_weights(head: Head) -> Head:
    if type(head).build is not Head.build:
        raise UsageError(
            f"{type(head).__name__} has weights, which its decoder holds: take the "
            "decoder's outputs, or build a whole model with groovekit.build_model."
        )
    return head


@keras.saving.register_keras_serializable(package="groovekit")
class HeadLayer(keras.layers.Layer):
    """Turns logits into the most probable outputs, as converters decode them.

    Args:
      head: what the logits mean; one without weights.
      **kwargs: of ``keras.layers.Layer``.

    Raises:
      UsageError: a head with weights.
    """

    def __init__(self, head: Head, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.head = _without_weights(head)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the head as a table."""
        return {**super().get_config(), "head": self.head.to_dict()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> HeadLayer:
        """The layer of :meth:`get_config`."""
        return cls(**{**config, "head": Head.from_dict(config["head"])})

    def call(self, logits: Tensor) -> Tensor:
        """``(batch, steps, logits_depth)`` to ``(batch, steps, output_depth)``."""
        steps, depth = logits.shape[1:]
        outputs = self.head.sample(ops.reshape(logits, (-1, depth)), None, 1.0)
        return ops.reshape(outputs, (-1, steps, self.head.output_depth))


@keras.saving.register_keras_serializable(package="groovekit")
class HeadLoss(keras.losses.Loss):
    """A head's loss of logits: the mean of all steps, in nats.

    Args:
      head: what the logits mean; one without weights.
      **kwargs: of ``keras.losses.Loss``.

    Raises:
      UsageError: a head with weights.
    """

    def __init__(self, head: Head, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.head = _without_weights(head)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the head as a table."""
        return {**super().get_config(), "head": self.head.to_dict()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> HeadLoss:
        """The loss of :meth:`get_config`."""
        return cls(**{**config, "head": Head.from_dict(config["head"])})

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """``(batch, steps)`` losses.

        Args:
          y_true: ``(batch, steps, output_depth)``, or labels.
          y_pred: ``(batch, steps, logits_depth)``.
        """
        if len(y_true.shape) == 2:
            # Keras makes numbers with fractions of all that losses are given.
            y_true = ops.cast(y_true, "int32")
        return self.head.loss(y_true, y_pred)
