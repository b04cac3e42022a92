"""From a config to its network in NumPy, which also tells its shapes and size."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from groovekit.errors import UnknownNameError
from groovekit.models.runtimes.numpy.decoders import Decoder
from groovekit.models.runtimes.numpy.encoders import BidirectionalLSTM, Encoder
from groovekit.models.runtimes.numpy.heads import Head
from groovekit.models.runtimes.numpy.layer import Cost, Layer, NoTwinError
from groovekit.models.runtimes.numpy.lstm import Dense
from groovekit.plugins import catalogue
from groovekit.plugins.registry import Registry

if TYPE_CHECKING:
    from groovekit.configs.base import ModelConfig


class Latent(Layer):
    """Dense layers from an embedding to the posterior's mean and standard deviation.

    Args:
      z_size: dimensions of the code.
      depth: size of the embedding.
    """

    def __init__(self, z_size: int, depth: int) -> None:
        self.mean, self.stddev = Dense(depth, z_size), Dense(depth, z_size)

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """Both layers."""
        yield "mean", self.mean
        yield "stddev", self.stddev


@dataclasses.dataclass(frozen=True, eq=False)
class Network(Layer):
    """All that a model is made of.

    Attributes:
      encoder: windows to embeddings.
      latent: embeddings to posteriors.
      decoder: latent vectors to windows.
      head: the decoder's.
      controls: what controls go through on their way to the decoder; None for nothing.
    """

    encoder: Encoder
    latent: Latent
    decoder: Decoder
    head: Head
    controls: BidirectionalLSTM | None

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """Those with weights; the head's are the decoder's."""
        if self.controls is not None:
            yield "control_layer", self.controls
        yield "encoder", self.encoder
        yield "latent_layer", self.latent
        yield "decoder", self.decoder

    def cost(self, steps: int) -> Cost:
        """What a window of so many steps costs."""
        total = self.encoder.cost(steps) + self.latent.cost(1)
        total += self.decoder.cost(steps)
        return total if self.controls is None else total + self.controls.cost(steps)


def network_of(config: ModelConfig) -> Network:
    """The network of a config, without weights.

    Raises:
      NoTwinError: a part of it exists in Keras only.
    """
    converter, latent = config.converter, config.latent
    encoder, decoder = config.encoder, config.decoder
    head = _make(
        catalogue.numpy_heads,
        decoder.head,
        decoder.head_options,
        converter.layout,
    )
    hierarchy: dict[str, Any] = {}
    if encoder.level_lengths:
        hierarchy = {"level_lengths": encoder.level_lengths, "core": encoder.core}
    made = _make(
        catalogue.numpy_encoders,
        encoder.kind,
        encoder.options,
        encoder.rnn_size,
        converter.input_depth + converter.control_depth,
        residual=encoder.residual,
        **hierarchy,
    )
    control_depth, controls = converter.control_depth, None
    if decoder.control_rnn_size:
        controls = BidirectionalLSTM(
            decoder.control_rnn_size, control_depth, residual=decoder.residual
        )
        control_depth = controls.output_depth
    hierarchy = {}
    if decoder.level_lengths:
        hierarchy = {
            "level_lengths": decoder.level_lengths,
            "core": decoder.core,
            "conductor_size": decoder.conductor_size,
            "conductor_projection": decoder.conductor_projection,
            "autoregressive": decoder.autoregressive,
            "reencoder": made if decoder.reencode else None,
        }
    return Network(
        encoder=made,
        latent=Latent(latent.z_size, made.output_depth),
        decoder=_make(
            catalogue.numpy_decoders,
            decoder.kind,
            decoder.options,
            decoder.rnn_size,
            latent.z_size,
            head,
            control_depth=control_depth,
            residual=decoder.residual,
            **hierarchy,
        ),
        head=head,
        controls=controls,
    )


def _make(
    registry: Registry[Any],
    name: str,
    options: tuple[tuple[str, Any], ...],
    /,
    *args: Any,
    **kwargs: Any,
) -> Any:
    kind = registry.kind.removeprefix("numpy ")
    try:
        make = functools.partial(registry.get(name), *args, **kwargs)
    except UnknownNameError as error:
        raise NoTwinError(f"the {kind} {name!r}") from error
    try:
        return make(**dict(options))
    except UnknownNameError as error:
        raise NoTwinError(f"a part of the {kind}") from error
    except TypeError as error:
        raise NoTwinError(f"options of the {kind}") from error
