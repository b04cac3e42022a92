"""What the dynamics of a hit depend on, and draws from bins: in NumPy and in Keras."""

from __future__ import annotations

from typing import Any

Tensor = Any

VELOCITY_BINS, OFFSET_BINS = 32, 33
# Steps on either side whose hits are seen, and whose drafts are.
HITS_AROUND, DRAFTS_AROUND = 2, 1
# Draws are this much wider than what the network says: it is too sure of windows that
# it was not trained on.
_WIDENING = 1.18
#: Bins further below the most probable one count as if they were no further: their
#: shares are divided by.
LEAST_LOGIT = -60.0


def dynamics_parts(classes: int, steps_per_bar: int) -> dict[str, int]:
    """Sizes of the parts of :func:`dynamics_features` by name, in their order."""
    return {
        "hits": (2 * HITS_AROUND + 1) * classes,
        "drafts": (2 * DRAFTS_AROUND + 1) * 2 * classes,
        "drum": classes,
        "step": steps_per_bar,
        "own": 2,
        "window": 2,
        "own_drum": 2,
    }


def dynamics_features(
    hits: Tensor,
    drafts: Tensor,
    places: tuple[Tensor, Tensor, Tensor],
    *,
    steps_per_bar: int,
    xp: Any,
) -> Tensor:
    """What is known of some hits.

    The hits two steps around, the drafts of velocities and offsets one step around, the
    drum, the step in its bar, the hit's own draft, and the means of drafts over the
    window and over its hits of the drum.

    Args:
      hits: ``(batch, steps, classes)`` float32, 0 or 1.
      drafts: ``(batch, steps, 2, classes)`` velocities and offsets that the decoder
        drafted.
      places: window, step and class of each hit, ``(n,)`` integers.
      steps_per_bar: of the grid.
      xp: ``numpy`` or ``keras.ops``.

    Returns:
      ``(n, depth)`` float32, see :func:`dynamics_parts`.
    """
    _, steps, classes = hits.shape
    window, step, drum = places
    drafts = drafts * hits[:, :, None]
    parts = []
    for values, around in (
        (hits, HITS_AROUND),
        (xp.reshape(drafts, (-1, steps, 2 * classes)), DRAFTS_AROUND),
    ):
        padded = xp.pad(values, ((0, 0), (around, around), (0, 0)))
        depth = values.shape[-1]
        rows = xp.reshape(padded, (-1, depth))
        first = window * (steps + 2 * around) + step
        for shift in range(2 * around + 1):
            parts.append(xp.take(rows, first + shift, axis=0))
    parts.append(xp.take(xp.eye(classes, dtype="float32"), drum, axis=0))
    in_bar = step - (step // steps_per_bar) * steps_per_bar
    parts.append(xp.take(xp.eye(steps_per_bar, dtype="float32"), in_bar, axis=0))
    # (batch * classes, 2), ...: tables with a row for each thing that hits share.
    flat = xp.reshape(xp.transpose(drafts, (0, 1, 3, 2)), (-1, 2))
    parts.append(xp.take(flat, (window * steps + step) * classes + drum, axis=0))
    count = xp.sum(hits, axis=1)
    sums = xp.sum(drafts, axis=1)
    whole = xp.sum(sums, axis=2) / xp.maximum(xp.sum(count, axis=1), 1.0)[:, None]
    own = sums / xp.maximum(count, 1.0)[:, None]
    own = xp.reshape(xp.transpose(own, (0, 2, 1)), (-1, 2))
    parts.append(xp.take(whole, window, axis=0))
    parts.append(xp.take(own, window * classes + drum, axis=0))
    return xp.concatenate(parts, axis=-1)


def spread(uniforms: Tensor, temperature: Tensor, xp: Any) -> Tensor:
    """Uniform numbers drawn to or from a half: at temperature 0 all are medians.

    Args:
      uniforms: in [0, 1).
      temperature: at least 0; what is drawn with the numbers is as much wider.
      xp: ``numpy`` or ``keras.ops``.
    """
    inside = xp.clip(uniforms, 1e-6, 1.0 - 1e-6)
    logits = xp.log(inside) - xp.log(1.0 - inside)
    return 1.0 / (1.0 + xp.exp(-_WIDENING * temperature * logits))


def draw_from_bins(logits: Tensor, uniforms: Tensor, xp: Any) -> Tensor:
    """Draws numbers in [0, 1) from bins of equal width, evenly within each.

    Args:
      logits: ``(n, bins)``.
      uniforms: ``(n,)`` in [0, 1).
      xp: ``numpy`` or ``keras.ops``.
    """
    bins = logits.shape[-1]
    beyond = logits - xp.max(logits, axis=-1, keepdims=True)
    weights = xp.exp(xp.maximum(beyond, LEAST_LOGIT))
    cumulative = xp.cumsum(weights, axis=-1)
    threshold = uniforms[:, None] * cumulative[:, -1:]
    # Bins below the one that is drawn count whole, it counts in part.
    share = (threshold - (cumulative - weights)) / weights
    return xp.sum(xp.clip(share, 0.0, 1.0), axis=-1) / bins
