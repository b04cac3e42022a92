"""Output heads: what a decoder's logits mean.

A head reads the converter's layout and says how logits become a loss, metrics
and samples. Most have no weights; :meth:`Head.build` gives the layer of those
that do. Randomness comes in as uniform numbers, so
that training (numbers drawn on the device) and generation (numbers drawn by
NumPy on the host, equal on every backend) share one path; without them the
choice is greedy.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from keras import ops

from groovekit.plugins import catalogue

Tensor = Any


class Part(NamedTuple):
    """One slice of a layout: what a converter's ``Slice`` says, without converters."""

    name: str
    size: int
    kind: str


class Head(abc.ABC):
    """Abstract output head.

    Args:
      layout: the converter's ``(name, size, kind)`` slices of the outputs.

    Attributes:
      forceable: whether the hits, the layout's first slice, can be forced: sampling
        draws each where a number of its own, one of a step's first ones, lies below
        its probability. Numbers of -1 and 2 then decide.
    """

    forceable: ClassVar[bool] = False

    def __init__(self, layout: tuple[Any, ...]) -> None:
        self.layout = tuple(layout)

    def build(
        self,
        *,
        seed: int,  # noqa: ARG002 - for heads with weights
        dtype: Any,  # noqa: ARG002
    ) -> Any:
        """Makes the Keras layer that holds this head's weights; None for none.

        Args:
          seed: of the initial weights.
          dtype: Keras dtype policy.
        """
        return None

    def options(self) -> dict[str, Any]:
        """The constructor's other arguments, by name, as JSON-like values."""
        return {}

    def to_dict(self) -> dict[str, Any]:
        """JSON-like values; :meth:`from_dict` reads them."""
        parts = [[part.name, part.size, part.kind] for part in self.layout]
        name = catalogue.heads.name_of(type(self))
        return {"name": name, "layout": parts, "options": self.options()}

    @staticmethod
    def from_dict(table: Mapping[str, Any]) -> Head:
        """The registered head of :meth:`to_dict`."""
        layout = tuple(Part(*part) for part in table["layout"])
        cls = catalogue.heads.get(table["name"])
        head: Head = cls(layout, **table.get("options", {}))
        return head

    @property
    def output_depth(self) -> int:
        """Size of targets and samples."""
        return sum(part.size for part in self.layout)

    @property
    def logits_depth(self) -> int:
        """Size of the decoder's output layer."""
        return self.output_depth

    @property
    @abc.abstractmethod
    def noise_depth(self) -> int:
        """How many uniform numbers one step's sample takes."""

    @abc.abstractmethod
    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Reconstruction loss of each step in nats: ``(batch, steps)``."""

    @abc.abstractmethod
    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """Draws ``(batch, output_depth)`` from ``(batch, logits_depth)``.

        Args:
          logits: decoder outputs of one step.
          uniforms: ``(batch, noise_depth)`` in [0, 1), or None for the most
            probable values.
          temperature: logits are divided by it.
        """

    @abc.abstractmethod
    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Sums over a batch that add up over batches; see :meth:`metrics`.

        Args:
          targets: ``(batch, steps, output_depth)``, or labels.
          logits: ``(batch, steps, logits_depth)``.
          mask: ``(batch, steps)`` float32, 1 where a step is in use.
        """

    @abc.abstractmethod
    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """The original's metrics, by its names, from added :meth:`statistics`."""

    def one_hot(self, targets: Tensor) -> Tensor:
        """Targets as ``(batch, steps, output_depth)``; labels are expanded."""
        if len(targets.shape) == 2:
            return ops.one_hot(targets, self.output_depth, dtype="float32")
        return ops.cast(targets, "float32")


def describe(layout: tuple[Any, ...]) -> str:
    """Words for a layout, for messages."""
    return ", ".join(f"{p.name} ({p.kind}, {p.size})" for p in layout) or "nothing"
