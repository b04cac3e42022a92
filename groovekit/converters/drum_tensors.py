"""Drums out of any converter's tensors, for measuring."""

from __future__ import annotations

import functools

import numpy as np

from groovekit.converters.base import Converter, Layout
from groovekit.converters.grid import bins
from groovekit.converters.grid.drums import Drums
from groovekit.converters.groove import GrooveConverter
from groovekit.converters.options import WithKits
from groovekit.errors import ConfigError


def drums_of(tensors: np.ndarray, converter: Converter) -> Drums:
    """Drums of the output tensors of drum and groove converters, on their grid.

    Velocities and offsets in bins are those that the bins are decoded to.

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
    drums_on_grid = functools.partial(
        Drums,
        steps_per_quarter=converter.grid.steps_per_quarter,
        quarters_per_bar=converter.grid.quarters_per_bar,
    )
    if kinds == ["binary", "unit", "signed"] or _in_bins(layout):
        tensors = np.asarray(tensors)
        if _in_bins(layout):
            tensors = _from_bins(tensors, converter)
        # With split instruments each drum has a step of its own.
        classes = _classes(converter) or layout[0].size
        shape = (len(tensors), tensors.shape[1] * layout[0].size // classes, classes)
        parts = (
            array.reshape(shape)
            for array in np.split(np.asarray(tensors, np.float64), 3, axis=-1)
        )
        return drums_on_grid(*parts)
    if names[:1] == ["hits"] and set(kinds) == {"binary"}:
        return drums_on_grid(np.asarray(tensors)[..., : layout[0].size])
    classes = _classes(converter)
    if names == ["label"] and classes and layout[0].size >= 2**classes:
        tensors = np.asarray(tensors)
        labels = np.argmax(tensors, axis=-1) if tensors.ndim == 3 else tensors
        # A label beyond all combinations of drums marks the end: nothing sounds.
        labels = np.where(labels < 2**classes, labels, 0)
        return drums_on_grid(Drums.from_labels(labels, classes).hits)
    found = ", ".join(f"{part.name} ({part.kind})" for part in layout)
    raise ConfigError(
        "Expected a converter of drums (hits, velocities and offsets, as numbers or "
        f"in bins; labels; or a roll), got {type(converter).__name__} with {found}. "
        "Choose a config of drums or grooves (groovekit configs list)."
    )


def _classes(converter: Converter) -> int:
    """Its drum classes; 0 where it has no kit map."""
    return converter.classes if isinstance(converter, WithKits) else 0


def _in_bins(layout: Layout) -> bool:
    """Whether these are hits, and velocity and offset bins of each of them."""
    hits, rest = layout[0], layout[1:]
    return (
        hits.kind == "binary"
        and len(rest) == 2 * hits.size
        and {part.kind for part in rest} == {"categorical"}
        and all(part.name.startswith("velocities") for part in rest[: hits.size])
        and all(part.name.startswith("offsets") for part in rest[hits.size :])
    )


def _from_bins(tensors: np.ndarray, converter: Converter) -> np.ndarray:
    """``(windows, steps, 3 * hits)``: bins replaced by the numbers they stand for."""
    layout = converter.layout
    size = layout[0].size
    original = (
        isinstance(converter, GrooveConverter) and converter.bin_values == "original"
    )
    tables = (
        bins.velocity_values(layout[1].size, original=original) / 127.0,
        bins.offset_values(layout[-1].size, original=original),
    )
    parts, start = [tensors[..., :size]], size
    for table in tables:
        end = start + size * len(table)
        shape = (*tensors.shape[:2], size, len(table))
        chosen = np.argmax(tensors[..., start:end].reshape(shape), axis=-1)
        parts.append(table[chosen])
        start = end
    return np.concatenate(parts, axis=-1)
