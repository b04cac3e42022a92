"""Decoders in NumPy, which only run freely.

Flat decoders are :mod:`groovekit.models.decoders.flat`, hierarchical ones
:mod:`groovekit.models.decoders.hierarchical`.
"""

from __future__ import annotations

import abc
import functools
import math
import operator
from collections.abc import Iterator, Sequence

import numpy as np

from groovekit.models.feed import Decoded, Feed
from groovekit.models.runtimes.numpy.encoders import Encoder, HierarchicalLSTM
from groovekit.models.runtimes.numpy.heads import Categorical, Head
from groovekit.models.runtimes.numpy.layer import (
    Cost,
    Layer,
    NoTwinError,
    numbered,
)
from groovekit.models.runtimes.numpy.lstm import (
    Dense,
    Stack,
    State,
    StateLayer,
    join_state,
)
from groovekit.plugins import catalogue

# Values kept for the backward pass, a logit and step: itself, its probability and
# their gradients.
_KEPT_A_LOGIT = 4


class Decoder(Layer, abc.ABC):
    """What the rest expects of a decoder.

    Attributes:
      step_multiple: sequences of a multiple of so many steps can be generated.
      whole_windows: whether only ``step_multiple`` steps can be.
    """

    step_multiple = 1
    whole_windows = False

    @abc.abstractmethod
    def decode(self, z: np.ndarray, steps: int, feed: Feed) -> Decoded:
        """Samples, each step given the one before it.

        Args:
          z: latent vectors, ``(batch, z_size)`` float32.
          steps: how many.
          feed: NumPy arrays, without targets.
        """


class Core(Decoder):
    """A decoder that can also run one segment of a hierarchical one.

    It starts from ``feed.start`` and gives its last state.

    Attributes:
      output_depth: size of the samples.
      state_depth: numbers in its whole state.
    """

    output_depth: int
    state_depth: int

    @abc.abstractmethod
    def cost(self, steps: int, segments: int = 1) -> Cost:
        """What a window of so many steps costs, decoded in so many segments."""


class LSTM(Core):
    """LSTM decoder whose state starts from the code, which it also sees each step.

    Args:
      sizes: units of each layer.
      z_size: dimensions of the code.
      head: what the outputs mean.
      control_depth: size of the control vectors; 0 for none.
      residual: residual connections.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        z_size: int,
        head: Head,
        *,
        control_depth: int,
        residual: bool,
    ) -> None:
        self._head = head
        self._z_size = z_size
        self._to_state = StateLayer(sizes, z_size)
        depth = head.output_depth + z_size + control_depth
        self._stack = Stack(sizes, depth, residual=residual)
        self._output = Dense(sizes[-1], head.logits_depth)
        self.output_depth = head.output_depth
        self.state_depth = 2 * sum(sizes)

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The layers, and the head's."""
        yield "to_state", self._to_state
        yield "stack", self._stack
        yield "output_layer", self._output
        yield "head_layer", self._head

    def cost(self, steps: int, segments: int = 1) -> Cost:
        """A state for each segment; the rest at every step."""
        head = self._head
        kept = self._z_size + head.output_depth + _KEPT_A_LOGIT * head.logits_depth
        total = self._to_state.cost(segments) + Cost(0, kept * steps)
        for layer in (self._stack, self._output, head):
            total += layer.cost(steps)
        return total

    def decode(self, z: np.ndarray, steps: int, feed: Feed) -> Decoded:
        """See :meth:`Decoder.decode`."""
        head, x, state = self._head, feed.start, self._to_state.state(z)
        if x is None:
            x = np.zeros((len(z), head.output_depth), np.float32)
        # What is added to each step's gates, as far as it is known beforehand.
        known = self._stack.project(z, first=head.output_depth) + self._stack.bias
        controlled = None
        if feed.controls is not None:
            first = head.output_depth + z.shape[1]
            steps_first = np.ascontiguousarray(feed.controls.transpose(1, 0, 2))
            controlled = self._stack.project(steps_first, first=first) + known
        noise = None if feed.uniforms is None else feed.uniforms.transpose(1, 0, 2)
        outputs = np.empty((len(z), steps, head.output_depth), np.float32)
        for step in range(steps):
            hidden, state = self._stack.step(
                functools.partial(head.respond, x),
                known if controlled is None else controlled[step],
                state,
            )
            own_noise = None if noise is None else noise[step]
            x = head.sample(self._output(hidden), own_noise, feed.temperature)
            outputs[:, step] = x
        return Decoded(outputs, state)


