"""How good a trained model is: reconstruction, samples, interpolations, baselines.

:func:`evaluate` is what ``groovekit evaluate`` shows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from groovekit.converters.base import Converter, Tensors
from groovekit.converters.drum_tensors import drums_of as drums_of
from groovekit.converters.groove import GrooveConverter
from groovekit.converters.options import WithKits
from groovekit.data.examples import Examples
from groovekit.data.performances import (
    all_tensors,
    by_window,
    owners_of,
    positions_of,
    some_tensors,
)
from groovekit.errors import ConfigError
from groovekit.evaluation import distributions, scoring
from groovekit.evaluation.baselines import Case, fit_baselines
from groovekit.evaluation.baselines.linear_code import (
    MOST_FEATURES,
    LinearReconstruction,
)
from groovekit.evaluation.event_scores import event_rows
from groovekit.evaluation.hit_cells import parts_of
from groovekit.evaluation.interpolation import interpolations
from groovekit.evaluation.known import (
    MOST_TRAINING_WINDOWS,
    Known,
    aligned,
    inputs_of,
)
from groovekit.evaluation.metrics import Drums, Ratio, Resampling
from groovekit.evaluation.sampling import sample, samples_table
from groovekit.evaluation.scoring import Prediction, Truth
from groovekit.evaluation.settings import Settings as Settings
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM
from groovekit.models import backend
from groovekit.models.feed import Feed, Vectors
from groovekit.models.runtimes.base import Progress
from groovekit.seeding import generator
from groovekit.training.validation import Validator, arguments

SCHEMA_VERSION = 1
_PAIRS = 4
_BATCH = 126
# The weight of the KL cost is that of the end of training.
_LATE_STEP = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Listening:
    """A groove to look at and listen to.

    Attributes:
      title: what it is.
      original: as it was played; None for a sample.
      model: as the model plays it.
    """

    title: str
    original: NoteSequence | None
    model: NoteSequence


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What :func:`evaluate` found.

    Attributes:
      figures: all numbers, as JSON takes them; ``schema_version`` first.
      listening: pairs of original and reconstruction, then samples; chosen at equal
        distances, not by hand.
    """

    figures: dict[str, Any]
    listening: list[Listening]


