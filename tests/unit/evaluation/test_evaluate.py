"""Reconstruction figures of tiny models, and drums out of every kind of tensor."""

from __future__ import annotations

import json

import numpy as np
import pytest
from helpers.reconstruction import reconstruction_metrics
from helpers.tiny import config as tiny_config
from helpers.tiny import prepared

from groovekit.configs.base import get_config
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.data.datasets import load_examples
from groovekit.data.examples import Examples
from groovekit.data.settings import DataSettings
from groovekit.evaluation.evaluate import (
    Settings,
    drums_of,
    evaluate,
)
from groovekit.evaluation.known import aligned
from groovekit.evaluation.metrics import Drums, cell_accuracy, hit_scores
from groovekit.evaluation.sample_figures import FIGURES, sample_figures
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.midi.files import write_midi
from groovekit.io.notes import NoteSequence
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.models.feed import Feed
from groovekit.seeding import generator

pytestmark = pytest.mark.backends


def sequence(bars=2):
    """Kick, snare and hi-hat with different velocities and microtiming."""
    made = NoteSequence(ticks_per_quarter=480)
    made.tempos.add(qpm=120)
    for step in range(0, 16 * bars, 2):
        pitches = [42] + [36] * (step % 8 == 0) + [38] * (step % 8 == 4)
        for pitch in pitches:
            start = max(0.0, step / 8 + (step % 5 - 2) / 100)
            made.notes.add(
                pitch=pitch,
                velocity=40 + step + pitch,
                start_time=start,
                end_time=start + 0.1,
                instrument=9,
                is_drum=True,
            )
    made.total_time = bars * 2.0
    return made


def folder(tmp_path, files=3):
    for number in range(files):
        write_midi(sequence(bars=2 + 2 * number), tmp_path / f"{number}.mid")
    return tmp_path


def tiny(name):
    return get_config(name).with_overrides(
        "enc_rnn_size=[8],dec_rnn_size=[8],z_size=4,batch_size=4"
    )


@pytest.mark.parametrize("name", ["groovae_2bar_humanize", "cat-drums_2bar_small"])
def test_figures_are_those_of_the_model(tmp_path, name):
    config = tiny(name)
    examples = load_examples(
        folder(tmp_path), config.converter, settings=DataSettings(cache=False)
    )
    model = build_model(config, seed=1)
    found = reconstruction_metrics(model, config.converter, examples, batch_size=2)

    (batch,) = examples.batches(len(examples))
    mean = model.encode(batch.inputs, batch.controls).mean
    outputs = model.decode(mean, config.converter.steps, Feed())
    prediction = drums_of(backend.to_numpy(outputs), config.converter)
    truth = drums_of(batch.outputs, config.converter)
    assert found.windows == len(batch) > 2
    assert found.hits == hit_scores(truth, prediction)
    assert found.cell_accuracy == cell_accuracy(truth, prediction)
    posterior = model.encode(batch.inputs, batch.controls)
    mu, sigma = (backend.to_numpy(part) for part in posterior)
    nats = 0.5 * (sigma**2 + mu**2 - 1 - 2 * np.log(sigma)).sum(axis=1)
    kl_bits = nats.mean() / np.log(2)
    assert found.losses["losses/kl_bits"] == pytest.approx(kl_bits, rel=1e-4)
    assert (found.velocity is not None) == name.startswith("groovae")


def test_batch_size_does_not_matter(tmp_path):
    config = tiny("groovae_2bar_humanize")
    examples = load_examples(
        folder(tmp_path), config.converter, settings=DataSettings(cache=False)
    )
    model = build_model(config, seed=1)
    one, other = (
        reconstruction_metrics(model, config.converter, examples, batch_size=size)
        for size in (2, 100)
    )
    assert one.hits == other.hits
    assert one.losses["losses/kl_bits"] == pytest.approx(
        other.losses["losses/kl_bits"], rel=1e-5
    )


