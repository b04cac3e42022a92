"""The registry's contract: who may take which name, and what the errors say."""

from __future__ import annotations

import dataclasses
import importlib
import sys
import types
import warnings
from collections.abc import Callable

import pytest

from groovekit.errors import (
    DuplicateNameError,
    GroovekitError,
    PluginLoadError,
    PluginNameError,
    UnknownNameError,
)
from groovekit.plugins.registry import Entry, Registry, import_target

GROUP = "groovekit.configs"


def make(**builtins: str) -> Registry[object]:
    return Registry("config", GROUP, builtins or {"path": "os.path:join"})


def function_of(module: str) -> Callable[[], str]:
    """A function called ``thing`` that says it was defined in ``module``."""

    def thing() -> str:
        return module

    thing.__module__, thing.__qualname__ = module, "thing"
    return thing


# Names and decorators --------------------------------------------------------------


def test_builtins_are_imported_on_first_use():
    registry = make(chaos="colorsys:rgb_to_hsv", other="no_such_module_at_all:x")
    sys.modules.pop("colorsys", None)
    assert registry.names() == ["chaos", "other"]
    assert "colorsys" not in sys.modules
    assert registry.get("chaos")(1, 1, 1) == (0.0, 0.0, 1)


def test_import_target_follows_dots():
    import pathlib

    assert import_target("pathlib:Path.cwd") == pathlib.Path.cwd


def test_decorator_registers_and_returns_its_object():
    registry = make()

    @registry.register("mine.thing")
    def thing():
        return 3

    assert thing() == 3
    assert registry.get("mine.thing") is thing
    assert registry.names() == ["mine.thing", "path"]


def test_the_same_object_may_register_again():
    registry = make()
    thing = function_of("swing_kit")
    registry.register("swing.thing")(thing)
    registry.register("swing.thing")(thing)
    reloaded = function_of("swing_kit")
    registry.register("swing.thing")(reloaded)
    assert registry.get("swing.thing") is reloaded


def test_taken_name_shows_both_objects():
    registry = make()
    registry.register("swing.thing")(function_of("swing_kit"))
    with pytest.raises(
        DuplicateNameError,
        match=r"config name 'swing\.thing' is already taken by swing_kit:thing; "
        r"cannot give it to other_kit:thing\.",
    ):
        registry.register("swing.thing")(function_of("other_kit"))
    assert registry.get("swing.thing").__module__ == "swing_kit"


def test_builtins_cannot_be_replaced_by_a_decorator():
    registry = make()
    with pytest.raises(
        DuplicateNameError,
        match=r"'path' is already taken by os\.path:join; cannot give it to swing_kit:",
    ):
        registry.register("path")(function_of("swing_kit"))


def test_two_lambdas_are_two_objects():
    registry = make()
    registry.register("a.b")(lambda: 1)
    with pytest.raises(DuplicateNameError):
        registry.register("a.b")(lambda: 2)


def test_name_without_a_dot_belongs_to_groovekit():
    registry = make()
    with pytest.raises(
        PluginNameError, match=r"'thing' has no dot: .* Call it 'swing_kit\.thing'\."
    ):
        registry.register("thing")(function_of("swing_kit.deep.module"))
    with pytest.raises(PluginNameError, match=r"Call it 'my\.thing'"):
        registry.register("thing")(function_of("__main__"))
    registry.register("thing")(function_of("groovekit.configs.new"))
    assert "thing" in registry.names()


def test_an_instance_belongs_to_the_module_that_registers_it():
    registry = make()
    namespace = {"__name__": "swing_kit.kits", "registry": registry}
    with pytest.raises(PluginNameError, match=r"'swing_kit\.thing'"):
        exec("registry.register('thing')(object())", namespace)
    exec("registry.register('swing.thing')(3)", namespace)
    assert registry.get("swing.thing") == 3
    assert registry.describe("swing.thing").package == "swing_kit"


@pytest.mark.parametrize(
    "name", ["Swing.thing", "a b.c", "a.", ".a", "", "a..b", "ä.b"]
)
def test_names_have_few_characters(name):
    with pytest.raises(PluginNameError, match="is not a valid name"):
        make().register(name)


