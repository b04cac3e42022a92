"""The NADE output head: drums of a step that know of each other.

Larochelle and Murray, "The Neural Autoregressive Distribution Estimator" (2011);
Boulanger-Lewandowski, Bengio and Vincent, "Modeling Temporal Dependencies in
High-Dimensional Sequences" (2012) for its use behind a recurrent network. As in
the original's ``MultiLabelRnnNadeDecoder``, the network's output is the biases
of the NADE's hidden and visible units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.heads.base import Head
from groovekit.seeding import derive

Tensor = Any

# Inside the logarithms, as in the original's Nade.
_LOG_EPSILON = 1e-6


@keras.saving.register_keras_serializable(package="groovekit")
class NADELayer(keras.layers.Layer):
    """The weights of a NADE.

    Args:
      units: visible units.
      hidden: hidden units.
      seed: of the initial weights, truncated normal with a standard deviation
        of one by the root of ``units``.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self, units: int, hidden: int, *, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.hidden = hidden
        self.seed = seed
        self.encoder, self.decoder = (
            self.add_weight(
                shape=(units, hidden),
                initializer=keras.initializers.TruncatedNormal(
                    stddev=units**-0.5, seed=derive(seed, name)
                ),
                name=name,
            )
            for name in ("encoder", "decoder")
        )
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "hidden": self.hidden,
            "seed": self.seed,
        }


class NADEHead(Head):
    """Binary outputs, each given those before it in the same step.

    Args:
      layout: the converter's slices, all binary.
      hidden: hidden units of the NADE.

    Raises:
      ConfigError: the layout has other than binary slices, or no hidden units.
    """

    forceable = True

    def __init__(self, layout: tuple[Any, ...], *, hidden: int = 128) -> None:
        super().__init__(layout)
        if not self.layout or {part.kind for part in self.layout} != {"binary"}:
            kinds = ", ".join(f"{part.name} ({part.kind})" for part in self.layout)
            raise ConfigError(
                "The nade head needs a layout of binary slices (a drums converter "
                f"with roll_output); received {kinds or 'nothing'}."
            )
        if hidden < 1:
            raise ConfigError(
                f"The nade head needs at least 1 hidden unit, got {hidden}."
            )
        self.hidden = hidden
        self.layer: Any = None

    def build(self, *, seed: int, dtype: Any) -> Any:
        """The layer with the weights."""
        self.layer = NADELayer(
            self.output_depth, self.hidden, seed=seed, dtype=dtype, name="nade"
        )
        return self.layer

    def options(self) -> dict[str, Any]:
        """The number of hidden units."""
        return {"hidden": self.hidden}

    @property
    def logits_depth(self) -> int:
        """Biases of the hidden units, then of the outputs."""
        return self.hidden + self.output_depth

    @property
    def noise_depth(self) -> int:
        """One number an output."""
        return self.output_depth

    def _weights(self) -> tuple[Tensor, Tensor]:
        return (
            ops.cast(self.layer.encoder, "float32"),
            ops.cast(self.layer.decoder, "float32"),
        )

    def conditional_logits(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Logits of each output given the true outputs before it in its step."""
        encoder, decoder = self._weights()
        hidden_bias, bias = ops.split(
            ops.cast(logits, "float32"), [self.hidden], axis=-1
        )
        given = ops.cast(targets, "float32")[..., None] * encoder
        # The sum over the outputs before each: exclusive, so shifted by one.
        sums = ops.cumsum(given[..., :-1, :], axis=-2)
        before = ops.concatenate([ops.zeros_like(given[..., :1, :]), sums], axis=-2)
        hidden = ops.sigmoid(hidden_bias[..., None, :] + before)
        return bias + ops.sum(hidden * decoder, axis=-1)

    def loss(self, targets: Tensor, logits: Tensor) -> Tensor:
        """Negative log-likelihood of each step."""
        targets = ops.cast(targets, "float32")
        probabilities = ops.sigmoid(self.conditional_logits(targets, logits))
        return -ops.sum(
            targets * ops.log(probabilities + _LOG_EPSILON)
            + (1.0 - targets) * ops.log(1.0 - probabilities + _LOG_EPSILON),
            axis=-1,
        )

    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """Draws one output after the other; greedy: those of at least one half."""
        encoder, decoder = self._weights()
        memory, bias = ops.split(ops.cast(logits, "float32"), [self.hidden], axis=-1)
        drawn = []
        for i in range(self.output_depth):
            hidden = ops.sigmoid(memory)
            logit = ops.sum(hidden * decoder[i], axis=-1, keepdims=True)
            logit = logit + bias[:, i : i + 1]
            if uniforms is None:
                value = ops.cast(logit >= 0, "float32")
            else:
                chance = ops.sigmoid(logit / temperature)
                value = ops.cast(uniforms[:, i : i + 1] < chance, "float32")
            memory = memory + value * encoder[i]
            drawn.append(value)
        return ops.concatenate(drawn, axis=-1)

    def statistics(
        self, targets: Tensor, logits: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Steps, wholly right ones, true and false positives, misses."""
        truth = ops.cast(targets, "float32") >= 0.5
        guess = self.conditional_logits(targets, logits) >= 0
        wide = mask[..., None]

        def count(which: Tensor) -> Tensor:
            return ops.sum(ops.cast(which, "float32") * wide)

        exact = ops.cast(ops.all(truth == guess, axis=-1), "float32")
        return {
            "steps": ops.sum(mask),
            "exact": ops.sum(exact * mask),
            "hits": count(ops.logical_and(truth, guess)),
            "extra": count(ops.logical_and(ops.logical_not(truth), guess)),
            "missed": count(ops.logical_and(truth, ops.logical_not(guess))),
        }

    def metrics(self, sums: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Share of wholly right steps; precision and recall of the outputs."""
        found = {name: float(value) for name, value in sums.items()}
        return {
            "metrics/accuracy": found["exact"] / max(found["steps"], 1.0),
            "metrics/precision": found["hits"]
            / max(found["hits"] + found["extra"], 1.0),
            "metrics/recall": found["hits"] / max(found["hits"] + found["missed"], 1.0),
        }
