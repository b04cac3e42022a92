from __future__ import annotations

import pytest
from helpers import tiny

from groovekit.configs.presets import find_model, locate
from groovekit.configs.run_folder import RunFolder
from groovekit.errors import RunFolderError, UnknownNameError, UsageError


@pytest.fixture
def run(tmp_path):
    folder = RunFolder.create(tmp_path / "run", tiny.config("groovae_4bar"), {})
    folder.weights_path.write_bytes(b"")
    (folder.checkpoints / "step-00000003.npz").write_bytes(b"")
    return folder


def test_a_run_folder(run):
    for files in (find_model(run_dir=run.path), locate(run.path)):
        assert files.config == tiny.config("groovae_4bar")
        assert files.weights == run.weights_path
        assert files.kind == "run"


def test_a_preset_by_path(run):
    assert locate(str(run.path)).weights == run.weights_path
    assert find_model(preset=str(run.path)).kind == "preset"


@pytest.mark.parametrize(
    "name", ["model.safetensors", "model.weights.h5", "checkpoints/step-00000003.npz"]
)
def test_a_file_of_a_run_folder(run, name):
    (run.path / name).write_bytes(b"")
    files = find_model(checkpoint=run.path / name)
    assert files.config == tiny.config("groovae_4bar")
    assert files.weights == run.path / name
    assert locate(str(run.path / name)) == files


def test_a_file_elsewhere_needs_its_config(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="`config`"):
        find_model(checkpoint=path)
    files = find_model(checkpoint=path, config="groovae_2bar_humanize")
    assert files.config.name == "groovae_2bar_humanize"


def test_the_config_must_be_the_models(run):
    assert find_model(run_dir=run.path, config="groovae_4bar").kind == "run"
    for source in ({"run_dir": run.path}, {"checkpoint": run.weights_path}):
        with pytest.raises(UsageError, match="not groovae_2bar_humanize"):
            find_model(config="groovae_2bar_humanize", **source)


def test_another_name_of_the_same_config(tmp_path):
    config = tiny.config("groovae_2bar_hits_control_tfds")
    run = RunFolder.create(tmp_path, config, {})
    run.weights_path.write_bytes(b"")
    found = find_model(run_dir=tmp_path, config="groovae_2bar_hits_control")
    assert found.config == config


def test_one_source_only(run):
    with pytest.raises(UsageError, match="got `run_dir` and `checkpoint`"):
        find_model(run_dir=run.path, checkpoint=run.weights_path)


@pytest.mark.parametrize(
    "name",
    [
        "model.ckpt-1000",
        "model.ckpt-1000.index",
        "model.ckpt-1000.data-00000-of-00001",
        "groovae_4bar.tar",
        "groovae_4bar.tar.gz",
        "fb256.ckpt",
        "checkpoint",
    ],
)
def test_the_originals_checkpoints(tmp_path, name):
    with pytest.raises(RunFolderError, match="importing those is not there yet"):
        find_model(checkpoint=tmp_path / name, config="groovae_4bar")


def test_the_originals_checkpoint_by_its_prefix_and_folder(tmp_path):
    (tmp_path / "best.index").write_bytes(b"")
    for path in (tmp_path / "best", tmp_path):
        with pytest.raises(RunFolderError, match="importing those is not there yet"):
            find_model(checkpoint=path)


def test_no_such_thing(run, tmp_path):
    (tmp_path / "notes.txt").write_text("text")
    for path, message in (
        (tmp_path / "no.safetensors", "There is no checkpoint"),
        (run.path, "Give a run folder with `run_dir`"),
        (tmp_path / "notes.txt", "not a checkpoint of groovekit's"),
    ):
        with pytest.raises(RunFolderError, match=message):
            find_model(checkpoint=path)
    with pytest.raises(RunFolderError, match="no run folder"):
        find_model(run_dir=tmp_path / "nowhere")
    with pytest.raises(UnknownNameError, match="preset"):
        locate("nothing")
    run.weights_path.unlink()
    with pytest.raises(RunFolderError, match="no weights"):
        find_model(run_dir=run.path)


def test_a_config_alone_stands_for_its_preset(monkeypatch, run):
    from groovekit.plugins import catalogue

    with pytest.raises(RunFolderError, match=r"no trained model.*Available"):
        find_model(config="groovae_8bar")
    with pytest.raises(RunFolderError, match=r"`config='groovae_8bar'`\) and give it"):
        find_model(config="groovae_8bar")
    # One that a recipe trains.
    monkeypatch.setattr(catalogue.presets, "names", list)
    with pytest.raises(RunFolderError, match=r"`recipe='groovae_4bar'`\) and give it"):
        find_model(config="groovae_4bar")
    monkeypatch.undo()
    catalogue.register_preset("tests.tiny")(run.path)
    monkeypatch.setattr("groovekit.configs.presets.DEFAULT_PRESET", "tests.tiny")
    assert find_model().weights == run.weights_path
