from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
from helpers import tiny

from groovekit.cli import start
from groovekit.configs.run_folder import RunFolder
from groovekit.io.midi.files import read_midi, write_midi
from groovekit.models.builder import build_model
from groovekit.models.weights import save_weights
from groovekit.plugins import catalogue


def make_run(folder: Path, name: str) -> Path:
    config = tiny.config(name)
    run = RunFolder.create(folder, config, {})
    model = build_model(config, seed=1)
    for index, variable in enumerate(model.trainable_variables):
        rng = np.random.default_rng(index)
        variable.assign(rng.normal(0, 0.5, variable.shape))
    save_weights(model, run.weights_path)
    return folder


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A run folder with a tiny model."""
    folder = tmp_path_factory.mktemp("runs") / "humanize"
    return make_run(folder, "groovae_2bar_humanize")


@pytest.fixture(scope="session")
def hits_run(tmp_path_factory):
    """The same for a model that plays given hits."""
    folder = tmp_path_factory.mktemp("runs") / "hits"
    return make_run(folder, "groovae_2bar_hits_control_tfds")


@pytest.fixture(scope="session")
def takes(tmp_path_factory):
    """Two MIDI files, of two windows and of one."""
    folder = tmp_path_factory.mktemp("takes")
    return [
        write_midi(tiny.groove(1, bars=4, qpm=90.0), folder / "a.mid"),
        write_midi(tiny.groove(2, bars=2, qpm=120.0), folder / "b.mid"),
    ]


def contents(result):
    return [Path(line).read_bytes() for line in result.stdout.splitlines()]


def test_samples(command, run, tmp_path):
    output = tmp_path / "out"
    args = ("generate", "--run-dir", run, "--output-dir", output, "--seed", 3)
    first = command(*args)
    assert first.exit_code == 0, first.output
    paths = [Path(line) for line in first.stdout.splitlines()]
    assert len(paths) == 5
    assert sorted(output.iterdir()) == paths
    for number, path in enumerate(paths):
        start_, _, end = path.name.partition("_sample_")
        assert start_ == "groovae_2bar_humanize"
        assert end[17:] == f"-{number:03d}-of-005.mid"
    assert "Writing with the kit map general_midi." in first.stderr
    assert "seed 3." in first.stderr
    # The same seed makes the same files; nothing is overwritten.
    second = command(*args)
    assert contents(second) == contents(first)
    assert len(list(output.iterdir())) == 10
    assert contents(command(*args[:-1], 4)) != contents(first)
    # In parts of another size, and more of them: the first ones are the same.
    third = command(*args, "--max_batch_size=2", "--num-outputs=6")
    assert len(contents(third)) == 6


def test_what_is_in_a_file(command, run, tmp_path):
    result = command(
        "generate", "--run-dir", run, "--output-dir", tmp_path, "--num-outputs", 1,
        "--bpm", 95, "--bars", 3, "--temperature", 1, "--seed", 1,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    file = mido.MidiFile(result.stdout.strip())
    messages = [message for track in file.tracks for message in track]
    (tempo,) = [m.tempo for m in messages if m.type == "set_tempo"]
    assert mido.tempo2bpm(tempo) == pytest.approx(95, abs=1e-3)
    (metre,) = [m for m in messages if m.type == "time_signature"]
    assert (metre.numerator, metre.denominator) == (4, 4)
    assert {m.channel for m in messages if m.type == "note_on"} == {9}
    assert 2 * 4 * 60 / 95 < file.length <= 3.1 * 4 * 60 / 95


def test_the_originals_command_line(command, run, tmp_path, monkeypatch):
    monkeypatch.chdir(run)
    result = command(
        "generate", "--config=groovae_2bar_humanize", "--run_dir=.", "--mode=sample",
        "--num_outputs=2", f"--output_dir={tmp_path}", "--max_batch_size=8",
        "--temperature=0.5", "--log=INFO",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "--log has no effect" in result.stderr
    assert len(contents(result)) == 2
    result = command(
        "generate", "--config=groovae_2bar_humanize",
        f"--checkpoint_file={run / 'model.safetensors'}", "--num_outputs=1",
        f"--output_dir={tmp_path}",
    )  # fmt: skip
    assert result.exit_code == 0, result.output


def test_a_drawn_seed_is_told(command, run, tmp_path):
    args = ("generate", "--run-dir", run, "--output-dir", tmp_path, "--num-outputs", 1)
    first = command(*args)
    seed = first.stderr.split("seed ")[1].split(" (drawn)")[0]
    assert contents(command(*args, "--seed", seed)) == contents(first)


def test_interpolation(command, run, takes, tmp_path):
    args = ("generate", "--run-dir", run, "--mode", "interpolate", "--num-outputs", 3)
    args += ("--output-dir", tmp_path, "--temperature", 0)
    result = command(*args, "--input", takes[0], "--input", takes[1])
    assert result.exit_code == 0, result.output
    assert "_interpolate_" in result.stdout
    tempos = [read_midi(p).tempos[0].qpm for p in result.stdout.splitlines()]
    assert tempos == pytest.approx([90, 105, 120], abs=1e-3)
    assert "Reading with the kit map roland_td11, writing with general_midi; 0 of " in (
        result.stderr
    )
    assert "a.mid has 2 windows: using number 1" in result.stderr
    assert "b.mid has" not in result.stderr
    names = ("--input_midi_1", takes[0], "--input_midi_2", takes[1])
    assert contents(command(*args, *names)) == contents(result)
    # An input to itself.
    result = command(*args, "--input", takes[0], "--input", takes[0])
    assert len(set(contents(result))) == 1


def test_reconstruction_as_json(command, run, takes, tmp_path):
    result = command(
        "generate", "--run-dir", run, "--mode", "reconstruct", "--json", "--seed", 5,
        "--input", takes[0], "--input", takes[1], "--output-dir", tmp_path / "a" / "b",
        "--num-outputs", 2,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert (table["seed"], table["mode"]) == (5, "reconstruct")
    assert table["model"] == {"kind": "run", "source": str(run)}
    assert table["kit"] == "roland_td11"
    rows = table["files"]
    assert [row["inputs"] for row in rows] == [[str(takes[n])] for n in (0, 0, 1, 1)]
    assert [round(row["qpm"]) for row in rows] == [90, 90, 120, 120]
    for row in rows:
        assert len(read_midi(row["path"]).notes) == row["notes"]


def test_windows_and_kits(command, run, takes, tmp_path):
    args = ("generate", "--run-dir", run, "--mode", "reconstruct", "--temperature", 0)
    args += ("--output-dir", tmp_path, "--input", takes[0])
    first = command(*args)
    assert len(contents(first)) == 1
    second = command(*args, "--window", 2)
    assert "using number 2" in second.stderr
    assert contents(second) != contents(first)
    third = command(*args, "--window", 3)
    assert third.exit_code == 1
    assert "a.mid has 2 windows, but no window 3" in third.stderr
    kits = command(*args, "--kit", "general_midi", "--output-kit", "roland_td11")
    assert "Reading with the kit map general_midi, writing with roland_td11" in (
        kits.stderr
    )
    wrong = command(*args, "--kit", "genral_midi")
    assert wrong.exit_code == 1
    assert "Did you mean 'general_midi'" in wrong.stderr
    wrong = command(*args, "--output-kit", "full_61")
    assert wrong.exit_code == 1
    assert "9 drum classes" in wrong.stderr


def test_notes_without_a_class_are_counted(command, run, takes, tmp_path):
    sequence = read_midi(takes[1])
    sequence.notes.add(pitch=100, velocity=90, start_time=1, end_time=1.1, is_drum=True)
    path = write_midi(sequence, tmp_path / "more.mid")
    result = command(
        "generate", "--run-dir", run, "--mode", "reconstruct", "--input", path,
        "--output-dir", tmp_path,
    )  # fmt: skip
    count = len(sequence.notes)
    assert f"; 1 of {count} notes had no class." in result.stderr


def test_a_model_that_plays_given_hits(command, hits_run, run, takes, tmp_path):
    args = ("generate", "--run-dir", hits_run, "--output-dir", tmp_path)
    result = command(*args)
    assert result.exit_code == 2
    assert "plays hits that it is given" in result.stderr
    result = command(*args, "--input", takes[0], "--num-outputs", 2)
    assert result.exit_code == 0, result.output
    tempos = [read_midi(p).tempos[0].qpm for p in result.stdout.splitlines()]
    assert tempos == pytest.approx([90, 90], abs=1e-3)
    result = command("generate", "--run-dir", run, "--input", takes[0])
    assert result.exit_code == 2
    assert "samples without an input" in result.stderr


def test_the_default_preset(command, run, tmp_path, monkeypatch):
    catalogue.register_preset("tests.tiny")(run)
    monkeypatch.setattr("groovekit.configs.presets.DEFAULT_PRESET", "tests.tiny")
    args = ("generate", "--output-dir", tmp_path, "--num-outputs", 1)
    for more in ((), ("--preset", "tests.tiny"), ("--preset", run)):
        result = command(*args, *more)
        assert result.exit_code == 0, result.output
    result = command(*args, "--config", "groovae_8bar")
    assert result.exit_code == 1
    assert "no trained model for the config groovae_8bar" in result.stderr


# Mistakes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("--mode interpolate", "takes two inputs, got 0"),
        ("--mode interpolate --input A", "takes two inputs, got 1"),
        ("--mode interpolate --input A --input B --input A", "got 3"),
        ("--mode interpolate --input-midi-1 A", "takes two inputs, got 1"),
        ("--mode interpolate --input-midi-2 A", "goes with --input-midi-1"),
        ("--mode interpolate --input A --input-midi-1 A", "not both"),
        ("--mode interpolate --input A --input B --num-outputs 1", "at least 2"),
        ("--mode reconstruct", "at least one input"),
        ("--mode sample --input A --input B", "Did you mean --mode interpolate"),
        ("--preset x --checkpoint y", "--preset and --checkpoint"),
        ("--run-dir RUN --preset x", "Give exactly one of"),
        ("--run-dir RUN --config groovae_4bar", "not groovae_4bar"),
        ("--num-outputs 0", "--num-outputs"),
        ("--temperature -1", "--temperature"),
        ("--run-dir RUN --temperature nan", "temperature"),
        ("--bpm 0", "--bpm"),
        ("--window 0", "--window"),
        ("--seed -1", "--seed"),
        ("--max-batch-size 0", "--max-batch-size"),
        ("--mode invent", "invent"),
    ],
)
def test_wrong_usage(command, run, takes, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    names = {"A": takes[0], "B": takes[1], "RUN": run}
    result = command("generate", *(names.get(a, a) for a in args.split()))
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("--run-dir nowhere", "no run folder nowhere"),
        ("--run-dir .", "not a run folder"),
        ("--preset groovae_5bar_x", "Unknown preset"),
        ("--config groovae_4bra", "Did you mean 'groovae_4bar'"),
        ("--checkpoint model.ckpt-10 --config groovae_4bar", "importing those is not"),
        ("--checkpoint no.safetensors", "There is no checkpoint"),
        ("--run-dir RUN --mode reconstruct --input none.mid", "No such file"),
        ("--run-dir RUN --mode reconstruct --input text.mid", "not a MIDI file"),
        ("--run-dir RUN --mode reconstruct --input empty.mid", "has no notes"),
        ("--run-dir RUN --output-dir text.mid", "Cannot write text.mid"),
        ("--run-dir RUN --output-dir text.mid/below", "Cannot write text.mid/below"),
        ("--run-dir damaged", "do not fit the config"),
    ],
)
def test_unusable_data(command, run, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    Path("text.mid").write_text("text")
    write_midi(tiny.groove(1, bars=1), "short.mid")
    write_midi(tiny.groove(1, bars=0), "empty.mid")
    Path("damaged").mkdir()
    for name in ("config.json", "model.safetensors"):
        Path("damaged", name).write_bytes((run / name).read_bytes())
    damaged = json.loads(Path("damaged/config.json").read_text())
    damaged["vae"]["latent"]["z_size"] = 5
    Path("damaged/config.json").write_text(json.dumps(damaged))
    result = command("generate", *(run if a == "RUN" else a for a in args.split()))
    assert result.exit_code == 1, result.output
    assert message in " ".join(result.stderr.split())
    assert not result.stdout
    assert "Traceback" not in result.stderr
    assert not Path("generated").exists()


def test_an_interrupted_command_leaves_whole_files(command, run, tmp_path, monkeypatch):
    from groovekit.io.midi import files as midi

    encode, made = midi.encode_midi, []

    def interrupted(sequence):
        made.append(sequence)
        if len(made) == 3:
            raise KeyboardInterrupt
        return encode(sequence)

    monkeypatch.setattr(midi, "encode_midi", interrupted)
    result = command("generate", "--run-dir", run, "--output-dir", tmp_path)
    assert result.exit_code == 130
    left = list(tmp_path.glob("*.mid"))
    assert len(left) == 2
    assert all(len(read_midi(path).notes) for path in left)


# Starting ---------------------------------------------------------------------------


def test_mistakes_are_known_before_keras_loads(run, tmp_path):
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from groovekit.cli.main import main\n"
        "for args in (['--help'], ['--mode', 'interpolate'],\n"
        f"    ['--run-dir', {str(run)!r}, '--output-dir', '/dev/null/x'],\n"
        f"    ['--run-dir', {str(run)!r}, '--mode', 'reconstruct', '--input', 'no']):\n"
        "    result = CliRunner().invoke(main, ['generate', *args])\n"
        "    print(result.exit_code, end=' ')\n"
        "print({'keras', 'tensorflow', 'h5py'} & sys.modules.keys())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0 2 1 1 set()"


def test_a_fresh_process_says_only_what_matters(run, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-m", "groovekit", "generate", "--run-dir", str(run),
         "--output-dir", str(tmp_path), "--seed", "1", "--num-outputs", "2"],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 2
    lines = [line for line in done.stderr.splitlines() if "windows" not in line]
    assert len(lines) == 2, done.stderr


def test_packages_are_hidden_for_a_while():
    name = "a_package_that_is_not_there"
    with start._not_importable((name, "json")):
        assert sys.modules[name] is None
        assert sys.modules["json"] is json
    assert name not in sys.modules


def test_nothing_is_collected_for_a_while():
    assert gc.isenabled()
    with start._nothing_collected():
        assert not gc.isenabled()
        # Whoever has switched it off keeps it so.
        with start._nothing_collected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_held_back_output_is_shown_after_a_failure(capfd):
    with start._quiet_stderr():
        os.write(2, b"noise")
    assert capfd.readouterr().err == ""

    def fail():
        os.write(2, b"the cause")
        raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"), start._quiet_stderr():
        fail()
    assert capfd.readouterr().err == "the cause"
