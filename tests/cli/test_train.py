"""The train command: options, exit codes, what it says and what it keeps."""

from __future__ import annotations

import json

import pytest
from helpers import tiny

from groovekit.io.tfrecord.records import write_records

TINY = "enc_rnn_size=[6],dec_rnn_size=[6],z_size=4,free_bits=1"
COMMON = ("--config", "groovae_2bar_humanize", "--hparams", TINY, "--batch-size", "4")


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "grooves.tfrecord"
    with write_records(path) as writer:
        for number in range(6):
            writer.write(tiny.groove(number).SerializeToString())
    return str(path)


@pytest.fixture
def trained(command, examples, tmp_path):
    run = tmp_path / "run"
    result = command(
        "train",
        *COMMON,
        "--examples",
        examples,
        "--run-dir",
        run,
        "--steps",
        "3",
        "--seed",
        "5",
    )
    assert result.exit_code == 0, result.output
    return run, result


def test_training_says_what_it_does_and_where(trained):
    run, result = trained
    assert f"Run folder: {run}" in result.stdout
    assert "groovae_2bar_humanize to step 3" in result.stdout
    for text in ("windows", "Held out", "parameters, seed 5", "memory"):
        assert text in result.stderr
    assert (run / "model.safetensors").is_file()
    assert (run / "config.json").is_file()


def test_the_same_command_goes_on_where_it_stopped(command, trained, examples):
    run, _ = trained
    result = command(
        "train",
        *COMMON,
        "--examples",
        examples,
        "--run-dir",
        run,
        "--steps",
        "5",
        "--json",
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["step"] == 5
    assert "Resuming" in result.stderr
    assert "2 steps to do, from step 3" in result.stderr


def test_the_originals_command_line_works(command, examples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = command(
        "train", "--config=groovae_2bar_humanize", "--run_dir=.", "--mode=train",
        f"--examples_path={examples}", "--num_steps=2", f"--hparams={TINY}",
        "--checkpoints_to_keep=2", "--eval_num_batches=1", "--cache_dataset=true",
        "--keep_checkpoint_every_n_hours=1", "--master=", "--task=0",
        "--num_ps_tasks=0", "--num_sync_workers=0", "--eval_dir_suffix=x", "--log=INFO",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert (tmp_path / "config.json").is_file()
    for name in ("--master", "--task", "--keep-checkpoint-every-n-hours", "--log"):
        assert f"{name} has no effect" in result.stderr
    evaluated = command(
        "train", "--config=groovae_2bar_humanize", "--run_dir=.", "--mode=eval",
        f"--examples_path={examples}", f"--hparams={TINY}",
    )  # fmt: skip
    assert evaluated.exit_code == 0, evaluated.output
    assert evaluated.stdout.startswith("Step 2,")
    assert "Held out" in evaluated.stderr
    assert "losses/kl_bits" in evaluated.stdout


def test_without_a_config_a_parallel_model_is_trained(command, examples, tmp_path):
    options = ("--examples", examples, "--run-dir", tmp_path / "run", "--dry-run")
    result = command("train", *options)
    assert result.exit_code == 0, result.output
    assert "par-groove_4bar: " in result.stderr + result.stdout
    text = command("train", "--help").stdout
    assert "or par-groove_4bar)]" in " ".join(text.split())


def test_a_dry_run_writes_nothing(command, examples, tmp_path):
    run = tmp_path / "run"
    result = command(
        "train", *COMMON, "--examples", examples, "--run-dir", run, "--dry-run"
    )
    assert result.exit_code == 0, result.output
    assert "Dry run" in result.stdout
    assert not run.exists()


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (["--config", "groovae_4bra"], 1, "Did you mean 'groovae_4bar'"),
        (["--hparams", "z_siez=3"], 1, "z_size"),
        (["--hparams", "z_size=many"], 1, "integer"),
        (["--batch-size", "0"], 2, "0 is not in the range"),
        (["--steps", "-3"], 2, "-3 is not in the range"),
        (["--eval-fraction", "1.5"], 2, "1.5 is not in the range"),
        (["--watch"], 2, "--mode eval"),
        (["--tfds-name", "groove/4bar-midionly"], 2, "not both"),
        (["--init-from", "nothing_like_it"], 1, "preset"),
        (["--mode", "eval"], 1, "There is no run folder"),
        (["--split", "train"], 1, "split"),
    ],
)
def test_mistakes_are_explained(command, examples, tmp_path, options, code, text):
    result = command(
        "train", *COMMON, "--examples", examples, "--run-dir", tmp_path / "run",
        "--steps", "1", *options,
    )  # fmt: skip
    assert result.exit_code == code, result.output
    assert text in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "run").exists()


def test_examples_are_needed(command):
    result = command("train", "--config", "groovae_4bar")
    assert result.exit_code == 2
    assert "--examples" in result.stderr


def test_unusable_examples_show_the_table(command, tmp_path):
    path = tmp_path / "short.tfrecord"
    with write_records(path) as writer:
        writer.write(tiny.groove(1, bars=1).SerializeToString())
    result = command(
        "train", *COMMON, "--examples", path, "--run-dir", tmp_path / "run"
    )
    assert result.exit_code == 1
    assert "is shorter than one window" in result.stderr
    assert not (tmp_path / "run").exists()


def test_another_schema_is_refused(command, trained, examples):
    run, _ = trained
    path = run / "config.json"
    table = json.loads(path.read_text())
    path.write_text(json.dumps(table | {"schema_version": 99}))
    result = command("train", *COMMON, "--examples", examples, "--run-dir", run)
    assert result.exit_code == 1
    assert "99" in result.stderr


def test_an_unwritable_run_folder_is_named(command, examples, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    result = command(
        "train", *COMMON, "--examples", examples,
        "--run-dir", tmp_path / "file" / "run",
        "--steps", "1",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "is a file, not a folder" in result.stderr
    assert "Traceback" not in result.output
