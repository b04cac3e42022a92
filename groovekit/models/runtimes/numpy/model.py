"""From a config and its weights to a model in NumPy."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.configs.base import ModelConfig
from groovekit.models.runtimes.base import WindowModel
from groovekit.models.runtimes.numpy import encoders
from groovekit.models.runtimes.numpy.decoders import (
    LSTM,
    Core,
    Draw,
    HierarchicalLSTMDecoder,
    SplitLSTM,
)
from groovekit.models.runtimes.numpy.encoders import BidirectionalLSTM, HierarchicalLSTM
from groovekit.models.runtimes.numpy.heads import HEAD_OPTIONS, HEADS, Head
from groovekit.models.runtimes.numpy.lstm import Dense
from groovekit.models.runtimes.numpy.stored import Stored, open_stored
from groovekit.models.runtimes.numpy.threads import by_rows

# The responses to all steps' inputs are kept: a larger batch saves no time.
_ENCODED_AT_ONCE = 64

_HIERARCHICAL = "hierarchical_lstm"
_CORES = ("lstm", "split_lstm")


def unsupported(config: ModelConfig) -> str | None:
    """What of a config's model has no twin here; None if all of it has."""
    encoder, decoder = config.encoder, config.decoder
    hierarchical = encoder.kind == _HIERARCHICAL
    encoder_core = encoder.core if hierarchical else encoder.kind
    decoder_core = decoder.core if decoder.kind == _HIERARCHICAL else decoder.kind
    known = {"read_padding"} if encoder.kind == "lstm" else set()
    if encoder_core not in encoders.FLAT:
        return f"the encoder {encoder_core!r}"
    if {name for name, _ in encoder.options} - known:
        return "options of the encoder"
    if decoder_core not in _CORES:
        return f"the decoder {decoder_core!r}"
    if decoder.options:
        return "options of the decoder"
    if decoder.head not in HEADS:
        return f"the head {decoder.head!r}"
    if {name for name, _ in decoder.head_options} - HEAD_OPTIONS.get(
        decoder.head, frozenset()
    ):
        return "options of the head"
    if decoder_core == "split_lstm" and decoder.head != "multi_categorical":
        return f"a split decoder with the head {decoder.head!r}"
    if decoder.reencode and not hierarchical:
        return "re-encoding with a flat encoder"
    return None


