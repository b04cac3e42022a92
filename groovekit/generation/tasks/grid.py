"""The surface between four grooves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groovekit.errors import UsageError
from groovekit.generation.inputs import (
    Music,
    excerpts_of,
    longest_loop,
    loops_of,
    one_window,
)
from groovekit.generation.player import Player
from groovekit.generation.sections import cut_back
from groovekit.generation.slerp import slerp
from groovekit.io.notes import NoteSequence
from groovekit.seeding import draw_seed

_CORNERS = 4


def grid(
    model: Player,
    corners: Sequence[Music],
    rows: int,
    columns: int,
    *,
    window: int | None = None,
    bars: int | None = None,
    qpm: float | None = None,
    temperature: float | None = None,
    seed: int | None = None,
) -> list[NoteSequence]:
    """The surface between four grooves, row by row.

    The posterior means turn (:func:`groovekit.generation.slerp.slerp`) down the left
    and the right edge, and from each point of the left edge to its counterpart on
    the right one. The tempo is interpolated, too; a model with controls gets those
    of the nearest corner.

    Args:
      model: the trained model.
      corners: four grooves: top left, top right, bottom left, bottom right.
      rows: at least 2.
      columns: at least 2.
      window: which window of each sequence, from 1; the fullest by
        default.
      bars: length of the outputs; the model's by default.
      qpm: tempo of all.
      temperature: of the decoder; the model's own by default.
      seed: of what the decoder draws.

    Returns:
      ``rows * columns`` sequences.

    Raises:
      DataError: a sequence without such a window; says why.
      UsageError: not four corners, or numbers out of range.
    """
    if len(corners) != _CORNERS:
        raise UsageError(f"A grid has four corners, got {len(corners)}.")
    if rows < 2 or columns < 2:
        raise UsageError(
            f"A grid has at least 2 rows and 2 columns, got {rows} and {columns}."
        )
    seed = draw_seed() if seed is None else seed
    music = [excerpts_of(corner, model.converter, window=window) for corner in corners]
    found = [one_window(corner, model.converter) for corner in music]
    mean = np.concatenate([model.encode(part, seed=seed).mean for part, _ in found])
    down, across = np.linspace(0, 1, rows), np.linspace(0, 1, columns)
    left, right = slerp(mean[0], mean[2], down), slerp(mean[1], mean[3], down)
    vectors = np.concatenate(
        [slerp(*ends, across) for ends in zip(left, right, strict=True)]
    )
    tempos = np.reshape([own for _, (own,) in found], (2, 2))
    tempos = np.stack([1 - down, down], 1) @ tempos @ np.stack([1 - across, across])
    controls = None
    if found[0][0].controls is not None:
        nearest = 2 * (down >= 0.5)[:, None] + (across >= 0.5)[None, :]
        given = np.concatenate([np.asarray(part.controls) for part, _ in found])
        controls = given[nearest.ravel()]
    made = model.decode(
        vectors,
        temperature=temperature,
        bars=bars,
        controls=controls,
        qpm=tempos.ravel().tolist() if qpm is None else qpm,
        seed=seed,
    )
    if bars is not None:
        return made
    longest = longest_loop([loops_of(corner, 1)[0] for corner in music])
    return cut_back(made, [longest] * len(made), model.converter)