@pytest.mark.parametrize(
    "converter",
    [
        GrooveConverter(bars=2),
        GrooveConverter(bars=2, split_instruments=True),
        DrumsConverter(bars=2),
        DrumsConverter(bars=2, roll_output=True),
    ],
    ids=["groove", "split", "labels", "roll"],
)
def test_drums_of_tensors(converter):
    encoded = converter.encode(sequence())
    drums = drums_of(encoded.outputs, converter)
    hits = GrooveConverter(bars=2).encode(sequence()).outputs[..., :9] > 0.5
    assert drums.hits.shape == (1, 32, 9)
    np.testing.assert_array_equal(drums.hits, hits)
    if isinstance(converter, GrooveConverter):
        outputs = GrooveConverter(bars=2).encode(sequence()).outputs
        whole = Drums(*np.split(outputs, 3, axis=-1))
        np.testing.assert_allclose(drums.velocities, whole.velocities)
        np.testing.assert_allclose(drums.offsets, whole.offsets)


def test_labels_without_one_hot():
    converter = DrumsConverter(bars=2)
    encoded = converter.encode(sequence())
    labels = np.argmax(encoded.outputs, axis=-1)
    np.testing.assert_array_equal(
        drums_of(labels, converter).hits, drums_of(encoded.outputs, converter).hits
    )


@pytest.fixture(scope="module")
def evaluated():
    """A model, its data, and what was found."""
    config = tiny_config("groovae_2bar_humanize")
    data = prepared(config, sequences=8)
    model = TrainedModel(config, build_model(config, seed=1))
    qpm = np.linspace(100, 140, data.evaluation.sequences)
    settings = Settings(samples=12)
    found = evaluate(model, data.evaluation, data.train, qpm=qpm, settings=settings)
    return model, data, qpm, found


