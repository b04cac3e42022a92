"""Killed at any moment, the same command goes on and ends where it would have ended."""

from __future__ import annotations

import errno
import itertools
import os
import pathlib
import signal
import subprocess
import sys
import types

import numpy as np
import pytest
from helpers import tiny
from helpers.small_family import SmallFamily
from safetensors.numpy import load_file

from groovekit.errors import RunFolderError, TrainingInterruptedError, WriteError
from groovekit.models import backend
from groovekit.training import checkpoints, trainer
from groovekit.training.ownership import owned
from groovekit.training.settings import TrainSettings
from groovekit.training.trainer import Trainer

SETTINGS = TrainSettings(steps=6, eval_every=2, seed=3, checkpoint_minutes=0)


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture(scope="module", autouse=True)
def small_models():
    family = SmallFamily()

    def build(config, *, seed, dtype):
        return family.build(config, seed=seed, dtype=dtype)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "family_of", lambda _: family)
        patch.setattr(trainer, "build_model", build)
        yield


@pytest.fixture(scope="module")
def config():
    return tiny.config(**{"training.average": 0.9, "learning_rate": 0.05})


@pytest.fixture(scope="module")
def data(config):
    return tiny.prepared(config)


def fit(config, data, folder, settings=SETTINGS):
    made = Trainer(config, data, folder, settings)
    made.fit()
    return made


def state_of(trainer):
    """Everything that a run comes to: variables, optimiser, weights on disk."""
    variables = (*trainer.model.variables, *trainer.optimizer.variables)
    arrays = [np.array(backend.to_numpy(v.value)).tobytes() for v in variables]
    return [*arrays, trainer.run.weights_path.read_bytes(), trainer.state.best]


@pytest.fixture(scope="module")
def reference(config, data, tmp_path_factory):
    """Without interruption."""
    return state_of(fit(config, data, tmp_path_factory.mktemp("run") / "run"))


def failing_at(monkeypatch, number, error):
    """The ``number``-th file to be put in its place is not; how many there were."""
    count = itertools.count()
    replace = pathlib.Path.replace

    def counted(path, target):
        if next(count) == number:
            raise error
        return replace(path, target)

    monkeypatch.setattr(pathlib.Path, "replace", counted)
    return count


@pytest.mark.parametrize(
    "error", [Killed(), OSError(errno.ENOSPC, "No space left on device")]
)
def test_a_fault_at_each_write_loses_nothing(
    config, data, tmp_path, monkeypatch, reference, error
):
    for number in itertools.count():
        folder = tmp_path / str(number)
        with monkeypatch.context() as patch:
            count = failing_at(patch, number, error)
            try:
                fit(config, data, folder)
            except (Killed, WriteError):
                pass
            else:
                assert next(count) <= number + 1
                break
        assert state_of(fit(config, data, folder)) == reference, number
    # Owner, metadata, config, checkpoints and weights, the end's.
    assert number > 10


def test_an_old_run_stays_until_the_new_one_has_made_a_step(
    config, data, tmp_path, monkeypatch
):
    settings = TrainSettings(
        steps=2,
        eval_every=2,
        seed=4,
        checkpoint_minutes=0,
        resume=False,
        overwrite=True,
    )
    for number in itertools.count():
        folder = tmp_path / str(number)
        weights = fit(config, data, folder).run.weights_path.read_bytes()
        with monkeypatch.context() as patch:
            failing_at(patch, number, Killed())
            try:
                new = fit(config, data, folder, settings)
            except Killed:
                pass
            else:
                break
        # Either of them goes on from where it was.
        anyhow = TrainSettings(steps=6, eval_every=2)
        found = Trainer(config, data, folder, anyhow)
        assert not (folder / ".replaced").exists()
        if found.seed == 3:
            assert found.state.step == 6
            assert found.run.weights_path.read_bytes() == weights
        else:
            assert found.seed == 4
            assert found.state.step >= 1
    assert new.state.step == 2
    assert number > 8


