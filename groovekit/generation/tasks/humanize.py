"""A pattern, played as a drummer would."""

from __future__ import annotations

from groovekit.generation.codes import codes
from groovekit.generation.inputs import DEFAULT_TEMPERATURE
from groovekit.generation.player import Player
from groovekit.generation.takes import read_take
from groovekit.generation.tasks.editing import finish, perform, with_output_kit
from groovekit.generation.tasks.playing import check_count, play
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
    temperature: float = DEFAULT_TEMPERATURE,
    swing: float = 0.0,
    qpm: float | None = None,
    translate: bool = False,
    seed: int | None = None,
) -> list[NoteSequence]:
    """The same hits with a drummer's velocities and timing.

    The model reads the hits and plays them: the decoder sees them as its own,
    whatever it would rather have played. A model that was trained to humanise sees
    nothing but the hits, one that is given hits as controls has a code of the prior,
    and others (``groovae_4bar``) read velocities and timing, too, and give them back
    in their own way. The take may have any
    length and changes of tempo, see :mod:`groovekit.generation.takes`. Notes that the
    kit map does not know and all that are not drums stay untouched.

    Args:
      model: the trained model, of grooves.
      sequence: the pattern.
      count: versions, at least 1.
      amount: how far to go from the input (0) to what the model plays (1).
      timing: whether to move notes.
      velocity: whether to change velocities.
      temperature: how far the code of a version lies from the posterior's mean, in
        posterior standard deviations; at 0 all versions are equal.
      swing: see :func:`groovekit.generation.tasks.editing.swung`.
      qpm: tempo at the beginning, see
        :func:`groovekit.generation.tasks.editing.at_tempo`.
      translate: give the drums the pitches of the model's output kit; otherwise
        each keeps its own.
      seed: of the versions.

    Raises:
      DataError: no drums that the model knows, or another metre; says why.
      UsageError: numbers out of range, or a model that plays no grooves.
    """
    check_count(count)
    take = read_take(sequence, model.converter)
    seed = one_seed(seed)
    posterior = model.encode(take.converter.expand(take.windows), seed=seed)
    made = []
    for version in range(count):
        own = derive(seed, "version", version)
        z = codes(
            posterior,
            temperature=temperature,
            seed=own,
            # A code of the input would hold its own feel, and the hits are given.
            prior=take.converter.hits_as_controls,
        )
        played = play(model, take, z, forced=take.grid())
        piece = perform(
            take,
            played.velocities,
            played.offsets,
            amount=amount,
            timing=timing,
            velocity=velocity,
        )
        if translate:
            with_output_kit(piece, take)
        made.append(finish(piece, swing=swing, qpm=qpm))
    return made
