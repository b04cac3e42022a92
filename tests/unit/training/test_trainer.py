from __future__ import annotations

import dataclasses
import os
import signal

import keras
import numpy as np
import pytest
from helpers import tiny

from groovekit.configs.run_folder import RunFolder
from groovekit.converters.base import AugmentationConfig
from groovekit.errors import (
    OutOfMemoryError,
    RunFolderError,
    TrainingError,
    TrainingInterruptedError,
    UsageError,
)
from groovekit.io.tfrecord.records import read_records
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.models.weights import load_model, load_weights
from groovekit.training import checkpoints
from groovekit.training.settings import TrainSettings
from groovekit.training.trainer import Trainer, train
from groovekit.training.validation import evaluate_run

SETTINGS = TrainSettings(steps=12, eval_every=5, seed=3)


@pytest.fixture(scope="module")
def config():
    return tiny.config()


@pytest.fixture(scope="module")
def data(config):
    return tiny.prepared(config)


def weights(trainer):
    return [backend.to_numpy(v.value) for v in trainer.model.variables]


def fit(config, data, folder, settings=SETTINGS, progress=None):
    trainer = Trainer(config, data, folder, settings)
    trainer.fit(progress)
    return trainer


@pytest.fixture(scope="module")
def reference(config, data, tmp_path_factory):
    """A run of twelve steps without interruption."""
    return fit(config, data, tmp_path_factory.mktemp("run") / "reference")


def test_a_run_folder_explains_itself(reference, config, data):
    run = RunFolder.open(reference.run.path)
    assert run.read_config() == config
    metadata = run.read_metadata()
    assert metadata["seed"] == 3
    assert metadata["backend"] == backend.name()
    assert metadata["parameters"] == sum(
        int(np.prod(v.shape)) for v in reference.model.trainable_variables
    )
    assert metadata["data"]["windows"] == len(data.train)
    assert run.weights_path.is_file()
    # One with the first step, one at the end.
    assert [p.name for p in checkpoints.listing(run.checkpoints)] == [
        "step-00000001.npz",
        "step-00000012.npz",
    ]
    tags = b"".join(
        record
        for path in (run.logs / "train").iterdir()
        for record in read_records(path)
    )
    for tag in (b"loss", b"losses/r_loss", b"losses/kl_bits", b"metrics/hits_loss"):
        assert tag in tags


