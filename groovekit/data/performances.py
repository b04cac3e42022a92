"""Windows by the performance that they are of: samples of whole ones, tempos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.converters.base import Tensors, join
from groovekit.data.examples import Examples
from groovekit.data.same_take import take_of
from groovekit.io import sources
from groovekit.io.tempo import DEFAULT_QPM, tempo_of
from groovekit.seeding import generator

# One-hot windows are large.
_AT_ONCE = 64


def owners_of(examples: Examples, windows: np.ndarray | None = None) -> np.ndarray:
    """``(windows,)``: the number of the performance that each window is of.

    A performance is a source file. Examples that were cut beforehand (TensorFlow
    Datasets' ``groove/4bar-midionly``: ``NAME:3``) are of the take that they were cut
    from.

    Args:
      examples: all of them.
      windows: numbers of windows; those of an epoch by default.
    """
    takes = [take_of(name) for name in examples.ids]
    _, numbers = np.unique(np.array(takes), return_inverse=True)
    every = np.repeat(numbers.ravel(), np.diff(examples.groups))
    return np.asarray(every[_chosen(examples, windows)])


def trained_on(metadata: Mapping[str, Any], examples: Examples) -> int:
    """How many of the performances a model was trained on, as far as it notes them.

    Args:
      metadata: of its run or preset folder.
      examples: windows by the model's own converter.
    """
    data = metadata.get("data", {})
    own = set(examples.performances)
    if data.get("fingerprint") == examples.fingerprint:
        return len(own)
    return len(own & set(data.get("performances", ())))


def positions_of(examples: Examples, windows: np.ndarray | None = None) -> np.ndarray:
    """``(windows,)``: each window's place among those of its sequence, from 0.

    Args:
      examples: all of them.
      windows: numbers of windows; those of an epoch by default.
    """
    starts = np.repeat(examples.groups[:-1], np.diff(examples.groups))
    chosen = _chosen(examples, windows)
    return np.asarray(chosen - starts[chosen])


def _chosen(examples: Examples, windows: np.ndarray | None) -> np.ndarray:
    return examples.epoch_indices(None) if windows is None else np.asarray(windows)


def some_windows(examples: Examples, count: int, *, seed: int = 0) -> Examples:
    """Performances drawn at random that have at most so many windows together.

    Args:
      examples: all of them.
      count: windows of an epoch, at least 1; a single performance may have more.
      seed: of the draw.
    """
    if examples.windows_per_epoch <= count:
        return examples
    used = np.searchsorted(examples.groups, examples.epoch_indices(None), side="right")
    counts = np.bincount(used - 1, minlength=examples.sequences)
    order = generator(seed, "windows").permutation(examples.sequences)
    fitting = np.searchsorted(np.cumsum(counts[order]), count, side="right")
    chosen = order[: max(1, int(fitting))]
    return examples.subset(np.isin(np.arange(examples.sequences), chosen))


def all_tensors(examples: Examples) -> Tensors:
    """The windows of an epoch as one batch, without anything random."""
    return join(list(examples.batches(512)))


def spread_windows(examples: Examples, count: int) -> np.ndarray:
    """Numbers of so many windows at equal distances, of those also that epochs omit.

    Args:
      examples: all of them.
      count: windows, at most.
    """
    numbers = np.linspace(0, len(examples) - 1, min(count, len(examples)))
    return numbers.astype(np.int64)


def some_tensors(examples: Examples, count: int) -> Iterator[Tensors]:
    """The tensors of :func:`spread_windows` in small batches; labels if any.

    Args:
      examples: all of them.
      count: windows, at most.
    """
    numbers = spread_windows(examples, count)
    for rows in np.array_split(numbers, -(-len(numbers) // _AT_ONCE)):
        yield examples.converter.expand(examples.take(rows), labels=True)


def tempos_of(
    examples: str | Path, split: str | None, ids: Iterable[str]
) -> np.ndarray | None:
    """The first tempo of each sequence, which its windows do not keep.

    Reads the source again; what cannot be read was reported when it was converted.

    Args:
      examples: as for :func:`~groovekit.load_examples`.
      split: likewise.
      ids: of the sequences.

    Returns:
      ``(sequences,)`` quarter notes a minute; None if a sequence is not found.
    """
    source = sources.open_source(examples, split=split)
    found = {
        item.id: tempo_of(item.sequence)
        for item in sources.iter_sequences(source, on_error=lambda *_: None)
    }
    names = list(ids)
    if not all(name in found for name in names):
        return None
    return np.array([found[name] for name in names], np.float64)


def by_window(qpm: np.ndarray | None, examples: Examples) -> np.ndarray:
    """``(windows,)``: each window's tempo, given the sequences' (None for 120)."""
    if qpm is None:
        return np.full(examples.windows_per_epoch, DEFAULT_QPM)
    repeated = np.repeat(np.asarray(qpm, np.float64), np.diff(examples.groups))
    return np.asarray(repeated[examples.epoch_indices(None)])
