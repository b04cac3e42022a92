"""Mixtures of a network's bins and of given histograms, by gates.

A general part: where something close to a value is known, say from a repetition, a
histogram of it is a better guess than a network's, and gates learn how much better.
"""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any

# Of a histogram's probability, so that its logarithm is finite.
_LEAST = 1e-6
_NEVER = -1e9


def mixture_log_probability(
    logits: Tensor, gates: Tensor, bins: Tensor, given: Tensor
) -> Tensor:
    """Logarithm of a mixture's probability of one bin.

    Args:
      logits: ``(..., bins)``: the network's own.
      gates: ``(..., 1 + sources)``: logits of the mixture's weights, the network's
        first.
      bins: ``(...)`` floats or integers: the bin.
      given: ``(..., sources)``: what each source gives that bin; below 0 where a source
        knows nothing, which takes it out of the mixture.

    Returns:
      ``(...)`` float32.
    """
    wanted = ops.expand_dims(ops.cast(bins, "int32"), -1)
    own = ops.take_along_axis(ops.log_softmax(logits, axis=-1), wanted, axis=-1)
    known = given >= 0
    gates = ops.concatenate(
        [gates[..., :1], ops.where(known, gates[..., 1:], _NEVER)], axis=-1
    )
    parts = ops.concatenate([own, ops.log(ops.maximum(given, _LEAST))], axis=-1)
    return ops.logsumexp(ops.log_softmax(gates, axis=-1) + parts, axis=-1)
