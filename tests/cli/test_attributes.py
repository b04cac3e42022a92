from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from groovekit.generation.tasks.sample_long import sample_long
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.midi.files import write_midi
from groovekit.plugins import catalogue

FITTED = ("density", "velocity_range")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The shipped model in a folder of its own, without attributes."""
    folder = tmp_path_factory.mktemp("runs") / "r"
    unwanted = shutil.ignore_patterns("attributes.json")
    shutil.copytree(catalogue.preset_folder("groovae_4bar"), folder, ignore=unwanted)
    return folder


@pytest.fixture(scope="module")
def takes(tmp_path_factory):
    """Three takes of twelve bars, as different as the model's own music."""
    folder = tmp_path_factory.mktemp("takes")
    model = TrainedModel.load("groovae_4bar", runtime="numpy")
    for number, piece in enumerate(sample_long(model, 3, bars=12, seed=1)):
        write_midi(piece, folder / f"{number}.mid")
    return folder


def test_fit_list_and_measure(command, run, takes):
    names = [part for name in FITTED for part in ("--attribute", name)]
    given = ("--run-dir", run, "--examples", takes)
    result = command("attributes", "fit", *given, *names)
    assert result.exit_code == 0, result.output
    assert "27 windows of 3 sequences" in result.stderr
    path = run / "attributes.json"
    assert result.stdout.splitlines()[-1] == f"Wrote {path}"
    content = json.loads(path.read_text())
    assert content["names"] == list(FITTED)
    assert np.shape(content["attributes"]["density"]["direction"]) == (256,)
    assert content["attributes"]["density"]["mean"] == pytest.approx(1, abs=0.5)

    listed = command("attributes", "list", "--run-dir", run)
    assert listed.exit_code == 0, listed.output
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == [*FITTED]
    rows = json.loads(command("attributes", "list", "--run-dir", run, "--json").stdout)
    assert [row["name"] for row in rows["attributes"]] == [*FITTED]

    measured = command("attributes", "measure", *given, "--json")
    assert measured.exit_code == 0, measured.output
    value = json.loads(measured.stdout)
    assert value["windows"] == 27
    assert value["strengths"] == [-2, -1, 0, 1, 2]
    assert set(value["attributes"]["density"]["slopes"]) == set(FITTED)

    # Again: not without being asked to.
    again = command("attributes", "fit", *given, *names)
    assert (again.exit_code, "add --overwrite" in again.stderr) == (1, True)


def test_a_function_of_ones_own(command, run, takes, tmp_path, monkeypatch):
    (tmp_path / "my_attributes.py").write_text(
        "def strokes(drums):\n    return drums.hits.sum(axis=(1, 2))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    target = tmp_path / "mine.json"
    target.write_text("what was fitted before")
    given = ("--run-dir", run, "--examples", takes)
    fitted = command(
        "attributes",
        "fit",
        *given,
        "--function",
        "my_attributes:strokes",
        "--output",
        target,
        "--overwrite",
        "--json",
    )
    assert fitted.exit_code == 0, fitted.output
    value = json.loads(fitted.stdout)
    assert (value["path"], list(value["attributes"])) == (str(target), ["strokes"])
    measure = ("attributes", "measure", *given, "--attributes", target)
    # What the file names is not imported.
    refused = command(*measure)
    assert (refused.exit_code, "(--function" in refused.stderr) == (2, True)
    measured = command(*measure, "--function", "my_attributes:strokes")
    assert measured.exit_code == 0, measured.output
    header, row = measured.stdout.splitlines()[1:3]
    assert header.split() == ["ATTRIBUTE", "-2", "-1", "+0", "+1", "+2", "MONOTONE"]
    assert row.split()[0] == "strokes"


def test_directions_of_other_weights(command, tmp_path):
    folder = tmp_path / "r"
    shutil.copytree(catalogue.preset_folder("groovae_4bar"), folder)
    elsewhere = tmp_path / "copy.json"
    shutil.copy(folder / "attributes.json", elsewhere)
    listed = command("attributes", "list", "--run-dir", folder)
    assert listed.exit_code == 0, listed.output
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"x")
    measure = ("measure", "--run-dir", folder, "--examples", tmp_path)
    for args in (
        ("list", "--run-dir", folder),
        measure,
        (*measure, "--attributes", elsewhere),
    ):
        result = command("attributes", *args)
        assert result.exit_code == 1
        assert "fitted to other weights (groovae_4bar)" in result.stderr
        assert "attributes fit --overwrite" in " ".join(result.stderr.split())


def test_what_can_be_fitted(command):
    listed = command("attributes", "list")
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert names == catalogue.attributes.names()
    assert all(len(line.split()) > 3 for line in listed.stdout.splitlines())


def test_mistakes(command, run, takes, tmp_path):
    given = ("--run-dir", run, "--examples", takes)
    result = command("attributes", "fit", *given, "--attribute", "densitty")
    assert (result.exit_code, "'density'" in result.stderr) == (1, True)
    result = command("attributes", "fit", *given, "--function", "no_module_here:f")
    assert (result.exit_code, "cannot be imported" in result.stderr) == (1, True)
    result = command(
        "attributes", "measure", *given, "--attributes", tmp_path / "none.json"
    )
    assert (result.exit_code, "groovekit attributes fit" in result.stderr) == (1, True)
    assert command("attributes", "fit", "--run-dir", run).exit_code == 2
    # No music there: no folder is left behind.
    target = tmp_path / "new" / "a.json"
    (tmp_path / "empty").mkdir()
    given = ("--run-dir", run, "--examples", tmp_path / "empty", "--output", target)
    assert command("attributes", "fit", *given).exit_code == 1
    assert not target.parent.exists()
