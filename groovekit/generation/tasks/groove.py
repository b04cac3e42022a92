"""One performance with the feel of another."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Unpack

import numpy as np

from groovekit.errors import UsageError
from groovekit.generation.edits import Edits
from groovekit.generation.latent_vectors import Encoding, latent_vectors
from groovekit.generation.manner import Manner, reference, wanted
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

# So many hits weigh as much as what stands behind them: a feel is told by few.
_WEIGHT = 1.0
_CLASS_WEIGHT = 2.0


def groove(
    model: Player,
    sequence: NoteSequence,
    feel: NoteSequence,
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
    """The hits of one performance with the velocities and timing of another.

    A model that fills plays the hits as if bars of the other performance came before
    them: its first ones that sound, or those of ``like_bars``.

    With the others, where the other performance has strokes of the same drum at the
    same place of the bar, these are taken: their mean, as grooves are taken over in
    sequencers. Elsewhere, and the more the fewer there are, it is what the model plays
    there, corrected by how far the other performance strays from what the model would
    have played in its place (by drum and place of the bar). A model with the feel in
    its latent vector (``groovae_4bar``) plays with the mean latent vector of the other
    performance; one that is given the hits alone (``groovae_2bar_humanize``) reads
    those of each.

    On halves of 16 Groove validation takes, the second's feel given to the first with
    ``groovae_4bar`` errs by 14.9 in velocity and 16.7 ms (a constant: 23.6 and
    19.4; the model with the latent vector alone: 22.9 and 21.5).

    Both may have any length and tempo, see :mod:`groovekit.generation.takes`; timing is
    carried over in parts of a step. What is not a drum of the model stays untouched.

    Args:
      model: the trained model, of grooves.
      sequence: gives the hits, and everything else.
      feel: gives the velocities and the timing.
      count: versions, at least 1.
      amount: how far to go from the input (0) to the other's feel (1).
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
      manner: for models that fill, see :class:`groovekit.generation.manner.Manner`;
        ``like_bars`` are those of ``feel``.

    Raises:
      DataError: no drums that the model knows, or another time signature; says why.
      UsageError: numbers out of range, a model that plays no grooves, a manner for
        one that does not fill, or a third performance to play like.
    """
    check_count(count)
    first, second = (read_take(item, model.converter) for item in (sequence, feel))
    edits = groove_edits(
        model,
        first,
        second,
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


def groove_edits(
    model: Player,
    first: Take,
    second: Take,
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
    """What :func:`groove` does to the notes of the first take, for each version."""
    temperature = chosen_temperature(model, temperature)
    if fills(model):
        if manner.get("like") is not None:
            raise UsageError(
                "A groove is played like the second performance: leave `like` out."
            )
        bars = manner.pop("like_bars", None)
        versions = dynamics(
            model,
            first,
            dataclasses.replace(
                wanted(first, manner), reference=reference(second, bars)
            ),
            count,
            timing=timing,
            velocity=velocity,
            temperature=temperature,
            seed=seed,
        )
    else:
        check_no_manner(model, manner)
        versions = _coded(
            model, first, second, count, temperature=temperature, seed=seed
        )
    for played in versions:
        edits = performed(
            first,
            played.velocities,
            played.offsets,
            amount=amount,
            timing=timing,
            velocity=velocity,
        )
        pitch = output_pitches(first) if translate else None
        yield dataclasses.replace(edits, pitch=pitch)


def _coded(
    model: Player,
    first: Take,
    second: Take,
    count: int,
    *,
    temperature: float,
    seed: int,
) -> Iterator[Played]:
    """The first take's hits as latent vectors of both have them played."""
    posteriors = [
        model.encode(take.converter.expand(take.windows), seed=seed)
        for take in (first, second)
    ]
    hits = first.grid()
    for version in range(count):
        own = derive(seed, "version", version)
        yield Played(
            hits,
            *_transfer(
                model, first, second, posteriors, temperature=temperature, seed=own
            ),
        )


def _transfer(
    model: Player,
    first: Take,
    second: Take,
    posteriors: list[Encoding],
    *,
    temperature: float,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Velocities and offsets for each cell of the first, ``(steps, classes)``."""
    converter = first.converter
    z = latent_vectors(
        posteriors[1],
        temperature=temperature,
        seed=seed,
        mean_only=not converter.humanize,
    )
    if converter.humanize:
        own = latent_vectors(posteriors[0], temperature=temperature, seed=seed)
    else:
        own = np.repeat(z[:1], len(first.starts), axis=0)
    ours = play(model, first, own, forced=first.grid(), seed=seed)
    theirs = play(model, second, z, forced=second.grid(), seed=seed)
    hits = second.grid()
    outputs = second.cells()
    velocities, offsets = outputs[..., 1] * 127.0, outputs[..., 2]
    place = np.arange(len(first.grid())) % first.steps_per_bar
    found = []
    for said, model_ours, model_theirs in (
        (velocities, ours.velocities, theirs.velocities),
        (offsets, ours.offsets, theirs.offsets),
    ):
        strays = _by_place(said - model_theirs, hits, first.steps_per_bar)
        behind = model_ours + _smoothed(*strays)[place]
        total, number = (x[place] for x in _by_place(said, hits, first.steps_per_bar))
        found.append((total + _WEIGHT * behind) / (number + _WEIGHT))
    return found[0], np.clip(found[1], -1.0, 1.0)


def _by_place(
    values: np.ndarray, hits: np.ndarray, per_bar: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sums and numbers of hits, ``(steps of a bar, classes)``."""
    shape = (-1, per_bar, hits.shape[1])
    kept = np.where(hits, values, 0.0)
    return kept.reshape(shape).sum(axis=0), hits.reshape(shape).sum(axis=0)


def _smoothed(total: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Means by drum and place; few hits give way to the drum's, and to all."""
    mean = total.sum() / max(1, number.sum())
    drum = total.sum(axis=0) + _CLASS_WEIGHT * mean
    drum = drum / (number.sum(axis=0) + _CLASS_WEIGHT)
    smoothed: np.ndarray = (total + _CLASS_WEIGHT * drum) / (number + _CLASS_WEIGHT)
    return smoothed