def test_unknown_name_suggests_close_ones_first():
    registry = make(groovae_4bar="x:y", other="x:z")
    with pytest.raises(UnknownNameError) as caught:
        registry.get("groovae_4baar")
    assert str(caught.value) == (
        "Unknown config 'groovae_4baar'. Did you mean 'groovae_4bar'? "
        "Available: groovae_4bar, other."
    )
    with pytest.raises(UnknownNameError, match="Available"):
        registry.describe("nothing-like-it")


def test_check_refuses_objects_of_another_kind():
    def check(found: object) -> None:
        if not callable(found):
            raise TypeError("not callable")

    registry: Registry[object] = Registry("config", GROUP, check=check)
    with pytest.raises(TypeError, match="not callable"):
        registry.register("a.b")(3)
    assert registry.names() == []


# Installed packages ------------------------------------------------------------------


SWING = "def thing(): return 'swing'\n"


def test_listing_imports_nothing_and_use_imports_one(fake_package):
    fake_package("swing-kit", "0.3", {GROUP: {"swing.thing": "swing_kit:thing"}}, SWING)
    fake_package("bad-one", "1.0", {GROUP: {"bad.thing": "bad_one:x"}}, "1 / 0")
    registry = make()
    assert registry.names() == ["bad.thing", "path", "swing.thing"]
    assert registry.describe("swing.thing") == Entry(
        "swing.thing", "swing_kit:thing", "swing-kit", "0.3", builtin=False
    )
    assert not {"swing_kit", "bad_one"} & set(sys.modules)
    assert registry.get("swing.thing")() == "swing"
    assert "bad_one" not in sys.modules


def test_broken_plugin_is_named_and_isolated(fake_package):
    points = {GROUP: {"broken.thing": "bad_one:X", "broken.other": "bad_one:Y"}}
    fake_package("bad-one", "1.0", points, "import no_such_module_here\n")
    fake_package("swing-kit", "0.3", {GROUP: {"swing.thing": "swing_kit:thing"}}, SWING)
    registry = make()
    with pytest.raises(
        PluginLoadError,
        match=r"config 'broken\.thing' comes from bad_one:X \(bad-one 1\.0\), which "
        r"failed to import: ModuleNotFoundError: No module named 'no_such_module_here'",
    ) as caught:
        registry.get("broken.thing")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert registry.get("swing.thing")() == "swing"
    assert registry.get("path")("a", "b")
    with pytest.raises(UnknownNameError, match=r"Did you mean 'swing\.thing'"):
        registry.get("swing.thin")


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("", "AttributeError"),
        ("def thing(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("thing = 3", "TypeError: no function"),
    ],
)
def test_every_way_to_fail_is_the_plugins(fake_package, source, cause):
    def check(found: object) -> None:
        if not callable(found):
            raise TypeError("no function")

    fake_package("bad-one", "1.0", {GROUP: {"bad.thing": "bad_one:thing"}}, source)
    registry: Registry[object] = Registry("config", GROUP, check=check)
    with pytest.raises(PluginLoadError, match=rf"\(bad-one 1\.0\).*{cause}"):
        registry.get("bad.thing")


def test_decorator_that_runs_during_the_import_is_the_same_object(
    fake_package, monkeypatch
):
    registry = make()
    module = types.ModuleType("registry_under_test")
    module.registry = registry
    monkeypatch.setitem(sys.modules, "registry_under_test", module)
    fake_package(
        "swing-kit",
        "0.3",
        {GROUP: {"swing.thing": "swing_kit:thing"}},
        """
        from registry_under_test import registry

        @registry.register("swing.thing")
        def thing():
            return "swing"
        """,
    )
    found = registry.get("swing.thing")
    assert registry.get("swing.thing") is found
    assert [e.name for e in registry.entries()] == ["path", "swing.thing"]
    assert registry.name_of(found) == "swing.thing"


def test_two_packages_with_one_name_are_an_error_on_use(fake_package):
    points = {"swing.thing": "swing_kit:thing", "swing.other": "swing_kit:thing"}
    fake_package("swing-kit", "0.3", {GROUP: points}, SWING)
    fake_package("bad-one", "1.0", {GROUP: {"swing.thing": "bad_one:X"}})
    registry = make()
    assert registry.names() == ["path", "swing.other", "swing.thing"]
    message = (
        r"config name 'swing\.thing' is offered by several packages: "
        r"bad_one:X \(bad-one 1\.0\), swing_kit:thing \(swing-kit 0\.3\)\."
    )
    with pytest.raises(DuplicateNameError, match=message):
        registry.get("swing.thing")
    assert registry.get("swing.other")() == "swing"
    problems = {(e.name, e.package): e.problem for e in registry.entries()}
    assert "several packages" in problems["swing.thing", "bad-one"]
    assert "several packages" in problems["swing.thing", "swing-kit"]
    assert problems["swing.other", "swing-kit"] is None


