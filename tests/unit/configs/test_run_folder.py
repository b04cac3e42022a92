from __future__ import annotations

import dataclasses
import json
import os
import stat

import pytest
from helpers.installed import needs_keras

from groovekit.configs import run_folder as runs
from groovekit.configs.base import get_config
from groovekit.configs.metadata import make_metadata
from groovekit.configs.presets import resolve_preset
from groovekit.configs.run_folder import RunFolder
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import RunFolderError, UnknownNameError, WriteError
from groovekit.io.files import write_file
from groovekit.plugins import catalogue

DATA = {"fingerprint": "ab" * 16, "examples": "drums.tfrecord", "windows": 1234}


@pytest.fixture
def config():
    return get_config("groovae_4bar")


@pytest.fixture
def metadata(config):
    return make_metadata(
        config, backend="tensorflow", seed=3, parameters=5_000_000, data=DATA
    )


@pytest.fixture
def run(tmp_path, config, metadata):
    return RunFolder.create(tmp_path / "runs" / "x", config, metadata)


# Writing ------------------------------------------------------------------------


def test_contents_of_every_kind(tmp_path):
    write_file(tmp_path / "a" / "x.txt", "größer")
    assert (tmp_path / "a" / "x.txt").read_bytes() == "größer".encode()
    write_file(tmp_path / "a" / "x.txt", b"b")
    assert (tmp_path / "a" / "x.txt").read_bytes() == b"b"
    names = []

    def write(path):
        names.append(path.name)
        path.write_text("c")

    write_file(tmp_path / "model.weights.h5", write)
    assert (tmp_path / "model.weights.h5").read_text() == "c"
    # Keras insists on the suffix.
    assert names[0].endswith(".weights.h5")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "model.weights.h5"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(path, fail)

    def full(temporary):
        raise OSError(28, "No space left on device")

    with pytest.raises(WriteError, match=r"No space left.*Choose another folder"):
        write_file(path, full)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_unwritable_places(tmp_path, config, metadata):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(WriteError, match="Cannot write"):
        write_file(blocked / "x", b"")
    with pytest.raises(WriteError, match=r"Cannot write .*Choose another folder"):
        RunFolder.create(blocked, config, metadata)


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind")
def test_files_have_ordinary_permissions(run):
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(run.config_path.stat().st_mode) == 0o666 & ~umask


# Folders ------------------------------------------------------------------------


@needs_keras
def test_a_run_explains_itself(run, config, metadata):
    again = RunFolder.open(str(run.path))
    assert again.read_config() == config
    assert again.read_metadata() == metadata
    assert run.checkpoints.is_dir()
    assert run.logs.is_dir()
    for key in ("groovekit", "keras", "numpy", "python"):
        assert metadata["versions"][key]
    assert metadata["seed"] == 3
    assert metadata["plugins"] == []
    text = run.config_path.read_text()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
    assert json.loads(text)["schema_version"] == 3


def test_an_existing_run_is_not_replaced(run, config, metadata):
    with pytest.raises(RunFolderError, match=r"already holds a run.*`overwrite=True`"):
        RunFolder.create(run.path, config, metadata)


def test_other_files_in_the_folder_stay(tmp_path, config, metadata):
    (tmp_path / "notes.txt").write_text("mine")
    run = RunFolder.create(tmp_path, config, metadata)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert RunFolder.is_run(run.path)


def test_folders_that_are_no_runs(tmp_path):
    with pytest.raises(RunFolderError, match="There is no run folder"):
        RunFolder.open(tmp_path / "nothing")
    with pytest.raises(RunFolderError, match=r"it has no config\.json"):
        RunFolder.open(tmp_path)
    (tmp_path / "model.ckpt-0.index").write_bytes(b"")
    with pytest.raises(RunFolderError, match="TensorFlow checkpoints"):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"config\.json is damaged"),
        ("[]", "should hold a table"),
        ('{"schema_version": 7}', "schema version 7.*upgrade groovekit"),
        ('{"name": "x"}', "no 'converter'"),
    ],
)
def test_configs_that_cannot_be_read(run, text, message):
    run.config_path.write_text(text)
    with pytest.raises(RunFolderError, match=message):
        run.read_config()


def test_metadata_of_a_newer_schema(run):
    run.metadata_path.write_text('{"schema_version": 7}')
    with pytest.raises(RunFolderError, match=r"metadata\.json.*schema version 7"):
        run.read_metadata()
    run.metadata_path.unlink()
    assert run.read_metadata() == {}


def test_missing_weights(run):
    with pytest.raises(RunFolderError, match="no weights"):
        run.require_weights()
    run.weights_path.write_bytes(b"")
    assert run.require_weights() == run.weights_path


