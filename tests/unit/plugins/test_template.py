"""The package that ``groovekit plugins new`` writes."""

from __future__ import annotations

import ast
import configparser
import re
from pathlib import Path

import pytest
from helpers import scripts

import groovekit
from groovekit.errors import GroovekitError, UsageError
from groovekit.plugins.template import import_name, write_plugin

ROOT = Path(groovekit.__file__).parents[1]
EXAMPLE = ROOT / "examples" / "plugin"


def files(folder):
    return {
        p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()
    }


def test_the_template_is_the_example(tmp_path):
    if not EXAMPLE.is_dir():
        pytest.skip("the example is in a checkout only")
    wanted = scripts.load(ROOT / "tools" / "update_template.py").sources()
    written = files(write_plugin("swing_kit", tmp_path))
    assert written.keys() == wanted.keys(), "run: python tools/update_template.py"
    for name, path in wanted.items():
        assert written[name].read_bytes() == path.read_bytes(), (
            f"{name} differs; run: python tools/update_template.py"
        )


@pytest.mark.parametrize(
    ("name", "package"), [("swing_kit", "swing_kit"), ("my-beats2", "my_beats2")]
)
def test_names_follow_the_package(tmp_path, name, package):
    folder = write_plugin(name, tmp_path / "new" / "place")
    assert folder == tmp_path / "new" / "place" / name
    found = files(folder)
    assert f"{package}/__init__.py" in found
    assert f"{package}/py.typed" in found
    assert f"tests/test_{package}.py" in found
    settings = configparser.ConfigParser()
    settings.read(folder / "setup.cfg")
    assert settings["metadata"]["name"] == package.replace("_", "-")
    points = settings["options.entry_points"]
    groups = ("converters", "configs", "kit_maps", "heads", "encoders", "families")
    assert set(points) == {f"groovekit.{g}" for g in (*groups, "numpy_encoders")}
    lines = [line for text in points.values() for line in text.split("\n") if line]
    for line in lines:
        registered, module, attribute = re.split(r" = |:", line)
        assert registered.startswith(f"{package}.")
        source = folder / (module.replace(".", "/") + ".py")
        tree = ast.parse(source.read_text(encoding="utf-8"))
        defined = [n for n in tree.body if getattr(n, "name", None) == attribute]
        decorators = [ast.unparse(d) for d in defined[0].decorator_list]
        assert any(f"'{registered}'" in text for text in decorators)
    if package != "swing_kit":
        text = "\n".join(p.read_text(encoding="utf-8") for p in found.values())
        assert not re.search("swing.kit", text)


@pytest.mark.parametrize(
    "name",
    [
        *("-", "Swing", "swing.kit", "3step", "swing__kit", "_swing", "class", "json"),
        *("tests", "groovekit", "numpy", "../swing", "swing/kit", "schön"),
    ],
)
def test_other_names_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match=r"such as 'swing_kit', got '.*Choose another"):
        import_name(name)
    with pytest.raises(UsageError):
        write_plugin(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "swing_kit").mkdir()
    with pytest.raises(GroovekitError, match=r"Expected no .*swing_kit yet") as error:
        write_plugin("swing_kit", tmp_path)
    assert error.value.exit_code == 1
    assert not list((tmp_path / "swing_kit").iterdir())


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("full")

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OSError, match="full"):
        write_plugin("swing_kit", tmp_path)
    assert not list(tmp_path.iterdir())
