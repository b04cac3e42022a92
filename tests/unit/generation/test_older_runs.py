"""Run folders and presets of earlier versions load and play the same notes.

``golden/older_runs`` holds runs of tiny models as the first schema of ``config.json``
wrote them, one with kit maps from a user's own files, and what they played; and what
the shipped presets played then.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from groovekit.configs.run_folder import RunFolder
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.midi.files import write_midi

GOLDEN = Path(__file__).parents[2] / "golden" / "older_runs"
RUNS = sorted(path.parent.name for path in GOLDEN.glob("*/config.json"))
PRESETS = sorted(path.stem for path in (GOLDEN / "presets").iterdir())


def midi(sequence, folder):
    return write_midi(sequence, folder / "made.mid").read_bytes()


def test_there_are_some():
    assert len(RUNS) == 4
    assert len(PRESETS) == 1


@pytest.mark.parametrize("name", RUNS)
def test_a_run_plays_what_it_played(name, tmp_path):
    pytest.importorskip("h5py", reason="its weights are HDF5")
    # Wherever it lies now.
    folder = shutil.copytree(GOLDEN / name, tmp_path / "moved")
    model = TrainedModel.load(folder, runtime="numpy")
    for number, piece in enumerate(model.sample(2, seed=11, temperature=1.0), start=1):
        expected = (folder / f"expected-{number}.mid").read_bytes()
        assert midi(piece, tmp_path) == expected


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_resumed_with_its_own_config(name):
    run = RunFolder.open(GOLDEN / name)
    run.check_same(run.read_config())


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_plays_what_it_played(name, tmp_path):
    (piece,) = TrainedModel.load(name, runtime="numpy").sample(1, seed=11)
    assert midi(piece, tmp_path) == (GOLDEN / "presets" / f"{name}.mid").read_bytes()
