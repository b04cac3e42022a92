"""How well a model reconstructs windows, figured out apart from the evaluation."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from groovekit.converters.base import Converter
from groovekit.converters.drum_tensors import drums_of
from groovekit.data.examples import Examples
from groovekit.evaluation import metrics
from groovekit.evaluation.metrics import Deviation, HitScores
from groovekit.models import backend
from groovekit.models.feed import Feed
from groovekit.training.validation import Validator


@dataclasses.dataclass(frozen=True)
class Reconstruction:
    """What is left of windows on their way through a model's code and back.

    Codes are the posterior's means, decoding is autoregressive and takes the most
    probable choice at each step (groove models hit where the logit exceeds 0).

    Attributes:
      windows: how many were reconstructed.
      hits: precision, recall and F1, micro-averaged over all cells.
      cell_accuracy: share of cells (class x step) that agree, 0..1.
      velocity: errors at matched hits in MIDI units; None without velocities.
      timing: errors at matched hits in milliseconds; None without offsets.
      qpm: the tempo those milliseconds are meant at.
      losses: the validation losses under the original's names, with teacher
        forcing and codes drawn from the posterior: among them ``losses/r_loss``
        (nats a window) and ``losses/kl_bits``.
    """

    windows: int
    hits: HitScores
    cell_accuracy: float
    velocity: Deviation | None
    timing: Deviation | None
    qpm: float
    losses: dict[str, float]


def reconstruction_metrics(
    model: Any,
    converter: Converter,
    examples: Examples,
    *,
    batch_size: int = 126,
    seed: int = 0,
    step: int = 2**31 - 1,
    qpm: float = 120.0,
) -> Reconstruction:
    """Reconstructs all windows of some examples and compares.

    Args:
      model: a :class:`groovekit.models.music_vae.MusicVAE`.
      converter: that the model was built for.
      examples: what to reconstruct, each of an epoch's windows once, without
        anything random in the inputs.
      batch_size: windows a batch. Only speed depends on it.
      seed: of the codes drawn for the losses.
      step: training step, for the weight of the KL cost; by default its last one.
      qpm: tempo at which errors of timing become milliseconds.

    Raises:
      ConfigError: a converter whose tensors are not drums.
    """
    decode = backend.inference(
        model,
        lambda inputs, controls, lengths: model.decode(
            model.encode(inputs, controls, lengths).mean,
            converter.steps,
            Feed(controls=controls),
        ),
    )
    batch_size = min(batch_size, examples.windows_per_epoch)
    truths, predictions = [], []
    for batch in examples.batches(batch_size):
        lengths = None if converter.fixed_length else batch.lengths
        outputs = decode(batch.inputs, batch.controls, lengths)
        truths.append(batch.outputs)
        predictions.append(backend.to_numpy(outputs))
    truth = drums_of(np.concatenate(truths), converter)
    prediction = drums_of(np.concatenate(predictions), converter)
    validate = Validator(model, examples, batch_size=batch_size, seed=seed)
    has_velocities = truth.velocities is not None
    has_offsets = truth.offsets is not None
    return Reconstruction(
        windows=len(truth),
        hits=metrics.hit_scores(truth, prediction),
        cell_accuracy=metrics.cell_accuracy(truth, prediction),
        velocity=metrics.velocity_error(truth, prediction) if has_velocities else None,
        timing=(
            metrics.timing_error(truth, prediction, qpm=qpm) if has_offsets else None
        ),
        qpm=qpm,
        losses=validate(step),
    )
