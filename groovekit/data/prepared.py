"""Examples to train on and those to evaluate on."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.converters.base import Converter
from groovekit.data.datasets import ProgressCallback, load_examples
from groovekit.data.examples import Examples
from groovekit.data.settings import DataSettings
from groovekit.errors import NoExamplesError
from groovekit.io import sources

_LOG = logging.getLogger("groovekit")

EVAL_FRACTION = 0.1
#: Fewer of either are too little to judge a model by.
LEAST_PERFORMANCES, LEAST_WINDOWS = 2, 20
# Share of the windows that is held out at most to have so many.
_MOST = 0.25


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Examples for training and evaluation.

    Attributes:
      train: for training.
      evaluation: for evaluation, or None.
      note: what is evaluated on, in a sentence for people.
      source: where the examples came from, for the run's metadata.
    """

    train: Examples
    evaluation: Examples | None
    note: str
    source: str = ""

    def __iter__(self) -> Iterator[Any]:
        """Allows ``train, evaluation, note = prepare(...)``."""
        return iter((self.train, self.evaluation, self.note))


def prepare(
    examples: str | Path,
    converter: Converter,
    *,
    settings: DataSettings | None = None,
    progress: ProgressCallback | None = None,
) -> Prepared:
    """Loads the examples to train on and those to evaluate on.

    With ``settings.eval_examples`` those are evaluated on (of a source with splits:
    validation). Otherwise a source with splits trains on ``train`` and is
    evaluated on ``validation``; of any other one tenth is held out, see
    :func:`hold_out`, the same for every seed.

    Args:
      examples: see :func:`load_examples`.
      converter: makes the windows.
      settings: which of them, and what is held out; default :class:`DataSettings`.
      progress: see :func:`load_examples`.

    Raises:
      DataError: see :func:`load_examples`.
    """
    settings = settings or DataSettings()

    def load(source: str | Path, split: str | None) -> Examples:
        chosen = dataclasses.replace(settings, split=split)
        return load_examples(source, converter, settings=chosen, progress=progress)

    split, fraction = settings.split, settings.eval_fraction
    has_splits = sources.has_splits(examples)
    if has_splits and split is None:
        split = "train"
    train = load(examples, split)
    if settings.eval_examples is not None:
        other = settings.eval_examples
        eval_split = "validation" if sources.has_splits(other) else None
        held_out = load(other, eval_split)
        of = f"the {eval_split} split of " if eval_split else ""
        note = f"Evaluating on {of}{other}."
        return Prepared(train, held_out, note, str(examples))
    if fraction == 0:
        return Prepared(train, None, "No evaluation, as asked.", str(examples))
    reason = ""
    if fraction is None and has_splits and split in ("train", "test"):
        try:
            held_out = load(examples, "validation")
        except NoExamplesError as error:
            _LOG.debug("No validation split to evaluate on: %s", error)
            reason = "The validation split gives no examples. "
        else:
            note = f"Training on the {split} split, evaluating on validation."
            return Prepared(train, held_out, note, str(examples))
    prepared = hold_out(train) if fraction is None else hold_out(train, fraction)
    return dataclasses.replace(
        prepared, note=reason + prepared.note, source=str(examples)
    )


def held_out_examples(
    examples: str | Path,
    converter: Converter,
    *,
    settings: DataSettings | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[Examples, str]:
    """What training on examples would be evaluated on, unless settings say otherwise.

    Args:
      examples: see :func:`load_examples`.
      converter: makes the windows.
      settings: as for :func:`prepare`; its ``eval_examples`` or else its ``split``,
        where given, is taken whole.
      progress: see :func:`load_examples`.

    Returns:
      The examples, and what they are in a sentence, or "" where the settings say it.

    Raises:
      DataError: see :func:`load_examples`.
    """
    settings = settings or DataSettings()
    if settings.eval_examples is None and settings.split is None:
        data = prepare(examples, converter, settings=settings, progress=progress)
        if data.evaluation is not None:
            return data.evaluation, data.note
        return data.train, "Nothing is held out: evaluating on all examples."
    source = settings.eval_examples or examples
    found = load_examples(source, converter, settings=settings, progress=progress)
    return found, ""


def hold_out(examples: Examples, fraction: float = EVAL_FRACTION) -> Prepared:
    """Holds out a share of the windows for evaluation, whole performances of them.

    Performances come in the order of a hash of what was played, which neither names nor
    folders change, until there are windows enough: ``fraction`` of all, and where that
    leaves three quarters for training at least 20 of two performances. There is at
    least one performance on either side; of a single one nothing is held out.

    Args:
      examples: all of them.
      fraction: share of the windows, in (0, 1).
    """
    performances, own = np.unique(
        np.array(examples.performances or examples.ids), return_inverse=True
    )
    if len(performances) < 2:
        return Prepared(
            examples,
            None,
            "No evaluation: there is one performance only, and holding out part of it"
            " would show the model what it is tested on. Give other examples to"
            " evaluate on (`eval_examples`).",
        )
    counts = np.bincount(own.ravel(), weights=np.diff(examples.groups))
    count = _how_many(counts, fraction)
    held = own.ravel() < count
    train, evaluation = examples.subset(~held), examples.subset(held)
    note = (
        f"Held out {count} of {len(performances)} performances"
        f" ({len(evaluation)} of {len(examples)} windows) for evaluation."
    )
    if count < LEAST_PERFORMANCES or len(evaluation) < LEAST_WINDOWS:
        note += " That is too little to judge a model by."
    return Prepared(train, evaluation, note)


def _how_many(counts: np.ndarray, fraction: float) -> int:
    """How many of the first performances are held out, given windows of each."""
    windows = np.cumsum(counts)
    whole = windows[-1]
    # With the last one or without it, whichever is nearer.
    count = int(np.argmin(np.abs(windows - fraction * whole))) + 1
    enough = int(np.searchsorted(windows, LEAST_WINDOWS)) + 1
    most = int(np.searchsorted(windows, _MOST * whole, side="right"))
    count = max(count, min(max(enough, LEAST_PERFORMANCES), most))
    return min(max(count, 1), len(counts) - 1)
