"""Decoder: one LSTM for each categorical output."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.decoders.flat import FlatDecoder
from groovekit.models.decoders.lstm import LSTMDecoder
from groovekit.models.feed import Decoded, Feed
from groovekit.models.heads.base import Head
from groovekit.models.heads.categorical import MultiCategoricalHead
from groovekit.seeding import derive

Tensor = Any


@keras.saving.register_keras_serializable(package="groovekit")
class SplitLSTMDecoder(FlatDecoder):
    """One LSTM decoder for each categorical output; all see the same ``z``.

    The original's ``SplitMultiOutLstmDecoder``.

    Args: see :class:`FlatDecoder`.

    Raises:
      ConfigError: another head.
    """

    def __init__(
        self, sizes: tuple[int, ...], z_size: int, head: Head, **kwargs: Any
    ) -> None:
        super().__init__(sizes, z_size, head, **kwargs)
        if not isinstance(head, MultiCategoricalHead):
            raise ConfigError(
                "The split_lstm decoder needs the multi_categorical head, whose "
                f"outputs it splits; received {type(head).__name__}."
            )
        with keras.name_scope(self.name):
            self.cores = [
                LSTMDecoder(
                    self.sizes,
                    z_size,
                    part,
                    control_depth=self.control_depth,
                    residual=self.residual,
                    dropout=self.dropout,
                    seed=derive(self.seed, "core", index),
                    dtype=self.dtype_policy,
                    name=f"core_{index}",
                )
                for index, part in enumerate(head.heads)
            ]
        self.built = True

    @property
    def state_depth(self) -> int:
        """Numbers in the whole state."""
        return sum(core.state_depth for core in self.cores)

    def decode(self, z: Tensor, steps: int, feed: Feed) -> Decoded:
        """See :meth:`groovekit.models.decoders.base.Decoder.decode`."""
        count = len(self.cores)
        depths = [core.head.output_depth for core in self.cores]
        noises = [core.head.noise_depth for core in self.cores]
        results = [
            core.decode(
                z,
                steps,
                feed.replace(start=own_start, targets=own, uniforms=own_noise),
            )
            for core, own_start, own, own_noise in zip(
                self.cores,
                _split(feed.start, depths, count),
                _split(feed.targets, depths, count),
                _split(feed.uniforms, noises, count),
                strict=True,
            )
        ]
        state = fed = None
        if results[0].state is not None:
            # Layer by layer, as one stack of wider layers would have it.
            layers = zip(*(result.state for result in results), strict=True)
            state = [
                tuple(
                    ops.concatenate(parts, axis=-1)
                    for parts in zip(*pairs, strict=True)
                )
                for pairs in layers
            ]
        if results[0].fed is not None:
            fed = ops.concatenate([result.fed for result in results], axis=-1)
        outputs = ops.concatenate([result.outputs for result in results], axis=-1)
        return Decoded(outputs, state, fed)


def _split(x: Tensor | None, sizes: list[int], count: int) -> list[Tensor | None]:
    if x is None:
        return [None] * count
    bounds = [sum(sizes[: i + 1]) for i in range(count - 1)]
    return list(ops.split(x, bounds, axis=-1))
