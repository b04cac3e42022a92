"""Modes of ``groovekit generate`` with a model that fills."""

from __future__ import annotations

import json

import numpy as np
import pytest
from helpers import tiny
from helpers.filler import FakeFamily, FakeFiller, filler_run
from helpers.performances import column, rich
from helpers.playing import made

from groovekit.configs.run_folder import RunFolder
from groovekit.errors import RunFolderError
from groovekit.generation.partial import Conditions
from groovekit.io.midi.files import read_midi, write_midi
from groovekit.models.weights import save_weights
from groovekit.plugins import catalogue


@pytest.fixture
def takes(tmp_path):
    """A rich performance, a plain one, a pattern on the grid and a melody."""
    pattern, melody = tiny.groove(3, bars=3), tiny.groove(4, bars=2)
    for note in pattern.notes:
        note.velocity = 100
        note.start_time = round(note.start_time / 0.125) * 0.125
    for note in melody.notes:
        note.is_drum, note.pitch, note.instrument = False, note.pitch + 50, 1
    sequences = {
        "rich": rich(bars=6),
        "plain": tiny.groove(1, bars=8),
        "pattern": pattern,
        "melody": melody,
    }
    return {
        name: write_midi(sequence, tmp_path / f"{name}.mid")
        for name, sequence in sequences.items()
    }


@pytest.fixture
def players(monkeypatch):
    """The players that were loaded."""
    loaded, load = [], FakeFiller.load.__func__

    def remember(cls, files, **options):
        loaded.append(load(cls, files, **options))
        return loaded[-1]

    monkeypatch.setattr(FakeFiller, "load", classmethod(remember))
    return loaded


@pytest.fixture
def generate(command, takes, players, tmp_path):
    """Runs a mode on inputs by their names, with a model that fills."""
    catalogue.families.register("helpers.filler")(FakeFamily())
    run = filler_run(tmp_path / "run")

    def call(mode, *more, inputs=("plain",)):
        args = ["--mode", mode, "--run-dir", run, "--output-dir", tmp_path / "made"]
        for name in inputs:
            args += ["--input", takes[name]]
        return command("generate", *args, "--seed", 1, *more)

    return call


def outputs(result):
    assert result.exit_code == 0, result.output
    return [read_midi(line) for line in result.stdout.splitlines()]


def rows(sequence):
    return {
        (note.pitch, note.velocity, round(note.start_time, 3))
        for note in sequence.notes
    }


def message(result, code=2):
    assert result.exit_code == code, result.output
    return " ".join(result.stderr.split())


def test_fill(generate, takes, players):
    result = generate("fill", "--bars", "5-6", "--drums", "snare,toms")
    (filled,) = outputs(result)
    given = rows(read_midi(takes["plain"]))
    kept = {row for row in given if row[0] != 38 or not 7.9 < row[2] < 11.9}
    assert kept < given
    assert kept < rows(filled)
    new = rows(filled) - kept
    assert {pitch for pitch, _, _ in new} <= {38, 45, 48, 50}
    assert all(7.9 < start < 12 for _, _, start in new)
    assert np.isnan(players[0].partial.hits).sum() == 32 * 4
    assert players[0].seen[0][1].temperature == 1.0


def test_every_mode_of_models_that_fill(generate, players):
    for mode, inputs in (
        ("humanize", ("rich",)),
        ("groove", ("rich", "plain")),
        ("drumify", ("rich",)),
        ("add", ("rich",)),
        ("continue", ("rich",)),
    ):
        (played,) = outputs(generate(mode, inputs=inputs))
        assert len(played.notes) > 20
    assert len(players) == 5


def test_conditions_are_handed_on(generate, players):
    words = ("--level", 70, "--push", "-0.08steps", "--range", 20, "--looseness", "5ms")
    result = generate("humanize", *words, "--style", "jazz")
    assert result.exit_code == 0, result.output
    assert players[0].partial.conditions.said == {
        "level": 70,
        "push": pytest.approx(-10.0),
        "range": 20,
        "looseness": 5,
        "style": "jazz",
    }
    assert "keeps its own" not in result.stderr
    for mode in ("drumify", "add", "continue"):
        assert generate(mode, "--level", 70).exit_code == 0
        assert players[-1].partial.conditions == Conditions(level=70)
    assert generate("fill", "--bars", 2, "--push", -8).exit_code == 0
    assert players[-1].partial.conditions == Conditions(push=-8)
    assert generate("groove", "--level", 9, inputs=("plain", "rich")).exit_code == 0
    assert players[-1].partial.conditions == Conditions(level=9)


def test_what_an_input_tells_is_reported(generate, players):
    result = generate("humanize", "--level", 70, inputs=("plain", "pattern"))
    lines = [x for x in result.stderr.splitlines() if "keeps its own" in x]
    text = " ".join(result.stderr.split())
    assert len(lines) == 1
    assert "plain.mid keeps its own push +" in text
    assert "(--push, --range, --looseness for another)." in text
    first, second = (partial.conditions for partial, _ in players[0].seen)
    assert set(first.said) == {"level", "range", "push", "looseness"}
    assert second == Conditions(level=70)


