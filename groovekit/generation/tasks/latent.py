"""Places in latent space: neighbours, grids, more or less of an attribute; and walks.

The functions take a :class:`~groovekit.generation.player.Player`, such as a loaded
model, first and give note sequences. Where they take ``seed``, None draws one; equal
seeds give equal music. Temperatures and tempos are as in
:class:`~groovekit.generation.trained_model.TrainedModel`; the tempo is the input's
unless ``qpm`` says otherwise. Models with controls get those of the input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from groovekit.converters.base import Tensors
from groovekit.errors import UsageError
from groovekit.generation.attributes import Directions, load_directions
from groovekit.generation.inputs import DEFAULT_TEMPERATURE, Music, to_tensors
from groovekit.generation.player import Player
from groovekit.generation.slerp import slerp
from groovekit.generation.tasks.walks import continue_ as continue_
from groovekit.generation.tasks.walks import sample_long as sample_long
from groovekit.io.notes import NoteSequence
from groovekit.seeding import draw_seed, generator

_CORNERS = 4


def vary(
    model: Player,
    sequence: Music,
    count: int = 5,
    *,
    distance: float = 1.0,
    window: int = 1,
    bars: int | None = None,
    qpm: float | None = None,
    temperature: float = DEFAULT_TEMPERATURE,
    seed: int | None = None,
) -> list[NoteSequence]:
    """Neighbours of a groove at a given distance in latent space.

    Each has the code ``mean + distance * stddev * u``, with the posterior's mean and
    standard deviation and a random direction ``u`` of root mean square 1: over all
    dimensions, the code is moved by ``distance`` posterior standard deviations. At 0
    it is the reconstruction, at 1 as far as codes that the encoder itself would draw
    for this input. Equal seeds move in equal directions: a larger distance goes
    further on the same ways.

    Args:
      model: the trained model.
      sequence: one groove.
      count: how many neighbours, at least 1.
      distance: in posterior standard deviations, at least 0.
      window: which window of the sequence, from 1.
      bars: length of the outputs; the model's by default.
      qpm: tempo.
      temperature: of the decoder.
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
    tensors, tempos = _one(model, sequence, window)
    posterior = model.encode(tensors, seed=seed)
    size = posterior.mean.shape[1]
    ways = generator(seed, "vary").standard_normal((count, size), np.float32)
    ways *= np.sqrt(size) / np.linalg.norm(ways, axis=1, keepdims=True)
    return model.decode(
        posterior.mean + distance * posterior.stddev * ways,
        temperature=temperature,
        bars=bars,
        controls=tensors.controls,
        qpm=tempos[0] if qpm is None else qpm,
        seed=seed,
    )


def grid(
    model: Player,
    corners: Sequence[Music],
    rows: int,
    columns: int,
    *,
    window: int = 1,
    bars: int | None = None,
    qpm: float | None = None,
    temperature: float = DEFAULT_TEMPERATURE,
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
      window: which window of each sequence, from 1.
      bars: length of the outputs; the model's by default.
      qpm: tempo of all.
      temperature: of the decoder.
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
    found = [_one(model, corner, window) for corner in corners]
    mean = np.concatenate([model.encode(part, seed=seed).mean for part, _ in found])
    down, across = np.linspace(0, 1, rows), np.linspace(0, 1, columns)
    left, right = slerp(mean[0], mean[2], down), slerp(mean[1], mean[3], down)
    codes = np.concatenate(
        [slerp(*ends, across) for ends in zip(left, right, strict=True)]
    )
    tempos = np.reshape([own for _, (own,) in found], (2, 2))
    tempos = np.stack([1 - down, down], 1) @ tempos @ np.stack([1 - across, across])
    controls = None
    if found[0][0].controls is not None:
        nearest = 2 * (down >= 0.5)[:, None] + (across >= 0.5)[None, :]
        given = np.concatenate([np.asarray(part.controls) for part, _ in found])
        controls = given[nearest.ravel()]
    return model.decode(
        codes,
        temperature=temperature,
        bars=bars,
        controls=controls,
        qpm=tempos.ravel().tolist() if qpm is None else qpm,
        seed=seed,
    )


def shift(
    model: Player,
    sequence: Music,
    attributes: Mapping[str, float],
    *,
    amount: float = 1.0,
    directions: Directions | None = None,
    window: int = 1,
    bars: int | None = None,
    qpm: float | None = None,
    temperature: float = DEFAULT_TEMPERATURE,
    seed: int | None = None,
) -> list[NoteSequence]:
    """A groove with more or less of some attributes, such as its density.

    The posterior mean is moved along the attributes' directions
    (:mod:`groovekit.attributes`).

    Args:
      model: the trained model.
      sequence: one groove, or several: each gives one.
      attributes: strengths by name, e.g. ``{"density": 1.5, "swing": -1}``: +1 is
        one standard deviation of the attribute among the grooves that the directions
        were fitted to.
      amount: factor of all strengths.
      directions: fitted ones; by default those that are stored with the model.
      window: which window of a sequence, from 1.
      bars: length of the outputs; the model's by default.
      qpm: tempo.
      temperature: of the decoder.
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
    way = directions.shift(strengths, z_size=model.config.latent.z_size)
    seed = draw_seed() if seed is None else seed
    tensors, tempos = to_tensors(sequence, model.converter, window=window)
    return model.decode(
        model.encode(tensors, seed=seed).mean + way,
        temperature=temperature,
        bars=bars,
        controls=tensors.controls,
        qpm=tempos if qpm is None else qpm,
        seed=seed,
    )


def _one(model: Player, music: Music, window: int) -> tuple[Tensors, list[float]]:
    """One window, and its tempo in a list."""
    tensors, tempos = to_tensors(music, model.converter, window=window)
    if len(tensors) != 1:
        raise UsageError(f"Expected one groove, got {len(tensors)}.")
    return tensors, tempos
