"""LSTM layers in NumPy; what :mod:`groovekit.models.lstm` is in Keras.

Of each cell the columns are put in the order i, f, o, c, and those of the three
gates are halved: with ``sigmoid(x) = (1 + tanh(x / 2)) / 2`` one hyperbolic tangent
serves all four.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from groovekit.models.runtimes.numpy.layer import Cost, Layer, Shape

# Values an LSTM keeps for its backward pass, a unit and step: four gates before
# and after their activation, cell and hidden state, and their gradients.
_KEPT_A_UNIT = 14

State = list[tuple[np.ndarray, np.ndarray]]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, in the type of ``x``."""
    half = x.dtype.type(0.5)
    y: np.ndarray = np.tanh(x * half)
    y *= half
    y += half
    return y


class Dense(Layer):
    """A dense layer.

    Args:
      inputs: size of its inputs.
      outputs: size of its outputs.
      tanh: whether it ends in a hyperbolic tangent.
    """

    kernel: np.ndarray
    bias: np.ndarray

    def __init__(self, inputs: int, outputs: int, *, tanh: bool = False) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.tanh = tanh

    def own_shapes(self) -> dict[str, Shape]:
        """Kernel and bias."""
        return {"kernel": (self.inputs, self.outputs), "bias": (self.outputs,)}

    def take(self, **weights: np.ndarray) -> None:
        """Kernel and bias."""
        self.kernel, self.bias = weights["kernel"], weights["bias"]

    def cost(self, steps: int) -> Cost:
        """One product a step."""
        return Cost(self.inputs * self.outputs * steps)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """``(..., inputs)`` to ``(..., outputs)``."""
        y: np.ndarray = x @ self.kernel
        y += self.bias
        return np.tanh(y, out=y) if self.tanh else y


class StateLayer(Dense):
    """The first state of a stack of LSTM layers, made from a latent vector.

    Args:
      sizes: units of each layer of the stack.
      depth: dimensions of the code.
    """

    def __init__(self, sizes: tuple[int, ...], depth: int) -> None:
        super().__init__(depth, 2 * sum(sizes), tanh=True)
        self._sizes = sizes

    def state(self, z: np.ndarray) -> State:
        """(hidden, cell) of each layer from ``(batch, depth)``."""
        values, state, position = self(z), [], 0
        for units in self._sizes:
            middle, end = position + units, position + 2 * units
            # The cell state comes first.
            state.append((values[:, middle:end], values[:, position:middle]))
            position = end
        return state


def join_state(state: State) -> np.ndarray:
    """The inverse of :class:`StateLayer`'s split: ``(batch, 2 * sum(sizes))``."""
    return np.concatenate([part for h, c in state for part in (c, h)], axis=-1)


