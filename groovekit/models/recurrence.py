"""LSTM layers over whole sequences: the fastest way there is, by backend.

Which way is taken is decided here and nowhere else, by measurement
(``benchmarks/README.md``, "Training"):

===========  ======================  ====================================
backend      in training             otherwise
===========  ======================  ====================================
TensorFlow   CPU: :func:`_sequence`  ``keras.layers.LSTM``
             GPU: ``keras.layers``
JAX          ``keras.layers.LSTM``   the same
PyTorch      PyTorch's own LSTM      the same
===========  ======================  ====================================

Keras takes the fused kernel of a GPU where there is one. Its loop on PyTorch has
a backward pass that is quadratic in the number of steps.
"""

from __future__ import annotations

from typing import Any, Literal

from keras import ops

from groovekit.models import backend

Tensor = Any


def is_own(*, training: bool) -> bool:
    """Whether LSTM layers run in our own loops, see :func:`lstm_of_gates`."""
    return training and backend.name() == backend.TENSORFLOW and not backend.uses_gpu()


def use_cudnn(dtype: str) -> Literal["auto", False]:
    """What ``keras.layers.LSTM`` takes of that name, for a type to compute in.

    JAX's fused kernel knows float32 only (``jax.experimental.rnn``), and Keras does
    not look.
    """
    return False if backend.name() == backend.JAX and dtype != "float32" else "auto"


