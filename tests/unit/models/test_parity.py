"""The original's numbers, met by ours on the backend in use.

Tolerances: 1e-4 of an array's largest value; greedy choices are identical wherever
their margin exceeds 1e-4.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
from helpers import original
from helpers.original import MODELS, UNIDIRECTIONAL, assert_met, batch_of

from groovekit.models import backend, latent, schedules
from groovekit.models.feed import Feed
from groovekit.models.music_vae import mask_of

pytestmark = pytest.mark.backends

STEPS = (0, 1, 10, 1000, 100000)


@pytest.fixture(params=MODELS, scope="module")
def case(request):
    return original.build_with_defects(request.param)


def test_all_models_of_the_original_are_here():
    assert len(MODELS) == 30
    assert sum(name.startswith("x_") for name in MODELS) == 7


@functools.lru_cache(maxsize=2)
def compiled_losses(model):
    """Compiled once a model: compiling takes longer than all else here."""
    return backend.inference(
        model,
        lambda inputs, outputs, controls, lengths, eps: model.losses_of(
            inputs, outputs, controls, lengths, step=None, epsilon=eps
        ),
    )


def losses(model, batch, epsilon):
    result = compiled_losses(model)(*batch, np.asarray(epsilon, np.float32))
    return {k: backend.to_numpy(v) for k, v in result.items()}


@pytest.mark.parametrize("kind", ["z_mu", "z_eps", "trunc"])
def test_losses(case, kind):
    model, config, arrays, facts = case
    if f"{kind}/mu" not in arrays:
        assert config.decoder.level_lengths, "only they have no truncated batch"
        return
    epsilon = arrays["in/eps"] if kind == "z_eps" else 0 * arrays["in/eps"]
    ours = losses(model, batch_of(arrays, kind == "trunc"), epsilon)
    assert_met(ours["mean"], arrays[f"{kind}/mu"], what="mu")
    assert_met(ours["stddev"], arrays[f"{kind}/sigma"], what="sigma")
    assert_met(ours["r_loss"], arrays[f"{kind}/r_loss"], what="r_loss")
    assert_met(ours["kl_cost"], arrays[f"{kind}/kl_cost"], what="kl_cost")
    assert_met(latent.kl_bits(ours["kl"]), arrays[f"{kind}/kl_bits"], what="kl_bits")
    for step in STEPS:
        beta = float(backend.to_numpy(model.beta(np.float32(step))))
        assert beta == pytest.approx(float(arrays[f"{kind}/beta_step{step}"]), rel=1e-4)
        loss = ours["r_loss"].mean() + beta * ours["kl_cost"].mean()
        assert loss == pytest.approx(float(arrays[f"{kind}/loss_step{step}"]), rel=1e-4)
        rate = schedules.learning_rate(
            np.float32(step),
            initial=config.training.learning_rate,
            minimum=config.training.min_learning_rate,
            decay_rate=config.training.decay_rate,
        )
        assert float(backend.to_numpy(rate)) == pytest.approx(
            float(arrays[f"{kind}/lr_step{step}"]), rel=1e-4
        )
    if kind == "z_mu":
        metrics = model.metrics_of(ours, by_segment=True)
        assert metrics.keys() >= facts["metrics_z_mu"].keys()
        for name, value in facts["metrics_z_mu"].items():
            assert metrics[name] == pytest.approx(value, rel=1e-4, abs=1e-7), name


def test_logits(case):
    model, _, arrays, _ = case
    ours = losses(model, batch_of(arrays), 0 * arrays["in/eps"])["logits"]
    found = 0
    for name, theirs in arrays.items():
        if not name.startswith("z_mu/rnn_output_core"):
            continue
        core = int(name.split("_core")[1].split("_")[0])
        own = part_of(model, ours, core)
        if name.endswith("_seq0"):
            assert_met(own[0, : len(theirs)], theirs)
        else:
            own = own[:, : theirs.shape[1]]
            assert_met(np.abs(own).mean(-1), theirs)
        found += 1
    assert found >= 2


def part_of(model, logits, core):
    """Logits of one call of a core decoder: segment by segment, output by output."""
    decoder = model.decoder
    outputs = 1
    if hasattr(getattr(decoder, "core", None), "cores"):
        outputs = len(decoder.core.cores)
        bounds = np.cumsum([head.logits_depth for head in model.head.heads])[:-1]
        logits = np.split(logits, bounds, axis=-1)[core % outputs]
    size = logits.shape[1] // decoder.segments
    start = core // outputs * size
    return logits[:, start : start + size]


def test_scheduled_sampling_at_probability_one(case):
    model, _, arrays, _ = case
    _, outputs, controls, lengths = batch_of(arrays)

    def free_running(outputs, controls, z):
        feed = Feed(
            targets=outputs,
            controls=controls,
            use_sample=np.ones(outputs.shape[:2], bool),
        )
        logits = model.decode(z, outputs.shape[1], feed)
        return model.head.loss(outputs, logits)

    # With the noise the original used.
    z = arrays["z_mu/mu"].astype(np.float32)
    by_step = backend.to_numpy(
        backend.inference(model, free_running)(outputs, controls, z)
    )
    used = backend.to_numpy(mask_of(lengths, outputs.shape[1]))
    assert_met((by_step * used).sum(-1), arrays["sched1_greedy/r_loss"])


def test_greedy_decoding(case):
    model, _, arrays, _ = case
    _, _, controls, _ = batch_of(arrays)
    theirs = arrays["greedy/samples"].astype(np.float32)
    decode = backend.inference(
        model,
        lambda z, controls: model.decode(z, theirs.shape[1], Feed(controls=controls)),
    )
    if controls is not None:
        # The original gives all samples of a batch one sequence of controls.
        controls = np.repeat(controls[:1, : theirs.shape[1]], len(theirs), axis=0)
    z = arrays["z_mu/decode_z"].astype(np.float32)
    ours = backend.to_numpy(decode(z, controls))
    assert ours.shape == theirs.shape
    assert_met(ours, theirs)


def test_unidirectional_encoder_with_the_originals_defect():
    model, _, arrays, _ = original.build_with_defects(UNIDIRECTIONAL)
    for kind in ("z_mu", "trunc"):
        ours = losses(model, batch_of(arrays, kind == "trunc"), 0 * arrays["in/eps"])
        for array, key in (
            ("mean", "mu"),
            ("stddev", "sigma"),
            ("r_loss", "r_loss"),
            ("kl_cost", "kl_cost"),
        ):
            assert_met(ours[array], arrays[f"{kind}/{key}"], what=f"{kind} {key}")


def test_unidirectional_encoder_reads_the_last_step_in_use():
    model, _, arrays, _ = original.build(UNIDIRECTIONAL)
    batch = batch_of(arrays, truncated=True)
    ours = losses(model, batch, 0 * arrays["in/eps"])["mean"]
    for row, length in enumerate(batch[-1]):
        if length:
            posterior = backend.inference(model, model.encode)(batch[0][[row], :length])
            alone = backend.to_numpy(posterior.mean)
            np.testing.assert_allclose(alone[0], ours[row], rtol=1e-5, atol=1e-7)
