"""A stack of LSTM layers with input dropout and residual connections.

The same weights serve two ways of running: :meth:`LSTMStack.call` over a whole
sequence (teacher forcing, encoders) with the backend's best LSTM, and
:meth:`LSTMStack.step` for loops whose next input depends on the last output.

Cells are TensorFlow 1's ``LSTMBlockCell`` in Keras's layout: gate order
i, f, c, o and a forget bias that is stored whole (initially 1).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from groovekit.models import recurrence
from groovekit.seeding import derive

Tensor = Any
State = list[tuple[Tensor, Tensor]]


def _joint_glorot(fan_in: int, fan_out: int, seed: int) -> Any:
    """Glorot uniform over the joint [input, hidden] kernel, as in the original."""
    limit = (6.0 / (fan_in + fan_out)) ** 0.5
    return keras.initializers.RandomUniform(-limit, limit, seed=seed)


def state_layer(sizes: tuple[int, ...], depth: int, *, seed: int, **kwargs: Any) -> Any:
    """The dense layer that makes the first state of a stack of LSTM layers.

    Args:
      sizes: units of each layer of the stack.
      depth: dimensions of the code that the state is made from.
      seed: of the initial kernel, N(0, 0.001).
      **kwargs: of ``keras.layers.Dense``.
    """
    layer = keras.layers.Dense(
        2 * sum(sizes),
        activation="tanh",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.001, seed=seed),
        **kwargs,
    )
    layer.build((None, depth))
    return layer


def split_state(values: Tensor, sizes: tuple[int, ...]) -> State:
    """(hidden, cell) of each layer from the output of :func:`state_layer`."""
    # In the original's order: cell state before hidden state, layer by layer.
    bounds, position = [], 0
    for units in sizes:
        bounds += [position + units, position + 2 * units]
        position += 2 * units
    parts = ops.split(values, bounds[:-1], axis=-1)
    return list(zip(parts[1::2], parts[0::2], strict=True))


def join_state(state: State) -> Tensor:
    """The inverse of :func:`split_state`: ``(batch, 2 * sum(sizes))``."""
    return ops.concatenate([part for h, c in state for part in (c, h)], axis=-1)


def flatten_state(state: State) -> list[Tensor]:
    """A state as a flat list, for loops."""
    return [part for pair in state for part in pair]


def unflatten_state(flat: list[Tensor]) -> State:
    """The inverse of :func:`flatten_state`."""
    return list(zip(flat[0::2], flat[1::2], strict=True))


@keras.saving.register_keras_serializable(package="groovekit")
class LSTMStack(keras.layers.Layer):
    """LSTM layers on top of each other.

    Args:
      sizes: units of each layer.
      input_depth: size of the inputs' last axis.
      residual: add each layer's input to its output; where the sizes differ,
        and at the first layer always, a dense projection makes them equal.
      dropout: probability of dropping each value of each layer's *input*, with
        a fresh mask each step (unlike ``keras.layers.LSTM(dropout=...)``).
      seed: seed of initial weights and dropout masks.
      **kwargs: of ``keras.layers.Layer``.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        input_depth: int,
        *,
        residual: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = tuple(sizes)
        self.input_depth = input_depth
        self.residual = residual
        self.dropout = dropout
        self.seed = seed
        self.lstms: list[Any] = []
        self.projections: list[Any] = []
        self.dropouts: list[Any] = []
        depth = input_depth
        with keras.name_scope(self.name):
            for i, units in enumerate(self.sizes):
                self.dropouts.append(
                    keras.layers.Dropout(
                        dropout,
                        seed=derive(seed, "dropout", i),
                        dtype=self.dtype_policy,
                    )
                )
                projection = None
                if residual and (i == 0 or units != self.sizes[i - 1]):
                    projection = keras.layers.Dense(
                        units,
                        kernel_initializer=_joint_glorot(
                            depth, units, derive(seed, "projection", i)
                        ),
                        dtype=self.dtype_policy,
                        name=f"projection_{i}",
                    )
                    projection.build((None, None, depth))
                    depth = units
                self.projections.append(projection)
                kernel, recurrent = (
                    _joint_glorot(depth + units, 4 * units, derive(seed, name, i))
                    for name in ("kernel", "recurrent_kernel")
                )
                lstm = keras.layers.LSTM(
                    units,
                    return_sequences=True,
                    return_state=True,
                    kernel_initializer=kernel,
                    recurrent_initializer=recurrent,
                    seed=derive(seed, "lstm", i),
                    use_cudnn=recurrence.use_cudnn(self.compute_dtype),
                    dtype=self.dtype_policy,
                    name=f"lstm_{i}",
                )
                lstm.build((None, None, depth))
                self.lstms.append(lstm)
                depth = units
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "sizes": self.sizes,
            "input_depth": self.input_depth,
            "residual": self.residual,
            "dropout": self.dropout,
            "seed": self.seed,
        }

    # Whole sequences -----------------------------------------------------------

    def call(
        self,
        x: Tensor,
        state: State | None = None,
        *,
        projected: bool = False,
        training: bool = False,
    ) -> tuple[Tensor, Tensor, State]:
        """Runs all layers over a sequence.

        Args:
          x: ``(batch, steps, input_depth)``.
          state: initial (hidden, cell) of each layer, each ``(batch, units)``;
            None for zeros.
          projected: whether ``x`` is the response to the inputs, from
            :meth:`project` and :meth:`look_up`; only where
            :meth:`takes_projected`, and without dropout.
          training: whether to drop inputs.

        Returns:
          The last layer's outputs with and without its residual connection,
          each ``(batch, steps, sizes[-1])`` (the second one holds the hidden
          states), and the state after the last step.
        """
        hidden = x
        last = []
        for i, lstm in enumerate(self.lstms):
            own = None if state is None else state[i]
            if not (projected and i == 0):
                x = self.dropouts[i](x, training=training)
                if self.projections[i] is not None:
                    x = self.projections[i](x)
            if projected and i == 0 and self.projections[0] is None:
                hidden, final = recurrence.lstm_of_gates(lstm, x, own)
            else:
                hidden, final = recurrence.lstm(lstm, x, own, training=training)
            last.append(final)
            x = hidden + x if self.residual else hidden
        return x, hidden, last

    def takes_projected(self, *, training: bool) -> bool:
        """Whether :meth:`call` can be given responses to inputs, on this backend."""
        return self.projections[0] is not None or recurrence.is_own(training=training)

    # One step at a time --------------------------------------------------------

    def project(self, x: Tensor, *, first: int) -> Tensor:
        """The first layer's response to the input columns from ``first`` on.

        Inputs that are known before a loop (the latent vector, controls) need
        not be multiplied again in each of its steps.

        Args:
          x: ``(..., columns)``.
          first: index of the first of these columns in the whole input.

        Returns:
          ``(..., n)``, bias included, to be given to :meth:`step`.
        """
        kernel, bias = self._input_weights()
        kernel = kernel[first : first + x.shape[-1]]
        return ops.matmul(x, ops.cast(kernel, x.dtype)) + ops.cast(bias, x.dtype)

    def look_up(self, labels: Tensor) -> Tensor:
        """The first layer's response to one-hot inputs in its first columns.

        A row of the weights is the product with a one-hot vector.

        Args:
          labels: integers of any shape; negative ones stand for a vector of zeros.

        Returns:
          ``(*labels.shape, n)``, without the bias.
        """
        kernel = ops.convert_to_tensor(self._input_weights()[0])
        rows = ops.take(kernel, ops.maximum(labels, 0), axis=0)
        return rows * ops.cast(labels >= 0, rows.dtype)[..., None]

    def step(
        self,
        x: Tensor | None,
        projected: Tensor | None,
        state: State,
        masks: list[Tensor] | None,
    ) -> tuple[Tensor, State]:
        """One step of all layers.

        Args:
          x: ``(batch, columns)``: the first columns of the input; None if
            ``projected`` covers all of them.
          projected: response to the remaining columns, from :meth:`project` and
            :meth:`look_up`; None if ``x`` is the whole input.
          state: (hidden, cell) of each layer.
          masks: for each layer, what its input is multiplied with (dropout), or
            None; the first one has ``columns`` columns.

        Returns:
          The last layer's output and the new state.
        """
        kernel, bias = self._input_weights()
        if x is None:
            x = projected
        else:
            if projected is None:
                projected = ops.cast(bias, x.dtype)
            if masks is not None:
                x = x * masks[0]
            kernel = ops.cast(kernel[: x.shape[-1]], x.dtype)
            x = ops.matmul(x, kernel) + projected
        assert x is not None  # one of the two is given
        new_state = []
        for i, lstm in enumerate(self.lstms):
            cell = lstm.cell
            if i and masks is not None:
                x = x * masks[i]
            if self.projections[i] is not None and i:
                x = self.projections[i](x)
            # Without a projection, the first layer's x holds its gates already.
            gates = x
            if i or self.projections[0] is not None:
                gates = ops.matmul(x, ops.cast(cell.kernel, x.dtype))
                gates = gates + ops.cast(cell.bias, x.dtype)
            hidden, memory = state[i]
            gates = gates + ops.matmul(hidden, ops.cast(cell.recurrent_kernel, x.dtype))
            i_gate, f_gate, candidate, o_gate = ops.split(gates, 4, axis=-1)
            memory = ops.sigmoid(f_gate) * memory + ops.sigmoid(i_gate) * ops.tanh(
                candidate
            )
            hidden = ops.sigmoid(o_gate) * ops.tanh(memory)
            new_state.append((hidden, memory))
            x = hidden + x if self.residual else hidden
        return x, new_state

    def dropout_masks(self, batch: int, steps: int, columns: int) -> list[Tensor]:
        """Masks for :meth:`step`, ``(steps, batch, width)`` for each layer.

        The first layer's mask covers only the first ``columns`` of its input.
        """
        widths = (columns, *self.sizes[:-1])
        return [
            layer(ops.ones((steps, batch, width)), training=True)
            for layer, width in zip(self.dropouts, widths, strict=True)
        ]

    def _input_weights(self) -> tuple[Tensor, Tensor]:
        if self.projections[0] is not None:
            return self.projections[0].kernel, self.projections[0].bias
        return self.lstms[0].cell.kernel, self.lstms[0].cell.bias
