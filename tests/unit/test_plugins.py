"""The registries groovekit has, and the report on installed plug-ins."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

import groovekit
from groovekit import plugins
from groovekit.errors import PluginLoadError, PluginNameError, UnknownNameError


def test_every_registry_has_a_group_and_a_decorator():
    assert [registry.group for registry in plugins.REGISTRIES] == [
        "groovekit.converters",
        "groovekit.configs",
        "groovekit.presets",
        "groovekit.kit_maps",
        "groovekit.heads",
        "groovekit.encoders",
        "groovekit.decoders",
    ]
    for registry in plugins.REGISTRIES:
        name = f"register_{registry.kind.replace(' ', '_')}"
        assert getattr(groovekit, name).__self__ is registry


CASES = [
    pytest.param(registry, name, id=f"{registry.kind} {name}")
    for registry in plugins.REGISTRIES
    if registry.kind not in {"head", "encoder", "decoder"}
    for name in registry.names()
]


def test_there_are_cases():
    assert len(CASES) >= 13


@pytest.mark.parametrize(("registry", "name"), CASES)
def test_every_builtin_can_be_had(registry, name):
    assert registry.get(name) is not None
    assert registry.describe(name).builtin


def test_every_model_part_can_be_had():
    # In a process of its own: model parts bring Keras.
    code = (
        "from groovekit import plugins\n"
        "for r in (plugins.heads, plugins.encoders, plugins.decoders):\n"
        "    assert r.names()\n"
        "    for name in r.names():\n"
        "        assert r.name_of(r.get(name)) == name, name\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_builtin_converters_know_their_names():
    for name in plugins.converters.names():
        assert plugins.converters.name_of(plugins.converters.get(name)) == name


def test_a_config_may_have_two_names():
    assert groovekit.get_config("groovae_2bar_hits_control") == groovekit.get_config(
        "groovae_2bar_hits_control_tfds"
    )


# Decorators --------------------------------------------------------------------------


def test_converter_has_to_be_a_frozen_dataclass():
    with pytest.raises(TypeError, match=r"@dataclass\(frozen=True\)"):

        @plugins.register_converter("my.converter")
        class Plain:
            pass

    with pytest.raises(TypeError, match="outermost"):

        @dataclasses.dataclass(frozen=True, slots=True)
        @plugins.register_converter("my.converter")
        class WrongOrder:
            size: int = 3

    @plugins.register_converter("my.converter")
    @dataclasses.dataclass(frozen=True, slots=True)
    class Right:
        size: int = 3

    assert plugins.converters.get("my.converter") is Right
    assert plugins.converters.name_of(Right()) == "my.converter"


def test_config_has_to_be_callable():
    with pytest.raises(TypeError, match="expected a function"):
        plugins.register_config("my.config")(3)


def test_public_decorators_are_enough_in_a_notebook():
    @groovekit.register_config("notebook.drums")
    def drums():
        return groovekit.get_config("groovae_4bar").replace(name="notebook.drums")

    assert groovekit.get_config("notebook.drums").name == "notebook.drums"
    with pytest.raises(PluginNameError):
        groovekit.register_config("drums")(drums)


# Presets -----------------------------------------------------------------------------


def test_preset_of_a_plugin_is_a_folder(fake_package, tmp_path):
    source = f"""
        from pathlib import Path

        def folder():
            return Path({str(tmp_path)!r})

        here = {str(tmp_path)!r}
        nowhere = Path(here) / "none"
        """
    points = {f"swing.{name}": f"swing_kit:{name}" for name in ("folder", "here")}
    points["swing.nowhere"] = "swing_kit:nowhere"
    fake_package("swing-kit", "0.3", {"groovekit.presets": points}, source)
    assert plugins.preset_folder("swing.folder") == tmp_path
    assert plugins.preset_folder("swing.here") == tmp_path
    with pytest.raises(
        PluginLoadError, match=r"\(swing-kit 0\.3\).*should be a folder"
    ):
        plugins.preset_folder("swing.nowhere")
    with pytest.raises(UnknownNameError, match="Unknown preset"):
        plugins.preset_folder("swing.something")


# The report --------------------------------------------------------------------------


def test_no_plugins_no_report():
    assert plugins.installed_plugins() == []


def test_report_groups_by_package_and_marks_problems(fake_package):
    fake_package(
        "swing-kit",
        "0.3",
        {
            "groovekit.configs": {"swing.x": "swing_kit:x"},
            "groovekit.kit_maps": {"swing.kit": "swing_kit:kit"},
        },
        "def x(): ...\nkit = 3\n",
    )
    fake_package("bad-one", "1.0", {"groovekit.configs": {"bad.x": "bad_one:x"}})
    bad, swing = plugins.installed_plugins()
    assert (swing.package, swing.version) == ("swing-kit", "0.3")
    assert [(o.kind, o.name, o.origin, o.problem) for o in swing.offers] == [
        ("config", "swing.x", "swing_kit:x", None),
        ("kit map", "swing.kit", "swing_kit:kit", None),
    ]
    assert bad.offers[0].problem is None
    assert "bad_one" not in sys.modules

    bad, swing = plugins.installed_plugins(check=True)
    assert "AttributeError" in bad.offers[0].problem
    assert [offer.problem for offer in swing.offers] == [None, None]
