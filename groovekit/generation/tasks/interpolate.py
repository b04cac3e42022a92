"""The way from one piece of music to another."""

from __future__ import annotations

import numpy as np

from groovekit.converters.base import join
from groovekit.converters.harmony.chords import Chords
from groovekit.errors import UsageError
from groovekit.generation.inputs import Music, excerpts_of, longest_loop, loops_of
from groovekit.generation.player import Player
from groovekit.generation.sections import cut_back
from groovekit.generation.slerp import slerp
from groovekit.io.notes import NoteSequence
from groovekit.seeding import one_seed


def interpolate(
    model: Player,
    start: Music,
    end: Music,
    count: int = 5,
    *,
    window: int | None = None,
    temperature: float | None = None,
    bars: int | None = None,
    chords: Chords | None = None,
    qpm: float | None = None,
    seed: int | None = None,
    rng: np.random.Generator | None = None,
) -> list[NoteSequence]:
    """Music on the way from one piece to another, both ends included.

    The latent vectors turn from one posterior mean to the other
    (:func:`groovekit.generation.slerp.slerp`), the tempo changes evenly. A model
    with controls gets those of the nearer end.

    Args:
      model: the trained model.
      start: one sequence or window.
      end: one sequence or window.
      count: how many sequences, at least 2.
      window: which window of a sequence, from 1; the fullest by
        default.
      temperature: of the decoder, see the class; the model's own by default.
      bars: length; the model's by default.
      chords: instead of those of the music, see the class.
      qpm: tempo of all.
      seed: of what the decoder draws.
      rng: instead of ``seed``.

    Raises:
      DataError: a sequence without such a window; says why.
      UsageError: numbers out of range.
    """
    if count < 2:
        raise UsageError(
            f"An interpolation has at least 2 outputs, its ends; got {count}."
        )
    ends = [
        excerpts_of(music, model.converter, window=window) for music in (start, end)
    ]
    (first, tempo_1), (last, tempo_2) = (model.to_tensors(music) for music in ends)
    if len(first) != 1 or len(last) != 1:
        raise UsageError(
            "An interpolation goes from one window to another, got "
            f"{len(first)} and {len(last)}."
        )
    seed = one_seed(seed, rng)
    both = join([first, last])
    fractions = np.linspace(0.0, 1.0, count)
    mean = model.encode(both, seed=seed).mean
    controls = both.controls
    if controls is not None:
        controls = controls[(fractions >= 0.5).astype(int)]
    tempos = np.linspace(tempo_1[0], tempo_2[0], count).tolist()
    made = model.decode(
        slerp(mean[0], mean[1], fractions),
        temperature=temperature,
        bars=bars,
        controls=None if chords is not None else controls,
        chords=chords,
        qpm=tempos if qpm is None else qpm,
        seed=seed,
    )
    if bars is not None or chords is not None:
        return made
    longest = longest_loop([loops_of(music, 1)[0] for music in ends])
    return cut_back(made, [longest] * count, model.converter)