class NumpyModel(WindowModel):
    """Encoder and decoder of a trained model, in float32.

    Args:
      config: of the model, one that :func:`unsupported` finds nothing in.
      stored: its weights.
      max_batch_size: windows that go through the model at once.

    Raises:
      RunFolderError: the weights are of another model.
    """

    runtime = "numpy"

    def __init__(
        self, config: ModelConfig, stored: Stored, *, max_batch_size: int
    ) -> None:
        super().__init__(max_batch_size=max_batch_size)
        converter, decoder = config.converter, config.decoder
        self._z_size = config.latent.z_size
        # In the order of Keras's variables, see Stored.
        control_depth, self._control_layer = converter.control_depth, None
        if decoder.control_rnn_size:
            self._control_layer = BidirectionalLSTM(
                stored,
                "control_layer",
                decoder.control_rnn_size,
                control_depth,
                residual=decoder.residual,
            )
            control_depth = self._control_layer.output_depth
        self._encoder = _encoder(config, stored)
        embedding = self._encoder.output_depth
        self._mean, self._stddev = (
            Dense(stored, f"latent_layer/{name}", embedding, self._z_size, tanh=False)
            for name in ("mean", "stddev")
        )
        make_head = functools.partial(HEADS[decoder.head], **dict(decoder.head_options))
        self._head: Head = make_head(converter.layout)
        self._decoder: Core | HierarchicalLSTMDecoder
        if decoder.kind != _HIERARCHICAL:
            self._decoder = _core(
                config, stored, "decoder", control_depth, make_head, self._z_size
            )
            return
        reencoder = None
        if decoder.reencode:
            assert isinstance(self._encoder, HierarchicalLSTM)
            reencoder = self._encoder
        self._decoder = HierarchicalLSTMDecoder(
            stored,
            "decoder",
            functools.partial(
                _core, config, stored, "decoder/core", control_depth, make_head
            ),
            self._z_size,
            level_lengths=decoder.level_lengths,
            sizes=decoder.conductor_size or decoder.rnn_size,
            projection=decoder.conductor_projection,
            autoregressive=decoder.autoregressive,
            reencoder=reencoder,
            residual=decoder.residual,
        )

    @classmethod
    def load(
        cls, config: ModelConfig, weights: Path, *, max_batch_size: int
    ) -> NumpyModel:
        """Loads ``model.weights.h5`` or a checkpoint ``step-...npz``.

        Raises:
          RunFolderError: missing, damaged, or of another model.
        """
        with open_stored(weights) as stored:
            return cls(config, stored, max_batch_size=max_batch_size)

    @property
    def z_size(self) -> int:
        """Dimensions of the latent code."""
        return self._z_size

    @property
    def output_depth(self) -> int:
        """Size of the outputs of one step."""
        return self._head.output_depth

    @property
    def noise_depth(self) -> int:
        """How many uniform numbers one step's sample takes."""
        return self._head.noise_depth

    @property
    def forceable(self) -> bool:
        """Whether :meth:`decode` can be told which hits there are."""
        return self._head.forceable

    @property
    def step_multiple(self) -> int:
        """Sequences of a multiple of so many steps can be generated."""
        return self._decoder.step_multiple

    def _encode_part(
        self,
        inputs: np.ndarray,
        controls: np.ndarray | None,
        lengths: np.ndarray | None,
        *,
        size: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        del size  # no need to fill anything up

        def embedded(rows: slice) -> np.ndarray:
            x = np.asarray(inputs[rows], np.float32)
            if controls is not None:
                own = np.asarray(controls[rows], np.float32)
                x = np.concatenate([x, own], axis=-1)
            return self._encoder(x, None if lengths is None else lengths[rows])

        embedding = np.concatenate(
            by_rows(embedded, len(inputs), most=_ENCODED_AT_ONCE)
        )
        # softplus
        return self._mean(embedding), np.logaddexp(
            np.float32(0), self._stddev(embedding)
        )

    def _decode_part(
        self,
        z: np.ndarray,
        steps: int,
        *,
        noise: np.ndarray | None,
        temperature: np.ndarray,
        controls: np.ndarray | None,
        size: int,
        total: int,
    ) -> np.ndarray:
        del size, total

        def generated(rows: slice) -> np.ndarray:
            own = None
            if controls is not None:
                own = np.asarray(controls[rows], np.float32)
                if self._control_layer is not None:
                    own, _ = self._control_layer.sequences(own, None)
            own_noise = None if noise is None else noise[rows]
            return self._decoder.generate(
                z[rows], Draw(steps, own_noise, temperature, own)
            )

        return np.concatenate(by_rows(generated, len(z)))


def _encoder(config: ModelConfig, stored: Stored) -> encoders.Encoder:
    encoder, converter = config.encoder, config.converter
    depth = converter.input_depth + converter.control_depth
    if encoder.kind == _HIERARCHICAL:
        return HierarchicalLSTM(
            stored,
            "encoder",
            encoder.rnn_size,
            depth,
            residual=encoder.residual,
            level_lengths=encoder.level_lengths,
            core=encoder.core,
        )
    cls, _ = encoders.FLAT[encoder.kind]
    found: encoders.Encoder = cls(
        stored,
        "encoder",
        encoder.rnn_size,
        depth,
        residual=encoder.residual,
        **dict(encoder.options),
    )
    return found


def _core(
    config: ModelConfig,
    stored: Stored,
    layer: str,
    control_depth: int,
    make_head: Any,
    z_size: int,
) -> Core:
    decoder, layout = config.decoder, config.converter.layout
    kind = decoder.core if decoder.kind == _HIERARCHICAL else decoder.kind
    options: dict[str, Any] = {
        "control_depth": control_depth,
        "residual": decoder.residual,
    }
    sizes = decoder.rnn_size
    if kind == "split_lstm":
        return SplitLSTM(stored, layer, sizes, z_size, make_head, layout, **options)
    head: Head = make_head(layout)
    return LSTM(stored, layer, sizes, z_size, head, **options)
