"""Which notes of a sequence are drums, and which class each belongs to.

Which they are is told by :mod:`groovekit.io.drum_tracks`; here is what converters make
of it.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from groovekit.converters.base import Counts, Reason, UnusableError
from groovekit.converters.kit_choice import describe_unknown, unknown_pitches
from groovekit.converters.kits import KitMap, Unmapped
from groovekit.errors import DataError
from groovekit.io.columns import NoteColumns, read_columns
from groovekit.io.notes import NoteSequence

#: Which notes are read as drums; see :func:`read_with_drums`.
Instruments = Literal["auto", "drums", "all"]


def read_with_drums(
    sequence: NoteSequence, instruments: Instruments, *, onsets_only: bool = True
) -> NoteColumns:
    """The notes of a sequence, with those marked that are read as drums.

    Args:
      sequence: in seconds or in steps.
      instruments: ``"auto"`` takes those that are found to be drums
        (:func:`groovekit.io.drum_tracks.drum_tracks`), ``"drums"`` those that are
        marked as drums and no others, ``"all"`` every note.
      onsets_only: see :func:`groovekit.io.columns.read_columns`.
    """
    marked_only = instruments != "auto"
    columns = read_columns(sequence, onsets_only=onsets_only, marked_only=marked_only)
    if instruments == "all":
        every = np.ones(len(columns), np.bool_)
        columns = dataclasses.replace(columns, is_drum=every)
    return columns


def select_drums(columns: NoteColumns) -> NoteColumns:
    """The notes that are drums.

    Args:
      columns: notes of a sequence; at least one.

    Returns:
      The drum notes, at least one.

    Raises:
      UnusableError: there are none.
    """
    if columns.is_drum.all():
        return columns
    if columns.is_drum.any():
        return columns.take(columns.is_drum)
    detail = f"{len(columns)} notes, and neither a channel nor a name says drums"
    raise UnusableError(Reason.NO_DRUMS, detail)


def map_pitches(pitches: np.ndarray, kit: KitMap, unmapped: Unmapped) -> np.ndarray:
    """The class of each pitch under a policy for unknown ones.

    Args:
      pitches: ``(notes,)`` MIDI pitches.
      kit: the kit map.
      unmapped: ``"drop"``, ``"nearest"`` or ``"error"``.

    Returns:
      ``(notes,)`` int16 classes, -1 for notes to drop.

    Raises:
      DataError: an unknown pitch with ``"error"``.
    """
    classes = kit.class_of(pitches, nearest=unmapped == "nearest")
    if unmapped == "error" and (classes < 0).any():
        unknown = ", ".join(str(p) for p in np.unique(pitches[classes < 0]))
        raise DataError(
            f"Kit map {kit.name!r} has no class for pitch {unknown}. Choose another "
            "kit, add the pitches to a kit file of your own, or set unmapped to "
            "'drop' or 'nearest'."
        )
    return classes


def no_mapped_pitches(
    pitches: np.ndarray, kit: KitMap, counts: Counts | None = None
) -> UnusableError:
    """The error for notes none of which has a class.

    Args:
      pitches: theirs.
      kit: the kit map.
      counts: what happened to them.
    """
    unknown = describe_unknown(unknown_pitches(pitches, kit), kit)
    detail = f"kit {kit} lacks {unknown}"
    return UnusableError(Reason.NO_MAPPED_PITCHES, detail, counts)


def loudest_of_each(cells: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """The note that holds each cell of the grid: the loudest, of equals the first.

    Args:
      cells: ``(notes,)`` non-negative cell numbers.
      velocity: ``(notes,)`` 0..127.

    Returns:
      Positions of the chosen notes, by rising cell.
    """
    falling = 127 - velocity.astype(np.int64)
    # Stable, so that equally loud notes stay in the sequence's order.
    order = np.argsort(cells * 128 + falling, kind="stable")
    ordered = cells[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    chosen: np.ndarray = order[first]
    return chosen
