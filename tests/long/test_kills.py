"""Trainings that are killed, again and again, end where undisturbed ones do.

Each process kills itself (SIGKILL) at some moment: after a random time, or, every third
time, in the middle of writing a file. The same command then goes on, until it has come
to its end. Weights, optimiser and everything else of the last checkpoint equal the
undisturbed run's bit for bit.

``GROOVEKIT_KILLS`` says how many kills there are at least: 100 by default, over three
configs.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest
from helpers import tiny

from groovekit.io.tfrecord.records import write_records
from groovekit.training import checkpoints

KILLS = int(os.environ.get("GROOVEKIT_KILLS", "100"))
STEPS = 60

# Kills its own process at the moment that the first arguments tell.
PROGRAM = """
import os, pathlib, signal, sys, threading, time

kind, moment = sys.argv[1], float(sys.argv[2])
del sys.argv[1:3]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

if kind == "write":
    written = 0
    replace = pathlib.Path.replace

    def half_written(path, target):
        global written
        written += 1
        if written > moment:
            if path.is_file():
                with path.open("r+b") as file:
                    file.truncate(path.stat().st_size // 2)
            die()
        return replace(path, target)

    pathlib.Path.replace = half_written

from groovekit.cli.main import main
from groovekit.training import trainer

fit = trainer.Trainer.fit

def timed(*args, **kwargs):
    if kind == "time":
        timer = threading.Timer(moment, die)
        timer.daemon = True
        timer.start()
    return fit(*args, **kwargs)

trainer.Trainer.fit = timed
main()
"""

GROOVAE = (
    "enc_rnn_size=[8],dec_rnn_size=[8],z_size=4,batch_size=8,free_bits=1,"
    "training.average=0.9"
)
CONFIGS = {
    "dropout and augmentation": (
        "groovae_2bar_humanize",
        f"{GROOVAE},dropout_keep_prob=0.7,augmentation.velocity=[0.8,1.2],"
        "augmentation.drop_drum=0.1",
    ),
    "scheduled sampling": (
        "groovae_2bar_humanize",
        f"{GROOVAE},sampling_schedule=constant,sampling_rate=0.5",
    ),
    "a start, annealing and a rest": (
        "par-groove_1bar",
        "z_size=8,enc_rnn_size=[16],dec_rnn_size=[16],batch_size=16,"
        "latent.target_bits=6,latent.prior_codes=8,latent.prior_clusters=3",
    ),
}


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGKILL")
@pytest.mark.parametrize("name", CONFIGS)
def test_killed_trainings_end_where_undisturbed_ones_do(name, tmp_path, capsys):
    config, overrides = CONFIGS[name]
    examples = tmp_path / "examples.tfrecord"
    with write_records(examples) as writer:
        for number in range(12):
            groove = tiny.groove(number)
            writer.write(groove.SerializeToString())

    def command(folder, kind="never", moment=0.0):
        arguments = (
            *("train", "--config", config, "--examples", examples),
            *("--run-dir", folder, "--seed", "1", "--hparams", overrides),
            *("--steps", STEPS, "--eval-every", 7, "--checkpoint-minutes", "0.002"),
        )
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, kind, str(moment), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )

    undisturbed = command(tmp_path / "undisturbed")
    assert undisturbed.returncode == 0, undisturbed.stderr
    rng = random.Random(name)  # noqa: S311 - moments, no secrets
    killed = runs = 0
    while killed < -(-KILLS // len(CONFIGS)):
        folder = tmp_path / f"run{runs}"
        runs += 1
        while True:
            kind = ("time", "time", "write")[killed % 3]
            moment = rng.uniform(0, 6) if kind == "time" else rng.randrange(12)
            done = command(folder, kind, moment)
            if done.returncode == 0:
                break
            assert done.returncode == -signal.SIGKILL, done.stderr
            killed += 1
        assert contents(folder) == contents(tmp_path / "undisturbed"), folder
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: {killed} kills in {runs} runs\n")


def contents(folder):
    """Weights, and all arrays of the last checkpoint but for texts of its state."""
    newest = checkpoints.newest(folder / "checkpoints")
    with np.load(newest) as arrays:
        found = {name: arrays[name].tobytes() for name in arrays.files}
    return newest.name, found, (folder / "model.safetensors").read_bytes()
