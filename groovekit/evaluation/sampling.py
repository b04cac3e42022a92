"""Windows sampled from a model, beside what people played."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from groovekit.converters.base import Tensors
from groovekit.evaluation import distributions, metrics
from groovekit.evaluation.known import Known
from groovekit.evaluation.metrics import Drums
from groovekit.evaluation.sample_figures import sample_figures
from groovekit.evaluation.scoring import Truth
from groovekit.evaluation.settings import Settings
from groovekit.generation.trained_model import TrainedModel
from groovekit.seeding import generator


def sample(model: TrainedModel, data: Tensors, settings: Settings) -> np.ndarray:
    """Windows of the prior ``(samples, steps, depth)``.

    Args:
      model: trained.
      data: held-out windows, whose controls are played with.
      settings: how many, at which temperature, and the seed.
    """
    count = settings.samples
    z = model.draw(count, seed=settings.seed)
    rows = np.linspace(0, len(data) - 1, count).astype(int)
    return model.decode_to_tensors(
        z,
        temperature=settings.temperature,
        controls=None if data.controls is None else data.controls[rows],
        vectors="prior",
        seed=settings.seed,
    )


def samples_table(
    samples: Drums, truth: Truth, aligned: np.ndarray, known: Known, settings: Settings
) -> dict[str, Any]:
    """What samples are like, whether they are copies, and whether one can tell.

    Args:
      samples: sampled windows.
      truth: held-out windows.
      aligned: ``(windows,)`` bool: those of them that do not overlap.
      known: training windows.
      settings: temperature and seed.

    Returns:
      ``figures`` (:data:`.FIGURES` of the ``samples``, and of the ``held_out`` and
      ``train`` windows that do not overlap), ``two_sample`` (``samples`` and ``train``
      against the held-out windows), diversity and copies.
    """
    human, owners = truth.drums.rows(aligned), truth.resampling.owners[aligned]
    train = known.drums.rows(known.aligned)
    sets = {
        "samples": (samples, np.arange(len(samples))),
        "train": (train, known.owners[known.aligned]),
    }
    return {
        "windows": len(samples),
        "temperature": settings.temperature,
        "figures": {
            "samples": sample_figures(samples),
            "held_out": sample_figures(human),
            "train": sample_figures(train),
        },
        "two_sample": {
            name: dataclasses.asdict(
                metrics.two_sample(
                    drums,
                    human,
                    found_owners=own,
                    reference_owners=owners,
                    rng=generator(settings.seed, "two-sample"),
                )
            )
            for name, (drums, own) in sets.items()
        },
        "diversity": distributions.diversity(samples),
        "held_out_diversity": distributions.diversity(truth.drums),
        "memorising": distributions.memorising(
            samples.hits,
            truth.drums.hits,
            known.drums.hits,
            resampling=truth.resampling,
        ),
    }
