"""A groove with more or less of some attributes."""

from __future__ import annotations

from collections.abc import Mapping

from groovekit.generation.attributes import Directions, load_directions
from groovekit.generation.inputs import Music, excerpts_of, loops_of, to_tensors
from groovekit.generation.player import Player
from groovekit.generation.sections import cut_back
from groovekit.io.notes import NoteSequence
from groovekit.seeding import draw_seed


def shift(
    model: Player,
    sequence: Music,
    attributes: Mapping[str, float],
    *,
    amount: float = 1.0,
    directions: Directions | None = None,
    window: int | None = None,
    bars: int | None = None,
    qpm: float | None = None,
    temperature: float | None = None,
    seed: int | None = None,
) -> list[NoteSequence]:
    """A groove with more or less of some attributes, such as its density.

    The posterior mean is moved along the attributes' directions
    (:mod:`groovekit.generation.attributes`).

    Args:
      model: the trained model.
      sequence: one groove, or several: each gives one.
      attributes: strengths by name, e.g. ``{"density": 1.5, "swing": -1}``: +1 is
        one standard deviation of the attribute among the grooves that the directions
        were fitted to.
      amount: factor of all strengths.
      directions: fitted ones; by default those that are stored with the model.
      window: which window of a sequence, from 1; the fullest by
        default.
      bars: length of the outputs; the model's by default.
      qpm: tempo.
      temperature: of the decoder; the model's own by default.
      seed: of what the decoder draws.

    Raises:
      DataError: a sequence without such a window; says why.
      RunFolderError: no directions are stored with the model, or those of other
        weights.
      UnknownNameError: an attribute without a direction; suggests close names.
      UsageError: numbers out of range, directions of another model.
    """
    if directions is None:
        directions = load_directions(model.folder)
    strengths = {name: amount * value for name, value in attributes.items()}
    way = directions.shift(strengths, z_size=model.z_size)
    seed = draw_seed() if seed is None else seed
    music = excerpts_of(sequence, model.converter, window=window)
    tensors, tempos = to_tensors(music, model.converter)
    made = model.decode(
        model.encode(tensors, seed=seed).mean + way,
        temperature=temperature,
        bars=bars,
        controls=tensors.controls,
        qpm=tempos if qpm is None else qpm,
        seed=seed,
    )
    if bars is not None:
        return made
    return cut_back(made, loops_of(music, len(tensors)), model.converter)