def test_nothing_is_left_of_a_run_that_never_made_a_step(
    config, data, tmp_path, monkeypatch
):
    def broken(*_, **__):
        raise Killed

    monkeypatch.setattr(backend, "train_step", broken)
    with pytest.raises(Killed):
        fit(config, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_one_training_a_run_folder(config, data, tmp_path):
    folder = tmp_path / "run"
    fit(config, data, folder, TrainSettings(steps=2, seed=3))
    program = (
        "import sys, time; from pathlib import Path;"
        "from groovekit.training.ownership import owned\n"
        "with owned(Path(sys.argv[1])): print('mine', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "mine\n"
        for settings in (
            SETTINGS,
            TrainSettings(steps=2, resume=False, overwrite=True),
        ):
            with pytest.raises(RunFolderError) as caught:
                fit(config, data, folder, settings)
            assert f"in use: process {other.pid} on " in str(caught.value)
        # A dead one hinders nobody.
        other.kill()
    assert fit(config, data, folder).state.step == 6


def test_a_run_that_went_on_meanwhile_is_not_gone_back_on(config, data, tmp_path):
    folder = tmp_path / "run"
    fit(config, data, folder, TrainSettings(steps=2, seed=3))
    slow = Trainer(config, data, folder, SETTINGS)
    fit(config, data, folder)
    with pytest.raises(RunFolderError, match="went on in another process"):
        slow.fit()


def test_the_lock_of_a_folder_of_its_own_goes_with_it(tmp_path):
    with owned(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda _: b"",
        lambda data: b"PK" + bytes(len(data)),
        lambda data: data[:300] + bytes(200) + data[500:],
    ],
)
def test_any_damage_falls_back_to_the_checkpoint_before(
    config, data, tmp_path, reference, caplog, damage
):
    folder = tmp_path / "run"
    fit(config, data, folder, TrainSettings(steps=4, eval_every=2, seed=3, keep=0))
    fit(config, data, folder, TrainSettings(steps=6, eval_every=2, seed=3, keep=0))
    newest = checkpoints.listing(folder / "checkpoints")[-1]
    newest.write_bytes(damage(newest.read_bytes()))
    again = fit(config, data, folder)
    assert f"over a damaged checkpoint: {newest}" in caplog.text
    assert state_of(again) == reference


def test_weights_that_are_not_finite_are_damage(config, data, tmp_path, caplog):
    folder = tmp_path / "run"
    made = fit(config, data, folder, TrainSettings(steps=4, eval_every=2, seed=3))
    newest = checkpoints.listing(folder / "checkpoints")[-1]
    arrays = dict(np.load(newest))
    arrays["model/0"] = np.full_like(arrays["model/0"], np.nan)
    with newest.open("wb") as file:
        np.savez(file, **arrays)
    assert Trainer(config, data, folder, SETTINGS).state.step < 4
    assert "model/0 is not finite" in caplog.text
    assert made.state.step == 4


def test_saving_removes_no_sound_checkpoint_of_a_later_step(config, data, tmp_path):
    folder = tmp_path / "run"
    fit(config, data, folder)
    later = folder / "checkpoints" / "step-00000099.npz"
    later.write_bytes(checkpoints.listing(folder / "checkpoints")[-1].read_bytes())
    damaged = folder / "checkpoints" / "step-00000098.npz"
    damaged.write_bytes(b"")
    made = Trainer(config, data, tmp_path / "other", SETTINGS)
    checkpoints.save(folder / "checkpoints", 7, made.model, made.optimizer, {}, keep=3)
    assert later.exists()
    assert not damaged.exists()


def test_half_written_files_of_the_dead_are_removed(config, data, tmp_path):
    folder = tmp_path / "run"
    fit(config, data, folder, TrainSettings(steps=2, seed=3))
    left = [folder / ".writing-1-config.json", folder / "checkpoints" / ".writing-2-x"]
    for path in left:
        path.write_text("half")
    fit(config, data, folder)
    assert not any(path.exists() for path in left)


def test_an_interrupted_run_plays_with_all_that_is_fitted(config, data, tmp_path):
    made = Trainer(config, data, tmp_path / "run", SETTINGS)
    with pytest.raises(TrainingInterruptedError):
        made.fit(lambda *_: os.kill(os.getpid(), signal.SIGINT))
    kept = load_file(made.run.weights_path)
    expected = [kept["dense.kernel"].sum(), len(data.train)]
    np.testing.assert_allclose(kept["rest"], expected, rtol=1e-6)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP here")
def test_a_closed_terminal_saves(config, data, tmp_path, reference):
    folder = tmp_path / "run"
    made = Trainer(config, data, folder, SETTINGS)
    with pytest.raises(TrainingInterruptedError) as caught:
        made.fit(lambda *_: os.kill(os.getpid(), signal.SIGHUP))
    assert caught.value.exit_code == 129
    assert state_of(fit(config, data, folder)) == reference


def test_a_signal_in_an_evaluation_ends_it_and_it_is_made_up_for(
    config, data, tmp_path, reference
):
    folder = tmp_path / "run"
    made = Trainer(config, data, folder, SETTINGS)
    losses = made._validator._compute
    calls = []

    def interrupted(*tensors):
        calls.append(1)
        os.kill(os.getpid(), signal.SIGTERM)
        return losses(*tensors)

    made._validator._compute = interrupted
    with pytest.raises(TrainingInterruptedError, match="at step 2"):
        made.fit()
    # It has two batches.
    assert len(calls) == 1
    assert state_of(fit(config, data, folder)) == reference


def test_what_is_fitted_at_the_end_is_not_forgotten(
    config, data, tmp_path, monkeypatch, reference
):
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:

        def killed(*_, **__):
            raise Killed

        patch.setattr(SmallFamily, "finish", killed)
        with pytest.raises(Killed):
            fit(config, data, folder)
    assert state_of(fit(config, data, folder))[-2:] == reference[-2:]


def test_other_evaluation_starts_best_weights_anew(config, data, tmp_path, caplog):
    folder = tmp_path / "run"
    caplog.set_level("INFO")
    fit(config, data, folder, TrainSettings(steps=4, eval_every=2, seed=3))
    settings = TrainSettings(steps=6, eval_every=2, seed=3, eval_batches=1)
    found = Trainer(config, data, folder, settings)
    assert "another eval_batches" in caplog.text
    assert (found.state.best, found.state.worse) == (float("inf"), 0)
    other = types.SimpleNamespace(**vars(data))
    other.evaluation = data.evaluation.subset(np.arange(data.evaluation.sequences) < 1)
    found = Trainer(config, other, folder, SETTINGS)
    assert "another evaluation set" in caplog.text
    caplog.clear()
    assert Trainer(config, data, folder, SETTINGS).state.best < float("inf")
    assert "another" not in caplog.text


def test_a_run_that_patience_ended_stays_ended(config, data, tmp_path, caplog):
    caplog.set_level("INFO")
    folder = tmp_path / "run"
    settings = TrainSettings(steps=40, eval_every=1, seed=3, patience=1)
    made = Trainer(config, data, folder, settings)
    made.model.objective_of = lambda _: 1.0
    ended = made.fit()
    assert ended.stopped_early
    again = Trainer(config, data, folder, settings).fit()
    assert (again.step, again.stopped_early) == (ended.step, True)
    assert "its patience ended" in caplog.text
    # With more patience it goes on.
    more = TrainSettings(steps=ended.step + 1, eval_every=1, seed=3, patience=9)
    assert Trainer(config, data, folder, more).fit().step == ended.step + 1