def test_playing_like_other_bars(generate, takes, players):
    result = generate("humanize", "--like", f"{takes['rich']}:2", inputs=("pattern",))
    assert result.exit_code == 0, result.output
    assert len(players[-1].partial.hits) == 16 * 4
    generate("humanize", "--like", takes["rich"], inputs=("pattern",))
    assert len(players[-1].partial.hits) == 16 * 7
    (played,) = outputs(generate("humanize", "--like", "1", inputs=("plain",)))
    given = read_midi(takes["plain"])
    first = column(given, "start_time") < 1.9
    for field in ("velocity", "start_time"):
        ours, theirs = column(played, field), column(given, field)
        np.testing.assert_array_equal(ours[first], theirs[first])
        assert (ours[~first] != theirs[~first]).any()
    generate("groove", "--like", "2", inputs=("pattern", "plain"))
    assert len(players[-1].partial.hits) == 16 * 4


def test_temperatures(generate, players):
    result = generate("humanize", "--json")
    assert json.loads(result.stdout)["temperature"] == 1.0
    assert generate("humanize", "--temperature", 0).exit_code == 0
    assert players[-1].seen[0][1].expected


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("fill",), "--mode fill takes the bars to play anew: --bars 5-6."),
        (("fill", "--bars", "5-99"), "has 8 bars, up to its last hit, and --bars says"),
        (("fill", "--bars", "x"), "--bars takes bars such as 5, 5-6 or 1-2,7"),
        (("fill", "--bars", "2", "--like", "1"), "--like names bars of the input"),
        (("humanize", "--level", 0), "--level must be 1 to 127 (MIDI velocity), got 0"),
        (("humanize", "--push", "1s"), "--push takes a length such as 12, 12ms or"),
        (("humanize", "--like", "1-9"), "and --like says 1-9: name bars from 1 to 8"),
        (("vary", "--level", 80), "--level has no effect with --mode vary"),
        (
            ("vary",),
            "a model that can encode, and the abilities of mask-fake are: fill",
        ),
        (("continue", "--bars", "5-6"), "Invalid value for '--bars'"),
    ],
)
def test_wrong_usage(generate, arguments, text):
    assert text in message(generate(*arguments))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("add", "--drums", "gong"), "Unknown drum 'gong'. Available: closed_hihat"),
        (("fill", "--bars", 1, "--drums", "tom"), "Did you mean 'toms'"),
        (("humanize", "--style", "polka"), "Unknown style 'polka'."),
        (("humanize", "--like", "none.mid"), "none.mid"),
    ],
)
def test_wrong_names(generate, arguments, text):
    assert text in message(generate(*arguments), code=1)


@pytest.mark.parametrize("mode", ["humanize", "add", "continue", "fill"])
def test_inputs_without_drums(generate, mode):
    more = ("--bars", "1") if mode == "fill" else ()
    result = generate(mode, *more, inputs=("melody",))
    assert "melody.mid has no drum notes" in message(result, code=1)


def test_a_family_that_plays_without_keras(generate, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    result = generate("humanize", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["runtime"] == "numpy"
    for more in (("--backend", "tensorflow"), ("--precision", "bfloat16")):
        text = message(generate("humanize", *more))
        assert "mask-fake is computed by NumPy in float32: leave --backend" in text


def test_an_error_leaves_no_folder(generate, monkeypatch, tmp_path):
    def fail(*_, **__):
        raise RunFolderError("the weights are damaged")

    monkeypatch.setattr(FakeFiller, "load", fail)
    result = generate("fill", "--bars", 1, "--output-dir", tmp_path / "new")
    assert "the weights are damaged" in message(result, code=1)
    assert not (tmp_path / "new").exists()


def test_models_that_do_not_fill(command, takes, tmp_path):
    trained = made("groovae_2bar_humanize")
    run = RunFolder.create(tmp_path / "vae", trained.config, {})
    save_weights(trained.model, run.weights_path)
    args = ("generate", "--run-dir", run.path, "--input", takes["plain"])
    result = command(*args, "--mode", "fill", "--bars", "2")
    assert "--mode fill needs a model that can fill, and the abilities" in message(
        result
    )
    result = command(*args, "--mode", "humanize", "--level", 80)
    assert "plays without --level: leave it out" in message(result)
    result = command(*args, "--mode", "humanize", "--like", "1")
    assert "plays without --like" in message(result)


def test_help_says_which_bars(command):
    text = " ".join(command("generate", "--mode", "fill", "--help").stdout.split())
    assert "--bars A-B Which bars to play anew" in text
    text = " ".join(command("generate", "--help").stdout.split())
    assert "--bars N Length of the outputs" in text
