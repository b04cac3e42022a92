"""Encoders in NumPy; what :mod:`groovekit.models.encoders.lstm` is in Keras."""

from __future__ import annotations

import abc
from collections.abc import Iterator

import numpy as np

from groovekit.models.runtimes.numpy.layer import Cost, Layer, numbered
from groovekit.models.runtimes.numpy.lstm import Stack
from groovekit.plugins import catalogue


class Encoder(Layer, abc.ABC):
    """What the rest expects of an encoder.

    Attributes:
      output_depth: size of the embedding.
    """

    output_depth: int

    @abc.abstractmethod
    def __call__(self, x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
        """``(batch, steps, depth)`` and ``(batch,)`` to ``(batch, output_depth)``."""


def reverse(x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """Reverses each sequence in its own length; padding stays at the right."""
    if lengths is None:
        return x[:, ::-1]
    steps = np.arange(x.shape[1])[None, :]
    ends = np.asarray(lengths, np.int64)[:, None]
    source = np.where(steps < ends, ends - 1 - steps, steps)
    return np.take_along_axis(x, source[:, :, None], axis=1)


def last_step(x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    """The last step in use of each sequence; zeros for empty ones."""
    if lengths is None:
        return x[:, -1]
    lengths = np.asarray(lengths, np.int64)
    last = x[np.arange(len(x)), np.maximum(lengths - 1, 0)]
    return np.where(lengths[:, None] > 0, last, np.float32(0))


class BidirectionalLSTM(Encoder):
    """Stacked bidirectional LSTM; the embedding joins both final hidden states."""

    def __init__(self, sizes: tuple[int, ...], depth: int, *, residual: bool) -> None:
        self._layers: list[tuple[Stack, Stack]] = []
        for units in sizes:
            forward, backward = (
                Stack((units,), depth, residual=residual) for _ in range(2)
            )
            self._layers.append((forward, backward))
            depth = 2 * units
        self.output_depth = depth

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """Both directions of each layer."""
        for index, (forward, backward) in enumerate(self._layers):
            yield f"layers_fw.{index}", forward
            yield f"layers_bw.{index}", backward

    def __call__(self, x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
        """Embeds right-padded sequences."""
        _, finals = self.sequences(x, lengths)
        return np.concatenate([last_step(h, lengths) for h in finals], axis=-1)

    def sequences(
        self, x: np.ndarray, lengths: np.ndarray | None
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Outputs of both directions in the input's order, and hidden states in theirs.

        Returns:
          ``(batch, steps, output_depth)``; twice ``(batch, steps, sizes[-1])``.
        """
        hidden = (x, x)
        for forward, backward in self._layers:
            out_fw, hidden_fw = forward.run(x)
            out_bw, hidden_bw = backward.run(reverse(x, lengths))
            hidden = (hidden_fw, hidden_bw)
            x = np.concatenate([out_fw, reverse(out_bw, lengths)], axis=-1)
        return x, hidden


class UnidirectionalLSTM(Encoder):
    """Stacked LSTM; the embedding is the last step's output."""

    def __init__(
        self,
        sizes: tuple[int, ...],
        depth: int,
        *,
        residual: bool,
        read_padding: bool = False,
    ) -> None:
        self._stack = Stack(sizes, depth, residual=residual)
        self._read_padding = read_padding
        self.output_depth = sizes[-1]

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The stack."""
        yield "stack", self._stack

    def __call__(self, x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
        """Embeds right-padded sequences."""
        outputs, _ = self._stack.run(x)
        embedding = last_step(outputs, lengths)
        if self._read_padding and lengths is not None:
            full = np.asarray(lengths)[:, None] == x.shape[1]
            embedding = np.where(full, embedding, np.float32(0))
        return embedding


class HierarchicalLSTM(Encoder):
    """Encodes segments, then sequences of their embeddings, up to a single one.

    Args:
      sizes: units of each layer of each level's encoder.
      depth: size of the inputs.
      residual: residual connections.
      level_lengths: steps of a segment, segments of a group, ..., from the bottom up.
      core: registered name of the encoder of each level.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        depth: int,
        *,
        residual: bool,
        level_lengths: tuple[int, ...],
        core: str,
    ) -> None:
        self.level_lengths = level_lengths
        self.levels: list[Encoder] = []
        for _ in level_lengths:
            level = catalogue.numpy_encoders.get(core)(sizes, depth, residual=residual)
            self.levels.append(level)
            depth = level.output_depth
        self.output_depth = depth

    def parts(self) -> Iterator[tuple[str, Layer]]:
        """The levels."""
        return numbered("levels", self.levels)

    def cost(self, steps: int) -> Cost:
        """Each level reads the embeddings of the one below."""
        total = Cost()
        for level, length in zip(self.levels, self.level_lengths, strict=True):
            total += level.cost(steps)
            steps //= length
        return total

    def __call__(self, x: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
        """Embeds windows; ``lengths`` is ``(batch, segments)`` or ``(batch,)``."""
        for level, length in zip(self.levels, self.level_lengths, strict=True):
            segments = 1 if level is self.levels[-1] else x.shape[1] // length
            own = None
            if lengths is not None:
                own = np.asarray(lengths, np.int64)
                if own.ndim == 1:
                    # Windows that are full or empty.
                    own = np.repeat((own // segments)[:, None], segments, axis=1)
                own = own.reshape(-1)
                # Above the segments every embedding counts, as in the original.
                lengths = None
            folded = x.reshape(len(x) * segments, -1, x.shape[-1])
            x = level(folded, own).reshape(len(x), segments, -1)
        return x[:, 0]
