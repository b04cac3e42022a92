"""Drums out of any converter's tensors, for measuring."""

from __future__ import annotations

import numpy as np

from groovekit.converters.base import Converter
from groovekit.errors import ConfigError
from groovekit.metrics import Drums


def drums_of(tensors: np.ndarray, converter: Converter) -> Drums:
    """Drums of the output tensors of drum and groove converters.

    Args:
      tensors: ``(windows, steps, output_depth)``, or labels ``(windows, steps)``.
      converter: that they belong to.

    Raises:
      ConfigError: a layout that is neither hits, velocities and offsets nor drum
        labels or rolls.
    """
    layout = converter.layout
    kinds = [part.kind for part in layout]
    names = [part.name for part in layout]
    if kinds == ["binary", "unit", "signed"]:
        # With split instruments each drum has a step of its own.
        classes = int(getattr(converter, "classes", layout[0].size))
        drums = (
            array.reshape(len(tensors), -1, classes)
            for array in np.split(np.asarray(tensors, np.float64), 3, axis=-1)
        )
        return Drums(*drums)
    if names[:1] == ["hits"] and set(kinds) == {"binary"}:
        return Drums(np.asarray(tensors)[..., : layout[0].size])
    classes = int(getattr(converter, "classes", 0))
    if names == ["label"] and classes and layout[0].size >= 2**classes:
        tensors = np.asarray(tensors)
        labels = np.argmax(tensors, axis=-1) if tensors.ndim == 3 else tensors
        # A label beyond all combinations of drums marks the end: nothing sounds.
        return Drums.from_labels(np.where(labels < 2**classes, labels, 0), classes)
    found = ", ".join(f"{part.name} ({part.kind})" for part in layout)
    raise ConfigError(
        "Expected a converter of drums (hits, velocities and offsets; labels; or a "
        f"roll), got {type(converter).__name__} with {found}. Categorical velocities "
        "and offsets are not measured."
    )
