"""Instruments that a performance lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Unpack

import numpy as np

from groovekit.converters.base import Converter
from groovekit.errors import UsageError
from groovekit.generation.drum_names import find_drums
from groovekit.generation.edits import Edits
from groovekit.generation.manner import Manner, wanted
from groovekit.generation.player import Player
from groovekit.generation.takes import Take, read_take
from groovekit.generation.tasks.editing import (
    finish,
    new_hits,
    output_pitches,
)
from groovekit.generation.tasks.filling import (
    Unknown,
    check_no_manner,
    chosen_temperature,
    filled,
    fills,
)
from groovekit.generation.tasks.playing import Played, check_count, play
from groovekit.io.notes import NoteSequence
from groovekit.seeding import derive, one_seed

#: What a model that fills adds unless it is said what.
DEFAULT_DRUMS = "closed_hihat"


def add(
    model: Player,
    sequence: NoteSequence,
    count: int = 1,
    *,
    drums: str | Iterable[str] | None = None,
    temperature: float | None = None,
    qpm: float | None = None,
    translate: bool = False,
    seed: int | None = None,
    **manner: Unpack[Manner],
) -> list[NoteSequence]:
    """Fills in instruments, such as hi-hats.

    The model is given all other drums and plays these as they stand. The input stays
    note for note; where it holds some hits of the instruments already, the model
    plays around them. Nothing is added before the first hit. A take may have any
    length and changes of tempo, see :mod:`groovekit.generation.takes`.

    Args:
      model: the trained model, one that fills, or one that has learnt to add
        instruments.
      sequence: the performance.
      count: versions, at least 1.
      drums: names of what to add, see
        :func:`groovekit.generation.drum_names.find_drums`; by default the closed
        hi-hat, or what the model has learnt to add.
      temperature: of what a model fills in, 1 by default; else of the decoder, 0.5 by
        default.
      qpm: tempo at the beginning, see
        :func:`groovekit.generation.tasks.editing.at_tempo`.
      translate: give the drums the pitches of the model's output kit; otherwise
        each keeps its own.
      seed: of what is drawn.
      manner: for models that fill, see :class:`groovekit.generation.manner.Manner`.

    Raises:
      DataError: no drums that the model knows, or another time signature; says why.
      UsageError: numbers out of range, a model that does not add these instruments, or
        a manner for one that does not fill.
      UnknownNameError: an unknown drum; says which there are.
    """
    check_count(count)
    if not fills(model):
        check_add(model.converter, model.config.name)
    take = read_take(sequence, model.converter)
    edits = add_edits(
        model,
        take,
        count,
        drums=drums,
        temperature=temperature,
        translate=translate,
        seed=one_seed(seed),
        **manner,
    )
    return [finish(edit.applied_to(sequence), qpm=qpm) for edit in edits]


def add_edits(
    model: Player,
    take: Take,
    count: int = 1,
    *,
    drums: str | Iterable[str] | None = None,
    temperature: float | None = None,
    translate: bool = False,
    seed: int,
    **manner: Unpack[Manner],
) -> Iterator[Edits]:
    """What :func:`add` does to the notes of a take, for each version."""
    converter, given = take.converter, take.grid()
    temperature = chosen_temperature(model, temperature)
    chosen: tuple[int, ...] = converter.add_instruments
    if fills(model):
        chosen = find_drums(
            DEFAULT_DRUMS if drums is None else drums, converter.kit_map
        )
    elif drums is not None:
        chosen = _learnt(find_drums(drums, converter.kit_map), take, model.config.name)
    missing = np.zeros(given.shape, bool)
    missing[int(take.steps.min()) :, list(chosen)] = True
    missing &= ~given
    if fills(model):
        known = wanted(take, manner)
        missing &= known.free(take)[:, None]
        versions = filled(
            model,
            take,
            take.cells(),
            Unknown.of(missing),
            known,
            count,
            temperature=temperature,
            seed=seed,
        )
    else:
        check_no_manner(model, manner)
        versions = _coded(
            model, take, missing, count, temperature=temperature, seed=seed
        )
    for played in versions:
        new = played._replace(hits=played.hits & missing)
        yield Edits(
            take.notes,
            pitch=output_pitches(take) if translate else None,
            added=new_hits(take, new),
        )


def check_add(converter: Converter, name: str) -> None:
    """Raises a UsageError unless a model of a converter adds instruments."""
    if not converter.added_classes:
        raise UsageError(
            f"A model of the config {name} has not learnt to add instruments: choose "
            "one whose converter has add_instruments, such as "
            "groovae_2bar_add_closed_hh."
        )


def _learnt(asked: tuple[int, ...], take: Take, name: str) -> tuple[int, ...]:
    """Drums to add, all of which a model has learnt to add.

    Raises:
      UsageError: others; says which it has learnt.
    """
    added, kit = take.converter.add_instruments, take.converter.kit_map
    others = [kit.class_names[index] for index in asked if index not in added]
    if others:
        own = ", ".join(kit.class_names[index] for index in added)
        raise UsageError(
            f"{name} has learnt to add {own}, not {', '.join(others)}: "
            "leave `drums` out, or choose a model that fills, such as the preset "
            "mask-groove."
        )
    return asked


def _coded(
    model: Player,
    take: Take,
    missing: np.ndarray,
    count: int,
    *,
    temperature: float,
    seed: int,
) -> Iterator[Played]:
    """What a decoder plays that sees what is not missing as its own."""
    z = model.encode(take.converter.expand(take.windows), seed=seed).mean
    forced = np.where(missing, np.nan, take.grid())
    for version in range(count):
        own = derive(seed, "version", version)
        yield play(model, take, z, forced=forced, temperature=temperature, seed=own)
