"""The registries groovekit has, and the report on installed plug-ins."""

from __future__ import annotations

import dataclasses
import sys

import pytest

import groovekit
from groovekit.errors import PluginLoadError, PluginNameError, UnknownNameError
from groovekit.plugins import catalogue


def test_every_registry_has_a_group_and_a_decorator():
    assert [registry.group for registry in catalogue.REGISTRIES] == [
        "groovekit.converters",
        "groovekit.families",
        "groovekit.configs",
        "groovekit.presets",
        "groovekit.kit_maps",
        "groovekit.heads",
        "groovekit.encoders",
        "groovekit.decoders",
        "groovekit.numpy_heads",
        "groovekit.numpy_encoders",
        "groovekit.numpy_decoders",
        "groovekit.attributes",
        "groovekit.modes",
    ]
    for registry in catalogue.REGISTRIES:
        name = f"register_{registry.kind.replace(' ', '_')}"
        assert getattr(groovekit, name).__self__ is registry


CASES = [
    pytest.param(registry, name, id=f"{registry.kind} {name}")
    for registry in catalogue.REGISTRIES
    if registry.kind not in {"head", "encoder", "decoder"}
    for name in registry.names()
]


def test_there_are_cases():
    assert len(CASES) >= 13


@pytest.mark.parametrize(("registry", "name"), CASES)
def test_every_builtin_can_be_had(registry, name):
    assert registry.get(name) is not None
    assert registry.describe(name).builtin


def test_builtin_converters_know_their_names():
    for name in catalogue.converters.names():
        assert catalogue.converters.name_of(catalogue.converters.get(name)) == name


def test_a_config_may_have_two_names():
    assert groovekit.get_config("groovae_2bar_hits_control") == groovekit.get_config(
        "groovae_2bar_hits_control_tfds"
    )


# Decorators --------------------------------------------------------------------------


def test_converter_has_to_be_a_frozen_dataclass():
    with pytest.raises(TypeError, match=r"@dataclass\(frozen=True\)"):

        @catalogue.register_converter("my.converter")
        class Plain:
            pass

    with pytest.raises(TypeError, match="outermost"):

        @dataclasses.dataclass(frozen=True, slots=True)
        @catalogue.register_converter("my.converter")
        class WrongOrder:
            size: int = 3

    @catalogue.register_converter("my.converter")
    @dataclasses.dataclass(frozen=True, slots=True)
    class Right:
        size: int = 3

    assert catalogue.converters.get("my.converter") is Right
    assert catalogue.converters.name_of(Right()) == "my.converter"


def test_config_has_to_be_callable():
    with pytest.raises(TypeError, match="expected a function"):
        catalogue.register_config("my.config")(3)


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
    assert catalogue.preset_folder("swing.folder") == tmp_path
    assert catalogue.preset_folder("swing.here") == tmp_path
    with pytest.raises(
        PluginLoadError, match=r"\(swing-kit 0\.3\).*should be a folder"
    ):
        catalogue.preset_folder("swing.nowhere")
    with pytest.raises(UnknownNameError, match="Unknown preset"):
        catalogue.preset_folder("swing.something")


# The report --------------------------------------------------------------------------


def test_no_plugins_no_report():
    assert catalogue.installed_plugins() == []


def test_report_groups_by_package_and_marks_problems(fake_package):
    fake_package(
        "swing-kit",
        "0.3",
        {
            "groovekit.configs": {"swing.x": "swing_kit:x"},
            "groovekit.kit_maps": {"swing.kit": "swing_kit:kit"},
        },
        "def x(): raise SystemExit('no')\nkit = 3\n",
    )
    fake_package("bad-one", "1.0", {"groovekit.configs": {"bad.x": "bad_one:x"}})
    bad, swing = catalogue.installed_plugins()
    assert (swing.package, swing.version) == ("swing-kit", "0.3")
    assert [(o.kind, o.name, o.origin, o.problem) for o in swing.offers] == [
        ("config", "swing.x", "swing_kit:x", None),
        ("kit map", "swing.kit", "swing_kit:kit", None),
    ]
    assert bad.offers[0].problem is None
    assert "bad_one" not in sys.modules

    bad, swing = catalogue.installed_plugins(check=True)
    assert "AttributeError" in bad.offers[0].problem
    failing, wrong = (offer.problem for offer in swing.offers)
    assert "comes from swing_kit:x (swing-kit 0.3), which failed: SystemExit" in failing
    assert "(swing-kit 0.3) and gives int, not KitMap" in wrong
    only = catalogue.installed_plugins(package="Swing_Kit")
    assert [plugin.package for plugin in only] == ["swing-kit"]


def test_functions_of_plugins_that_fail_are_named(fake_package):
    source = """
        from groovekit.converters.kits import KitMap
        def broken(): raise KeyError("pads")
        def nothing(): ...
        def good(): return KitMap("good", ((36,),))
    """
    points = {
        f"groovekit.{group}": {
            f"swing.{name}": f"swing_kit:{name}" for name in ("broken", "nothing")
        }
        for group in ("configs", "kit_maps", "presets")
    }
    points["groovekit.kit_maps"]["swing.good"] = "swing_kit:good"
    fake_package("swing-kit", "0.3", points, source)
    assert groovekit.get_kit("swing.good").classes == ((36,),)
    for get in (groovekit.get_config, groovekit.get_kit, catalogue.preset_folder):
        with pytest.raises(
            PluginLoadError, match=r"swing-kit 0\.3\).*KeyError: 'pads'"
        ):
            get("swing.broken")
        with pytest.raises(PluginLoadError, match="gives NoneType, not"):
            get("swing.nothing")
    problems = {
        (offer.kind, offer.name): offer.problem
        for offer in catalogue.installed_plugins(check=True)[0].offers
    }
    assert problems.pop(("kit map", "swing.good")) is None
    assert None not in problems.values()
    assert len(problems) == 6
