"""Hierarchical decoder: embeddings of segments, then the segments.

Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term
Structure in Music" (2018); levels and modes as in the original's
``HierarchicalLstmDecoder``. How windows are padded:
:mod:`groovekit.models.segments`.

Segments of a level that do not depend on each other go through the level below
in one batch. Where each needs its predecessor (autoregressive levels, sampling)
a compiled loop runs over them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models import backend
from groovekit.models.decoders.base import CoreDecoder, Decoder
from groovekit.models.decoders.conductor import Conductor
from groovekit.models.encoders.hierarchical import HierarchicalLSTMEncoder
from groovekit.models.feed import Decoded, Feed
from groovekit.models.heads.base import Head
from groovekit.models.lstm import flatten_state, join_state, unflatten_state
from groovekit.models.segments import (
    checked_lengths,
    fold,
    segment_lengths,
    stack_parts,
    unfold,
    with_last,
)
from groovekit.plugins import catalogue
from groovekit.seeding import derive

Tensor = Any


class _Result(NamedTuple):
    """What a level made: outputs, what the level above may want, the last sample."""

    outputs: Tensor
    summary: Tensor | None
    last: Tensor | None


@keras.saving.register_keras_serializable(package="groovekit")
class HierarchicalLSTMDecoder(Decoder):
    """Decodes embeddings of segments, then the segments.

    Each level but the last is a conductor: an LSTM that starts from the embedding
    above it and gives one embedding for each part of the level below. The core
    decoder makes a segment of each embedding of the lowest conductor, which is its
    code; a segment's first input is the step before it.

    Args:
      sizes: units of each layer of the core decoder.
      z_size: dimensions of the code.
      head: what the outputs mean.
      level_lengths: parts of each level from the top down, the last one the steps
        of a segment; their product is the window's length.
      core: registered name of the core decoder.
      conductor_size: units of each conductor layer; ``sizes`` if empty.
      conductor_projection: width of a tanh layer after the lowest conductor; 0 for
        none.
      autoregressive: levels (0 is the top) whose conductor sees what the part
        before has become: the final state of the level below or, with
        ``reencoder``, its encoding. The other conductors see nothing.
      reencoder: a :class:`HierarchicalLSTMEncoder` with these lengths in reverse,
        usually the model's own.
      control_depth: size of the control vectors, which the core decoder sees.
      residual: residual connections.
      dropout: input dropout, see :class:`groovekit.models.lstm.LSTMStack`.
      seed: seed of initial weights and dropout masks.
      **kwargs: of ``keras.layers.Layer``.

    Raises:
      ConfigError: parts that do not fit together.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        z_size: int,
        head: Head,
        *,
        level_lengths: tuple[int, ...],
        core: str = "lstm",
        conductor_size: tuple[int, ...] = (),
        conductor_projection: int = 0,
        autoregressive: tuple[int, ...] = (),
        reencoder: HierarchicalLSTMEncoder | None = None,
        control_depth: int = 0,
        residual: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = tuple(sizes)
        self.z_size = z_size
        self.head = head
        self.level_lengths = checked_lengths(level_lengths)
        self.core_name = core
        self.conductor_size = tuple(conductor_size) or self.sizes
        self.conductor_projection = conductor_projection
        self.autoregressive = tuple(autoregressive)
        self.control_depth = control_depth
        self.residual = residual
        self.dropout = dropout
        self.seed = seed
        self._check(reencoder)
        # In a function, so that Keras counts the weights once, as the encoder's.
        self._reencoder: Callable[[], Any] = lambda: reencoder
        conductors = len(self.level_lengths) - 1
        widths = [self.conductor_size[-1]] * conductors
        if conductor_projection:
            widths[-1] = conductor_projection
        with keras.name_scope(self.name):
            self.core: CoreDecoder = catalogue.decoders.get(core)(
                self.sizes,
                widths[-1],
                head,
                control_depth=control_depth,
                residual=residual,
                dropout=dropout,
                seed=derive(seed, "core"),
                dtype=self.dtype_policy,
                name="core",
            )
        if not isinstance(self.core, CoreDecoder):
            raise ConfigError(
                "A hierarchical decoder's core runs a segment at a time (a CoreDecoder,"
                f" like 'lstm' or 'split_lstm'); {core!r} is not one."
            )
        self.conductors = []
        depth = z_size
        with keras.name_scope(self.name):
            for level in range(conductors):
                lowest = level == conductors - 1
                below = 0
                if level in self.autoregressive:
                    if reencoder is not None:
                        below = reencoder.levels[0].output_depth
                    else:
                        state = 2 * sum(self.conductor_size)
                        below = self.core.state_depth if lowest else state
                self.conductors.append(
                    Conductor(
                        self.conductor_size,
                        depth,
                        below,
                        projection=conductor_projection if lowest else 0,
                        residual=residual,
                        dropout=dropout,
                        seed=derive(seed, "conductor", level),
                        dtype=self.dtype_policy,
                        name=f"conductor_{level}",
                    )
                )
                depth = self.conductors[-1].output_depth
        self.segments = math.prod(self.level_lengths[:-1])
        self.step_multiple = math.prod(self.level_lengths[1:])
        self.built = True

    def _check(self, reencoder: HierarchicalLSTMEncoder | None) -> None:
        lengths, conductors = self.level_lengths, len(self.level_lengths) - 1
        if conductors < 1:
            raise ConfigError(
                "decoder.level_lengths takes at least two lengths (segments and steps "
                f"of a segment), got {list(lengths)}."
            )
        wrong = [n for n in self.autoregressive if not 0 <= n < conductors]
        if wrong:
            raise ConfigError(
                f"decoder.autoregressive takes levels from 0 to {conductors - 1}, got "
                f"{list(self.autoregressive)}."
            )
        if reencoder is None:
            return
        own = getattr(reencoder, "level_lengths", ())
        if tuple(reversed(own)) != lengths:
            raise ConfigError(
                "Re-encoding needs a hierarchical encoder whose level lengths are the "
                f"decoder's {list(lengths)} in reverse, got {list(own)}."
            )
        if self.control_depth:
            raise ConfigError("Re-encoding does not work with controls.")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments but ``reencoder``, which is another layer."""
        return {
            **super().get_config(),
            "sizes": self.sizes,
            "z_size": self.z_size,
            "head": self.head.to_dict(),
            "level_lengths": self.level_lengths,
            "core": self.core_name,
            "conductor_size": self.conductor_size,
            "conductor_projection": self.conductor_projection,
            "autoregressive": self.autoregressive,
            "control_depth": self.control_depth,
            "residual": self.residual,
            "dropout": self.dropout,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> HierarchicalLSTMDecoder:
        """The layer of :meth:`get_config`."""
        return cls(**{**config, "head": Head.from_dict(config["head"])})

    def decode(self, z: Tensor, steps: int, feed: Feed) -> Decoded:
        """See :meth:`groovekit.models.decoders.base.Decoder.decode`.

        The uppermost conductor runs for as long as ``steps`` ask for, a multiple of
        the steps that one of its embeddings is decoded to. With scheduled sampling a
        segment's first input is still the true one, as in the original.
        """
        if steps % self.step_multiple:
            raise ValueError(
                f"steps must be a multiple of {self.step_multiple}, got {steps}."
            )
        z = ops.cast(z, self.compute_dtype)
        if feed.free:
            start = ops.zeros((ops.shape(z)[0], self.head.output_depth), "float32")
            return Decoded(self._decode(0, z, steps, feed.replace(start=start)).outputs)
        size = self.level_lengths[-1]
        targets, lengths = self.head.one_hot(feed.targets), feed.lengths
        if lengths is not None:
            lengths = segment_lengths(lengths, steps // size)
        # The step before each segment, padding or not, as in the original.
        start = ops.pad(targets[:, size - 1 : -1 : size], [[0, 0], [1, 0], [0, 0]])
        feed = feed.replace(targets=targets, lengths=lengths, start=start)
        return Decoded(self._decode(0, z, steps, feed).outputs)

    # Levels ------------------------------------------------------------------------

    def _decode(self, level: int, embedding: Tensor, steps: int, feed: Feed) -> _Result:
        """Decodes one embedding of a level (a batch of them) to its steps."""
        if level == len(self.conductors):
            return self._decode_segment(embedding, steps, feed)
        parts = steps // math.prod(self.level_lengths[level + 1 :])
        below = level in self.autoregressive
        reencodes = self._reencoder() is not None
        teacher_forced = not feed.free and feed.use_sample is None
        if feed.free or (below and not (reencodes and teacher_forced)):
            return self._decode_in_turn(level, embedding, steps, feed)
        conductor = self.conductors[level]
        inputs = None
        if below:
            # What is encoded again are the true outputs, all known beforehand.
            encoded = self._encodings(level, steps, feed)
            inputs = ops.pad(encoded[:, :-1], [[0, 0], [1, 0], [0, 0]])
        embeddings, state = conductor.run(
            embedding, parts, inputs, training=feed.training
        )
        embeddings = ops.reshape(embeddings, (-1, conductor.output_depth))
        folded = feed.map_steps(functools.partial(fold, parts=parts))
        child = self._decode(level + 1, embeddings, steps // parts, folded)
        summary = None
        if not reencodes:
            summary = join_state(state)
        elif child.summary is not None and level in self._summarised:
            depth = child.summary.shape[-1]
            children = ops.reshape(child.summary, (-1, parts, depth))
            summary = self._encode_children(level, children, feed)
        return _Result(unfold(child.outputs, parts), summary, None)

    def _decode_in_turn(
        self,
        level: int,
        embedding: Tensor,
        steps: int,
        feed: Feed,
    ) -> _Result:
        """A loop over the parts, each given what the one before has become."""
        conductor, reencoder = self.conductors[level], self._reencoder()
        below, free = level in self.autoregressive, feed.free
        parts = steps // math.prod(self.level_lengths[level + 1 :])
        batch = ops.shape(embedding)[0]
        masks: list[Tensor | None] = [None] * len(conductor.sizes)
        dropout = bool(feed.training and self.dropout)
        if dropout:
            width = conductor.stack.input_depth
            masks = list(conductor.stack.dropout_masks(batch, parts, width))
        by_step = feed.by_step
        split = [stack_parts(array, parts) for array in by_step.values()]

        def step(carry: Any, xs: Any) -> Any:
            seen, last, flat = _unpack(carry, below, free)
            own_masks, arrays = xs[: len(masks)], xs[len(masks) :]
            own = feed.replace(**dict(zip(by_step, arrays, strict=True)))
            if free:
                own = own.replace(start=last)
            output, state = conductor.step(
                embedding, seen, unflatten_state(flat), own_masks if dropout else None
            )
            child = self._decode(level + 1, output, steps // parts, own)
            new = []
            if below:
                new.append(ops.cast(child.summary, self.compute_dtype))
            if free:
                new.append(child.last)
            outputs = [child.outputs]
            if reencoder is not None and level in self._summarised:
                outputs.append(child.summary)
            return [*new, *flatten_state(state)], outputs

        carry = []
        if below:
            shape = (batch, conductor.below_depth)
            carry.append(ops.zeros(shape, self.compute_dtype))
        if free:
            carry.append(feed.start)
        carry += flatten_state(conductor.initial_state(embedding))
        final, stacked = backend.scan(step, carry, [*masks, *split], parts)
        outputs = ops.transpose(
            stacked[0], (1, 0, *range(2, len(stacked[0].shape)))
        )  # (n, parts, steps, depth)
        outputs = ops.reshape(outputs, (-1, parts * outputs.shape[2], outputs.shape[3]))
        _, last, flat = _unpack(final, below, free)
        if reencoder is None:
            summary = join_state(unflatten_state(flat))
        else:
            summary = None
            if level in self._summarised:
                children = ops.transpose(stacked[1], (1, 0, 2))
                summary = self._encode_children(level, children, feed)
        return _Result(outputs, summary, last)

    @property
    def _summarised(self) -> set[int]:
        """Levels whose result a level above wants summed up."""
        if self._reencoder() is None or not self.autoregressive:
            return {level + 1 for level in self.autoregressive}
        # An encoding is made of the encodings of all levels below.
        first = min(self.autoregressive)
        return set(range(first + 1, len(self.level_lengths)))

    def _encode_children(self, level: int, children: Tensor, feed: Feed) -> Tensor:
        encoder = self._reencoder().levels[len(self.conductors) - level]
        return encoder(children, None, training=feed.training)

    def _decode_segment(self, embedding: Tensor, steps: int, feed: Feed) -> _Result:
        reencoder = self._reencoder()
        wanted = len(self.conductors) in self._summarised
        start, lengths = feed.start, feed.lengths
        if not feed.free:
            # Those of the only segment left.
            start, lengths = (None if x is None else x[:, 0] for x in (start, lengths))
        result = self.core.decode(
            embedding,
            steps,
            feed.replace(
                start=start,
                lengths=lengths,
                keep_state=wanted and reencoder is None,
                keep_fed=wanted and reencoder is not None and not feed.free,
            ),
        )
        summary = None
        if result.state is not None and wanted and reencoder is None:
            summary = join_state(result.state)
        elif wanted:
            seen = result.outputs
            if not feed.free:
                # The last one is not fed to anything: the true one stands for it.
                seen = with_last(result.fed, feed.targets, lengths)
            seen = ops.cast(seen, self.compute_dtype)
            summary = reencoder.levels[0](seen, lengths, training=feed.training)
        return _Result(
            result.outputs, summary, result.outputs[:, -1] if feed.free else None
        )

    def _encodings(self, level: int, steps: int, feed: Feed) -> Tensor:
        """Encodings of the true outputs of each part: ``(n, parts, depth)``."""
        encoder = self._reencoder().levels
        parts = steps // math.prod(self.level_lengths[level + 1 :])
        inside = Feed(
            targets=feed.targets, lengths=feed.lengths, training=feed.training
        ).map_steps(functools.partial(fold, parts=parts))
        if level == len(self.conductors) - 1:
            lengths = None if inside.lengths is None else inside.lengths[:, 0]
            targets = ops.cast(inside.targets, self.compute_dtype)
            encoded = encoder[0](targets, lengths, training=feed.training)
        else:
            children = self._encodings(level + 1, steps // parts, inside)
            encoded = self._encode_children(level + 1, children, feed)
        return ops.reshape(encoded, (-1, parts, encoded.shape[-1]))


def _unpack(
    carry: Any, below: bool, free: bool
) -> tuple[Tensor | None, Tensor | None, list[Tensor]]:
    """What the level below became, the last sample, and the flat state."""
    rest = list(carry)
    seen = rest.pop(0) if below else None
    last = rest.pop(0) if free else None
    return seen, last, rest
