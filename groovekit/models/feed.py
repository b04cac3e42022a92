"""What a decoder is fed and what it gives back, in Keras and in NumPy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

Tensor = Any

#: What latent vectors are: means of posteriors, drawn from posteriors, or drawn from
#: the prior. Those that were drawn are noisier, and decoders may know.
Vectors: TypeAlias = Literal["mean", "drawn", "prior"]
VECTORS: tuple[Vectors, ...] = get_args(Vectors)

# Arrays of a feed, with as many axes as they have where the second one counts steps
# or segments.
_ARRAYS = {
    "targets": 2,
    "use_sample": 2,
    "uniforms": 3,
    "controls": 3,
    "lengths": 2,
    "start": 3,
}


@dataclasses.dataclass(frozen=True, eq=False)
class Feed:
    """What a decoder is fed beside the latent vectors.

    It says how the decoder runs: without ``targets`` freely, each step given the
    sample before it; with ``targets`` teacher-forced, each step given the true output
    before it, or, where ``use_sample`` says so, the decoder's own sample.

    Attributes:
      targets: true outputs, ``(batch, steps, output_depth)``, or labels
        ``(batch, steps)``.
      use_sample: ``(batch, steps)`` booleans: whether the step's own sample is the
        next step's input.
      uniforms: ``(batch, steps, noise_depth)`` in [0, 1) to draw samples with; None
        for the most probable values.
      temperature: scalar that logits are divided by for sampling.
      controls: ``(batch, steps, control_depth)``.
      lengths: steps in use, ``(batch,)``, or ``(batch, segments)`` of windows whose
        segments are padded each; None for all.
      start: what the first step sees, ``(batch, output_depth)``, or the first step of
        each segment, ``(batch, segments, output_depth)``; None for zeros.
      vectors: what the latent vectors are.
      training: whether to drop inputs.
      keep_state: whether the last state is wanted.
      keep_fed: whether it is wanted what stood for the outputs as inputs.
    """

    targets: Tensor | None = None
    use_sample: Tensor | None = None
    uniforms: Tensor | None = None
    temperature: Tensor = 1.0
    controls: Tensor | None = None
    lengths: Tensor | None = None
    start: Tensor | None = None
    vectors: Vectors = "mean"
    training: bool = False
    keep_state: bool = False
    keep_fed: bool = False

    @property
    def free(self) -> bool:
        """Whether the decoder runs freely."""
        return self.targets is None

    @property
    def by_step(self) -> dict[str, Tensor]:
        """The arrays whose second axis counts steps or segments, by name."""
        found = {name: getattr(self, name) for name in _ARRAYS}
        return {
            name: array
            for name, array in found.items()
            if array is not None and len(array.shape) >= _ARRAYS[name]
        }

    def replace(self, **changes: Any) -> Feed:
        """The same with other values."""
        return dataclasses.replace(self, **changes)

    def map(self, function: Callable[[Tensor], Tensor]) -> Feed:
        """The same with each array replaced by what the function makes of it."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        return self.replace(
            **{n: function(array) for n, array in arrays.items() if array is not None}
        )

    def map_steps(self, function: Callable[[Tensor], Tensor]) -> Feed:
        """:meth:`map`, for arrays whose second axis counts steps or segments."""
        return self.replace(**{n: function(a) for n, a in self.by_step.items()})


class Decoded(NamedTuple):
    """What a decoder made of a feed.

    Attributes:
      outputs: logits ``(batch, steps, logits_depth)``; samples ``(batch, steps,
        output_depth)`` where it ran freely.
      state: (hidden, cell) of each layer after the last step in use; None unless
        asked for.
      fed: what stood for the outputs as input of the next step each, targets or
        samples: ``(batch, steps, output_depth)``; None unless asked for.
    """

    outputs: Tensor
    state: list[tuple[Tensor, Tensor]] | None = None
    fed: Tensor | None = None