class SplitLSTM(Core):
    """One LSTM decoder for each categorical output; all see the same ``z``.

    Args: see :class:`LSTM`.

    Raises:
      NoTwinError: another head.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        z_size: int,
        head: Head,
        *,
        control_depth: int,
        residual: bool,
    ) -> None:
        if not isinstance(head, Categorical):
            raise NoTwinError("a split decoder of other than categorical outputs")
        self._cores = [
            LSTM(
                sizes,
                z_size,
                Categorical([part]),
                control_depth=control_depth,
                residual=residual,
            )
            for part in head.layout
        ]
        self._bounds = np.cumsum([part.size for part in head.layout])[:-1]
        self.output_depth = head.output_depth
        self.state_depth = sum(core.state_depth for core in self._cores)

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The decoders of the outputs."""
        return numbered("cores", self._cores)

    def cost(self, steps: int, segments: int = 1) -> Cost:
        """That of all cores."""
        return sum((core.cost(steps, segments) for core in self._cores), Cost())

    def decode(self, z: np.ndarray, steps: int, feed: Feed) -> Decoded:
        """See :meth:`Decoder.decode`."""
        results = []
        starts: Sequence[np.ndarray | None] = [None] * len(self._cores)
        if feed.start is not None:
            starts = np.split(feed.start, self._bounds, axis=1)
        for index, (core, start) in enumerate(zip(self._cores, starts, strict=True)):
            noise = feed.uniforms
            if noise is not None:
                # Each core draws one label a step.
                noise = noise[..., index : index + 1]
            own = feed.replace(start=start, uniforms=noise)
            results.append(core.decode(z, steps, own))
        # Layer by layer, as one stack of wider layers would have it.
        state = []
        for pairs in zip(*(made.state or () for made in results), strict=True):
            hidden, memory = zip(*pairs, strict=True)
            state.append((np.concatenate(hidden, 1), np.concatenate(memory, 1)))
        outputs = np.concatenate([made.outputs for made in results], axis=-1)
        return Decoded(outputs, state)


