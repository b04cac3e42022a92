"""How many steps a model gets right whose outputs are events, such as melodies."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from groovekit.converters.base import Converter, Tensors
from groovekit.evaluation.metrics import Ratio, Resampling
from groovekit.evaluation.scoring import MODEL


def event_rows(
    converter: Converter,
    data: Tensors,
    outputs: np.ndarray,
    known: Iterable[Tensors],
    resampling: Resampling,
) -> list[dict[str, Any]]:
    """Step accuracy of models whose outputs are labels, such as melodies.

    A step is right if all its labels are. The baseline is the most frequent event.

    Args:
      converter: of the tensors.
      data: what was to be predicted.
      outputs: the model's.
      known: batches of training windows.
      resampling: of the performances of ``data``.
    """
    truth, mask = _labels(data.outputs, converter), _mask(data)
    counted: collections.Counter[tuple[int, ...]] = collections.Counter()
    for part in known:
        events = _labels(part.outputs, converter)[_mask(part) > 0]
        kinds, counts = np.unique(events, axis=0, return_counts=True)
        counted.update(dict(zip(map(tuple, kinds.tolist()), counts, strict=True)))
    frequent = np.broadcast_to(max(counted, key=counted.__getitem__), truth.shape)
    rows = []
    for name, label, labels in (
        (MODEL, "the model", _labels(outputs, converter)),
        ("frequent", "most frequent event", frequent),
    ):
        right = (labels == truth).all(axis=2) * mask
        accuracy = Ratio(right.sum(axis=1), mask.sum(axis=1))
        scores = {"step_accuracy": dataclasses.asdict(resampling.interval(accuracy))}
        rows.append({"name": name, "label": label, "scores": scores})
    return rows


def _labels(tensors: np.ndarray, converter: Converter) -> np.ndarray:
    """``(windows, steps, parts)``: the label of each categorical part, or bits."""
    if tensors.ndim == 2:
        return tensors[..., None]
    found, start = [], 0
    for part in converter.layout:
        own = tensors[..., start : start + part.size]
        start += part.size
        if part.kind == "categorical":
            found.append(own.argmax(axis=-1)[..., None])
        else:
            found.append((own > 0.5).astype(np.int64))
    return np.concatenate(found, axis=-1)


def _mask(data: Tensors) -> np.ndarray:
    """``(windows, steps)``: 1 where a step is in use, 0 in padding."""
    windows, steps = data.outputs.shape[:2]
    lengths = np.asarray(data.lengths).reshape(windows, -1)
    size = steps // lengths.shape[1]
    used = np.arange(size) < lengths[..., None]
    return used.reshape(windows, steps).astype(np.float64)