class _Cell(Layer):
    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray

    def __init__(self, inputs: int, units: int) -> None:
        self.inputs = inputs
        self.units = units

    def own_shapes(self) -> dict[str, Shape]:
        width = 4 * self.units
        return {
            "kernel": (self.inputs, width),
            "recurrent_kernel": (self.units, width),
            "bias": (width,),
        }

    def take(self, **weights: np.ndarray) -> None:
        self.kernel, self.recurrent, self.bias = (
            self._arranged(weights[name]) for name in self.own_shapes()
        )

    def cost(self, steps: int) -> Cost:
        weights = 4 * self.units * (self.inputs + self.units)
        return Cost(weights * steps, _KEPT_A_UNIT * self.units * steps)

    def _arranged(self, array: np.ndarray) -> np.ndarray:
        """Columns i, f, c, o to i, f, o, c; gates halved, which is exact."""
        arranged = np.empty_like(array)
        two, three = 2 * self.units, 3 * self.units
        np.multiply(array[..., :two], 0.5, out=arranged[..., :two])
        np.multiply(array[..., three:], 0.5, out=arranged[..., two:three])
        arranged[..., three:] = array[..., two:three]
        return arranged

    def advance(
        self, gates: np.ndarray, state: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Next (hidden, cell) from the response to the inputs, which is consumed."""
        hidden, memory = state
        gates += hidden @ self.recurrent
        np.tanh(gates, out=gates)
        open_gates = gates[:, : 3 * self.units]
        open_gates *= np.float32(0.5)
        open_gates += np.float32(0.5)
        i_gate, f_gate, o_gate, candidate = np.split(gates, 4, axis=1)
        memory = f_gate * memory
        candidate *= i_gate
        memory += candidate
        hidden = np.tanh(memory)
        hidden *= o_gate
        return hidden, memory


class Stack(Layer):
    """LSTM layers on top of each other, with residual connections if asked for.

    Args:
      sizes: units of each layer.
      depth: size of the inputs.
      residual: as :class:`groovekit.models.lstm.LSTMStack`.
    """

    def __init__(self, sizes: tuple[int, ...], depth: int, *, residual: bool) -> None:
        self.residual = residual
        self.cells: list[_Cell] = []
        self.projections: list[Dense | None] = []
        for index, units in enumerate(sizes):
            projection = None
            if residual and (index == 0 or units != sizes[index - 1]):
                projection = Dense(depth, units)
                depth = units
            self.projections.append(projection)
            self.cells.append(_Cell(depth, units))
            depth = units

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """Each layer's projection and cell."""
        pairs = zip(self.projections, self.cells, strict=True)
        for index, (projection, cell) in enumerate(pairs):
            if projection is not None:
                yield f"projections.{index}", projection
            yield f"lstms.{index}.cell", cell

    def run(
        self, x: np.ndarray, state: State | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Runs all layers over sequences.

        Args:
          x: ``(batch, steps, depth)``.
          state: the first one; None for zeros.

        Returns:
          The last layer's outputs with and without its residual connection, each
          ``(batch, steps, units)``.
        """
        hidden = x = np.ascontiguousarray(x.transpose(1, 0, 2), np.float32)
        steps, batch = x.shape[:2]
        for index, (cell, projection) in enumerate(
            zip(self.cells, self.projections, strict=True)
        ):
            if projection is not None:
                x = projection(x)
            # The inputs of all steps at once.
            gates = x.reshape(steps * batch, -1) @ cell.kernel
            gates += cell.bias
            gates = gates.reshape(steps, batch, -1)
            hidden = np.empty((steps, batch, cell.units), np.float32)
            zeros = np.zeros((batch, cell.units), np.float32)
            now = (zeros, zeros) if state is None else state[index]
            for step in range(steps):
                now = cell.advance(gates[step], now)
                hidden[step] = now[0]
            x = hidden + x if self.residual else hidden
        return x.transpose(1, 0, 2), hidden.transpose(1, 0, 2)

    def project(self, x: np.ndarray, *, first: int) -> np.ndarray:
        """The first layer's response, without bias, to input columns from ``first``.

        Args:
          x: ``(..., columns)``.
          first: index of the first of these columns in the whole input.
        """
        kernel = self._first.kernel
        response: np.ndarray = x @ kernel[first : first + x.shape[-1]]
        return response

    @property
    def bias(self) -> np.ndarray:
        """The first layer's."""
        return self._first.bias

    @property
    def _first(self) -> Dense | _Cell:
        return self.projections[0] or self.cells[0]

    def step(
        self,
        respond: Callable[[np.ndarray], np.ndarray],
        known: np.ndarray,
        state: State,
    ) -> tuple[np.ndarray, State]:
        """One step of all layers.

        Args:
          respond: gives the response of the first columns of the input, which are
            known in this step only, to the first layer's kernel.
          known: :attr:`bias`, and the response to the remaining columns (from
            :meth:`project`).
          state: (hidden, cell) of each layer.

        Returns:
          The last layer's output and the new state.
        """
        x = respond(self._first.kernel)
        x += known
        new_state = []
        for index, cell in enumerate(self.cells):
            projection = self.projections[index]
            if index and projection is not None:
                x = projection(x)
            # Without a projection, the first layer's x holds its gates already.
            gates = x
            if index or projection is not None:
                gates = x @ cell.kernel
                gates += cell.bias
            hidden, memory = cell.advance(gates, state[index])
            new_state.append((hidden, memory))
            x = hidden + x if self.residual else hidden
        return x, new_state