def lstm(
    layer: Any,
    x: Tensor,
    state: tuple[Tensor, Tensor] | None,
    *,
    training: bool = False,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Runs a ``keras.layers.LSTM`` over a whole sequence.

    Args:
      layer: the layer that holds the weights, with ``return_sequences`` and
        ``return_state``.
      x: ``(batch, steps, depth)``.
      state: initial hidden and cell state, each ``(batch, units)``, or None.
      training: whether gradients will be asked for. There are gradients in any
        case, but faster ones then.

    Returns:
      Hidden states ``(batch, steps, units)`` and the last (hidden, cell).
    """
    if backend.name() == backend.TORCH:
        return _torch(layer, x, state)
    if not is_own(training=training):
        outputs, hidden, cell = layer(
            x, initial_state=None if state is None else list(state)
        )
        return outputs, (hidden, cell)
    dtype, cell = layer.compute_dtype, layer.cell
    # A column of ones makes the bias, and its gradient, part of the product.
    x = ops.pad(ops.cast(x, dtype), [[0, 0], [0, 0], [0, 1]], constant_values=1.0)
    rows = [cell.kernel, ops.expand_dims(cell.bias, 0), cell.recurrent_kernel]
    weights = ops.concatenate([ops.cast(row, dtype) for row in rows], axis=0)
    return _own(layer, ops.transpose(x, (1, 0, 2)), None, weights, state)


def lstm_of_gates(
    layer: Any, gates: Tensor, state: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """:func:`lstm` in training where :func:`is_own`, of inputs already multiplied.

    Args:
      layer: see :func:`lstm`.
      gates: ``(batch, steps, 4 * units)``: input times kernel, plus bias.
      state: see :func:`lstm`.
    """
    dtype = layer.compute_dtype
    gates = ops.transpose(ops.cast(gates, dtype), (1, 0, 2))
    weights = ops.cast(layer.cell.recurrent_kernel, dtype)
    return _own(layer, gates[..., :0], gates, weights, state)


def _torch(
    layer: Any, x: Tensor, state: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    import torch

    dtype = layer.compute_dtype
    x = ops.cast(x, dtype)
    if state is None:
        zeros = ops.zeros((x.shape[0], layer.units), dtype=dtype)
        state = (zeros, zeros)
    hidden, cell = (ops.cast(s, dtype)[None].contiguous() for s in state)
    bias = ops.cast(layer.cell.bias, dtype)
    weights = [
        ops.transpose(ops.cast(layer.cell.kernel, dtype)).contiguous(),
        ops.transpose(ops.cast(layer.cell.recurrent_kernel, dtype)).contiguous(),
        bias,
        ops.zeros_like(bias),
    ]
    # Arguments after the weights: biases, layers, dropout, training,
    # bidirectional, batch first.
    training = torch.is_grad_enabled()
    outputs, hidden, cell = torch._VF.lstm(
        x, (hidden, cell), weights, True, 1, 0.0, training, False, True
    )
    return outputs, (hidden[0], cell[0])


def _own(
    layer: Any,
    inputs: Tensor,
    projected: Tensor | None,
    weights: Tensor,
    state: tuple[Tensor, Tensor] | None,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    dtype = layer.compute_dtype
    if state is None:
        zeros = ops.zeros((ops.shape(inputs)[1], layer.units), dtype=dtype)
        state = (zeros, zeros)
    hidden, memory = (ops.cast(part, dtype) for part in state)
    outputs, hidden, memory = _sequence(inputs, projected, hidden, memory, weights)
    return ops.transpose(outputs, (1, 0, 2)), (hidden, memory)


def _sequence(
    inputs: Tensor,
    projected: Tensor | None,
    hidden: Tensor,
    memory: Tensor,
    weights: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """An LSTM layer in TensorFlow with a backward pass of its own.

    Automatic differentiation of the loop multiplies by transposed weights, which
    TensorFlow does at a fraction of its speed if there are few rows (17 instead of
    83 GFLOP/s at a batch of 32), and in each step anew; here they are transposed
    once. Input, bias and state share one product. Gates are kept as small tensors,
    step by step: memory for whole sequences would be asked from the system, and be
    cleared by it, in every training step.

    Args:
      inputs: ``(steps, batch, depth)``.
      projected: ``(steps, batch, 4 * units)`` to be added to the gates, or None.
      hidden: ``(batch, units)``: the initial hidden state.
      memory: likewise, the cell state.
      weights: ``(depth + units, 4 * units)``, gates in the order i, f, c, o.

    Returns:
      Hidden states ``(steps, batch, units)`` and the last hidden and cell state.
    """
    import tensorflow as tf

    dtype, units, depth = hidden.dtype, hidden.shape[-1], inputs.shape[-1]
    steps = tf.shape(inputs)[0]
    rows = inputs.shape[1]

    def array(width: int, more: int = 0) -> Any:
        return tf.TensorArray(
            dtype,
            size=steps + more,
            element_shape=(rows, width),
            clear_after_read=False,
        )

    @tf.custom_gradient
    def run(inputs: Any, hidden: Any, memory: Any, weights: Any, *added: Any) -> Any:
        def forward(
            t: Any, h: Any, c: Any, hiddens: Any, memories: Any, gates: Any
        ) -> Any:
            x = tf.matmul(tf.concat([inputs[t], h], -1), weights)
            for projected in added:
                x += projected[t]
            i, f, z, o = tf.split(x, 4, axis=-1)
            now = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(z), tf.sigmoid(o)
            i, f, z, o = now
            c = f * c + i * z
            h = o * tf.tanh(c)
            gates = [a.write(t, gate) for a, gate in zip(gates, now, strict=True)]
            return t + 1, h, c, hiddens.write(t + 1, h), memories.write(t + 1, c), gates

        _, last, cell, hiddens, memories, gates = tf.while_loop(
            lambda t, *_: t < steps,
            forward,
            (
                tf.constant(0),
                hidden,
                memory,
                array(units, 1).write(0, hidden),
                array(units, 1).write(0, memory),
                [array(units) for _ in range(4)],
            ),
        )

        def gradient(outer: Any, last_hidden: Any, last_memory: Any) -> Any:
            transposed = tf.transpose(weights)

            def backward(
                t: Any, dh: Any, dc: Any, dweights: Any, dx: Any, dadded: Any
            ) -> Any:
                i, f, z, o = (gate.read(t) for gate in gates)
                out = tf.tanh(memories.read(t + 1))
                dh += outer[t]
                do = dh * out * o * (1 - o)
                dc += dh * o * (1 - out * out)
                di = dc * z * i * (1 - i)
                df = dc * memories.read(t) * f * (1 - f)
                dz = dc * i * (1 - z * z)
                dgates = tf.concat([di, df, dz, do], -1)
                seen = tf.concat([inputs[t], hiddens.read(t)], -1)
                dweights += tf.cast(
                    tf.matmul(seen, dgates, transpose_a=True), tf.float32
                )
                own, dh = tf.split(tf.matmul(dgates, transposed), [depth, units], -1)
                dadded = [a.write(t, dgates) for a in dadded]
                return t - 1, dh, dc * f, dweights, dx.write(t, own), dadded

            _, dh, dc, dweights, dx, dadded = tf.while_loop(
                lambda t, *_: t >= 0,
                backward,
                (
                    steps - 1,
                    last_hidden,
                    last_memory,
                    tf.zeros(weights.shape, tf.float32),
                    array(depth),
                    [array(4 * units) for _ in added],
                ),
            )
            dweights = tf.cast(dweights, dtype)
            return dx.stack(), dh, dc, dweights, *(a.stack() for a in dadded)

        return (hiddens.stack()[1:], last, cell), gradient

    added = () if projected is None else (projected,)
    outputs, hidden, memory = run(inputs, hidden, memory, weights, *added)
    # Loops hide it.
    outputs.set_shape([inputs.shape[0], rows, units])
    return outputs, hidden, memory
