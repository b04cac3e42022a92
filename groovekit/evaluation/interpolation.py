"""Ways between held-out windows: how smoothly they lead, and what lies between."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from groovekit.converters.base import Tensors
from groovekit.converters.drum_tensors import drums_of
from groovekit.evaluation import metrics
from groovekit.evaluation.metrics import Drums
from groovekit.evaluation.scoring import Truth
from groovekit.evaluation.settings import Settings
from groovekit.generation.slerp import slerp
from groovekit.generation.trained_model import TrainedModel
from groovekit.seeding import generator

#: Ways that are measured, and the points of each, ends included.
WAYS, POINTS = 100, 9
_MIDDLE = POINTS // 2


def interpolations(
    model: TrainedModel,
    data: Tensors,
    z: np.ndarray,
    truth: Truth,
    reconstructions: Drums,
    aligned: np.ndarray,
    settings: Settings,
) -> dict[str, Any] | None:
    """Measures ways between windows of different performances; None without any.

    Args:
      model: trained.
      data: held-out windows.
      z: ``(windows, z_size)``: their latent vectors.
      truth: the same windows.
      reconstructions: what the model makes of them.
      aligned: ``(windows,)`` bool: those that do not overlap.
      settings: the seed.

    Returns:
      Figures of :class:`.Smoothness` and :class:`.Evenness`, and under ``realism``,
      how well windows can be told from held-out ones (:func:`.two_sample`): those in
      the ``middle`` of the ways, windows ``mixed`` step by step from both ends, and
      ``reconstructions`` of the ends.
    """
    rng = generator(settings.seed, "interpolation")
    owners = truth.resampling.owners
    pairs = rng.integers(len(z), size=(20 * WAYS, 2))
    pairs = pairs[owners[pairs[:, 0]] != owners[pairs[:, 1]]][:WAYS]
    if not len(pairs):
        return None
    played = drums_of(_play(model, data, z, pairs, settings), model.converter)
    hits = played.hits.reshape(len(pairs), POINTS, *played.hits.shape[1:])
    middle = np.arange(len(pairs)) * POINTS + _MIDDLE
    sets = {
        "middle": played.rows(middle),
        "mixed": _mixed(truth.drums, pairs, rng),
        "reconstructions": reconstructions.rows(pairs[:, 0]),
    }
    human, human_owners = truth.drums.rows(aligned), owners[aligned]
    realism = {
        name: metrics.two_sample(
            drums,
            human,
            found_owners=np.arange(len(drums)),
            reference_owners=human_owners,
            rng=generator(settings.seed, "two-sample"),
        )
        for name, drums in sets.items()
    }
    return {
        **dataclasses.asdict(metrics.smoothness(hits)),
        **dataclasses.asdict(metrics.evenness(hits)),
        "realism": {name: dataclasses.asdict(table) for name, table in realism.items()},
    }


def _play(
    model: TrainedModel,
    data: Tensors,
    z: np.ndarray,
    pairs: np.ndarray,
    settings: Settings,
) -> np.ndarray:
    """``(ways x points, steps, depth)``: what lies on the ways, the most probable."""
    fractions = np.linspace(0, 1, POINTS)
    way = np.concatenate([slerp(z[a], z[b], fractions) for a, b in pairs])
    # Controls are those of the nearer end, as in TrainedModel.interpolate.
    ends = pairs[:, (fractions >= 0.5).astype(int)].ravel()
    return model.decode_to_tensors(
        way,
        temperature=0,
        controls=None if data.controls is None else data.controls[ends],
        seed=settings.seed,
    )


def _mixed(drums: Drums, pairs: np.ndarray, rng: np.random.Generator) -> Drums:
    """Windows whose steps are taken from either of two others, by toss of a coin."""
    first, second = drums.rows(pairs[:, 0]), drums.rows(pairs[:, 1])
    chosen = rng.random(first.hits.shape[:2])[..., None] < 0.5

    def mix(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
        return None if a is None or b is None else np.where(chosen, a, b)

    return first.replaced(
        np.where(chosen, first.hits, second.hits),
        mix(first.velocities, second.velocities),
        mix(first.offsets, second.offsets),
    )
