"""From a config to its network in NumPy, which also tells its shapes and size."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from groovekit.errors import UnknownNameError
from groovekit.models.runtimes.numpy.decoders import Decoder
from groovekit.models.runtimes.numpy.encoders import BidirectionalLSTM, Encoder
from groovekit.models.runtimes.numpy.heads import Head
from groovekit.models.runtimes.numpy.layer import Cost, Layer, NoTwinError, Shape
from groovekit.models.runtimes.numpy.lstm import Dense
from groovekit.models.runtimes.prior import NormalPrior, Prior, StoredPrior
from groovekit.models.windowed import window_arguments
from groovekit.plugins import catalogue
from groovekit.plugins.registry import Registry

if TYPE_CHECKING:
    from groovekit.configs.base import ModelConfig


# Least and greatest logarithm of a standard deviation, as in `models.latent`.
LOG_STDDEV = (-8.0, 2.0)


class Latent(Layer):
    """Dense layers from an embedding to the posterior's mean and standard deviation.

    Args:
      z_size: dimensions of the code.
      depth: size of the embedding.
    """

    def __init__(self, z_size: int, depth: int) -> None:
        self.z_size = z_size
        self.mean, self.stddev = Dense(depth, z_size), Dense(depth, z_size)

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """Both layers."""
        yield "mean", self.mean
        yield "stddev", self.stddev

    def __call__(self, embedding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation ``(batch, z_size)``."""
        # softplus
        stddev = np.logaddexp(np.float32(0), self.stddev(embedding))
        return self.mean(embedding), stddev


class DirectLatent(Layer):
    """A posterior that the encoder gives itself, but for one standard deviation each.

    Args:
      z_size: dimensions of the latent vector.
    """

    def __init__(self, z_size: int) -> None:
        self.z_size = z_size

    def own_shapes(self) -> dict[str, Shape]:
        """Logarithms of standard deviations."""
        return {"log_stddev": (self.z_size,)}

    def take(self, **weights: np.ndarray) -> None:
        """Logarithms of standard deviations."""
        self._log_stddev = weights["log_stddev"]

    def __call__(self, embedding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`groovekit.models.latent.DirectLatentLayer`."""
        log_stddev = self._log_stddev + embedding[:, self.z_size :]
        return embedding[:, : self.z_size], np.exp(np.clip(log_stddev, *LOG_STDDEV))


class Codes(Layer):
    """See :class:`groovekit.models.prior.StoredCodes`."""

    def __init__(self, count: int, clusters: int, z_size: int) -> None:
        self._shapes = (count, clusters, z_size)

    def own_shapes(self) -> dict[str, Shape]:
        """The three arrays of the prior."""
        count, clusters, size = self._shapes
        return {
            "codes": (count, size),
            "centres": (clusters, size),
            "factor": (size, size),
        }

    def take(self, **weights: np.ndarray) -> None:
        """The three arrays of the prior."""
        self.prior = StoredPrior(**weights)


@dataclasses.dataclass(frozen=True, eq=False)
class Network(Layer):
    """All that a model is made of.

    Attributes:
      encoder: windows to embeddings.
      latent: embeddings to posteriors.
      decoder: latent vectors to windows.
      head: the decoder's.
      controls: what controls go through on their way to the decoder; None for nothing.
      codes: of the prior; None for the standard normal distribution.
      controlled: whether a controller has a weight.
    """

    encoder: Encoder
    latent: Latent | DirectLatent
    decoder: Decoder
    head: Head
    controls: BidirectionalLSTM | None
    codes: Codes | None = None
    controlled: bool = False

    def own_shapes(self) -> dict[str, Shape]:
        """The controller's weight."""
        return {"log_kl_weight": ()} if self.controlled else {}

    @property
    def prior(self) -> Prior:
        """What latent vectors of new music are drawn from."""
        return (
            NormalPrior(self.latent.z_size) if self.codes is None else self.codes.prior
        )

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """Those with weights; the head's are the decoder's."""
        if self.controls is not None:
            yield "control_layer", self.controls
        yield "encoder", self.encoder
        yield "latent_layer", self.latent
        yield "decoder", self.decoder
        if self.codes is not None:
            yield "prior", self.codes

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
        **window_arguments(
            catalogue.numpy_encoders, encoder.kind, config, z_size=latent.z_size
        ),
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
        latent=(
            DirectLatent(latent.z_size)
            if latent.posterior == "direct"
            else Latent(latent.z_size, made.output_depth)
        ),
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
            **window_arguments(catalogue.numpy_decoders, decoder.kind, config),
        ),
        head=head,
        controls=controls,
        codes=(
            Codes(latent.prior_codes, latent.prior_clusters, latent.z_size)
            if latent.prior == "stored"
            else None
        ),
        controlled=latent.target_bits > 0,
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
