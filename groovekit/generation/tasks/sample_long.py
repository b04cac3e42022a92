"""New music of any length, a walk through latent space."""

from __future__ import annotations

from groovekit.errors import UsageError
from groovekit.generation.player import Player
from groovekit.generation.sections import (
    play_sections,
    sections_for,
)
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM
from groovekit.seeding import draw_seed

#: Correlation of the latent vectors of neighbouring sections.
RELATEDNESS = 0.95


def sample_long(
    model: Player,
    count: int = 1,
    *,
    bars: int,
    relatedness: float = RELATEDNESS,
    qpm: float = DEFAULT_QPM,
    temperature: float | None = None,
    seed: int | None = None,
) -> list[NoteSequence]:
    """New music of any length whose sections are related.

    A section is a window of the model. The first latent vector comes from the prior,
    and each further one is drawn like the one before: where the prior is standard
    normal, it is ``relatedness * z + sqrt(1 - relatedness ** 2) * noise``. It is a walk
    that stays where the prior is, so that the last section is as good as the first, and
    on which sections are the less alike the further apart they are. Sections are joined
    on the grid, so that strokes before a bar line stay there.

    Args:
      model: the trained model.
      count: how many pieces, at least 1.
      bars: length, at least 1; of the last section only what is needed is kept.
      relatedness: correlation of neighbouring latent vectors, 0 (unrelated) to 1 (all
        equal but for what the decoder draws).
      qpm: tempo.
      temperature: of the decoder; the model's own by default.
      seed: of latent vectors and decoder.

    Raises:
      UsageError: numbers out of range, or a model that needs controls.
    """
    if count < 1:
        raise UsageError(f"The number of samples must be at least 1, got {count}.")
    if not 0 <= relatedness <= 1:
        raise UsageError(f"relatedness must be 0 to 1, got {relatedness}.")
    sections = sections_for(model.converter, bars)
    seed = draw_seed() if seed is None else seed
    vectors = model.draw(count, length=sections, relatedness=relatedness, seed=seed)
    return play_sections(
        model,
        vectors,
        model.converter,
        bars=bars,
        qpm=qpm,
        temperature=temperature,
        vectors="prior",
        seed=seed,
    )