def test_a_missing_plug_in_is_named_with_its_package(
    tmp_path, config, fake_package, monkeypatch
):
    source = """
        import dataclasses
        from groovekit.converters.groove import GrooveConverter
        @dataclasses.dataclass(frozen=True)
        class Swing(GrooveConverter):
            ratio: float = 0.6
    """
    points = {"groovekit.converters": {"swing_kit.groove": "swing_kit:Swing"}}
    fake_package("swing-kit", "0.3", points, source)
    swing = catalogue.converters.get("swing_kit.groove")(bars=2)
    config = config.replace(converter=swing)
    metadata = make_metadata(config, backend="jax", seed=1, parameters=1)
    assert metadata["plugins"] == [
        {
            "kind": "converter",
            "name": "swing_kit.groove",
            "package": "swing-kit",
            "version": "0.3",
        }
    ]
    run = RunFolder.create(tmp_path / "run", config, metadata)
    assert run.read_config() == config
    monkeypatch.setattr(catalogue.converters, "get", _unknown)
    with pytest.raises(RunFolderError, match=r"swing-kit 0\.3: install that"):
        run.read_config()


def _unknown(name):
    raise UnknownNameError(name)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("head", lambda c: {"decoder": dataclasses.replace(c.decoder, head=PART)}),
        ("decoder", lambda c: {"decoder": dataclasses.replace(c.decoder, kind=PART)}),
        ("encoder", lambda c: {"encoder": dataclasses.replace(c.encoder, kind=PART)}),
        ("kit map", lambda _: {"converter": GrooveConverter(output_kit=PART)}),
    ],
)
def test_every_missing_part_is_named_with_its_package(
    tmp_path, config, fake_package, monkeypatch, kind, change
):
    source = """
        from groovekit.converters.kits import KitMap
        part = KitMap("mine", tuple((36 + i,) for i in range(9)))
    """
    points = {f"groovekit.{kind.replace(' ', '_')}s": {PART: "swing_kit:part"}}
    fake_package("swing-kit", "0.3", points, source)
    config = config.replace(**change(config))
    metadata = make_metadata(config, backend="jax", seed=1, parameters=1)
    assert [(t["kind"], t["name"]) for t in metadata["plugins"]] == [(kind, PART)]
    run = RunFolder.create(tmp_path / "run", config, metadata)
    assert run.read_config() == config
    if kind == "kit map":
        # The run has all of it; up to schema 1 it had the name alone.
        monkeypatch.setenv("GROOVEKIT_PLUGINS", "0")
        assert run.read_config() == config
        as_schema_1(run, output_kit=PART)
    monkeypatch.setenv("GROOVEKIT_PLUGINS", "0")
    with pytest.raises(
        RunFolderError,
        match=rf"config's {kind} 'swing_kit\.part' is not .*swing-kit 0\.3: install",
    ):
        run.read_config()


PART = "swing_kit.part"


# Resuming -----------------------------------------------------------------------


def test_the_same_run_goes_on(run, config):
    run.check_same(config, DATA["fingerprint"])
    run.check_same(config.replace(description="other words"))


def test_another_config_is_named_field_by_field(run, config):
    other = config.with_overrides("z_size=7,enc_rnn_size=[9,8]").replace(
        converter=GrooveConverter(bars=2)
    )
    with pytest.raises(RunFolderError) as caught:
        run.check_same(other)
    text = str(caught.value)
    assert "  latent.z_size: 256, now 7\n" in text
    assert "  encoder.rnn_size: [512], now [9, 8]\n" in text
    assert "  converter.bars: 4, now 2\n" in text
    assert "training" not in text


def test_other_examples_are_named(run, config):
    with pytest.raises(RunFolderError, match=r"drums\.tfrecord.*1,234 windows, now cd"):
        run.check_same(config, "cd" * 16)


def test_differences_show_what_is_missing(config):
    with_option = config.with_overrides("decoder.head_options.bins=8")
    assert runs.differences(config, with_option) == [
        "decoder.head_options.bins: none, now 8"
    ]


# The user's kit maps ------------------------------------------------------------


def write_kit(path, *pitches, name="pads"):
    classes = [{"name": f"pad {p}", "pitches": [p]} for p in pitches]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"name": name, "classes": classes}))
    return str(path)


@pytest.fixture
def kit_config(tmp_path, config):
    """A config with two different kit maps of one file name."""
    kit = write_kit(tmp_path / "a" / "pads.json", 60, 61)
    output_kit = write_kit(tmp_path / "b" / "pads.json", 36, 38)
    return config.replace(
        converter=GrooveConverter(bars=4, kit=kit, output_kit=output_kit)
    )


def test_a_moved_run_has_its_kit_maps(tmp_path, kit_config, metadata):
    run = RunFolder.create(tmp_path / "run", kit_config, metadata)
    table = json.loads(run.config_path.read_text())
    pads = [{"name": f"pad {p}", "pitches": [p]} for p in (60, 61)]
    assert table["converter"]["kit"]["name"] == "pads"
    assert table["converter"]["kit"]["classes"] == pads
    moved = RunFolder((tmp_path / "run").rename(tmp_path / "moved"))
    for folder in ("a", "b"):
        (tmp_path / folder / "pads.json").unlink()
    converter = moved.read_config().converter
    assert str(converter.kit) == "pads"
    assert converter.kit_map.classes == ((60,), (61,))
    assert converter.output_kit_map.classes == ((36,), (38,))
    # As a preset or another run of it: complete again.
    copy = RunFolder(tmp_path / "copy")
    copy.write_config(moved.read_config())
    assert copy.config_path.read_text() == moved.config_path.read_text()


