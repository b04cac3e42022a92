"""The model's own version of music."""

from __future__ import annotations

import numpy as np

from groovekit.converters.harmony.chords import Chords
from groovekit.errors import UsageError
from groovekit.generation.inputs import Music, excerpts_of, loops_of
from groovekit.generation.player import Player
from groovekit.generation.sections import cut_back
from groovekit.io.notes import NoteSequence
from groovekit.seeding import one_seed


def reconstruct(
    model: Player,
    music: Music,
    count: int = 1,
    *,
    window: int | None = None,
    temperature: float | None = None,
    bars: int | None = None,
    chords: Chords | None = None,
    qpm: float | None = None,
    seed: int | None = None,
    rng: np.random.Generator | None = None,
) -> list[NoteSequence]:
    """Encodes and decodes: the model's own version of the music.

    It is made from the posterior mean. What the converter's options take out
    of the input (velocities, instruments, ...), the model adds.

    Args:
      model: the trained model.
      music: sequences (of each, one window is taken) or tensors.
      count: versions of each, at least 1.
      window: which window of each sequence, from 1; the fullest by
        default.
      temperature: of the decoder, see the class; the model's own by default.
      bars: length; the model's by default.
      chords: instead of those of the music, see the class.
      qpm: tempo of all.
      seed: of what the decoder draws.
      rng: instead of ``seed``.

    Returns:
      All versions of the first input, then of the second, ...

    Raises:
      DataError: a sequence without such a window; says why.
      UsageError: numbers out of range, arrays of another shape.
    """
    if count < 1:
        raise UsageError(
            f"The number of reconstructions must be at least 1, got {count}."
        )
    seed = one_seed(seed, rng)
    music = excerpts_of(music, model.converter, window=window)
    tensors, tempos = model.to_tensors(music)
    rows = np.repeat(np.arange(len(tensors)), count)
    mean = model.encode(tensors, seed=seed).mean
    made = model.decode(
        mean[rows],
        temperature=temperature,
        bars=bars,
        controls=(
            None
            if tensors.controls is None or chords is not None
            else tensors.controls[rows]
        ),
        chords=chords,
        qpm=[tempos[row] for row in rows] if qpm is None else qpm,
        seed=seed,
    )
    if bars is not None or chords is not None:
        return made
    loops = loops_of(music, len(tensors))
    return cut_back(made, [loops[row] for row in rows], model.converter)
