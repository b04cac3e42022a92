"""Parallel models: the linear start, the rate, thresholds, the prior and dynamics."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
from helpers import tiny

from groovekit.configs.base import ModelConfig, get_config
from groovekit.data.examples import Examples
from groovekit.data.prepared import hold_out
from groovekit.errors import ConfigError, UsageError
from groovekit.generation.trained_model import TrainedModel
from groovekit.models import fitting
from groovekit.models.builder import build_model
from groovekit.models.dynamics import draw_from_bins, spread
from groovekit.models.feed import Feed
from groovekit.models.runtimes.prior import (
    NormalPrior,
    fit_stored_prior,
    nearest,
)
from groovekit.models.window_features import class_means, window_features
from groovekit.training.settings import TrainSettings
from groovekit.training.trainer import train

SMALL = {
    "enc_rnn_size": [16],
    "dec_rnn_size": [16],
    "z_size": 24,
    "batch_size": 8,
    "latent.target_bits": 20,
    "latent.prior_codes": 32,
    "latent.prior_clusters": 4,
    "decoder.options.refinement": [12],
    "decoder.head_options.hidden": [12],
}


@pytest.fixture(scope="module")
def config() -> ModelConfig:
    found = get_config("par-groove_2bar").with_overrides(SMALL)
    assert isinstance(found, ModelConfig)
    return found


@pytest.fixture(scope="module")
def data(config):
    return tiny.prepared(config, sequences=16, bars=6)


@pytest.fixture(scope="module")
def closed_form(config, data, tmp_path_factory):
    run = tmp_path_factory.mktemp("run") / "closed"
    return train(config, data, run, settings=TrainSettings(steps=0, seed=1))


def outputs(data):
    return data.train.tensors(np.arange(len(data.train))).outputs


# The linear start -------------------------------------------------------------------


def test_features_are_deviations_from_the_means_of_hits():
    x = np.zeros((1, 2, 6), np.float32)
    x[0, 0] = [1, 0, 0.8, 0, 0.5, 0]
    x[0, 1] = [1, 1, 0.4, 0.3, -0.5, 0.1]
    centres = class_means(x, 2)
    np.testing.assert_allclose(centres, [[0.6, 0.3], [0.0, 0.1]], atol=1e-6)
    found = window_features(x, centres, (2.0, 1.5), np)
    np.testing.assert_allclose(found[0, 0], [1, 0, 0.4, 0, 0.75, 0], atol=1e-6)


def test_the_start_is_the_linear_code(config, data):
    model = build_model(config, seed=1)
    fitting.start_from_linear_code(model, data.train, bits=8.0)
    windows = outputs(data)
    centres = class_means(windows, 2)
    flat = window_features(windows, centres, (2.0, 1.5), np).reshape(len(windows), -1)
    mean = flat.mean(axis=0)
    values, _ = np.linalg.eigh((flat - mean).T @ (flat - mean) / len(flat))
    # Reverse water-filling, computed anew: what each axis costs adds up to the rate.
    log_stddev = np.sort(keras.ops.convert_to_numpy(model.latent_layer.log_stddev))
    assert -log_stddev.sum() / np.log(2) == pytest.approx(8.0, rel=0.02)
    left = values[::-1][: len(log_stddev)] * np.exp(2 * log_stddev)
    used = log_stddev < -1e-6
    np.testing.assert_allclose(left[used], left[used][0], rtol=1e-2)
    posterior = model.encode(windows)
    drafted = model.decode(posterior.mean, windows.shape[1], Feed(targets=windows))
    hits = keras.ops.convert_to_numpy(drafted)[..., :9]
    # The codes of one's own windows are near them.
    assert np.abs(hits - windows[..., :9]).mean() < 0.1


def test_steps_0_is_a_model(closed_form, data):
    assert (closed_form.step, closed_form.stopped_early) == (0, False)
    model = TrainedModel.load(closed_form.run.path)
    windows = outputs(data)
    encoded = model.encode(windows, seed=1)
    made = model.decode_to_tensors(encoded.mean, temperature=0)
    agree = (made[..., :9] > 0) == (windows[..., :9] > 0)
    assert agree.mean() > 0.97
    played = model.sample(2, seed=3)
    assert all(piece.notes for piece in played)


def test_other_configs_need_steps(tmp_path):
    config = tiny.config()
    with pytest.raises(UsageError, match="starts from random weights"):
        train(
            config,
            tiny.prepared(config),
            tmp_path / "run",
            settings=TrainSettings(steps=0, seed=1),
        )
    assert not (tmp_path / "run").exists()


def test_training_holds_the_rate_and_learns(config, data, tmp_path, closed_form):
    settings = TrainSettings(steps=120, seed=1, eval_every=60)
    result = train(config, data, tmp_path / "run", settings=settings)
    assert result.scores["losses/kl_bits"] == pytest.approx(20.0, abs=6.0)
    assert result.best < closed_form.best


def test_resuming_gives_the_same_weights(config, data, tmp_path):
    def run(name, *steps):
        for step in steps:
            # The cosine ends at the same step, wherever training is cut.
            own = config.with_overrides(
                {"training.rate_schedule": "exponential", "training.warmup_steps": 0}
            )
            settings = TrainSettings(steps=step, seed=1, eval_every=4)
            train(own, data, tmp_path / name, settings=settings)
        return (tmp_path / name / "model.safetensors").read_bytes()

    assert run("whole", 8) == run("parts", 4, 8)


# Thresholds -------------------------------------------------------------------------


def test_thresholds_are_the_best_and_as_dense(config, data):
    model = build_model(config, seed=1)
    fitting.start_from_linear_code(model, data.train, bits=20.0)
    fitting.fit_thresholds(model, data.train, seed=1)
    rows = keras.ops.convert_to_numpy(model.head.layer.thresholds)
    # One for all drums of reconstructions, one for each of samples.
    assert np.ptp(rows[0]) == np.ptp(rows[1]) == 0
    assert np.ptp(rows[2]) > 0
    windows = outputs(data)
    posterior = model.encode(windows)
    mean, stddev = (np.asarray(keras.ops.convert_to_numpy(p)) for p in posterior)
    noise = np.random.default_rng(5).standard_normal(mean.shape).astype(np.float32)
    made = model.decode(mean + stddev * noise, windows.shape[1], Feed(vectors="prior"))
    made = keras.ops.convert_to_numpy(made)[..., :9]
    assert made.mean() == pytest.approx(windows[..., :9].mean(), rel=0.1)


# Dynamics ---------------------------------------------------------------------------


def test_bins_are_drawn_evenly():
    logits = np.log(np.array([[0.5, 0.25, 0.25]] * 5, np.float32))
    uniforms = np.array([0.0, 0.25, 0.5, 0.75, 0.875], np.float32)
    drawn = draw_from_bins(logits, uniforms, np)
    np.testing.assert_allclose(drawn, [0, 1 / 6, 1 / 3, 2 / 3, 5 / 6], atol=1e-6)


def test_temperature_0_takes_medians_and_1_spreads():
    uniforms = np.linspace(0.01, 0.99, 99)
    np.testing.assert_allclose(spread(uniforms, 0.0, np), 0.5)
    wider = spread(uniforms, 1.0, np)
    assert wider.std() > uniforms.std()
    assert spread(uniforms, 0.3, np).std() < uniforms.std()


def test_forced_hits_are_played_and_only_they(closed_form):
    model = TrainedModel.load(closed_form.run.path)
    forced = np.zeros((1, 32, 9), np.float32)
    forced[0, ::4, 0] = 1
    z = np.zeros((1, model.z_size), np.float32)
    for temperature in (0.0, 1.0):
        made = model.decode_to_tensors(
            z, temperature=temperature, forced=forced, seed=1
        )
        np.testing.assert_array_equal(made[..., :9], forced)
        velocities = made[0, ::4, 9]
        assert ((velocities > 0) & (velocities <= 1)).all()
        assert not made[0, 1::4, 9:].any()


# The prior --------------------------------------------------------------------------


def test_the_prior_keeps_what_it_was_fitted_to():
    rng = np.random.default_rng(0)
    kinds = np.repeat([[5.0, 0, 0], [-5.0, 0, 0]], 200, axis=0)
    codes = (kinds + rng.normal(0, [0.1, 1, 2], (400, 3))).astype(np.float32)
    prior = fit_stored_prior(codes, count=300, clusters=2, seed=1)
    drawn = prior.draw(2000, seed=1)
    np.testing.assert_allclose(np.abs(drawn[:, 0]).mean(), 5.0, atol=0.1)
    np.testing.assert_allclose(drawn.std(axis=0)[1:], [1, 2], rtol=0.1)
    assert set(np.sign(drawn[:, 0])) == {-1.0, 1.0}


def test_fewer_windows_than_places():
    codes = np.eye(3, dtype=np.float32)
    prior = fit_stored_prior(codes, count=8, clusters=5, seed=1)
    assert prior.codes.shape == (8, 3)
    assert np.isfinite(prior.draw(4, seed=2)).all()


@pytest.mark.parametrize(
    "prior",
    [
        NormalPrior(3),
        fit_stored_prior(
            np.random.default_rng(0).normal(size=(40, 3)), count=20, clusters=3, seed=1
        ),
    ],
    ids=["normal", "stored"],
)
def test_more_draws_change_none(prior):
    np.testing.assert_array_equal(prior.draw(5, seed=3)[:2], prior.draw(2, seed=3))
    long = prior.walks(3, 5, seed=3, relatedness=0.9, spread=1.0)
    short = prior.walks(2, 2, seed=3, relatedness=0.9, spread=1.0)
    np.testing.assert_array_equal(long[:2, :2], short)
    assert not np.array_equal(prior.draw(2, seed=4), prior.draw(2, seed=3))


def test_nearest():
    centres = np.array([[0.0, 0], [4, 0]])
    found = nearest(np.array([[1.0, 9], [3, -9]]), centres)
    np.testing.assert_array_equal(found, [0, 1])


# What does not fit ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"converter.humanize": True}, None),
        ({"converter.hits_as_controls": True}, "takes no controls"),
        ({"decoder.head": "groove", "decoder.head_options": {}}, "needs a head that"),
        ({"encoder.kind": "bidirectional_lstm"}, "latent.posterior=direct needs"),
        ({"converter.velocity_bins": 4, "converter.offset_bins": 3}, "needs a layout"),
    ],
)
def test_parts_that_do_not_fit(config, overrides, message):
    changed = config.with_overrides(overrides)
    if message is None:
        assert build_model(changed).count_params()
        return
    with pytest.raises(ConfigError, match=message):
        build_model(changed)


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("par-groove_1bar", {}),
        ("par-groove_4bar", {"converter.bars": 8}),
        ("par-groove_2bar", {"converter.time_signature": [3, 4]}),
        ("par-groove_2bar", {"converter.steps_per_quarter": 6}),
        ("par-drums_2bar", {}),
    ],
)
def test_any_grid(name, overrides):
    config = get_config(name).with_overrides({**SMALL, **overrides})
    model = build_model(config, seed=1)
    steps, depth = config.converter.steps, config.converter.output_depth
    z = np.zeros((2, 24), np.float32)
    made = model.decode(z, steps, Feed())
    assert tuple(made.shape) == (2, steps, depth)


def test_lengths_are_multiples_of_windows(closed_form):
    model = TrainedModel.load(closed_form.run.path)
    z = np.zeros((1, model.z_size), np.float32)
    (piece,) = model.decode(z, bars=4, seed=1)
    assert piece.total_time == pytest.approx(8.0)
    with pytest.raises(UsageError, match="windows of par-groove_2bar have 2 bars"):
        model.decode(z, bars=3)


def test_starting_from_another_run(config, closed_form, data, tmp_path):
    settings = TrainSettings(steps=0, seed=2, init_from=closed_form.run.path)
    result = train(config, data, tmp_path / "next", settings=settings)
    assert result.best == pytest.approx(closed_form.best, rel=0.05)
    other = config.with_overrides({"z_size": 5})
    with pytest.raises(Exception, match="z_size"):
        train(other, data, tmp_path / "other", settings=dataclasses.replace(settings))


@pytest.mark.parametrize(
    "overrides",
    [
        {"converter.steps_per_quarter": 6},
        {"converter.steps_per_quarter": 12},
        {"converter.time_signature": (3, 4)},
        {"converter.time_signature": (7, 8)},
    ],
    ids=str,
)
def test_other_grids(overrides, tmp_path):
    config = get_config("par-groove_2bar").with_overrides({**SMALL, **overrides})
    assert isinstance(config, ModelConfig)
    grooves = [tiny.groove(number, bars=6) for number in range(12)]
    numerator, denominator = config.converter.time_signature
    for groove in grooves:
        groove.time_signatures[0].numerator = numerator
        groove.time_signatures[0].denominator = denominator
    found = Examples.from_sequences([(g.id, g) for g in grooves], config.converter)
    data = hold_out(found, 0.25)
    settings = TrainSettings(steps=2, eval_every=2, seed=1)
    trained = train(config, data, tmp_path / "run", settings=settings)
    model = TrainedModel.load(trained.run.path)
    assert model.converter.steps == outputs(data).shape[1]
    (piece,) = model.sample(1, seed=3)
    assert piece.time_signatures[0].numerator == numerator
