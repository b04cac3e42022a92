"""A pattern, played as a drummer would."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Unpack

from groovekit.generation.edits import Edits
from groovekit.generation.latent_vectors import latent_vectors
from groovekit.generation.manner import Manner, wanted, with_measured
from groovekit.generation.player import Player
from groovekit.generation.takes import Take, chosen_by_hand, read_take
from groovekit.generation.tasks.editing import finish, output_pitches, performed
from groovekit.generation.tasks.filling import (
    check_no_manner,
    chosen_temperature,
    dynamics,
    fills,
)
from groovekit.generation.tasks.playing import Played, check_count, play
from groovekit.io.notes import NoteSequence
from groovekit.seeding import derive, one_seed


def humanize(
    model: Player,
    sequence: NoteSequence,
    count: int = 1,
    *,
    amount: float = 1.0,
    timing: bool = True,
    velocity: bool = True,
    temperature: float | None = None,
    swing: float = 0.0,
    qpm: float | None = None,
    translate: bool = False,
    seed: int | None = None,
    **manner: Unpack[Manner],
) -> list[NoteSequence]:
    """The same hits with a drummer's velocities and timing.

    A model that fills knows all hits and fills in what they are played like, as is
    said or, where nothing is said and the take was played by somebody, at its own level
    and with its own feel (:func:`groovekit.generation.manner.measured`).

    Of the others, the decoder sees the hits as its own, whatever it would rather have
    played. A model that was trained to humanise sees nothing but the hits, one that is
    given hits as controls has a latent vector of the prior, and others
    (``groovae_4bar``) read velocities and timing, too, and give them back in their own
    way. The take may have any length and changes of tempo, see
    :mod:`groovekit.generation.takes`. Notes that the kit map does not know and all that
    are not drums stay untouched.

    Args:
      model: the trained model, of grooves; one that fills, or one that encodes.
      sequence: the pattern.
      count: versions, at least 1.
      amount: how far to go from the input (0) to what the model plays (1).
      timing: whether to move notes.
      velocity: whether to change velocities.
      temperature: of velocities and timing that a model fills in, 1 by default; else
        how far the latent vector of a version lies from the posterior's mean, in
        posterior standard deviations, 0.5 by default. At 0 all versions are equal.
      swing: see :func:`groovekit.generation.tasks.editing.swung`.
      qpm: tempo at the beginning, see
        :func:`groovekit.generation.tasks.editing.at_tempo`.
      translate: give the drums the pitches of the model's output kit; otherwise
        each keeps its own.
      seed: of the versions.
      manner: for models that fill, see :class:`groovekit.generation.manner.Manner`.

    Raises:
      DataError: no drums that the model knows, or another time signature; says why.
      UsageError: numbers out of range, a model that plays no grooves, or a manner for
        one that does not fill.
    """
    check_count(count)
    take = read_take(sequence, model.converter)
    edits = humanize_edits(
        model,
        take,
        count,
        amount=amount,
        timing=timing,
        velocity=velocity,
        temperature=temperature,
        translate=translate,
        seed=one_seed(seed),
        **manner,
    )
    made = (edit.applied_to(sequence) for edit in edits)
    by_hand = chosen_by_hand(model.converter)
    return [finish(piece, swing=swing, qpm=qpm, by_hand=by_hand) for piece in made]


def humanize_edits(
    model: Player,
    take: Take,
    count: int = 1,
    *,
    amount: float = 1.0,
    timing: bool = True,
    velocity: bool = True,
    temperature: float | None = None,
    translate: bool = False,
    seed: int,
    **manner: Unpack[Manner],
) -> Iterator[Edits]:
    """What :func:`humanize` does to the notes of a take, for each version."""
    temperature, where = chosen_temperature(model, temperature), None
    if fills(model):
        known = wanted(take, manner)
        known = with_measured(known, take, timing=timing, velocity=velocity)
        where = known.free(take)
        versions = dynamics(
            model,
            take,
            known,
            count,
            timing=timing,
            velocity=velocity,
            temperature=temperature,
            seed=seed,
        )
    else:
        check_no_manner(model, manner)
        versions = _coded(model, take, count, temperature=temperature, seed=seed)
    for played in versions:
        edits = performed(
            take,
            played.velocities,
            played.offsets,
            amount=amount,
            timing=timing,
            velocity=velocity,
            where=where,
        )
        pitch = output_pitches(take) if translate else None
        yield dataclasses.replace(edits, pitch=pitch)


def _coded(
    model: Player, take: Take, count: int, *, temperature: float, seed: int
) -> Iterator[Played]:
    """What a model plays from latent vectors near that of the take."""
    posterior = model.encode(take.converter.expand(take.windows), seed=seed)
    for version in range(count):
        z = latent_vectors(
            posterior,
            temperature=temperature,
            seed=derive(seed, "version", version),
            # That of the input would hold its own feel, and the hits are given.
            prior=take.converter.hits_as_controls,
        )
        yield play(model, take, z, forced=take.grid())
