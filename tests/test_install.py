"""What an installation brings, as setup.cfg has it."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

import groovekit

SETUP = Path(groovekit.__file__).parents[1] / "setup.cfg"

pytestmark = pytest.mark.skipif(
    not SETUP.is_file(), reason="setup.cfg is in a checkout only"
)

# What the light installation exists to do without.
HEAVY = {"h5py", "jax", "keras", "librosa", "matplotlib", "music21", "note-seq"}
HEAVY |= {"pretty_midi", "scipy", "tensorflow", "tf-keras", "torch"}


def requirements(text: str) -> dict[str, str]:
    """Names with what follows them."""
    lines = [line.strip() for line in text.splitlines()]
    named = [line for line in lines if line and not line.startswith("#")]
    return {re.match(r"[\w-]+", line)[0]: line for line in named}


@pytest.fixture(scope="module")
def setup():
    parser = configparser.ConfigParser()
    parser.read(SETUP)
    return parser


@pytest.fixture(scope="module")
def extras(setup):
    return setup["options.extras_require"]


def test_the_light_installation_is_light(setup):
    names = requirements(setup["options"]["install_requires"])
    assert not HEAVY & set(names)
    assert {"click", "numpy", "protobuf", "rich"} <= set(names)


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_each_backend_brings_keras(extras, backend):
    assert {"keras", backend} <= set(requirements(extras[backend]))


def test_all_is_everything_but_other_backends(extras):
    (line,) = requirements(extras["all"]).values()
    names = re.fullmatch(r"groovekit\[(.*)\]", line)[1].split(",")
    others = {"all", "jax", "torch", "cuda", "beam"}
    assert names == sorted(set(extras) - others)
    assert {"note-seq", "tensorflow", "tf-keras"} <= set(names)


def test_the_tests_bring_what_they_compare_with(extras):
    assert requirements(extras["test"])["groovekit"] == "groovekit[note-seq,tensorflow]"


def test_the_page_lists_each_extra(extras):
    page = SETUP.parent / "docs" / "reference" / "install.md"
    rows = re.findall(r"^\| (`.*?`) \|", page.read_text(encoding="utf-8"), re.M)
    named = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert named == set(extras)
