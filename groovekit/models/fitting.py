"""Fitting to data what gradients do not: the linear start, thresholds, the prior."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from groovekit.models import backend
from groovekit.models.feed import Feed
from groovekit.models.linear_code import fit_linear_code
from groovekit.models.protocols import WindowSource
from groovekit.models.runtimes.prior import fit_stored_prior
from groovekit.models.window_features import class_means, window_features
from groovekit.seeding import generator

# Windows that are enough for a covariance, and for thresholds and codes.
_FOR_COVARIANCE, _FOR_CODES = 10_000, 20_000
_AT_ONCE = 256
_THRESHOLDS = np.linspace(-3.0, 3.0, 121)


def start_from_linear_code(model: Any, examples: WindowSource, *, bits: float) -> None:
    """Gives encoder, latent layer and decoder the weights of a linear code.

    Args:
      model: with parts that have ``start_from``.
      examples: whose windows are coded.
      bits: the rate.
    """
    numbers = _some(np.arange(len(examples)), _FOR_COVARIANCE)
    windows = np.asarray(examples.tensors(numbers).outputs, np.float32)
    scales = model.encoder.scales
    centres = class_means(windows, len(scales))
    features = window_features(windows, centres, scales, np)
    flat = features.reshape(len(features), -1)
    code = fit_linear_code(flat, bits, model.z_size).padded(model.z_size)
    model.encoder.start_from(code, centres)
    model.latent_layer.start_from(code)
    model.decoder.start_from(code, centres)


def fit_thresholds(model: Any, examples: WindowSource, *, seed: int) -> None:
    """Fits the logits above which there is a hit.

    Of reconstructions, whether from means or from drawn latent vectors, one for all
    drums: that of the best F1. Of samples one for each drum: that by which windows
    decoded from drawn latent vectors have as many hits as the windows had.

    Args:
      model: with a head of whole windows.
      examples: held-out ones, where there are any.
      seed: of the drawn latent vectors.
    """
    hits, logits = [], []
    rng = generator(seed, "thresholds")
    decode = backend.inference(model, _hit_logits(model))
    for batch, mean, stddev in _posteriors(model, examples, _every(examples)):
        noise = rng.standard_normal(mean.shape).astype(np.float32)
        both = [decode(z, batch) for z in (mean, mean + stddev * noise)]
        logits.append(np.stack([backend.to_numpy(found) for found in both]))
        hits.append(batch[..., : logits[-1].shape[-1]] > 0)
    true, found = np.concatenate(hits), np.concatenate(logits, axis=1)
    rows = [np.full(true.shape[-1], _best(true, own)) for own in found]
    rows.append(_equally_dense(true, found[1]))
    model.head.layer.thresholds.assign(np.stack(rows).astype(np.float32))


def fit_prior(model: Any, examples: WindowSource, *, every: int, seed: int) -> None:
    """Fits the prior to drawn latent vectors of training windows.

    Args:
      model: with a :class:`groovekit.models.prior.StoredCodes`.
      examples: that it was trained on.
      every: of a sequence's windows each of so many, so that they stand one after
        another: windows at every bar blur where fills fall.
      seed: of everything random.
    """
    rng = generator(seed, "prior", "codes")
    numbers = _some(_aligned(examples, every), _FOR_CODES)
    codes = [
        mean + stddev * rng.standard_normal(mean.shape).astype(np.float32)
        for _, mean, stddev in _posteriors(model, examples, numbers)
    ]
    layer = model.prior
    prior = fit_stored_prior(
        np.concatenate(codes), count=layer.count, clusters=layer.clusters, seed=seed
    )
    for name in ("codes", "centres", "factor"):
        getattr(layer, name).assign(getattr(prior, name))


def _hit_logits(model: Any) -> Any:
    def compute(z: Any, outputs: Any) -> Any:
        drafted = model.decode(z, outputs.shape[1], Feed(targets=outputs))
        return model.head.hit_logits(drafted)

    return compute


def _posteriors(
    model: Any, examples: WindowSource, numbers: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Outputs, means and standard deviations of batches of one size.

    Of one size, so that one function is compiled: the last windows count twice.
    """

    def encode(inputs: Any) -> Any:
        posterior = model.encode(inputs)
        return posterior.mean, posterior.stddev

    compute = backend.inference(model, encode)
    size = min(_AT_ONCE, len(numbers))
    for start in range(0, len(numbers), size):
        start = min(start, len(numbers) - size)
        tensors = examples.tensors(numbers[start : start + size])
        mean, stddev = (backend.to_numpy(part) for part in compute(tensors.inputs))
        outputs = np.asarray(tensors.outputs, np.float32)
        yield outputs, np.asarray(mean), np.asarray(stddev)


def _every(examples: WindowSource) -> np.ndarray:
    return _some(np.arange(len(examples)), _FOR_CODES)


def _some(numbers: np.ndarray, most: int) -> np.ndarray:
    """So many of them at most, evenly spread."""
    if len(numbers) <= most:
        return numbers
    return numbers[np.linspace(0, len(numbers) - 1, most).astype(np.int64)]


def _aligned(examples: WindowSource, every: int) -> np.ndarray:
    groups = examples.groups
    return np.concatenate(
        [
            np.arange(first, end, every)
            for first, end in itertools.pairwise(groups.tolist())
        ]
    )


def _best(true: np.ndarray, logits: np.ndarray) -> float:
    """The threshold of the best F1, all cells pooled."""
    order = np.sort(logits[true])
    rest = np.sort(logits[~true])
    best = (-1.0, 0.0)
    for threshold in _THRESHOLDS:
        found = len(order) - np.searchsorted(order, threshold, side="right")
        wrong = len(rest) - np.searchsorted(rest, threshold, side="right")
        f1 = 2.0 * found / max(found + wrong + len(order), 1)
        best = max(best, (f1, float(threshold)))
    return best[1]


def _equally_dense(true: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """``(classes,)`` thresholds by which each drum is hit as often as it was."""
    found = []
    for drum in range(true.shape[-1]):
        own = np.sort(logits[..., drum], axis=None)
        count = int(true[..., drum].sum())
        # A drum that is never hit stays silent.
        place = len(own) - count - 1
        found.append(own[place] if count and place >= 0 else own[-1] + 1.0)
    return np.array(found)
