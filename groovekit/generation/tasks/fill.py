"""Some bars of a performance, played anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Unpack

import numpy as np

from groovekit.generation.drum_names import find_drums
from groovekit.generation.edits import Edits
from groovekit.generation.manner import Manner, wanted
from groovekit.generation.player import Player
from groovekit.generation.takes import Take, read_take
from groovekit.generation.tasks.editing import finish, new_hits
from groovekit.generation.tasks.filling import (
    Unknown,
    check_fills,
    check_other,
    chosen_temperature,
    filled,
)
from groovekit.generation.tasks.playing import check_count
from groovekit.io.notes import NoteSequence
from groovekit.seeding import one_seed


def fill_bars(
    model: Player,
    sequence: NoteSequence,
    count: int = 1,
    *,
    bars: str,
    drums: str | Iterable[str] | None = None,
    temperature: float | None = None,
    qpm: float | None = None,
    seed: int | None = None,
    **manner: Unpack[Manner],
) -> list[NoteSequence]:
    """Plays some bars anew, all drums in them or some; the rest stays to the byte.

    The model knows everything else, before and behind the bars and beside the drums.
    What the drums played there goes. A take may have any length and changes of tempo,
    see :mod:`groovekit.generation.takes`.

    Args:
      model: the trained model, one that fills.
      sequence: the performance.
      count: versions, at least 1.
      bars: which, such as ``"5-6"`` or ``"4,8"``, counted from 1.
      drums: names of those to play anew, see
        :func:`groovekit.generation.drum_names.find_drums`; all by default.
      temperature: of what the model fills in, 1 by default.
      qpm: tempo at the beginning, see
        :func:`groovekit.generation.tasks.editing.at_tempo`.
      seed: of what is drawn.
      manner: see :class:`groovekit.generation.manner.Manner`.

    Raises:
      DataError: no drums that the model knows, or another time signature; says why.
      UsageError: numbers out of range, bars that there are not, or a model that does
        not fill.
      UnknownNameError: an unknown drum; says which there are.
    """
    check_count(count)
    check_fills(model)
    edits = fill_edits(
        model,
        read_take(sequence, model.converter),
        count,
        bars=bars,
        drums=drums,
        temperature=temperature,
        seed=one_seed(seed),
        **manner,
    )
    return [finish(edit.applied_to(sequence), qpm=qpm) for edit in edits]


def fill_edits(
    model: Player,
    take: Take,
    count: int = 1,
    *,
    bars: str,
    drums: str | Iterable[str] | None = None,
    temperature: float | None = None,
    seed: int,
    **manner: Unpack[Manner],
) -> Iterator[Edits]:
    """What :func:`fill_bars` does to the notes of a take, for each version."""
    filler = check_fills(model)
    free = free_cells(take, bars, drums)
    versions = filled(
        filler,
        take,
        np.where(free[..., None], 0.0, take.cells()),
        Unknown.of(free),
        check_other(wanted(take, manner), "all that stay are known anyway"),
        count,
        temperature=chosen_temperature(model, temperature),
        seed=seed,
    )
    gone = take.notes[free[take.steps, take.classes]]
    for played in versions:
        new = played._replace(hits=played.hits & free)
        added = new_hits(take, new)
        yield Edits(removed=gone, added=added)


def free_cells(
    take: Take, bars: str, drums: str | Iterable[str] | None = None
) -> np.ndarray:
    """``(steps, classes)`` bool: what :func:`fill_bars` plays anew.

    Raises:
      UsageError: bars that there are not.
      UnknownNameError: an unknown drum.
    """
    converter = take.converter
    free = np.zeros((take.bars * take.steps_per_bar, converter.classes), bool)
    named = take.marked(bars)
    chosen = tuple(range(converter.classes))
    if drums is not None:
        chosen = find_drums(drums, converter.kit_map)
    free[:, list(chosen)] = named[:, None]
    return free
