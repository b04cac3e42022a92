"""The masked model: a residual temporal convolution network over the steps.

Its head tells, for each cell of the grid, how likely a hit is and in which bins
velocity and offset fall: mixtures of bins of its own and of histograms of known values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from groovekit.models.keras_model import KerasModel, Window
from groovekit.models.masked.constants import EPSILON, GROUPS, MEAN_SHARE
from groovekit.models.masked.histograms import SOURCES
from groovekit.models.masked.mixture import mixture_log_probability
from groovekit.seeding import derive

Tensor = Any


@keras.saving.register_keras_serializable(package="groovekit")
class DilatedBlock(keras.layers.Layer):
    """``x + dropout(1x1(GELU(GroupNorm(convolution of width 3))))``.

    The convolution is a product of three shifted copies: on CPUs several times as fast
    as dilated convolutions are, and the same on every backend.

    Args:
      channels: of input and output.
      dilation: steps from one of the three to the next.
      groups: of the normalisation.
      dropout: share of the outputs that fall in training.
      seed: of weights and dropout.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        channels: int,
        dilation: int,
        *,
        groups: int = GROUPS,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.channels = channels
        self.dilation = dilation
        self.groups = groups
        self.rate = dropout
        self.seed = seed
        self.wide = _dense(self, channels, 3 * channels, "wide")
        self.norm = keras.layers.GroupNormalization(
            groups, epsilon=EPSILON, dtype=self.dtype_policy, name="norm"
        )
        self.norm.build((None, None, channels))
        self.narrow = _dense(self, channels, channels, "narrow")
        self.dropout = keras.layers.Dropout(
            dropout, seed=derive(seed, "dropout"), dtype=self.dtype_policy
        )
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "channels": self.channels,
            "dilation": self.dilation,
            "groups": self.groups,
            "dropout": self.rate,
            "seed": self.seed,
        }

    def call(self, x: Tensor, *, training: bool = False) -> Tensor:
        """``(batch, steps, channels)`` to the same shape."""
        d = self.dilation
        padded = ops.pad(x, [[0, 0], [d, d], [0, 0]])
        taps = [padded[:, : -2 * d], x, padded[:, 2 * d :]]
        hidden = self.norm(self.wide(ops.concatenate(taps, axis=-1)))
        hidden = self.narrow(ops.gelu(hidden, approximate=True))
        return x + self.dropout(hidden, training=training)


