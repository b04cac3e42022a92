from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny
from helpers.performances import EVENTS, column, rich
from helpers.playing import made

from groovekit.cli.generate.mode import own_modes
from groovekit.configs.run_folder import RunFolder
from groovekit.errors import RunFolderError
from groovekit.generation import attributes
from groovekit.generation.attributes import (
    ATTRIBUTES_FILE,
    Direction,
    Directions,
    weights_digest,
)
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.midi.files import read_midi, write_midi
from groovekit.models.weights import save_weights
from groovekit.plugins import catalogue

MODES = own_modes()
DENSITY = Direction(
    "density", "x:y", 0, 1, 1, np.array([2.0, -1.0, 0.5, 1.0], np.float32)
)
NONE = Directions("groovae_4bar", 1, "", (DENSITY,))
CONFIGS = {
    "plain": "groovae_4bar",
    "humanize": "groovae_2bar_humanize",
    "drumify": "groovae_2bar_tap_fixed_velocity",
    "add": "groovae_2bar_add_closed_hh",
}
RUN_OF = {"groove": "humanize", "humanize": "humanize", "drumify": "drumify"}


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Run folders with tiny models."""
    folders = {}
    for key, name in CONFIGS.items():
        folder = tmp_path_factory.mktemp("runs") / key
        trained = made(name)
        run = RunFolder.create(folder, trained.config, {})
        save_weights(trained.model, run.weights_path)
        folders[key] = folder
    return folders


@pytest.fixture(scope="session")
def takes(tmp_path_factory):
    """A rich performance, plain ones, a waltz and ten minutes."""
    folder = tmp_path_factory.mktemp("takes")
    waltz = tiny.groove(1, bars=3)
    waltz.time_signatures[0].numerator = 3
    sequences = {
        "rich": rich(bars=9),
        "a": tiny.groove(1, bars=4, qpm=90.0),
        "b": tiny.groove(2, bars=6),
        "waltz": waltz,
        "long": tiny.groove(5, bars=300),
    }
    return {
        name: write_midi(sequence, folder / f"{name}.mid")
        for name, sequence in sequences.items()
    }


@pytest.fixture
def generate(command, runs, takes, tmp_path):
    """Runs a mode on inputs by their names, with a model that fits."""

    def run(mode, *more, inputs=("a",), model=None):
        model = model or RUN_OF.get(mode, "add" if mode == "add" else "plain")
        args = ["--mode", mode, "--run-dir", runs[model], "--output-dir", tmp_path]
        for name in inputs:
            args += ["--input", takes[name]]
        return command("generate", *args, *more)

    return run


def outputs(result):
    assert result.exit_code == 0, result.output
    return [read_midi(line) for line in result.stdout.splitlines()]


def test_every_mode_has_a_preset_that_help_names(command):
    text = command("generate", "--help").stdout
    for name, mode in MODES.items():
        (line,) = [x for x in text.splitlines() if x.strip().startswith(f"{name}  ")]
        assert line.endswith(f"({mode.preset})")
        assert mode.help in line


# Each mode --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["humanize", "groove"])
def test_playing_hits(generate, takes, mode):
    inputs = ("rich", "b") if mode == "groove" else ("rich",)
    result = generate(mode, "--seed", 1, inputs=inputs)
    (played,) = outputs(result)
    given = read_midi(takes["rich"])
    np.testing.assert_array_equal(
        np.sort(column(played, "pitch")), np.sort(column(given, "pitch"))
    )
    for field in EVENTS[:3]:
        assert getattr(played, field) == getattr(given, field)
    assert (column(played, "velocity") != column(given, "velocity")).any()
    assert "1 of " in result.stderr
    assert "drum notes had no class. All keep their pitches." in result.stderr
    (same,) = outputs(generate(mode, "--amount", 0, inputs=inputs))
    assert same.notes == given.notes
    (timing,) = outputs(generate(mode, "--timing-only", inputs=inputs))
    np.testing.assert_array_equal(
        np.sort(column(timing, "velocity")), np.sort(column(given, "velocity"))
    )
    (velocity,) = outputs(generate(mode, "--velocity-only", inputs=inputs))
    assert [n.start_time for n in velocity.notes] == [n.start_time for n in given.notes]


def test_humanizing_several_long_files(generate, takes):
    result = generate("humanize", "--num-outputs", 2, inputs=("long", "a"))
    first = outputs(result)
    counts = [len(read_midi(takes[name]).notes) for name in ("long", "a")]
    assert [len(s.notes) for s in first] == [counts[0]] * 2 + [counts[1]] * 2
    assert first[0] != first[1]


def test_drumify(generate):
    (kit,) = outputs(generate("drumify", "--seed", 2))
    assert {note.is_drum for note in kit.notes} == {True}
    assert kit.tempos[0].qpm == pytest.approx(90, abs=1e-3)
    (tapped,) = outputs(generate("drumify", "--keep-onsets", "--seed", 2))
    given = column(tiny.groove(1, bars=4, qpm=90.0), "start_time")
    apart = np.abs(column(tapped, "start_time")[:, None] - given).min(axis=1)
    assert apart.max() < 0.003


def test_add(generate, takes):
    (filled,) = outputs(generate("add", "--temperature", 1, inputs=("rich",)))
    given = read_midi(takes["rich"])
    pairs = [
        {(n.pitch, n.velocity, round(n.start_time, 3)) for n in s.notes}
        for s in (given, filled)
    ]
    assert pairs[0] < pairs[1]
    assert {pitch for pitch, _, _ in pairs[1] - pairs[0]} == {42}


def test_vary(generate):
    five = outputs(generate("vary", "--seed", 1))
    assert len(five) == 5
    assert len({s.SerializeToString() for s in five}) == 5
    args = ("--temperature", 0, "--seed", 1)
    near = outputs(generate("vary", "--distance", 0, "--num-outputs", 2, *args))
    (own,) = outputs(generate("reconstruct", *args))
    assert near == [own, own]


def test_continue(generate, takes):
    result = generate("continue", "--bars", 3, "--bpm", 60, inputs=("b",))
    (longer,) = outputs(result)
    assert "; 0 of " in result.stderr
    given = read_midi(takes["b"])
    first = [n for n in longer.notes if n.start_time < 23]
    assert len(longer.notes) > len(given.notes) >= len(first) > 0
    # Nine bars at half the tempo.
    assert 32 < max(n.start_time for n in longer.notes) < 36
    assert longer.tempos[0].qpm == pytest.approx(60)


def test_notes_that_are_not_read_are_counted(generate, takes):
    notes = len(read_midi(takes["rich"]).notes)
    result = generate("continue", "--temperature", 1, inputs=("rich",))
    assert result.exit_code == 0, result.output
    # Of the file, which changes its tempo; the bass is no drum.
    assert f"; 1 of {notes} notes had no class." in " ".join(result.stderr.split())
    result = generate("drumify", "--json", inputs=("rich",))
    assert f"Reading {notes - 1} of {notes} notes as taps" in result.stderr
    found = json.loads(result.stdout)
    assert (found["notes"], found["unmapped"]) == (notes, 0)


@pytest.mark.parametrize("mode", ["reconstruct", "vary", "interpolate"])
def test_windows_go_on_where_the_tempo_changes(generate, mode):
    inputs = ("rich", "a") if mode == "interpolate" else ("rich",)
    made = outputs(generate(mode, inputs=inputs))
    # At the tempo that the input begins with.
    assert made[0].tempos[0].qpm == pytest.approx(120, abs=1e-3)


def test_a_grid_between_four_inputs(generate):
    corners = ("a", "b", "rich", "a")
    result = generate("interpolate", inputs=("a", "b", "a", "b"))
    nine = outputs(result)
    tempos = [s.tempos[0].qpm for s in nine]
    assert tempos == pytest.approx([90, 105, 120] * 3, abs=1e-3)
    four = outputs(
        generate("interpolate", "--num-outputs", 4, inputs=("a", "b", "a", "b"))
    )
    assert len(four) == 4
    wrong = generate("interpolate", "--num-outputs", 5, inputs=corners)
    assert wrong.exit_code == 2
    assert "square number of outputs (4, 9, 16, ...), got --num-outputs 5" in " ".join(
        wrong.stderr.split()
    )


def test_long_samples_have_sections(generate):
    args = ("--num-outputs", 1, "--seed", 3, "--temperature", 0)
    (long,) = outputs(generate("sample", "--bars", 10, *args, inputs=()))
    assert {int(n.start_time // 2) for n in long.notes} >= set(range(10))
    (first,) = outputs(generate("sample", "--bars", 7, *args, inputs=()))
    count = sum(n.start_time < 13.5 for n in first.notes)
    for a, b in zip(first.notes[:count], long.notes[:count], strict=True):
        assert (a.pitch, a.start_time) == (b.pitch, b.start_time)


def test_attributes(generate, runs, tmp_path, monkeypatch):
    args = ("--temperature", 0, "--attribute", "density=+1.5")
    result = generate("attribute", *args)
    assert result.exit_code == 1
    assert "groovekit attributes fit" in result.stderr
    file = runs["plain"] / ATTRIBUTES_FILE
    weights = weights_digest(runs["plain"])
    Directions("groovae_4bar", 1, weights, (DENSITY,)).save(file)
    (denser,) = outputs(generate("attribute", *args))
    (own,) = outputs(generate("reconstruct", "--temperature", 0))
    assert denser != own
    (none,) = outputs(generate("attribute", *args, "--amount", 0))
    assert none == own
    # What is wrong with a strength is known before the model is loaded.
    monkeypatch.setattr(TrainedModel, "load", lambda *_, **__: pytest.fail("loaded"))
    for strength, code, message in (
        ("densitty=1", 1, "Did you mean 'density'"),
        ("density=nan", 2, "--attribute density takes a finite strength, got nan"),
        ("density=inf", 2, "got inf"),
    ):
        folder = tmp_path / "new" / "folder"
        result = generate("attribute", "--attribute", strength, "--output-dir", folder)
        assert (result.exit_code, message in result.stderr) == (code, True)
        assert not folder.parent.exists()
    file.unlink()


# Tempo, swing, kits -----------------------------------------------------------------


def test_tempo_and_swing(generate):
    (plain,) = outputs(generate("humanize", "--seed", 1))
    (swung,) = outputs(generate("humanize", "--seed", 1, "--swing", 1, "--bpm", 180))
    assert swung.tempos[0].qpm == pytest.approx(180, abs=1e-3)
    assert len(swung.notes) == len(plain.notes)
    late = np.sort(column(swung, "start_time")) * 2 - np.sort(
        column(plain, "start_time")
    )
    # At most a sixth of a quarter, at 90 quarters a minute.
    assert late.max() == pytest.approx(60 / 90 / 6, abs=0.02)
    assert late.min() > -0.005
    swung = outputs(generate("sample", "--seed", 1, "--swing", 0.5, inputs=()))
    straight = outputs(generate("sample", "--seed", 1, inputs=()))
    assert swung != straight


def test_output_kits(generate, tmp_path, takes, command, runs):
    sequence = tiny.groove(1, bars=2)
    sequence.notes[0].pitch = 22
    path = write_midi(sequence, tmp_path / "roland.mid")
    args = ("generate", "--mode", "humanize", "--run-dir", runs["humanize"], "--input",
            path, "--output-dir", tmp_path)  # fmt: skip
    kept = column(outputs(command(*args))[0], "pitch")
    result = command(*args, "--output-kit", "general_midi")
    changed = column(outputs(result)[0], "pitch")
    assert 22 in kept
    assert 22 not in changed
    assert "writing with general_midi" in result.stderr


# What is told -----------------------------------------------------------------------


def test_json_says_what_was_made(generate, takes):
    result = generate(
        "humanize", "--json", "--seed", 7, "--amount", 0.5, inputs=("rich", "a")
    )
    table = json.loads(result.stdout)
    assert (table["mode"], table["seed"], table["unmapped"]) == ("humanize", 7, 1)
    assert table["options"] == {
        "bpm": None, "amount": 0.5, "timing_only": False, "velocity_only": False,
        "swing": 0.0, "level": None, "push": None, "range": None, "looseness": None,
        "style": None, "like": None,
    }  # fmt: skip
    assert [row["inputs"] for row in table["files"]] == [
        [str(takes["rich"])], [str(takes["a"])]
    ]  # fmt: skip
    for row in table["files"]:
        assert len(read_midi(row["path"]).notes) == row["notes"]


def test_pictures_and_sound_beside_each_file(generate, tmp_path):
    pytest.importorskip("matplotlib")
    result = generate("humanize", "--plot", "svg", "--wav", "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["files"]
    midi = Path(row["path"])
    assert row["plot"] == str(midi.with_suffix(".svg"))
    assert row["audio"] == str(midi.with_suffix(".wav"))
    assert "<svg" in Path(row["plot"]).read_text()
    assert Path(row["audio"]).read_bytes()[:4] == b"RIFF"
    assert Path(generate("sample", "--plot", "png", "--num-outputs", 1, inputs=())
                .stdout.splitlines()[1]).suffix == ".png"  # fmt: skip


def test_a_missing_library_is_told_before_the_work(generate, monkeypatch, tmp_path):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "matplotlib" else find(name, *more),
    )
    result = generate("humanize", "--plot", "png")
    assert result.exit_code == 1
    assert "pip install 'groovekit[plot]'" in result.stderr
    assert not list(tmp_path.glob("*.mid"))


def test_presets_of_modes(command, runs, takes, tmp_path, monkeypatch):
    args = ("generate", "--mode", "add", "--input", takes["a"], "--output-dir",
            tmp_path)  # fmt: skip
    monkeypatch.setattr(catalogue.presets, "names", list)
    result = command(*args)
    assert result.exit_code == 1
    message = " ".join(result.stderr.split())
    assert f"preset {MODES['add'].preset}, which is not installed" in message
    assert "--run-dir" in message


# Mistakes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("sample --amount 0.5", "--amount has no effect with --mode sample; it belongs "
         "to --mode humanize, groove, attribute."),
        ("humanize --window 2", "sample, interpolate, reconstruct, vary, attribute"),
        ("humanize --bars 2", "--bars has no effect with --mode humanize"),
        ("humanize --keep-onsets", "belongs to --mode drumify"),
        ("humanize --distance 2", "belongs to --mode vary"),
        ("add --swing 1", "--swing has no effect with --mode add"),
        ("add --chords C", "--chords has no effect with --mode add"),
        ("humanize --timing-only --velocity-only", "not both"),
        ("attribute", "takes at least one attribute"),
        ("attribute --attribute density", "such as density=+1.5; got 'density'"),
        ("attribute --attribute a=1 --attribute a=2", "--attribute a is given twice"),
        ("vary --distance -1", "--distance"),
        ("humanize --amount 2", "--amount"),
        ("sample --swing 2", "--swing"),
        ("sample --swing nan", "expected a finite number, got nan"),
        ("vary --distance inf", "expected a finite number, got inf"),
    ],
)  # fmt: skip
def test_wrong_usage(generate, args, message):
    mode, *more = args.split()
    result = generate(mode, *more, inputs=() if mode == "sample" else ("a",))
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("mode", "inputs", "message"),
    [
        ("groove", ("a",), "takes two inputs (the hits, the feel), got 1"),
        ("groove", ("a",) * 3, "got 3"),
        ("interpolate", ("a",) * 3, "got 3"),
        ("vary", ("a", "b"), "takes one input, got 2"),
        ("humanize", (), "takes at least one input, got 0: --input A."),
        ("continue", (), "takes at least one input"),
    ],
)
def test_numbers_of_inputs(generate, mode, inputs, message):
    result = generate(mode, inputs=inputs)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize("mode", [n for n, m in MODES.items() if "encode" in m.needs])
def test_an_error_leaves_no_folder(generate, tmp_path, monkeypatch, mode):
    def fail(*_, **__):
        raise RunFolderError("the weights are damaged")

    monkeypatch.setattr(TrainedModel, "load", fail)
    monkeypatch.setattr(attributes, "load_directions", lambda _: NONE)
    inputs = ("a", "b") if mode in ("interpolate", "groove") else ("a",)
    more = ("--attribute", "density=0") if mode == "attribute" else ()
    there = tmp_path / "there"
    there.mkdir()
    for folder in (tmp_path / "new", there / "new" / "folder"):
        result = generate(mode, *more, "--output-dir", folder, inputs=inputs)
        assert result.exit_code == 1
        assert "the weights are damaged" in result.stderr
    assert list(tmp_path.rglob("*")) == [there]


def test_models_that_do_not_fit_the_mode(generate):
    for mode, model in (("drumify", "plain"), ("add", "humanize")):
        result = generate(mode, model=model)
        assert result.exit_code == 2
        assert f"A model of the config {CONFIGS[model]}" in result.stderr


@pytest.mark.parametrize("mode", ["humanize", "drumify", "add", "groove"])
def test_a_waltz_fills_bars_of_four(generate, takes, mode):
    inputs = ("a", "waltz") if mode == "groove" else ("waltz",)
    result = generate(mode, inputs=inputs)
    assert result.exit_code == 0
    said = f"{takes['waltz']}: bars of 3/4 fill the first 12 of 16 steps."
    assert said in " ".join(result.stderr.split())


@pytest.mark.parametrize("mode", ["reconstruct", "vary", "interpolate", "continue"])
def test_a_waltz_is_refused_with_a_reason(generate, takes, mode):
    inputs = ("a", "waltz") if mode == "interpolate" else ("waltz",)
    result = generate(mode, inputs=inputs)
    assert result.exit_code == 1
    # Before a model is loaded.
    assert "seed" not in result.stderr
    message = " ".join(result.stderr.split())
    assert (
        f"{takes['waltz']} has bars of 3 quarter notes (time signature 3/4)" in message
    )
    assert "the model takes bars of 4" in message
