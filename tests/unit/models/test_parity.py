"""The original's numbers, met by ours on the backend in use.

Tolerances: 1e-4 of an array's largest value; 1e-3 for changes of weights in
training, leaving out entries whose gradient is next to nothing; greedy choices
are identical wherever their margin exceeds 1e-4.
"""

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest
from helpers import original

from groovekit.models import backend, latent, optimizer, schedules
from groovekit.models.builder import build_optimizer
from groovekit.models.music_vae import mask_of
from groovekit.models.optimizer import global_norm

pytestmark = pytest.mark.backends

# Every config of the original and seven models for what no config uses.
MODELS = sorted(path.stem for path in original.GOLDEN.glob("*.npz"))
UNIDIRECTIONAL = "x_mel_unidirectional"
STEPS = (0, 1, 10, 1000, 100000)


def assert_met(ours, theirs, tolerance=1e-4, what=""):
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert ours.shape == theirs.shape, what
    limit = tolerance * np.max(np.abs(theirs)) if theirs.size else 0
    worst = np.max(np.abs(ours - theirs)) if theirs.size else 0
    assert worst <= limit, f"{what}: off by {worst}, allowed {limit}"


def build(name):
    # In the original this encoder reads padding; ours does so only when asked to.
    options = {"read_padding": True} if name == UNIDIRECTIONAL else {}
    return original.build(name, **options)


@pytest.fixture(params=MODELS, scope="module")
def case(request):
    return build(request.param)


def test_all_models_of_the_original_are_here():
    assert len(MODELS) == 30
    assert sum(name.startswith("x_") for name in MODELS) == 7


def batch_of(arrays, truncated=False):
    controls = arrays["in/controls"].astype(np.float32)
    lengths = arrays["trunc/lengths"] if truncated else arrays["in/lengths"]
    return (
        arrays["in/inputs"].astype(np.float32),
        arrays["in/outputs"].astype(np.float32),
        controls if controls.shape[-1] else None,
        lengths.astype(np.int32),
    )


@functools.lru_cache(maxsize=2)
def compiled_losses(model):
    """Compiled once a model: compiling takes longer than all else here."""
    return backend.inference(
        model,
        lambda inputs, outputs, controls, lengths, eps: model.losses_of(
            inputs, outputs, controls, lengths, step=None, epsilon=eps
        ),
    )


@functools.lru_cache(maxsize=2)
def compiled_gradients(model):
    """Likewise."""
    return backend.gradients(model, model.training_loss)


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


def test_gradients(case):
    model, _, arrays, _ = case
    eps = arrays["in/eps"].astype(np.float32)
    _, gradients = compiled_gradients(model)(*batch_of(arrays), np.float32(1000), eps)
    assert float(backend.to_numpy(global_norm(gradients))) == pytest.approx(
        float(arrays["grad1000_global_norm"]), rel=1e-4
    )
    by_variable = {
        id(v): backend.to_numpy(g)
        for v, g in zip(model.trainable_variables, gradients, strict=True)
    }
    pairs = original.variables(model, arrays, "grad1000")
    assert len(pairs) >= 9
    for variable, theirs in pairs:
        assert_met(by_variable[id(variable)], theirs, what=variable.path)


def assert_changes_met(model, arrays, before, gradients):
    changes = {
        id(v): (backend.to_numpy(v.value) - b, g)
        for v, b, g in zip(model.trainable_variables, before, gradients, strict=True)
    }
    pairs = original.variables(model, arrays, "train/delta")
    assert len(pairs) >= 9
    compared = 0
    for variable, theirs in pairs:
        ours, gradient = changes[id(variable)]
        # Adam divides by the gradient's size: noise decides where it is tiny.
        clear = np.abs(gradient) >= 1e-5 * np.max(np.abs(gradient))
        limit = 1e-3 * np.max(np.abs(theirs))
        assert np.all(np.abs(ours - theirs)[clear] <= limit), variable.path
        compared += int(clear.sum())
    assert compared > 0


def test_three_training_steps(case):
    model, config, arrays, _ = case
    adam = build_optimizer(config, model)
    compute = compiled_gradients(model)
    before = [backend.to_numpy(v.value) for v in model.trainable_variables]
    eps, batch = arrays["in/eps"].astype(np.float32), batch_of(arrays)
    trained, norms, first_gradients = [], [], None
    try:
        for step in range(3):
            (loss, _), gradients = compute(*batch, np.float32(step), eps)
            trained.append(float(backend.to_numpy(loss)))
            norms.append(float(backend.to_numpy(global_norm(gradients))))
            if first_gradients is None:
                first_gradients = [backend.to_numpy(g) for g in gradients]
            adam.apply(list(gradients), model.trainable_variables)
        (loss, _), _ = compute(*batch, np.float32(3), eps)
        trained.append(float(backend.to_numpy(loss)))
        assert_met(trained, arrays["train/losses"], what="losses")
        assert_met(norms, arrays["train/global_norms"], what="global norms")
        assert_changes_met(model, arrays, before, first_gradients)
    finally:
        # Other tests use this model's weights.
        for variable, value in zip(model.trainable_variables, before, strict=True):
            variable.assign(value)


@pytest.mark.parametrize("name", ["groovae_4bar", "hierdec-mel_16bar"])
def test_three_compiled_training_steps(name):
    model, config, arrays, _ = build(name)
    update = backend.train_step(
        model, build_optimizer(config, model), model.training_loss
    )
    eps, batch = arrays["in/eps"].astype(np.float32), batch_of(arrays)
    scalars = [update(*batch, np.float32(step), eps) for step in range(3)]
    trained = [float(backend.to_numpy(row["loss"])) for row in scalars]
    norms = [float(backend.to_numpy(row["global_norm"])) for row in scalars]
    assert_met(trained, arrays["train/losses"][:3], what="losses")
    assert_met(norms, arrays["train/global_norms"], what="global norms")


def test_scheduled_sampling_at_probability_one(case):
    model, _, arrays, _ = case
    _, outputs, controls, lengths = batch_of(arrays)

    def free_running(outputs, controls, z):
        logits = model.decoder.scheduled(
            z,
            outputs,
            model._decoder_controls(controls, None),
            use_sample=np.ones((outputs.shape[1], outputs.shape[0]), bool),
            uniforms=None,
        )
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
        lambda z, controls: model.generate(z, theirs.shape[1], controls=controls),
    )
    if controls is not None:
        # The original gives all samples of a batch one sequence of controls.
        controls = np.repeat(controls[:1, : theirs.shape[1]], len(theirs), axis=0)
    z = arrays["z_mu/decode_z"].astype(np.float32)
    ours = backend.to_numpy(decode(z, controls))
    assert ours.shape == theirs.shape
    assert_met(ours, theirs)


def test_unidirectional_encoder_with_the_originals_defect():
    model, _, arrays, _ = build(UNIDIRECTIONAL)
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


@pytest.mark.parametrize(
    ("first", "expected"),
    [(3.0, [0.6, 0.8]), (20.0, [0, 0]), (np.inf, [0, 0]), (np.nan, [0, 0])],
)
def test_gradients_too_large_or_infinite_are_discarded(first, expected):
    gradient = keras.ops.convert_to_tensor(np.asarray([first, 4.0], np.float32))
    clipped = optimizer.clip([gradient], mode="global_norm", limit=1.0, zero_above=10.0)
    np.testing.assert_allclose(backend.to_numpy(clipped[0]), expected, rtol=1e-6)