class TestEvaluate:
    """Everything about a tiny model."""

    def test_figures_agree_with_the_reconstruction(self, evaluated):
        model, data, qpm, found = evaluated
        tempos = np.repeat(qpm, np.diff(data.evaluation.groups))
        alone = reconstruction_metrics(
            model.model, model.converter, data.evaluation, batch_size=4, qpm=tempos
        )
        table = found.figures
        scores = table["reconstruction"]["rows"][0]["scores"]
        for name, value in (
            ("hit_f1", alone.hits.f1),
            ("hit_precision", alone.hits.precision),
            ("cell_accuracy", alone.cell_accuracy),
            ("velocity_error", alone.velocity.mean_absolute),
            ("timing_error_ms", alone.timing.mean_absolute),
        ):
            assert scores[name]["value"] == pytest.approx(value, rel=1e-3), name
        kl = alone.losses["losses/kl_bits"]
        assert table["kl_bits"]["value"] == pytest.approx(kl, rel=1e-4)
        bits = alone.losses["losses/r_loss"] / np.log(2)
        assert table["reconstruction_bits"] == pytest.approx(bits, rel=1e-4)
        assert table["tempo"] == "own"

    def test_baselines_are_in_the_table(self, evaluated):
        table = evaluated[-1].figures
        rows = {row["name"]: row for row in table["reconstruction"]["rows"]}
        assert list(rows) == [
            *("model", "player", "drawn", "silence", "frequent", "nearest"),
            *("bar_by_bar", "quantised", "medians", "nearest_bar", "nearest_bars"),
            *("jitter", "humaniser"),
        ]
        assert rows["silence"]["scores"]["hit_f1"]["value"] == 0.0
        assert rows["medians"]["scores"]["hit_f1"]["value"] == 1.0
        measured = [v["measure"] for v in table["reconstruction"]["verdicts"]]
        assert measured == ["hit_f1", "velocity_error", "timing_error_ms"]
        assert set(table["distributions"]["sets"]) >= {"samples", "humaniser"}
        assert table["samples"]["windows"] == 12
        assert table["interpolation"]["steps"] == 8

    def test_figures_of_samples(self, evaluated):
        _, data, _, found = evaluated
        table = found.figures["samples"]
        (batch,) = data.evaluation.batches(100)
        whole = Drums(*np.split(batch.outputs, 3, axis=-1))
        held_out = table["figures"]["held_out"]
        for name, value in sample_figures(whole).items():
            # No toms are played.
            expected = None if np.isnan(value) else pytest.approx(value, rel=1e-4)
            assert held_out[name] == expected
        assert set(table["figures"]["samples"]) == {figure.name for figure in FIGURES}
        sizes = {name: found["windows"] for name, found in table["two_sample"].items()}
        assert sizes == {"samples": 2, "train": 2}

    def test_ways_between_windows(self, evaluated):
        way = evaluated[-1].figures["interpolation"]
        assert way["ways"] <= 100
        assert len(way["from_start"]) == len(way["from_end"]) == 9
        assert way["from_start"][0] in {0.0, None}
        assert set(way["realism"]) == {"middle", "mixed", "reconstructions"}

    def test_a_humanising_model_plays_the_true_hits(self, evaluated):
        model, data, _, found = evaluated
        rows = {row["name"]: row for row in found.figures["reconstruction"]["rows"]}
        player = rows["player"]["scores"]
        assert player["hit_f1"]["value"] == 1.0
        (batch,) = data.evaluation.batches(100)
        hits = batch.outputs[..., :9]
        made = model.decode_to_tensors(
            model.encode(batch).mean, temperature=0, forced=hits
        )
        errors = np.abs(made - batch.outputs)[..., 9:18][hits > 0.5] * 127
        assert player["velocity_error"]["value"] == pytest.approx(
            errors.mean(), rel=1e-3
        )
        assert "player" in found.figures["distributions"]["sets"]

    def test_is_json(self, evaluated):
        text = json.dumps(evaluated[-1].figures, allow_nan=False)
        assert json.loads(text)["schema_version"] == 1

    def test_grooves_to_listen_to(self, evaluated):
        *_, qpm, found = evaluated
        originals = [g for g in found.listening if g.original is not None]
        tempos = {round(g.original.tempos[0].qpm, 6) for g in originals}
        assert tempos <= {round(q, 6) for q in qpm}
        assert tempos
        assert len(found.listening) == len(originals) + 4

    def test_teacher_forcing(self, evaluated):
        model, data, *_ = evaluated
        settings = Settings(samples=0, teacher_forcing=True)
        found = evaluate(model, data.evaluation, data.train, settings=settings).figures
        assert found["decoding"] == "teacher forcing"
        assert found["tempo"] == "120"
        assert "samples" not in found
        # The first step has no steps before it: on it alone both ways agree.
        (batch,) = data.evaluation.batches(100)
        mean = model.encode(batch).mean
        feed = Feed(targets=batch.outputs)
        logits = model.model.decode(mean, batch.outputs.shape[1], feed)
        hits = backend.to_numpy(logits)[..., :9] > 0
        truth = batch.outputs[..., :9] > 0.5
        accuracy = found["reconstruction"]["rows"][0]["scores"]["cell_accuracy"]
        assert accuracy["value"] == pytest.approx((hits == truth).mean(), rel=1e-4)


def test_windows_that_do_not_overlap():
    places = np.array([0, 1, 2, 3, 4, 0, 1])
    for hop, expected in ((None, [1] * 7), (2, [1] * 7), (1, [1, 0, 1, 0, 1, 1, 0])):
        converter = GrooveConverter(bars=2, hop_bars=hop)
        assert aligned(places, converter).tolist() == [bool(x) for x in expected]
    # Patterns slide a bar at a time.
    found = aligned(places, DrumsConverter(bars=4))
    assert found.tolist() == [True, False, False, False, True, True, False]