def evaluate(
    model: TrainedModel,
    examples: Examples,
    train: Examples,
    *,
    qpm: np.ndarray | None = None,
    settings: Settings | None = None,
    stage: Callable[[str], None] = lambda _: None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measures a model and its baselines on the same windows.

    Codes are the posterior's means; decoding takes the most probable choice, each
    step following the model's own ones unless ``teacher_forcing``.

    Args:
      model: trained.
      examples: windows held out.
      train: windows it was trained on: baselines are fitted on them, and copies are
        looked for among them.
      qpm: ``(sequences,)`` tempo of each of the examples' sequences, for timing in
        milliseconds; None for 120.
      settings: see :class:`Settings`.
      stage: called with what is done next.
      progress: called as ``progress(done, total)`` with windows decoded.
    """
    settings = settings or Settings()
    at_once = bool(model.model.decoder.whole_windows)
    if at_once:
        # No step follows another one.
        settings = dataclasses.replace(settings, teacher_forcing=False)
    model.progress = progress
    converter = model.converter
    stage("Reading windows")
    owners = owners_of(examples)
    data = all_tensors(examples)
    stage("Encoding")
    encoding = model.encode(data, seed=settings.seed)
    stage("Decoding")
    outputs = _predict(model, data, encoding.mean, settings)
    rng = generator(settings.seed, "bootstrap")
    resampling = Resampling(owners, rng=rng)
    stage("Losses")
    validate = Validator(model.model, examples, batch_size=_BATCH, seed=settings.seed)
    losses = validate(_LATE_STEP)
    figures: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "config": model.config.name,
        "windows": len(data),
        "performances": resampling.performances,
        "training_windows": len(train),
        "seed": settings.seed,
        "decoding": (
            "all steps at once"
            if at_once
            else "teacher forcing"
            if settings.teacher_forcing
            else "autoregressive"
        ),
        "tempo": "own" if qpm is not None else f"{DEFAULT_QPM:g}",
        "intervals": "95 %, percentile bootstrap by performance",
        "losses": losses,
        **_bits(encoding.mean, encoding.stddev, losses, resampling),
    }
    try:
        truth = Truth(
            drums_of(data.outputs, converter), by_window(qpm, examples), resampling
        )
    except ConfigError:
        stage("Comparing events")
        known = some_tensors(train, MOST_TRAINING_WINDOWS)
        rows = event_rows(converter, data, outputs, known, resampling)
        figures["reconstruction"] = {"rows": rows, "verdicts": []}
    else:
        drums = drums_of(outputs, converter)
        stage("Decoding drawn codes")
        z = encoding.mean + encoding.stddev * generator(
            settings.seed, "drawn"
        ).standard_normal(encoding.mean.shape, np.float32)
        drawn = drums_of(_predict(model, data, z, settings, "drawn"), converter)
        figures |= _drum_figures(
            model,
            truth,
            data,
            _Decoded(drums, drawn, encoding.mean, figures["kl_bits"]["value"]),
            aligned(positions_of(examples), converter),
            train,
            settings,
            stage,
        )
    stage("Choosing grooves to show")
    listening = _listening(model, data, outputs, by_window(qpm, examples), settings)
    return Evaluation(scoring.rounded(figures), listening)


def _bits(
    mean: np.ndarray,
    stddev: np.ndarray,
    losses: dict[str, float],
    resampling: Resampling,
) -> dict[str, Any]:
    """What the code costs, and what is left to say about a window given the code."""
    mu, sigma = (np.asarray(part, np.float64) for part in (mean, stddev))
    nats = 0.5 * (sigma**2 + mu**2 - 1 - 2 * np.log(sigma)).sum(axis=1)
    kl = Ratio(nats / np.log(2), np.ones(len(nats)))
    return {
        "kl_bits": dataclasses.asdict(resampling.interval(kl)),
        # Squared errors of velocities and offsets count as nats, too, as in training.
        "reconstruction_bits": losses["losses/r_loss"] / float(np.log(2)),
    }


def _predict(
    model: TrainedModel,
    data: Tensors,
    mean: np.ndarray,
    settings: Settings,
    vectors: Vectors = "mean",
) -> np.ndarray:
    if not settings.teacher_forcing:
        return model.decode_to_tensors(
            mean,
            temperature=0,
            controls=data.controls,
            vectors=vectors,
            seed=settings.seed,
        )
    network = model.model

    def forced(z: Any, outputs: Any, controls: Any, lengths: Any) -> Any:
        feed = Feed(targets=outputs, controls=controls, lengths=lengths)
        return network.decode(z, outputs.shape[1], feed)

    decode = backend.inference(network, forced)
    sample = backend.inference(network, lambda x: network.head.sample(x, None, 1.0))
    parts = []
    for start in range(0, len(data), _BATCH):
        rows = slice(start, start + _BATCH)
        part = Tensors(
            data.inputs[rows],
            data.outputs[rows],
            None if data.controls is None else data.controls[rows],
            data.lengths[rows],
        )
        _, outputs, controls, lengths = arguments(
            part, fixed_length=model.converter.fixed_length
        )
        logits = backend.to_numpy(decode(mean[rows], outputs, controls, lengths))
        drawn = sample(logits.reshape(-1, logits.shape[-1]).astype(np.float32))
        parts.append(backend.to_numpy(drawn).reshape(*logits.shape[:2], -1))
    return np.concatenate(parts)


class _Decoded(NamedTuple):
    """What a model makes of the windows: of means and of drawn codes; and the codes."""

    drums: Drums
    drawn: Drums
    z: np.ndarray
    bits: float


def _drum_figures(
    model: TrainedModel,
    truth: Truth,
    data: Tensors,
    decoded: _Decoded,
    apart: np.ndarray,
    train: Examples,
    settings: Settings,
    stage: Callable[[str], None],
) -> dict[str, Any]:
    converter = model.converter
    drums, drawn, z, bits = decoded
    stage("Fitting the baselines")
    known = Known.of(train, converter)
    baselines = fit_baselines(known.drums, known.inputs, known.owners)
    inputs = inputs_of(data, truth.drums, converter)
    forcing = settings.teacher_forcing
    knows = "the input and the steps before" if forcing else "the input"
    predictions = [Prediction(scoring.MODEL, "the model", knows, drums)]
    if _hits_known(converter) and not forcing:
        stage("Playing the true hits")
        played = _play(model, data, truth.drums, z, settings)
        predictions.append(
            Prediction(
                scoring.PLAYER, "the model, hits given", scoring.GIVEN_HITS, played
            )
        )
    predictions.append(
        Prediction(
            scoring.DRAWN, "the model, codes drawn", knows, drawn, compared=False
        )
    )
    predictions += _linear(truth.drums, known, inputs, bits, settings)
    for baseline in baselines:
        case = Case(
            inputs,
            truth.drums.hits,
            generator(settings.seed, "baseline", baseline.name),
        )
        predicted = baseline.predict(case).on_grid_of(truth.drums)
        predictions.append(
            Prediction(baseline.name, baseline.label, baseline.given, predicted)
        )
    stage("Scoring")
    class_names = _class_names(converter, truth.drums.hits.shape[2])
    found: dict[str, Any] = {
        "baselines_fitted_on": len(known.drums),
        "reconstruction": {
            "rows": scoring.score(truth, predictions, class_names=class_names),
            "verdicts": scoring.verdicts(truth, predictions),
        },
    }
    samples = None
    if settings.samples:
        stage(f"Sampling {settings.samples} windows")
        samples = drums_of(sample(model, data, settings), converter)
        found["samples"] = samples_table(samples, truth, apart, known, settings)
    stage("Comparing distributions")
    found["distributions"] = _distributions(truth, predictions, samples, settings)
    stage("Interpolating")
    ways = interpolations(model, data, z, truth, drums, apart, settings)
    if ways is not None:
        found["interpolation"] = ways
    return found


def _linear(
    drums: Drums, known: Known, inputs: Drums, bits: float, settings: Settings
) -> list[Prediction]:
    """The closed-form code at the model's bits, where the model sees what it plays."""
    parts = 1 if drums.velocities is None else 3
    if not (bits > 0 and _equal(inputs, drums) and _equal(known.inputs, known.drums)):
        return []
    if parts * drums.hits[0].size > MOST_FEATURES:
        return []
    rng = generator(settings.seed, "linear code")
    found = LinearReconstruction.of(drums, known.drums, bits, rng)
    label = f"linear code, {found.bits:.0f} bits"
    return [
        Prediction("linear", label, "the input", found.mean),
        Prediction(
            "linear_drawn", f"{label}, drawn", "the input", found.drawn, compared=False
        ),
    ]


def _equal(first: Drums, second: Drums) -> bool:
    return all(
        np.array_equal(a, b)
        for a, b in zip(parts_of(first), parts_of(second), strict=True)
    )


def _hits_known(converter: Converter) -> bool:
    """Whether the model is told all hits and has to play them."""
    if not isinstance(converter, GrooveConverter) or converter.max_note_dropout:
        return False
    whole = not (converter.tapify or converter.add_instruments)
    return converter.hits_as_controls or (converter.humanize and whole)


def _play(
    model: TrainedModel,
    data: Tensors,
    truth: Drums,
    z: np.ndarray,
    settings: Settings,
) -> Drums:
    """The true hits with the model's velocities and timing, as it humanises them."""
    converter = model.converter
    if converter.takes_hits:
        # Its own latent vector would hold the feel that is asked for.
        z = np.zeros_like(z)
    # With split instruments each drum has a step of its own.
    hits = truth.hits.reshape(len(z), -1, converter.layout[0].size)
    tensors = model.decode_to_tensors(
        z,
        temperature=0,
        controls=data.controls,
        forced=hits.astype(np.float32),
        seed=settings.seed,
    )
    return drums_of(tensors, converter)


def _distributions(
    truth: Truth,
    predictions: Sequence[Prediction],
    samples: Drums | None,
    settings: Settings,
) -> dict[str, Any]:
    """Predictions and samples against the held-out windows."""
    human = distributions.Described.of(truth.drums)
    weights = distributions.performance_weights(truth.resampling)
    sets = {
        row.name: (distributions.Described.of(row.drums), weights)
        for row in predictions
        if row.drums.hits.any()
    }
    if samples is not None and samples.hits.any():
        rng = generator(settings.seed, "samples")
        draws = distributions.independent_weights(len(samples), rng)
        sets["samples"] = distributions.Described.of(samples), draws
    shown = {"held_out": human}
    shown |= {name: sets[name][0] for name in ("samples", "model") if name in sets}
    rng = generator(settings.seed, "halves")
    halves = distributions.halves(human, truth.resampling, rng)
    compared = {
        name: distributions.compare(
            described, human, found_weights=own, human_weights=weights
        )
        for name, (described, own) in sets.items()
    }
    return {
        "halves": halves,
        "sets": compared,
        "beyond_halves": {
            name: distributions.beyond_halves(table, halves)
            for name, table in compared.items()
        },
        "histograms": distributions.histograms(shown),
    }


def _class_names(converter: Converter, classes: int) -> Sequence[str]:
    if isinstance(converter, WithKits) and converter.classes == classes:
        return converter.kit_map.class_names
    return tuple(f"class {index}" for index in range(classes))


def _listening(
    model: TrainedModel,
    data: Tensors,
    outputs: np.ndarray,
    qpm: np.ndarray,
    settings: Settings,
) -> list[Listening]:
    converter = model.converter
    found = []
    for row in np.unique(np.linspace(0, len(data) - 1, _PAIRS + 2).astype(int)[1:-1]):
        own = slice(row, row + 1)
        controls = None if data.controls is None else data.controls[own]
        original, again = (
            converter.decode(tensors[own], controls, qpm=float(qpm[row]))[0]
            for tensors in (data.outputs, outputs)
        )
        found.append(Listening(f"Held-out window {row + 1}", original, again))
    if settings.samples:
        few = dataclasses.replace(settings, samples=min(_PAIRS, settings.samples))
        tensors = sample(model, data, few)
        rows = np.linspace(0, len(data) - 1, len(tensors)).astype(int)
        controls = None if data.controls is None else data.controls[rows]
        for number, sequence in enumerate(converter.decode(tensors, controls), start=1):
            title = f"Sample {number}, temperature {settings.temperature:g}"
            found.append(Listening(title, None, sequence))
    return found
