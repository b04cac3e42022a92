"""Names that bring Keras: parts of models in the catalogue, and public ones."""

from __future__ import annotations

import importlib

import pytest

import groovekit
from groovekit.plugins import catalogue


@pytest.mark.parametrize(
    "registry",
    [catalogue.heads, catalogue.encoders, catalogue.decoders],
    ids=lambda registry: registry.kind,
)
def test_every_model_part_can_be_had(registry):
    assert registry.names()
    for name in registry.names():
        assert registry.name_of(registry.get(name)) == name


@pytest.mark.parametrize("name", sorted(groovekit._HOME))
def test_public_name_is_what_its_module_has(name):
    module = importlib.import_module(groovekit._HOME[name])
    assert getattr(groovekit, name) is getattr(module, name)
