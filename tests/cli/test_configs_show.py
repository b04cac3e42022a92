"""``configs show``: what training a config costs."""

from __future__ import annotations

import re

import pytest

from groovekit.configs.base import get_config
from groovekit.training import estimate as preflight
from groovekit.training import machine

GIB = 2**30

# A config whose head has to be built to be counted.
PLUGIN = """
import dataclasses
import groovekit as gk
from groovekit.models.heads.categorical import CategoricalHead

class Head(CategoricalHead):
    pass

def small():
    config = gk.get_config('hierdec-drums_4bar')
    decoder = dataclasses.replace(
        config.decoder, head='swing_kit.head', rnn_size=(6,), conductor_size=(5,),
        conductor_projection=4,
    )
    encoder = dataclasses.replace(config.encoder, rnn_size=(6,))
    return config.replace(
        name='swing_kit.small', decoder=decoder, encoder=encoder, description='Small.'
    )
"""


@pytest.fixture
def memory(monkeypatch):
    """Sets the free memory of this machine, in bytes, or None."""

    def set_memory(amount):
        monkeypatch.setattr(machine, "available_memory", lambda: amount)

    return set_memory


def cost(command, name):
    """The lines below the table."""
    result = command("configs", "show", name)
    assert result.exit_code == 0, result.output
    return [line for line in result.stdout.split("\n\n")[-1].splitlines() if line]


def estimated(name, batch_size):
    return preflight.estimate(
        get_config(name), batch_size, on_cpu=True, timed=False
    ).memory


def test_cost_of_a_big_config(command, memory):
    memory(1 << 50)
    first, second, third = cost(command, "hierdec-trio_16bar")
    found = re.fullmatch(r"([\d,]+) parameters \(([\d,]+) MiB in float32\)\.", first)
    parameters, size = (int(group.replace(",", "")) for group in found.groups())
    assert 1e8 < parameters < 1e9
    assert size == round(parameters * 4 / 2**20)
    gib = estimated("hierdec-trio_16bar", 256) / GIB
    assert second == (
        f"Training at batch size 256 takes roughly {gib:.1f} GiB of memory."
    )
    assert third.endswith("GiB to spare: it fits.")


def test_a_smaller_batch_is_suggested(command, memory):
    name = "hierdec-trio_16bar"
    full = estimated(name, 256)
    fixed = 2 * estimated(name, 1) - estimated(name, 2)
    memory(fixed + (full - fixed) // 3)
    *_, last = cost(command, name)
    assert f"This machine has {(fixed + (full - fixed) // 3) / GIB:.1f} GiB" in last
    # A third of 256, as a power of two, which is what fits.
    assert "try --batch-size 64 on its CPU, or a smaller model" in last
    assert estimated(name, 64) <= fixed + (full - fixed) // 3


def test_a_model_too_large_for_any_batch(command, memory):
    memory(1 << 20)
    *_, last = cost(command, "hierdec-trio_16bar")
    assert last.endswith("the model does not fit at any batch size.")


def test_unknown_memory_is_not_spoken_of(command, memory):
    memory(None)
    lines = cost(command, "groovae_4bar")
    assert len(lines) == 2
    assert "batch size 512" in lines[1]


def test_cost_of_a_plugins_config(command, fake_package, memory):
    memory(1 << 50)
    points = {
        "groovekit.configs": {"swing_kit.small": "swing_kit:small"},
        "groovekit.heads": {"swing_kit.head": "swing_kit:Head"},
    }
    fake_package("swing-kit", "0.3", points, PLUGIN)
    first, second, third = cost(command, "swing_kit.small")
    # Its parts are those of a built-in config.
    decoder = "decoder.conductor_size=[5],decoder.conductor_projection=4"
    same = get_config("hierdec-drums_4bar").with_overrides(
        f"enc_rnn_size=[6],dec_rnn_size=[6],{decoder}"
    )
    expected = preflight.estimate(same, 1, on_cpu=True, timed=False).parameters
    assert first.startswith(f"{expected:,} parameters")
    assert "Training at batch size 512 takes roughly" in second
    assert third.endswith("it fits.")
    result = command("configs", "show", "swing_kit.small")
    assert "from swing_kit:small (swing-kit 0.3)" in result.stdout


@pytest.mark.parametrize("available", [2, 5, 20, 100])
def test_what_is_suggested_fits(monkeypatch, available):
    monkeypatch.setattr(machine, "available_memory", lambda: available * GIB)
    config = get_config("hierdec-mel_16bar")
    found = preflight.estimate(config, 512, on_cpu=True, timed=False)
    batch = found.fitting_batch_size
    assert batch in {0, *(1 << n for n in range(10))}
    if batch:
        fitting = preflight.estimate(config, batch, on_cpu=True, timed=False)
        assert fitting.fits
        assert fitting.batch_size == batch
