"""Instruments that a performance lacks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from groovekit.converters.base import Converter
from groovekit.errors import UsageError
from groovekit.generation.edits import Edits
from groovekit.generation.inputs import DEFAULT_TEMPERATURE
from groovekit.generation.player import Player
from groovekit.generation.takes import Take, read_take
from groovekit.generation.tasks.editing import finish, new_hits, output_pitches
from groovekit.generation.tasks.playing import check_count, play
from groovekit.io.notes import NoteSequence
from groovekit.seeding import derive, one_seed


def add(
    model: Player,
    sequence: NoteSequence,
    count: int = 1,
    *,
    temperature: float = DEFAULT_TEMPERATURE,
    qpm: float | None = None,
    translate: bool = False,
    seed: int | None = None,
) -> list[NoteSequence]:
    """Fills in the instruments that a model has learnt to add, such as hi-hats.

    The model is given all other drums and plays these as they stand. The input stays
    note for note; where it holds some hits of the instruments already, the model
    plays around them. Nothing is added before the first hit. A take may have any
    length and changes of tempo, see :mod:`groovekit.generation.takes`.

    Args:
      model: the trained model, one that adds instruments.
      sequence: the performance.
      count: versions, at least 1.
      temperature: of the decoder.
      qpm: tempo at the beginning, see
        :func:`groovekit.generation.tasks.editing.at_tempo`.
      translate: give the drums the pitches of the model's output kit; otherwise
        each keeps its own.
      seed: of what the decoder draws.

    Raises:
      DataError: no drums that the model knows, or another time signature; says why.
      UsageError: numbers out of range, or a model that adds no instruments.
    """
    check_count(count)
    check_add(model.converter, model.config.name)
    take = read_take(sequence, model.converter)
    edits = add_edits(
        model,
        take,
        count,
        temperature=temperature,
        translate=translate,
        seed=one_seed(seed),
    )
    return [finish(edit.applied_to(sequence), qpm=qpm) for edit in edits]


def add_edits(
    model: Player,
    take: Take,
    count: int = 1,
    *,
    temperature: float = DEFAULT_TEMPERATURE,
    translate: bool = False,
    seed: int,
) -> Iterator[Edits]:
    """What :func:`add` does to the notes of a take, for each version."""
    converter, given = take.converter, take.grid()
    z = model.encode(converter.expand(take.windows), seed=seed).mean
    missing = np.zeros(given.shape, bool)
    missing[int(take.steps.min()) :, list(converter.add_instruments)] = True
    missing &= ~given
    forced = np.where(missing, np.nan, given)
    # Drums of one kit, on one track.
    instrument = take.sequence.notes[int(take.notes[0])].instrument
    for version in range(count):
        own = derive(seed, "version", version)
        drums = play(model, take, z, forced=forced, temperature=temperature, seed=own)
        new = drums._replace(hits=drums.hits & missing)
        yield Edits(
            take.notes,
            pitch=output_pitches(take) if translate else None,
            added=new_hits(take, new, instrument=instrument),
        )


def check_add(converter: Converter, name: str) -> None:
    """Raises a UsageError unless a model of a converter adds instruments."""
    if not converter.added_classes:
        raise UsageError(
            f"A model of the config {name} has not learnt to add instruments: choose "
            "one whose converter has add_instruments, such as "
            "groovae_2bar_add_closed_hh."
        )