def test_models_that_reconstruct_are_compared_with_a_linear_code():
    config = tiny_config("groovae_4bar")
    data = prepared(config, sequences=8, bars=6)
    model = TrainedModel(config, build_model(config, seed=1))
    settings = Settings(samples=0, seed=3)
    found, again = (
        evaluate(model, data.evaluation, data.train, settings=settings).figures
        for _ in range(2)
    )
    rows = {row["name"]: row for row in found["reconstruction"]["rows"]}
    assert list(rows)[:4] == ["model", "drawn", "linear", "linear_drawn"]
    bits = found["kl_bits"]["value"]
    assert rows["linear"]["label"] == f"linear code, {bits:.0f} bits"
    # Drawn codes are shown, not judged.
    for verdict in found["reconstruction"]["verdicts"]:
        compared = {row["baseline"] for row in verdict["against"]}
        assert not compared & {"drawn", "linear_drawn"}
        assert "linear" in compared
    (batch,) = data.evaluation.batches(100)
    codes = model.encode(batch)
    noise = generator(3, "drawn").standard_normal(codes.mean.shape, np.float32)
    made = model.decode_to_tensors(codes.mean + codes.stddev * noise, temperature=0)
    recall = hit_scores(
        drums_of(batch.outputs, config.converter), drums_of(made, config.converter)
    ).recall
    drawn = rows["drawn"]["scores"]["hit_recall"]["value"]
    assert drawn == pytest.approx(recall, rel=1e-4)
    assert again == found


def test_models_that_make_all_steps_at_once():
    config = get_config("par-groove_2bar").with_overrides(
        "enc_rnn_size=[8],dec_rnn_size=[8],z_size=6,latent.prior=normal"
    )
    data = prepared(config, sequences=8)
    model = TrainedModel(config, build_model(config, seed=1))
    asked = []
    decode = model.decode_to_tensors

    def watched(z, **options):
        asked.append(options.get("vectors", "mean"))
        return decode(z, **options)

    model.decode_to_tensors = watched
    settings = Settings(samples=4, teacher_forcing=True)
    found = evaluate(model, data.evaluation, data.train, settings=settings).figures
    # There are no steps that could be forced.
    assert found["decoding"] == "all steps at once"
    # Means, drawn ones, samples, ways, and samples to listen to.
    assert asked == ["mean", "drawn", "prior", "mean", "prior"]


def test_hits_given_as_controls_are_played_without_the_code():
    config = tiny_config("groovae_2bar_hits_control")
    data = prepared(config, sequences=8)
    model = TrainedModel(config, build_model(config, seed=1))
    found = evaluate(
        model, data.evaluation, data.train, settings=Settings(samples=0)
    ).figures
    rows = {row["name"]: row for row in found["reconstruction"]["rows"]}
    (batch,) = data.evaluation.batches(100)
    hits = batch.outputs[..., :9]
    made = model.decode_to_tensors(
        np.zeros((len(hits), config.latent.z_size)),
        temperature=0,
        controls=batch.controls,
        forced=hits,
    )
    errors = np.abs(made - batch.outputs)[..., 9:18][hits > 0.5] * 127
    error = rows["player"]["scores"]["velocity_error"]["value"]
    assert error == pytest.approx(errors.mean(), rel=1e-3)


def test_events_of_a_melody():
    config = get_config("cat-mel_2bar_small").with_overrides(
        "enc_rnn_size=[8],dec_rnn_size=[8],z_size=4"
    )
    rng = np.random.default_rng(0)
    tunes = []
    for number in range(4):
        tune = NoteSequence(ticks_per_quarter=480, id=f"/id/{number}")
        tune.tempos.add(qpm=120)
        for step in range(16):
            pitch = int(rng.integers(60, 72))
            tune.notes.add(
                pitch=pitch, velocity=80, start_time=step / 4, end_time=step / 4 + 0.25
            )
        tune.total_time = 4.0
        tunes.append((tune.id, tune))
    examples = Examples.from_sequences(tunes, config.converter)
    model = TrainedModel(config, build_model(config, seed=1))
    found = evaluate(model, examples, examples).figures
    own, frequent = found["reconstruction"]["rows"]
    (batch,) = examples.batches(100)
    labels = batch.outputs.argmax(axis=-1)
    most = np.bincount(labels.ravel()).max() / labels.size
    value = frequent["scores"]["step_accuracy"]["value"]
    assert value == pytest.approx(most, rel=1e-4)
    assert 0 <= own["scores"]["step_accuracy"]["value"] <= 1
    assert "distributions" not in found