def as_schema_1(run, **converter):
    """Writes a run's config as the first schema had it."""
    table = json.loads(run.config_path.read_text())
    table |= table.pop(table.pop("family"))
    table["schema_version"] = 1
    table["converter"] |= converter
    run.config_path.write_text(json.dumps(table))


def test_a_moved_run_of_schema_1_has_its_kit_maps(tmp_path, config, metadata):
    run = RunFolder.create(tmp_path / "run", config, metadata)
    write_kit(run.path / "kits" / "pads.json", 60, 61)
    write_kit(run.path / "kits" / "pads-2.json", 36, 38)
    as_schema_1(run, kit="kits/pads.json", output_kit="kits/pads-2.json")
    moved = RunFolder((tmp_path / "run").rename(tmp_path / "moved"))
    converter = moved.read_config().converter
    assert str(converter.kit) == str(tmp_path / "moved" / "kits" / "pads.json")
    assert converter.kit_map.classes == ((60,), (61,))
    assert converter.output_kit_map.classes == ((36,), (38,))
    # As a preset or another run of it: complete again, without these files.
    copy = RunFolder(tmp_path / "copy")
    copy.write_config(moved.read_config())
    assert copy.read_config() == moved.read_config()
    (moved.path / "kits" / "pads.json").unlink()
    with pytest.raises(RunFolderError, match=r"has no kits/pads\.json.*converter\.kit"):
        moved.read_config()


def test_resuming_compares_the_contents_of_kit_maps(tmp_path, kit_config, metadata):
    run = RunFolder.create(tmp_path / "run", kit_config, metadata)
    run.check_same(kit_config)
    run.check_same(run.read_config())
    write_kit(tmp_path / "a" / "pads.json", 60, 62)
    assert run.read_config().converter.kit_map.classes == ((60,), (61,))
    changed = dataclasses.replace(
        kit_config.converter, kit=kit_config.converter.kit.source
    )
    kit_config = kit_config.replace(converter=changed)
    with pytest.raises(RunFolderError, match=r"kit\.classes\.1\.pitches: \[61\], now"):
        run.check_same(kit_config)


def test_a_registered_name_is_no_file(tmp_path, config, metadata, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("roland_td11", "groove"):
        (tmp_path / name).write_text("{}")
    assert GrooveConverter(bars=4) == config.converter
    write_kit(tmp_path / "pads", *range(9))
    converter = GrooveConverter(bars=4, kit="pads")
    run = RunFolder.create("run", config.replace(converter=converter), metadata)
    (tmp_path / "pads").unlink()
    assert run.read_config().converter.kit.classes == tuple((p,) for p in range(9))


def test_kit_maps_of_groovekit_are_written_by_name(run):
    table = json.loads(run.config_path.read_text())
    kits = [table["converter"][field] for field in ("kit", "output_kit")]
    assert kits == ["roland_td11", "general_midi"]


def test_a_run_that_calls_another_kit_map_by_that_name_has_its_own(
    tmp_path, config, metadata
):
    kit = write_kit(tmp_path / "a.json", *range(9), name="roland_td11")
    converter = GrooveConverter(bars=4, kit=kit)
    run = RunFolder.create(
        tmp_path / "run", config.replace(converter=converter), metadata
    )
    assert run.read_config().converter.kit.classes == tuple((p,) for p in range(9))
    found = runs.differences(run.read_config(), config)
    assert "converter.kit.classes.0.pitches: [0], now [36]" in found


def test_families_are_told(run):
    table = json.loads(run.config_path.read_text())
    assert (table["schema_version"], table["family"]) == (3, "vae")
    assert sorted(table["vae"]) == ["decoder", "encoder", "latent"]
    table["family"] = "diffusion"
    run.config_path.write_text(json.dumps(table))
    with pytest.raises(RunFolderError, match=r"Unknown family 'diffusion'.* upgrade"):
        run.read_config()


# Presets ------------------------------------------------------------------------


def test_presets_by_name_and_path(run, tmp_path, monkeypatch):
    assert resolve_preset(str(run.path)) == run.path
    catalogue.register_preset("tests.mine")(lambda: run.path)
    assert resolve_preset("tests.mine") == run.path
    with pytest.raises(UnknownNameError, match=r"Did you mean 'tests\.mine'"):
        resolve_preset("tests.min")
    with pytest.raises(RunFolderError, match="no preset and no folder"):
        resolve_preset(str(tmp_path / "nothing"))
    with pytest.raises(RunFolderError, match="not a run folder"):
        resolve_preset(str(tmp_path))
    monkeypatch.chdir(run.path.parent)
    assert resolve_preset("x").resolve() == run.path.resolve()


def test_weights_of_earlier_versions(tmp_path):
    run = RunFolder.create(tmp_path, get_config("groovae_4bar"), {})
    assert run.weights is None
    run.old_weights_path.write_bytes(b"")
    assert run.require_weights() == run.old_weights_path
    run.weights_path.write_bytes(b"")
    assert run.require_weights() == run.weights_path
