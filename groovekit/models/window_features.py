"""Windows as linear maps see them: hits, and how each deviates from its drum's mean.

For NumPy and for Keras. Hits, velocities and offsets weigh alike this way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groovekit.errors import ConfigError

#: What a deviation from a class's mean counts against a hit, by the kind of a layout's
#: slice: of velocities (0..1) and of offsets (-1..1).
SCALES = {"unit": 2.0, "signed": 1.5}
#: Hits that velocities and offsets are divided by when they are read back.
LEAST_HIT, MOST_HIT = 0.5, 1.5


def scales_of(layout: tuple[Any, ...], what: str) -> tuple[float, ...]:
    """Scales of a layout's values, see :func:`window_features`.

    Raises:
      ConfigError: the layout is not hits and values of each of them.
    """
    kinds = [part.kind for part in layout]
    sizes = {part.size for part in layout}
    if kinds[:1] != ["binary"] or len(sizes) != 1 or not set(kinds[1:]) <= set(SCALES):
        given = ", ".join(f"{part.name} ({part.kind}, {part.size})" for part in layout)
        raise ConfigError(
            f"{what} needs a layout of binary hits, alone or with as many values of "
            "each (velocities, offsets), such as a groove converter's, or a drums "
            f"converter's with roll_output=true; received {given or 'nothing'}."
        )
    return tuple(SCALES[kind] for kind in kinds[1:])


def window_features(x: Any, centres: Any, scales: tuple[float, ...], xp: Any) -> Any:
    """What linear maps see of windows.

    Args:
      x: ``(..., (1 + n) * classes)``: hits, then ``n`` values of each hit (velocity,
        offset), 0 where there is none.
      centres: ``(n, classes)``: mean of each value over the hits of a class.
      scales: of the ``n`` values.
      xp: ``numpy`` or ``keras.ops``.

    Returns:
      Of the same shape: hits, and the scaled deviation of each hit from its mean.
    """
    if not scales:
        return x
    classes = x.shape[-1] // (1 + len(scales))
    hits = x[..., :classes]
    parts = [hits]
    for index, scale in enumerate(scales, start=1):
        values = x[..., index * classes : (index + 1) * classes]
        parts.append(scale * (values - centres[index - 1] * hits))
    return xp.concatenate(parts, axis=-1)


def read_features(
    features: np.ndarray, centres: np.ndarray, scales: tuple[float, ...]
) -> np.ndarray:
    """The inverse of :func:`window_features`, of features that are not exact.

    What stands for a value is as large as the hit is sure, so it is divided by that.

    Args:
      features: ``(..., (1 + n) * classes)``.
      centres: see :func:`window_features`.
      scales: see :func:`window_features`.

    Returns:
      Of the same shape: hits (any number; about 1 for a hit) and values.
    """
    hits, *values = np.split(np.asarray(features), 1 + len(scales), axis=-1)
    sure = np.clip(hits, LEAST_HIT, MOST_HIT)
    read = [
        centre + value / (scale * sure)
        for centre, value, scale in zip(centres, values, scales, strict=True)
    ]
    return np.concatenate([hits, *read], axis=-1)


def class_means(x: np.ndarray, values: int) -> np.ndarray:
    """Mean of each value over the hits of each class: ``(values, classes)`` float32.

    Args:
      x: ``(windows, steps, (1 + values) * classes)``, see :func:`window_features`.
      values: how many each hit has.
    """
    classes = x.shape[-1] // (1 + values)
    sums = x.reshape(-1, 1 + values, classes).sum(axis=0, dtype=np.float64)
    means: np.ndarray = sums[1:] / np.maximum(sums[:1], 1.0)
    return means.astype(np.float32)
