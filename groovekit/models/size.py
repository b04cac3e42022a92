"""How large a config's model is, without building it.

Counts for the parts that groovekit brings; configs with others from plug-ins have
to be built to be counted.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groovekit.configs.base import ModelConfig

# Values an LSTM keeps for its backward pass, a unit and step: four gates before
# and after their activation, cell and hidden state, and their gradients.
_KEPT_A_UNIT = 14
# Likewise a logit: itself, its probability and their gradients.
_KEPT_A_LOGIT = 4

_FLAT_ENCODERS = {"bidirectional_lstm": 2, "lstm": 1}


@dataclasses.dataclass(frozen=True)
class NetworkSize:
    """What a model holds, and what one window costs.

    Attributes:
      parameters: trainable numbers.
      multiplications: of weights with activations, forward, a window.
      activations: numbers kept for the backward pass, a window.
    """

    parameters: int
    multiplications: int
    activations: int

    @classmethod
    def dense(cls, inputs: int, outputs: int, times: int) -> NetworkSize:
        """A dense layer used so many times a window."""
        return cls(inputs * outputs + outputs, inputs * outputs * times, 0)

    @classmethod
    def lstm(
        cls, sizes: tuple[int, ...], inputs: int, steps: int, *, residual: bool
    ) -> NetworkSize:
        """A stack of LSTM layers over so many steps a window."""
        total = cls(0, 0, 0)
        for index, units in enumerate(sizes):
            if residual and (index == 0 or units != sizes[index - 1]):
                total += cls.dense(inputs, units, steps)
                inputs = units
            weights = 4 * units * (inputs + units)
            kept = _KEPT_A_UNIT * units * steps
            total += cls(weights + 4 * units, weights * steps, kept)
            inputs = units
        return total

    def __add__(self, other: NetworkSize) -> NetworkSize:
        return NetworkSize(
            self.parameters + other.parameters,
            self.multiplications + other.multiplications,
            self.activations + other.activations,
        )


def network_size(config: ModelConfig) -> NetworkSize | None:
    """The size of a config's model; None where it has parts from plug-ins."""
    parts = list(_parts(config))
    if any(part is None for part in parts):
        return None
    total = NetworkSize(0, 0, 0)
    for part in parts:
        total += part  # type: ignore[operator]  # None was excluded
    converter = config.converter
    widths = converter.input_depth + converter.control_depth
    return total + NetworkSize(0, 0, widths * converter.steps)


def _parts(config: ModelConfig) -> Iterator[NetworkSize | None]:
    converter, z_size = config.converter, config.latent.z_size
    depth = converter.input_depth + converter.control_depth
    embedding = yield from _encoder(config, depth)
    if embedding:
        yield NetworkSize.dense(embedding, z_size, 1)
        yield NetworkSize.dense(embedding, z_size, 1)
    controls = converter.control_depth
    if config.decoder.control_rnn_size:
        sizes, residual = config.decoder.control_rnn_size, config.decoder.residual
        yield from _bidirectional(sizes, controls, converter.steps, residual=residual)
        controls = 2 * sizes[-1]
    yield from _decoder(config, controls)


def _bidirectional(
    sizes: tuple[int, ...], depth: int, steps: int, *, residual: bool
) -> Iterator[NetworkSize]:
    for units in sizes:
        for _ in range(2):
            yield NetworkSize.lstm((units,), depth, steps, residual=residual)
        depth = 2 * units


def _encoder(
    config: ModelConfig, depth: int
) -> Generator[NetworkSize | None, None, int]:  # returns the width of the embedding
    encoder, steps = config.encoder, config.converter.steps
    lengths: tuple[int, ...] = (steps,)
    kind = encoder.kind
    if kind == "hierarchical_lstm":
        lengths, kind = encoder.level_lengths, encoder.core
    if kind not in _FLAT_ENCODERS or encoder.options:
        yield None
        return 0
    times = steps
    for _ in lengths:
        if kind == "lstm":
            yield NetworkSize.lstm(
                encoder.rnn_size, depth, times, residual=encoder.residual
            )
        else:
            yield from _bidirectional(
                encoder.rnn_size, depth, times, residual=encoder.residual
            )
        depth = _FLAT_ENCODERS[kind] * encoder.rnn_size[-1]
        times //= lengths[0]
        lengths = lengths[1:]
    return depth


def _decoder(config: ModelConfig, controls: int) -> Iterator[NetworkSize | None]:
    decoder, steps = config.decoder, config.converter.steps
    kind, z_size, segments = decoder.kind, config.latent.z_size, 1
    if kind == "hierarchical_lstm":
        kind, segments = decoder.core, math.prod(decoder.level_lengths[:-1])
        z_size = yield from _conductors(config)
    outputs = [part.size for part in config.converter.layout]
    if kind == "lstm":
        outputs = [sum(outputs)]
    elif kind != "split_lstm":
        yield None
    if "." in decoder.head or decoder.options:
        yield None
    hidden = 0
    if decoder.head == "nade":
        hidden = int(dict(decoder.head_options).get("hidden", 128))
        weights = 2 * outputs[0] * hidden
        yield NetworkSize(weights, weights * steps, hidden * outputs[0] * steps)
    sizes = decoder.rnn_size
    for output in outputs:
        yield NetworkSize.dense(z_size, 2 * sum(sizes), segments)
        yield NetworkSize.lstm(
            sizes, output + z_size + controls, steps, residual=decoder.residual
        )
        logits = output + hidden
        yield NetworkSize.dense(sizes[-1], logits, steps)
        yield NetworkSize(0, 0, (z_size + output + _KEPT_A_LOGIT * logits) * steps)


def _conductors(
    config: ModelConfig,
) -> Generator[NetworkSize | None, None, int]:  # returns the width of the embeddings
    decoder = config.decoder
    sizes = decoder.conductor_size or decoder.rnn_size
    conductors = len(decoder.level_lengths) - 1
    cores = len(config.converter.layout) if decoder.core == "split_lstm" else 1
    depth, times = config.latent.z_size, 1
    for level in range(conductors):
        lowest = level == conductors - 1
        inputs = 1
        if level in decoder.autoregressive:
            below = 2 * sum(decoder.rnn_size) * cores if lowest else 2 * sum(sizes)
            if decoder.reencode:
                below = _FLAT_ENCODERS.get(config.encoder.core, 1)
                below *= config.encoder.rnn_size[-1]
            inputs = below + depth
        yield NetworkSize.dense(depth, 2 * sum(sizes), times)
        times *= decoder.level_lengths[level]
        yield NetworkSize.lstm(sizes, inputs, times, residual=decoder.residual)
        depth = sizes[-1]
        if lowest and decoder.conductor_projection:
            yield NetworkSize.dense(depth, decoder.conductor_projection, times)
            depth = decoder.conductor_projection
    return depth