def test_installed_name_taken_by_a_decorator_is_an_error_on_use(fake_package):
    fake_package("swing-kit", "0.3", {GROUP: {"swing.thing": "swing_kit:thing"}}, SWING)
    registry = make()
    registry.register("swing.thing")(function_of("notebook"))
    with pytest.raises(
        DuplicateNameError, match=r"notebook:thing.*swing_kit:thing \(swing-kit 0\.3\)"
    ):
        registry.get("swing.thing")


def test_builtin_stays_with_one_warning(fake_package):
    fake_package("swing-kit", "0.3", {GROUP: {"path": "swing_kit:thing"}}, SWING)
    registry = make()
    with pytest.warns(
        UserWarning, match=r"swing_kit:thing \(swing-kit 0\.3\) offers a config called "
    ) as caught:
        found = registry.get("path")
    assert len(caught) == 1
    assert found("a") == "a"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry.get("path")
        registry.names()
    own, offered = registry.entries()
    assert own.builtin
    assert own.problem is None
    assert offered.package == "swing-kit"
    assert "groovekit's own" in offered.problem
    assert "swing_kit" not in sys.modules
    assert registry.describe("path").builtin


def test_offered_name_without_a_dot_is_refused(fake_package):
    fake_package("swing-kit", "0.3", {GROUP: {"thing": "swing_kit.a:thing"}}, SWING)
    registry = make()
    assert registry.names() == ["path"]
    with pytest.raises(PluginNameError, match=r"Call it 'swing_kit\.thing'.*swing-kit"):
        registry.get("thing")
    assert "has no dot" in registry.describe("thing").problem
    assert "swing_kit" not in sys.modules


def test_environment_switches_plugins_off(fake_package, monkeypatch):
    fake_package("swing-kit", "0.3", {GROUP: {"swing.thing": "swing_kit:thing"}}, SWING)
    registry = make()
    monkeypatch.setenv("GROOVEKIT_PLUGINS", "0")
    assert registry.names() == ["path"]
    with pytest.raises(UnknownNameError):
        registry.get("swing.thing")
    registry.register("a.b")(function_of("a"))
    assert registry.names() == ["a.b", "path"]
    monkeypatch.delenv("GROOVEKIT_PLUGINS")
    assert "swing.thing" in registry.names()


def test_packages_installed_meanwhile_are_found(fake_package):
    registry = make()
    assert registry.names() == ["path"]
    fake_package("swing-kit", "0.3", {GROUP: {"swing.thing": "swing_kit:thing"}}, SWING)
    importlib.invalidate_caches()
    assert registry.names() == ["path", "swing.thing"]


# Names of objects --------------------------------------------------------------------


def test_name_of_classes_and_instances(fake_package):
    @dataclasses.dataclass(frozen=True)
    class Mine:
        size: int = 3

    source = "class Theirs: pass\nclass Hidden: pass\n"
    fake_package("swing-kit", "0.3", {GROUP: {"swing.x": "swing_kit:Theirs"}}, source)
    registry = make(fraction="fractions:Fraction")
    registry.register("my.mine")(Mine)
    from fractions import Fraction

    assert registry.name_of(Mine) == "my.mine"
    assert registry.name_of(Mine(4)) == "my.mine"
    assert registry.name_of(Fraction(1, 2)) == "fraction"
    theirs = importlib.import_module("swing_kit")
    assert registry.name_of(theirs.Theirs()) == "swing.x"
    with pytest.raises(
        UnknownNameError,
        match=r"swing_kit:Hidden is not a registered config\. Register it with "
        r"@groovekit\.register_config\(",
    ):
        registry.name_of(theirs.Hidden())


def test_name_of_registered_instances():
    registry = make()
    kit = (1, 2)
    registry.register("my.kit")(kit)
    assert registry.name_of((1, 2)) == "my.kit"


def test_all_errors_are_groovekits():
    for error in (
        DuplicateNameError,
        PluginLoadError,
        PluginNameError,
        UnknownNameError,
    ):
        assert issubclass(error, GroovekitError)
        assert error.exit_code == 1
