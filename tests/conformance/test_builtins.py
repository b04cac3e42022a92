"""Everything registered goes through the conformance suite, one case a name."""

from __future__ import annotations

import dataclasses

import pytest

from groovekit.configs.base import get_config
from groovekit.plugins import catalogue
from groovekit.testing import check_converter
from groovekit.testing.configs import check_and_save, check_reloading

CONVERTERS = [e.name for e in catalogue.converters.entries() if e.builtin]
CONFIGS = [e.name for e in catalogue.configs.entries() if e.builtin]
UNITS = 6
# Enough to show that the suite runs on every backend.
ON_ALL_BACKENDS = ("groovae_4bar", "mask-groove")
# Large hierarchies, whatever the size of their layers, and NADE: compiling a step takes
# over five seconds. Their parity tests, and hierdec-groovae_4bar here, run by default.
SLOW = ("hier-", "hierdec-drums", "hierdec-mel", "hierdec-trio", "flat-trio", "nade-")


def small(name):
    """The config with tiny layers: what is checked does not depend on sizes."""
    config = get_config(name)
    training = dataclasses.replace(config.training, batch_size=4)
    if config.FAMILY == "masked":
        network = dataclasses.replace(config.network, channels=4, dilations=(1, 16))
        return config.replace(network=network, training=training)

    def shrunk(part):
        sizes = {
            field.name: tuple(UNITS for _ in getattr(part, field.name))
            for field in dataclasses.fields(part)
            if field.name.endswith(("rnn_size", "conductor_size"))
        }
        if getattr(part, "conductor_projection", 0):
            sizes["conductor_projection"] = UNITS
        return dataclasses.replace(part, **sizes)

    return config.replace(
        encoder=shrunk(config.encoder),
        decoder=shrunk(config.decoder),
        latent=dataclasses.replace(config.latent, z_size=4),
        training=training,
    )


def family(name):
    """What configs have in common whose models differ in sizes alone."""
    config = small(name)

    def plain(part):
        values = {
            field.name: getattr(part, field.name) for field in dataclasses.fields(part)
        }
        # Of sizes, only whether and how many there are.
        for key, value in values.items():
            if key.endswith(("rnn_size", "conductor_size", "level_lengths")):
                values[key] = len(value) if key == "level_lengths" else bool(value)
        return repr(values)

    converter = config.converter
    if config.FAMILY != "vae":
        return (config.FAMILY,)
    parts = (plain(config.encoder), plain(config.decoder))
    return (type(converter), converter.control_depth > 0, *parts)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folders of the models that were checked, by config."""
    root, found = tmp_path_factory.mktemp("saved"), {}

    def folder(name):
        found[name] = root / name
        found[name].mkdir()
        return found[name]

    folder.found = found
    return folder


def test_there_are_cases():
    assert len(CONVERTERS) >= 2
    assert len(CONFIGS) >= 9


@pytest.mark.parametrize("name", CONVERTERS)
def test_converter(name):
    check_converter(catalogue.converters.get(name)())


@pytest.mark.parametrize("name", CONFIGS)
def test_converter_of_a_config(name):
    check_converter(get_config(name).converter)


def cases():
    """All configs; slow are some families, and of the others all but one config."""
    known, found = set(), []
    for name in sorted(CONFIGS, key=lambda name: name not in ON_ALL_BACKENDS):
        slow = family(name) in known or name.startswith(SLOW)
        marks = [pytest.mark.slow] if slow else []
        marks += [pytest.mark.backends] if name in ON_ALL_BACKENDS else []
        known.add(family(name))
        found.append(pytest.param(name, marks=marks))
    return found


@pytest.mark.parametrize("name", cases())
def test_config(name, saved):
    check_and_save(small(name), saved(name))


# By default other tests load what another process has saved.
@pytest.mark.slow
def test_one_config_of_each_family_loads_in_a_fresh_process(saved):
    # One process for all, and one config a family: starting a backend and compiling
    # are what takes the time.
    chosen = {}
    for name in saved.found:
        if (saved.found[name] / "numbers.npz").is_file():
            chosen.setdefault(family(name), saved.found[name])
    if not chosen:
        pytest.skip("loads what the cases above have saved")
    check_reloading(list(chosen.values()))
