import importlib.util
import os
import sys

import pytest

import groovekit
from groovekit.errors import UsageError
from groovekit.models import installed
from groovekit.models.runtimes import choice

COMMAND = r"pip install 'groovekit\[{0}\]' \(in a clone: pip install '\.\[{0}\]'\)"


@pytest.fixture
def packages(monkeypatch):
    """What seems to be installed; nothing at first."""
    there = set()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in there or None)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "")
    return there


def test_nothing_installed(packages):
    assert installed.first_installed() is None
    expected = "^No backend is installed, and training needs Keras with one: "
    with pytest.raises(UsageError, match=expected + COMMAND.format("tensorflow")):
        installed.require_backend(what="training")
    with pytest.raises(UsageError, match=r"jax is not installed.*jax\]'"):
        installed.require_backend("jax")
    with pytest.raises(UsageError, match="'theano'; groovekit runs on tensorflow"):
        installed.require_backend("theano")


def test_a_library_without_keras_is_no_backend(packages):
    packages.add("torch")
    assert installed.first_installed() is None
    with pytest.raises(UsageError, match=COMMAND.format("torch")):
        installed.require_backend()
    with pytest.raises(UsageError, match="keras is missing"):
        installed.require_backend("torch")


def test_keras_is_told_of_another_backend_than_its_own_choice(packages):
    packages.update({"keras", "torch", "tensorflow"})
    installed.prepare_keras()
    assert os.environ["KERAS_BACKEND"] == ""
    packages.remove("tensorflow")
    installed.prepare_keras()
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_public_names_that_need_keras_say_so(packages, monkeypatch):
    for name in ("train", "Head", "Decoder"):
        monkeypatch.delitem(vars(groovekit), name, raising=False)
        with pytest.raises(UsageError, match=f"groovekit.{name} needs Keras"):
            getattr(groovekit, name)


def test_without_a_backend_numpy_does_large_jobs_too(packages, monkeypatch):
    config = groovekit.get_config("groovae_4bar")
    monkeypatch.setattr(choice, "_SMALL_JOB", 0)
    assert choice.choose(config, 1) == "numpy"
    packages.update({"keras", "tensorflow"})
    assert choice.choose(config, 1) == "keras"
