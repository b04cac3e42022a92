"""What decoders without a hierarchy have in common."""

from __future__ import annotations

from typing import Any

from groovekit.models.decoders.base import CoreDecoder
from groovekit.models.heads.base import Head


class FlatDecoder(CoreDecoder):
    """What flat decoders have in common: their arguments.

    Args:
      sizes: units of each layer.
      z_size: dimensions of the code.
      head: what the outputs mean; gives the depths of inputs and logits.
      control_depth: size of the control vectors; 0 for none.
      residual: residual connections.
      dropout: input dropout, see :class:`groovekit.models.lstm.LSTMStack`.
      seed: seed of initial weights and dropout masks.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        z_size: int,
        head: Head,
        *,
        control_depth: int = 0,
        residual: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = tuple(sizes)
        self.z_size = z_size
        self.head = head
        self.control_depth = control_depth
        self.residual = residual
        self.dropout = dropout
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the head as a table."""
        return {
            **super().get_config(),
            "sizes": self.sizes,
            "z_size": self.z_size,
            "head": self.head.to_dict(),
            "control_depth": self.control_depth,
            "residual": self.residual,
            "dropout": self.dropout,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FlatDecoder:
        """The layer of :meth:`get_config`."""
        return cls(**{**config, "head": Head.from_dict(config["head"])})
