"""Neighbours of a groove in latent space."""

from __future__ import annotations

import numpy as np

from groovekit.errors import UsageError
from groovekit.generation.inputs import Music, excerpts_of, loops_of, one_window
from groovekit.generation.player import Player
from groovekit.generation.sections import cut_back
from groovekit.io.notes import NoteSequence
from groovekit.seeding import draw_seed, generator


def vary(
    model: Player,
    sequence: Music,
    count: int = 5,
    *,
    distance: float = 1.0,
    window: int | None = None,
    bars: int | None = None,
    qpm: float | None = None,
    temperature: float | None = None,
    seed: int | None = None,
) -> list[NoteSequence]:
    """Neighbours of a groove at a given distance in latent space.

    Each has the latent vector ``mean + distance * stddev * u``, with the posterior's
    mean and standard deviation and a random direction ``u`` of root mean square 1: over
    all dimensions, the latent vector is moved by ``distance`` posterior standard
    deviations. At 0 it is the reconstruction, at 1 as far as latent vectors that the
    encoder itself would draw for this input. Equal seeds move in equal directions: a
    larger distance goes further on the same ways.

    Args:
      model: the trained model.
      sequence: one groove.
      count: how many neighbours, at least 1.
      distance: in posterior standard deviations, at least 0.
      window: which window of the sequence, from 1; the fullest by
        default.
      bars: length of the outputs; the model's by default.
      qpm: tempo.
      temperature: of the decoder; the model's own by default.
      seed: of directions and decoder.

    Raises:
      DataError: a sequence without such a window; says why.
      UsageError: numbers out of range.
    """
    if count < 1:
        raise UsageError(f"The number of variations must be at least 1, got {count}.")
    if not 0 <= distance < np.inf:
        raise UsageError(f"The distance must be at least 0 and finite, got {distance}.")
    seed = draw_seed() if seed is None else seed
    music = excerpts_of(sequence, model.converter, window=window)
    tensors, tempos = one_window(music, model.converter)
    posterior = model.encode(tensors, seed=seed)
    size = posterior.mean.shape[1]
    ways = generator(seed, "vary").standard_normal((count, size), np.float32)
    ways *= np.sqrt(size) / np.linalg.norm(ways, axis=1, keepdims=True)
    made = model.decode(
        posterior.mean + distance * posterior.stddev * ways,
        temperature=temperature,
        bars=bars,
        controls=tensors.controls,
        qpm=tempos[0] if qpm is None else qpm,
        seed=seed,
    )
    if bars is not None:
        return made
    return cut_back(made, loops_of(music, 1) * count, model.converter)
