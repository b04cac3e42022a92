"""Which notes of a sequence are drums, and which class each belongs to."""

from __future__ import annotations

from typing import Literal

import numpy as np

from groovekit.converters.base import Counts, Reason, UnusableError
from groovekit.converters.kits import KitMap, Unmapped
from groovekit.errors import DataError
from groovekit.io.columns import NoteColumns

#: Which notes are read as drums; see :func:`select_drums`.
Instruments = Literal["auto", "drums", "all"]

# A sequence without drum notes passes as drums (saved on the wrong channel)
# where the kit knows at least this share of its pitches.
_LIKELY_DRUMS = 0.9


def select_drums(
    columns: NoteColumns, kit: KitMap, instruments: Instruments
) -> NoteColumns:
    """The notes that are drums.

    Args:
      columns: notes of a sequence; at least one.
      kit: the kit map they are read with.
      instruments: ``"all"`` takes every note, ``"drums"`` those marked as drums,
        ``"auto"`` the same unless none is marked and the kit knows nearly all.

    Returns:
      The drum notes, at least one.

    Raises:
      UnusableError: there are none.
    """
    if instruments == "all" or columns.is_drum.all():
        return columns
    if columns.is_drum.any():
        return columns.take(columns.is_drum)
    known = int(np.count_nonzero(kit.class_of(columns.pitch) >= 0))
    if instruments == "auto" and known >= _LIKELY_DRUMS * len(columns):
        return columns
    detail = f"{len(columns)} notes, none on the drum channel"
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
    found = ", ".join(map(str, np.unique(pitches)[:8]))
    detail = f"kit {kit}, pitches {found}"
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
