"""``generate --chords`` and ``--bars``, good and bad."""

from __future__ import annotations

import json

import pytest
from helpers import playing, tiny

from groovekit.configs.run_folder import RunFolder
from groovekit.io.midi.files import read_midi, write_midi
from groovekit.io.notes import NoteSequence
from groovekit.models.weights import save_weights


def make_run(folder, name, **overrides):
    """A run folder with a tiny model."""
    trained = playing.made(name, **overrides)
    run = RunFolder.create(folder, trained.config, {})
    save_weights(trained.model, run.weights_path)
    return folder


@pytest.fixture(scope="module")
def chords_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "chords"
    return make_run(folder, "cat-mel_2bar_med_chords")


@pytest.fixture(scope="module")
def key_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "key"
    options = {"converter.condition_on_key": True}
    return make_run(folder, "cat-mel_2bar_med_chords", **options)


@pytest.fixture(scope="module")
def drums_run(tmp_path_factory):
    """Decodes two bars at a time."""
    folder = tmp_path_factory.mktemp("runs") / "drums"
    options = {"decoder.conductor_size": [4], "decoder.level_lengths": [2, 2, 16]}
    return make_run(folder, "hierdec-drums_4bar", **options)


@pytest.fixture(scope="module")
def tune(tmp_path_factory):
    """A MIDI file with two bars of melody."""
    sequence = NoteSequence(ticks_per_quarter=220)
    sequence.tempos.add(qpm=120)
    for number, pitch in enumerate((60, 64, 67, 72) * 2):
        start = number * 0.5
        sequence.notes.add(
            pitch=pitch, velocity=90, start_time=start, end_time=start + 0.5
        )
    sequence.total_time = 4
    return write_midi(sequence, tmp_path_factory.mktemp("tunes") / "tune.mid")


def test_samples_over_chords(command, chords_run, tmp_path):
    args = ("generate", "--run-dir", chords_run, "--output-dir", tmp_path, "--json")
    args += ("--num-outputs", 2, "--seed", 1)
    result = command(*args, "--chords", "C Am | F G7")
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert table["chords"] == "C Am | F G7"
    assert [row["seconds"] for row in table["files"]] == [4, 4]
    assert "No --chords given" not in result.stderr
    # Melodies have no kit map.
    assert table["kit"] is None
    assert "kit map" not in result.stderr
    found = [read_midi(row["path"]) for row in table["files"]]
    assert all(len(sequence.notes) for sequence in found)

    without = command(*args)
    assert without.exit_code == 0, without.output
    assert "No --chords given" in without.stderr
    assert "playing over no chord" in without.stderr
    assert json.loads(without.stdout)["chords"] is None

    longer = command(*args, "--chords", "C Am", "--bars", 4)
    assert longer.exit_code == 0, longer.output
    assert [row["seconds"] for row in json.loads(longer.stdout)["files"]] == [8, 8]


def test_inputs_over_other_chords(command, chords_run, tune, tmp_path):
    args = ("generate", "--run-dir", chords_run, "--output-dir", tmp_path)
    args += ("--mode", "reconstruct", "--input", tune, "--temperature", 1)
    args += ("--seed", 1)
    results = [command(*args), command(*args, "--chords", "F#m Ebdim")]
    notes = []
    for result in results:
        assert result.exit_code == 0, result.output
        sequence = read_midi(result.stdout.strip())
        notes.append([(n.pitch, n.start_time) for n in sequence.notes])
    assert notes[0] != notes[1]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--chords", "C H"], 2, "Chord 2 of 2: Cannot read the chord 'H'"),
        (["--chords", ""], 2, "Expected at least one chord, got none"),
        (["--chords", "Csus4"], 2, "Chord 1 of 1"),
        (["--chords", "C " * 33], 2, "Give fewer chords or ask for more bars"),
        (["--chords", "C", "--bars", "0"], 2, "--bars"),
        (["--chords", "C", "--input", "TUNE"], 2, "samples without an input"),
        (["--chords", "C", "--kit", "general_midi"], 2, "--kit has no effect"),
        (["--chords", "C", "--output-dir", "TUNE"], 1, "Cannot write"),
        (
            ["--chords", "C", "--mode", "reconstruct", "--input", "none.mid"],
            1,
            "No such file",
        ),
    ],
)
def test_mistakes_with_chords(command, chords_run, tune, tmp_path, args, code, message):
    args = [tune if arg == "TUNE" else arg for arg in args]
    result = command(
        "generate", "--run-dir", chords_run, "--output-dir", tmp_path / "out", *args
    )
    assert result.exit_code == code, result.output
    assert message in " ".join(result.stderr.split())
    assert not result.stdout
    assert "Traceback" not in result.output


def test_more_bars_have_room_for_more_chords(command, chords_run, tmp_path):
    result = command(
        "generate", "--run-dir", chords_run, "--output-dir", tmp_path,
        "--chords", "C G " * 17, "--bars", 4, "--num-outputs", 1,
    )  # fmt: skip
    assert result.exit_code == 0, result.output


def test_models_without_chords_refuse_them(command, drums_run, tmp_path):
    args = ("generate", "--run-dir", drums_run, "--output-dir", tmp_path / "out")
    result = command(*args, "--chords", "C")
    assert result.exit_code == 2
    text = " ".join(result.stderr.split())
    assert "DrumsConverter takes no chords" in text
    assert "with chords in its name" in text
    assert not (tmp_path / "out").exists()


def test_a_key_has_to_be_told(command, key_run, tmp_path):
    args = ("generate", "--run-dir", key_run, "--output-dir", tmp_path)
    result = command(*args)
    assert result.exit_code == 2
    assert '--chords "C Am F G"' in " ".join(result.stderr.split())
    result = command(*args, "--chords", "D G A", "--num-outputs", 1)
    assert result.exit_code == 0, result.output
    (key,) = read_midi(result.stdout.strip()).key_signatures
    assert key.key == 2


def test_bars_of_a_hierarchy(command, drums_run, tmp_path):
    args = ("generate", "--run-dir", drums_run, "--output-dir", tmp_path)
    result = command(*args, "--bars", 3)
    assert result.exit_code == 2
    assert "decodes 2 bars at a time" in " ".join(result.stderr.split())
    result = command(*args, "--bars", 6, "--num-outputs", 1, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["files"][0]["seconds"] == 12


def test_training_a_hierarchy_and_playing_it(command, tmp_path):
    """From a folder of MIDI files to new ones, by the commands alone."""
    takes = tmp_path / "takes"
    for number in range(4):
        write_midi(tiny.groove(number, bars=6), takes / f"{number}.mid")
    run = tmp_path / "run"
    sizes = (
        "enc_rnn_size=[6],dec_rnn_size=[5],z_size=4,free_bits=1,"
        "decoder.conductor_size=[4],decoder.conductor_projection=3"
    )
    trained = command(
        "train", "--config", "hierdec-drums_4bar", "--hparams", sizes,
        "--examples", takes, "--run-dir", run, "--steps", 2, "--batch-size", 2,
        "--seed", 1,
    )  # fmt: skip
    assert trained.exit_code == 0, trained.output
    result = command(
        "generate", "--run-dir", run, "--num-outputs", 2, "--json",
        "--output-dir", tmp_path / "out", "--temperature", 1,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert table["config"] == "hierdec-drums_4bar"
    for row in table["files"]:
        assert row["seconds"] == 8
        assert row["notes"] > 0
        assert all(note.is_drum for note in read_midi(row["path"]).notes)