def test_the_loss_falls(config, data, tmp_path):
    losses = []
    settings = dataclasses.replace(SETTINGS, steps=80, eval_every=20)
    fit(config, data, tmp_path / "r", settings, lambda _, s: losses.append(s["loss"]))
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.backends
def test_same_seed_same_weights_byte_for_byte(config, data, tmp_path, reference):
    again = fit(config, data, tmp_path / "again")
    for a, b in zip(weights(reference), weights(again), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.backends
def test_another_seed_other_weights(config, data, tmp_path, reference):
    other = dataclasses.replace(SETTINGS, seed=4)
    different = fit(config, data, tmp_path / "other", other)
    assert any(
        (a != b).any()
        for a, b in zip(weights(reference), weights(different), strict=True)
    )


@pytest.mark.backends
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_interrupting_saves_and_resuming_changes_nothing(
    config, data, tmp_path, reference, number, code
):
    def interrupt(step, _):
        if step == 5:
            os.kill(os.getpid(), number)

    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    folder = tmp_path / "run"
    with pytest.raises(TrainingInterruptedError, match="everything is saved") as caught:
        fit(config, data, folder, progress=interrupt)
    assert caught.value.exit_code == code
    stopped = checkpoints.newest(RunFolder(folder).checkpoints)
    assert stopped is not None
    assert 5 <= checkpoints.step_of(stopped) < 12
    resumed = fit(config, data, folder)
    assert resumed.state.step == 12
    for a, b in zip(weights(reference), weights(resumed), strict=True):
        np.testing.assert_array_equal(a, b)
    # Whatever handled signals before (nothing, in a job in the background).
    assert [signal.getsignal(n) for n in handlers] == list(handlers.values())


@pytest.mark.slow
def test_steps_count_from_the_start_of_the_run(config, data, tmp_path):
    folder = tmp_path / "run"
    fit(config, data, folder, dataclasses.replace(SETTINGS, steps=4))
    steps = []
    settings = dataclasses.replace(SETTINGS, steps=6, seed=None)
    trainer = fit(config, data, folder, settings, lambda s, _: steps.append(s))
    assert (trainer.state.step, steps) == (6, [5, 6])
    assert fit(config, data, folder, settings).remaining == 0


@pytest.mark.slow
@pytest.mark.backends
def test_averages_of_the_weights_are_what_is_kept(config, data, tmp_path):
    decay, folder = 0.75, tmp_path / "run"
    config = config.with_overrides({"training.average": decay})
    history = []
    # Each part goes on from a checkpoint, so the weights trained survive there; the
    # third is the first to find averages that differ from them.
    for steps in (1, 2, 3):
        part = fit(config, data, folder, dataclasses.replace(SETTINGS, steps=steps))
        history.append(
            [
                np.array(backend.to_numpy(v.value))
                for v in part.model.trainable_variables
            ]
        )
    # Shares fall by the decay and add up to 1: nothing else is in the average.
    shares = decay ** np.array([2, 1, 0])
    shares /= shares.sum()
    expected = [
        np.tensordot(shares, np.stack(values), 1)
        for values in zip(*history, strict=True)
    ]
    plain = fit(
        tiny.config(), data, tmp_path / "plain", dataclasses.replace(SETTINGS, steps=3)
    )
    for trained, same in zip(weights(part), weights(plain), strict=True):
        np.testing.assert_array_equal(trained, same)

    checkpoint = checkpoints.newest(part.run.checkpoints)
    load_model(checkpoint, plain.model)
    for variable, mean in zip(plain.model.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(
            backend.to_numpy(variable.value), mean, rtol=1e-5, atol=1e-7
        )
    _, _, scores = evaluate_run(part.run, data.evaluation)
    assert scores["losses/r_loss"] == pytest.approx(part.state.scores["losses/r_loss"])
    before = weights(plain)
    load_weights(plain.model, part.run.weights_path)
    assert part.state.best_step == 3
    for mean, kept in zip(before, weights(plain), strict=True):
        np.testing.assert_array_equal(mean, kept)


def test_another_config_seed_or_examples_are_refused(config, data, tmp_path):
    folder = tmp_path / "run"
    settings = dataclasses.replace(SETTINGS, steps=1)
    fit(config, data, folder, settings)
    with pytest.raises(RunFolderError, match=r"latent.free_bits: 1.0, now 2.0"):
        Trainer(config.with_overrides({"free_bits": 2}), data, folder, settings)
    with pytest.raises(UsageError, match="has seed 3"):
        Trainer(config, data, folder, dataclasses.replace(settings, seed=4))
    with pytest.raises(RunFolderError, match="other examples"):
        Trainer(config, tiny.prepared(config, sequences=5), folder, settings)
    with pytest.raises(RunFolderError, match="`overwrite=True`"):
        Trainer(config, data, folder, dataclasses.replace(settings, resume=False))
    anew = dataclasses.replace(settings, resume=False, overwrite=True, seed=9)
    assert fit(config, data, folder, anew).state.step == 1
    assert RunFolder.open(folder).read_metadata()["seed"] == 9


def test_training_batches_are_augmented_and_evaluation_is_not(
    config, data, tmp_path, monkeypatch
):
    sizes = []

    def augment(self, windows, augmentation, rng):
        assert augmentation.transpose == (-3, 3)
        sizes.append(len(windows))
        return windows

    monkeypatch.setattr(type(config.converter), "augment", augment)
    augmented = config.replace(augmentation=AugmentationConfig((-3, 3)))
    settings = dataclasses.replace(SETTINGS, steps=2, eval_every=1)
    trainer = fit(augmented, data, tmp_path / "run", settings)
    assert sizes == [trainer.batch_size] * 2
    assert RunFolder.open(trainer.run.path).read_config() == augmented


def test_fewer_windows_than_a_batch_still_train(tmp_path):
    config = tiny.config(batch_size=512)
    trainer = fit(config, tiny.prepared(config, sequences=3), tmp_path / "run")
    assert trainer.batch_size < 512
    assert trainer.state.scores["loss"] > 0


def test_without_evaluation_the_last_weights_are_kept(config, data, tmp_path):
    trainer = fit(config, tiny.without_evaluation(data), tmp_path / "run")
    assert trainer.state.best_step == 12
    assert trainer.run.weights_path.is_file()


def test_patience_stops_early(config, data, tmp_path, monkeypatch):
    worse_and_worse = iter(range(1, 100))
    monkeypatch.setattr(
        "groovekit.models.music_vae.MusicVAE.objective_of",
        lambda *_: next(worse_and_worse),
    )
    settings = dataclasses.replace(SETTINGS, steps=50, eval_every=2, patience=2)
    result = train(config, data, tmp_path / "run", settings=settings)
    assert (result.stopped_early, result.step) == (True, 6)
    assert result.best_step == 2


def test_a_loss_that_is_no_number_stops_at_the_last_good_checkpoint(
    config, data, tmp_path
):
    folder = tmp_path / "run"
    fit(config, data, folder, dataclasses.replace(SETTINGS, steps=3))
    trainer = Trainer(config, data, folder, SETTINGS)
    trainer.model.decoder.output_layer.bias.assign(
        np.full(trainer.model.decoder.output_layer.bias.shape, np.nan)
    )
    with pytest.raises(TrainingError, match=r"not a number.*step-00000003.npz"):
        trainer.fit()
    assert checkpoints.newest(folder / "checkpoints").name == "step-00000003.npz"


def test_out_of_memory_names_a_batch_size(config, data, tmp_path, monkeypatch):
    def exhausted(*_):
        def update(*_):
            raise MemoryError

        return update

    monkeypatch.setattr(backend, "train_step", exhausted)
    with pytest.raises(OutOfMemoryError, match=r"4 windows.*`batch_size=2`\.$"):
        fit(config, data, tmp_path / "run")
    # The advice can be taken at once: a run without a step is no run yet.
    monkeypatch.undo()
    smaller = config.with_overrides({"batch_size": 2})
    settings = dataclasses.replace(SETTINGS, steps=1)
    assert fit(smaller, data, tmp_path / "run", settings).state.step == 1
    assert RunFolder.open(tmp_path / "run").read_config() == smaller


def test_a_preset_cannot_be_trained_on(config, data, tmp_path, reference):
    preset = tmp_path / "preset"
    preset.mkdir()
    for name in ("config.json", "metadata.json", "model.safetensors"):
        (preset / name).write_bytes((reference.run.path / name).read_bytes())
    with pytest.raises(RunFolderError, match=r"`init_from='.*preset'` `run_dir='NEW'`"):
        Trainer(config, data, preset, SETTINGS)


def test_damaged_weights_are_no_start(config, data, tmp_path, reference):
    preset = tmp_path / "preset"
    preset.mkdir()
    for name in ("config.json", "metadata.json", "model.safetensors"):
        (preset / name).write_bytes((reference.run.path / name).read_bytes()[:900])
    (preset / "config.json").write_text(
        (reference.run.path / "config.json").read_text()
    )
    settings = dataclasses.replace(SETTINGS, init_from=str(preset))
    with pytest.raises(RunFolderError, match="Cannot start"):
        Trainer(config, data, tmp_path / "run", settings)


def test_a_damaged_checkpoint_is_passed_over(config, data, tmp_path, caplog):
    folder = tmp_path / "run"
    settings = dataclasses.replace(SETTINGS, steps=2)
    fit(config, data, folder, settings)
    fit(config, data, folder, dataclasses.replace(settings, steps=4))
    newest = checkpoints.listing(folder / "checkpoints")[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    with caplog.at_level("WARNING"):
        trainer = Trainer(config, data, folder, settings)
    assert trainer.state.step == 2
    assert f"over a damaged checkpoint: {newest}" in caplog.text


def test_starting_from_other_weights(config, data, tmp_path, reference):
    settings = dataclasses.replace(SETTINGS, init_from=str(reference.run.path))
    trainer = Trainer(config, data, tmp_path / "run", settings)
    theirs = RunFolder.open(reference.run.path)
    assert trainer.state.step == 0
    reference_model = Trainer(config, data, tmp_path / "x", SETTINGS).model
    load_weights(reference_model, theirs.weights_path)
    np.testing.assert_array_equal(
        backend.to_numpy(trainer.model.latent_layer.mean.kernel.value),
        backend.to_numpy(reference_model.latent_layer.mean.kernel.value),
    )
    # What the losses weigh is no matter of sizes.
    quiet = config.with_overrides({"decoder.head_options.silent_weight": 0.0})
    Trainer(quiet, data, tmp_path / "z", settings)
    larger = config.with_overrides({"z_size": 5})
    with pytest.raises(RunFolderError, match=r"latent.z_size is 4, not 5"):
        Trainer(larger, data, tmp_path / "y", settings)


def test_evaluating_a_run(reference, data):
    step, windows, scores = evaluate_run(reference.run, data.evaluation)
    assert (step, windows) == (12, len(data.evaluation))
    assert scores == pytest.approx(reference.state.scores, rel=1e-5)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_learns(config, data, tmp_path, precision):
    losses = []
    settings = dataclasses.replace(
        SETTINGS, steps=40, eval_every=40, precision=precision
    )
    trainer = fit(
        config, data, tmp_path / "r", settings, lambda _, s: losses.append(s["loss"])
    )
    assert losses[-1] < losses[0]
    assert {v.dtype for v in trainer.model.trainable_variables} == {"float32"}


@pytest.mark.backends
def test_scheduled_sampling_with_dropout_trains(tmp_path):
    config = tiny.config("cat-drums_2bar_small", sampling_rate=1, dropout_keep_prob=0.5)
    data = tiny.prepared(config)
    trainer = fit(
        config, data, tmp_path / "run", dataclasses.replace(SETTINGS, steps=3)
    )
    assert np.isfinite(trainer.state.scores["loss"])


@pytest.mark.slow
def test_weights_of_earlier_versions_give_way_to_better_ones(config, data, tmp_path):
    folder = tmp_path / "run"
    run = fit(config, data, folder, dataclasses.replace(SETTINGS, steps=1)).run
    run.weights_path.rename(run.old_weights_path)
    resumed = fit(config, data, folder, dataclasses.replace(SETTINGS, steps=2))
    assert resumed.state.best_step == 2
    assert run.weights_path.is_file()
    assert not run.old_weights_path.exists()


# Callbacks of Keras's -----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.backends
def test_callbacks_of_keras_see_what_training_does(config, data, tmp_path):
    calls = []

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            calls.append("begin")

        def on_epoch_begin(self, epoch, logs=None):
            calls.append(("epoch", epoch))

        def on_train_batch_end(self, batch, logs=None):
            calls.append((batch, logs["loss"]))

        def on_epoch_end(self, epoch, logs=None):
            calls.append((epoch, logs))

        def on_train_end(self, logs=None):
            calls.append("end")

    losses = []
    saved = tmp_path / "best.keras"
    result = train(
        config,
        data,
        tmp_path / "run",
        settings=SETTINGS,
        progress=lambda step, scalars: losses.append((step, scalars["loss"])),
        callbacks=[
            Watch(),
            keras.callbacks.ModelCheckpoint(saved, save_best_only=True),
        ],
    )
    assert (calls[0], calls[1], calls[-1]) == ("begin", ("epoch", 0), "end")
    batches = [call for call in calls if isinstance(call[1], float)]
    # Twelve steps, five an epoch.
    assert [number for number, _ in batches] == [*range(5), *range(5), 0, 1]
    ends = [call for call in calls if isinstance(call[1], dict)]
    assert [epoch for epoch, _ in ends] == [0, 1, 2]
    # Curves have means since their last point.
    counts = np.diff([0, *(step for step, _ in losses)])
    assert np.dot(counts, [loss for _, loss in losses]) == pytest.approx(
        sum(loss for _, loss in batches)
    )
    assert ends[0][1]["loss"] == pytest.approx(np.mean([v for _, v in batches[:5]]))
    assert ends[-1][1]["val_losses/r_loss"] == result.scores["losses/r_loss"]
    assert min(logs["val_loss"] for _, logs in ends) == result.best
    # What a callback saved are the best weights, for Keras to go on from.
    best = keras.saving.load_model(saved)
    assert int(best.optimizer.iterations) == result.best_step
    other = build_model(config)
    load_weights(other, result.run.weights_path)
    for a, b in zip(best.weights, other.weights, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(a), backend.to_numpy(b))


@pytest.mark.backends
def test_callbacks_change_nothing(config, data, tmp_path, reference):
    trainer = Trainer(config, data, tmp_path / "run", SETTINGS)
    trainer.fit(callbacks=[keras.callbacks.Callback()])
    for a, b in zip(weights(reference), weights(trainer), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.backends
@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_epoch_end"])
def test_a_callback_ends_training(config, data, tmp_path, hook):
    class Stop(keras.callbacks.Callback):
        pass

    def stop(self, number, logs=None):
        self.model.stop_training = number == 1

    setattr(Stop, hook, stop)
    folder = tmp_path / "run"
    result = train(config, data, folder, settings=SETTINGS, callbacks=[Stop()])
    assert result.stopped_early
    assert result.step == {"on_train_batch_end": 2, "on_epoch_end": 10}[hook]
    # It was evaluated and saved; the run goes on from there.
    assert result.scores
    newest = checkpoints.newest(RunFolder(folder).checkpoints)
    assert checkpoints.step_of(newest) == result.step
    assert train(config, data, folder, settings=SETTINGS).step == 12