@keras.saving.register_keras_serializable(package="groovekit")
class ResidualTCN(keras.layers.Layer):
    """Dilated blocks, after each of which the window's mean is added.

    Args:
      channels: width.
      dilations: one a block.
      steps_per_bar: positions in a bar, each of which has an embedding.
      input_depth: size of the inputs' last axis.
      dropout: of the blocks.
      seed: of weights and dropout.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        channels: int,
        dilations: tuple[int, ...],
        *,
        steps_per_bar: int,
        input_depth: int,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.channels = channels
        self.dilations = tuple(dilations)
        self.steps_per_bar = steps_per_bar
        self.input_depth = input_depth
        self.rate = dropout
        self.seed = seed
        self.project = _dense(self, channels, input_depth, "project")
        self.positions = self.add_weight(
            shape=(steps_per_bar, channels),
            initializer=keras.initializers.RandomNormal(
                stddev=0.1, seed=derive(seed, "positions")
            ),
            name="positions",
        )
        self.blocks = [
            DilatedBlock(
                channels,
                dilation,
                dropout=dropout,
                seed=derive(seed, "block", number),
                dtype=self.dtype_policy,
                name=f"block_{number}",
            )
            for number, dilation in enumerate(self.dilations)
        ]
        self.shared = _dense(self, channels, channels, "shared")
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "channels": self.channels,
            "dilations": self.dilations,
            "steps_per_bar": self.steps_per_bar,
            "input_depth": self.input_depth,
            "dropout": self.rate,
            "seed": self.seed,
        }

    def call(self, x: Tensor, *, training: bool = False) -> Tensor:
        """``(batch, steps, input_depth)``, whole bars, to ``(..., channels)``."""
        bars = ops.shape(x)[1] // self.steps_per_bar
        x = self.project(x)
        x = x + ops.cast(ops.tile(self.positions, (bars, 1)), x.dtype)
        for block in self.blocks:
            x = block(x, training=training)
            x = x + MEAN_SHARE * self.shared(ops.mean(x, axis=1, keepdims=True))
        return x


def _dense(owner: Any, units: int, depth: int, name: str) -> Any:
    layer = keras.layers.Dense(
        units,
        kernel_initializer=keras.initializers.GlorotUniform(
            seed=derive(owner.seed, name)
        ),
        dtype=owner.dtype_policy,
        name=name,
    )
    layer.build((None, depth))
    return layer


@keras.saving.register_keras_serializable(package="groovekit")
class MaskedModel(KerasModel):
    """Fills what is hidden of performances.

    Args:
      classes: drum classes.
      input_depth: channels of a step of the inputs
        (:mod:`groovekit.models.masked.features`).
      steps_per_bar: of the grid.
      channels: width of the network.
      dilations: of its blocks.
      dropout: of its blocks.
      velocity_bins: number of bins.
      offset_bins: likewise.
      hit_weight: weight of the hits' loss against those of velocities and offsets.
      seed: of initial weights and dropout.
      **kwargs: of ``keras.Model``.
    """

    def __init__(
        self,
        *,
        classes: int,
        input_depth: int,
        steps_per_bar: int,
        channels: int,
        dilations: tuple[int, ...],
        dropout: float,
        velocity_bins: int,
        offset_bins: int,
        hit_weight: float,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.classes = classes
        self.input_depth = input_depth
        self.steps_per_bar = steps_per_bar
        self.channels = channels
        self.dilations = tuple(dilations)
        self.rate = dropout
        self.velocity_bins = velocity_bins
        self.offset_bins = offset_bins
        self.hit_weight = hit_weight
        self.seed = seed
        self.body = ResidualTCN(
            channels,
            dilations,
            steps_per_bar=steps_per_bar,
            input_depth=input_depth,
            dropout=dropout,
            seed=derive(seed, "body"),
            dtype=self.dtype_policy,
            name="body",
        )
        self.head = keras.layers.Dense(
            classes * sum(self.head_sizes),
            kernel_initializer=keras.initializers.RandomNormal(
                stddev=0.02, seed=derive(seed, "head")
            ),
            dtype=self.dtype_policy,
            name="head",
        )
        self.head.build((None, channels))
        self.built = True

    @property
    def head_sizes(self) -> tuple[int, ...]:
        """Logits of a drum: hit, velocity bins, offset bins, gates of both."""
        gates = 1 + len(SOURCES)
        return (1, self.velocity_bins, self.offset_bins, gates, gates)

    def reconstruction(self, window: Window, *, training: bool) -> Tensor:
        """Logits of each step, drum by drum.

        Args:
          window: inputs alone.
          training: whether to drop outputs of blocks.
        """
        inputs = ops.cast(window.inputs, self.compute_dtype)
        return ops.cast(self.head(self.body(inputs, training=training)), "float32")

    @property
    def output_depth(self) -> int:
        """Logits of a step."""
        return self.classes * sum(self.head_sizes)

    @property
    def curves(self) -> tuple[str, ...]:
        """The loss and what it is made of."""
        return ("loss", "losses/hits", "losses/velocities", "losses/offsets")

    def losses_of(self, inputs: Tensor, outputs: Tensor, *, training: bool) -> Tensor:
        """Sums of each window's losses, in nats, and how many cells they are of.

        Args:
          inputs: ``(batch, steps, input_depth)``.
          outputs: :func:`groovekit.models.masked.targets.targets`.
          training: whether dropout is on.

        Returns:
          ``(batch, 6)``: of hits, velocities and offsets in turn the sum of losses and
          the count; hits count those that are hidden and there.
        """
        logits = self.reconstruction(Window(inputs), training=training)
        # Not known in advance where a function serves windows of several lengths.
        steps = ops.shape(inputs)[1]
        shape = (-1, steps, self.classes, sum(self.head_sizes))
        logits = ops.reshape(logits, shape)
        d, sources = self.classes, len(SOURCES)
        first = [d * k for k in (1, 2, 3, 4, 5, 6)]
        hits, hidden, v_bins, v_wanted, o_bins, o_wanted, given = ops.split(
            ops.cast(outputs, "float32"), first, axis=-1
        )
        given = ops.reshape(given, (-1, steps, 2, sources, d))
        given = ops.transpose(given, (2, 0, 1, 4, 3))
        cuts, total = [], 0
        for size in self.head_sizes[:-1]:
            total += size
            cuts.append(total)
        hit, velocity, offset, v_gates, o_gates = ops.split(logits, cuts, axis=-1)
        found = ops.binary_crossentropy(hits, hit[..., 0], from_logits=True)
        columns = [found * hidden, hits * hidden]
        for values, gates, bins, wanted, densities in (
            (velocity, v_gates, v_bins, v_wanted, given[0]),
            (offset, o_gates, o_bins, o_wanted, given[1]),
        ):
            log_p = mixture_log_probability(values, gates, bins, densities)
            columns += [-log_p * wanted, wanted]
        return ops.stack([ops.sum(c, axis=(1, 2)) for c in columns], axis=-1)

    def training_loss(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,  # noqa: ARG002 - all is in the inputs
        lengths: Tensor | None,  # noqa: ARG002 - windows are whole bars
        step: Tensor,  # noqa: ARG002 - nothing is scheduled
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss to minimise, and scalars.

        Args:
          inputs: see :meth:`losses_of`.
          outputs: likewise.
          controls: not used.
          lengths: not used.
          step: not used.
        """
        return self._weighed(self.losses_of(inputs, outputs, training=True))

    def evaluation_loss(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,  # noqa: ARG002 - as for training
        lengths: Tensor | None,  # noqa: ARG002
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The same without dropout."""
        return self._weighed(self.losses_of(inputs, outputs, training=False))

    def _weighed(self, losses: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        sums = ops.sum(losses, axis=0)
        hits, velocities, offsets = (
            sums[k] / ops.maximum(sums[k + 1], 1.0) for k in (0, 2, 4)
        )
        loss = self.hit_weight * hits + velocities + offsets
        return loss, dict(
            zip(self.curves, (loss, hits, velocities, offsets), strict=True)
        )

    def validation_losses(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,  # noqa: ARG002 - all is in the inputs
        lengths: Tensor | None,  # noqa: ARG002 - windows are whole bars
        *noise: Tensor | None,  # noqa: ARG002 - batches come hidden
    ) -> dict[str, Tensor]:
        """:meth:`losses_of` without dropout.

        Args:
          inputs: see :meth:`losses_of`.
          outputs: likewise.
          controls: not used.
          lengths: not used.
          *noise: none.
        """
        return {"losses": self.losses_of(inputs, outputs, training=False)}

    def scores(
        self,
        sums: Mapping[str, np.ndarray],
        windows: int,  # noqa: ARG002 - means are of cells
        step: int,  # noqa: ARG002 - nothing is scheduled
    ) -> dict[str, float]:
        """Means of a hit, as in training.

        Args:
          sums: results of :meth:`validation_losses`, added over all windows.
          windows: not used.
          step: not used.
        """
        found = np.asarray(sums["losses"], np.float64)
        hits, velocities, offsets = found[::2] / np.maximum(found[1::2], 1.0)
        return {
            "loss": float(self.hit_weight * hits + velocities + offsets),
            "losses/hits": float(hits),
            "losses/velocities": float(velocities),
            "losses/offsets": float(offsets),
        }