class _Conductor(Layer):
    """An upper level: one embedding for each part of the level below."""

    def __init__(
        self,
        sizes: tuple[int, ...],
        depth: int,
        below_depth: int,
        *,
        projection: int,
        residual: bool,
    ) -> None:
        self.below_depth = below_depth
        self.to_state = StateLayer(sizes, depth)
        # Without anything from below, the original feeds a single zero.
        inputs = below_depth + depth if below_depth else 1
        self._stack = Stack(sizes, inputs, residual=residual)
        self._projection = None
        if projection:
            self._projection = Dense(sizes[-1], projection, tanh=True)
        self.output_depth = projection or sizes[-1]

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The layers."""
        yield "to_state", self.to_state
        yield "stack", self._stack
        if self._projection is not None:
            yield "projection", self._projection

    def cost(self, steps: int, runs: int = 1) -> Cost:
        """So many steps a window, in so many runs."""
        total = self.to_state.cost(runs) + self._stack.cost(steps)
        if self._projection is not None:
            total += self._projection.cost(steps)
        return total

    def step(
        self, embedding: np.ndarray, below: np.ndarray | None, state: State
    ) -> tuple[np.ndarray, State]:
        """The next embedding."""
        if below is None:
            x = np.zeros((len(embedding), 1), np.float32)
        else:
            x = np.concatenate([below, embedding], axis=1)
        bias = self._stack.bias
        output, state = self._stack.step(lambda kernel: x @ kernel, bias, state)
        return output if self._projection is None else self._projection(output), state


class HierarchicalLSTMDecoder(Decoder):
    """Decodes embeddings of segments, then the segments, each after the other.

    Args:
      sizes: units of each layer of the core decoder.
      z_size: dimensions of the code.
      head: what the outputs mean.
      control_depth: size of the control vectors; 0 for none.
      residual: residual connections.
      level_lengths: parts of each level from the top down.
      core: registered name of the core decoder.
      conductor_size: units of each conductor layer; ``sizes`` if empty.
      conductor_projection: width of the tanh layer behind the lowest conductor; 0
        for none.
      autoregressive: levels whose conductor sees what the part before has become.
      reencoder: what it sees it with; None for the level's last state.

    Raises:
      NoTwinError: a core that runs no segments, or another reencoder.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        z_size: int,
        head: Head,
        *,
        control_depth: int,
        residual: bool,
        level_lengths: tuple[int, ...],
        core: str,
        conductor_size: tuple[int, ...] = (),
        conductor_projection: int = 0,
        autoregressive: tuple[int, ...] = (),
        reencoder: Encoder | None = None,
    ) -> None:
        if reencoder is not None and not isinstance(reencoder, HierarchicalLSTM):
            raise NoTwinError("re-encoding with a flat encoder")
        conductor_size = conductor_size or sizes
        self._lengths = level_lengths
        self._autoregressive = autoregressive
        self._reencoder = reencoder
        conductors = len(level_lengths) - 1
        made = catalogue.numpy_decoders.get(core)(
            sizes,
            conductor_projection or conductor_size[-1],
            head,
            control_depth=control_depth,
            residual=residual,
        )
        if not isinstance(made, Core):
            raise NoTwinError(f"a hierarchical decoder of {core!r}")
        self._core = made
        self._conductors: list[_Conductor] = []
        depth = z_size
        for level in range(conductors):
            lowest = level == conductors - 1
            below = 0
            if level in autoregressive and reencoder is not None:
                below = reencoder.levels[0].output_depth
            elif level in autoregressive:
                below = self._core.state_depth if lowest else 2 * sum(conductor_size)
            conductor = _Conductor(
                conductor_size,
                depth,
                below,
                projection=conductor_projection if lowest else 0,
                residual=residual,
            )
            self._conductors.append(conductor)
            depth = conductor.output_depth
        self.step_multiple = math.prod(level_lengths[1:])

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The core and the conductors; the reencoder is the encoder's."""
        yield "core", self._core
        yield from numbered("conductors", self._conductors)

    def cost(self, steps: int) -> Cost:
        """Each conductor runs once for each embedding of the one above."""
        total, runs = Cost(), 1
        for conductor, length in zip(self._conductors, self._lengths, strict=False):
            total += conductor.cost(runs * length, runs)
            runs *= length
        return total + self._core.cost(steps, runs)

    def decode(self, z: np.ndarray, steps: int, feed: Feed) -> Decoded:
        """See :meth:`Decoder.decode`."""
        start = np.zeros((len(z), self._core.output_depth), np.float32)
        outputs, _ = self._decode(0, z, steps, feed.replace(start=start))
        return Decoded(outputs)

    def _decode(
        self, level: int, embedding: np.ndarray, steps: int, feed: Feed
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Steps of one embedding of a level, and what the level above may see."""
        if level == len(self._conductors):
            outputs, state, _ = self._core.decode(embedding, steps, feed)
            if level not in self._summarised:
                return outputs, None
            if self._reencoder is None:
                return outputs, join_state(state or [])
            return outputs, self._reencoder.levels[0](outputs, None)
        parts = steps // math.prod(self._lengths[level + 1 :])
        conductor = self._conductors[level]
        state, below = conductor.to_state.state(embedding), None
        made, children = [], []
        if conductor.below_depth:
            below = np.zeros((len(embedding), conductor.below_depth), np.float32)
        for part in range(parts):
            output, state = conductor.step(embedding, below, state)
            size = steps // parts
            stretch = slice(part * size, (part + 1) * size)
            own = feed.map_steps(operator.itemgetter((slice(None), stretch)))
            outputs, seen = self._decode(level + 1, output, size, own)
            made.append(outputs)
            feed = feed.replace(start=outputs[:, -1])
            if conductor.below_depth:
                below = seen
            if seen is not None:
                children.append(seen)
        summary = None
        if self._reencoder is None:
            summary = join_state(state)
        elif level in self._summarised:
            encoder = self._reencoder.levels[len(self._conductors) - level]
            summary = encoder(np.stack(children, axis=1), None)
        return np.concatenate(made, axis=1), summary

    @property
    def _summarised(self) -> set[int]:
        """Levels whose result a level above wants summed up."""
        if self._reencoder is None or not self._autoregressive:
            return {level + 1 for level in self._autoregressive}
        # An encoding is made of the encodings of all levels below.
        return set(range(min(self._autoregressive) + 1, len(self._lengths)))
