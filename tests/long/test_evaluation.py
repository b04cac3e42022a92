"""The shipped model on the Groove validation split."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def figures(groove_dir, tmp_path_factory):
    from click.testing import CliRunner

    from groovekit.cli.main import main

    arguments = ["evaluate", "--preset", "groovae_4bar", "--json", "--no-cache"]
    done = CliRunner().invoke(main, [*arguments, "--examples", str(groove_dir)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_figures_are_those_of_the_card(figures):
    """What was measured when the preset was made, of the same halved weights."""
    from groovekit.configs.presets import locate
    from groovekit.configs.run_folder import RunFolder

    folder = RunFolder(locate("groovae_4bar").weights.parent)
    card = folder.read_metadata()["validation"]
    scores = figures["reconstruction"]["rows"][0]["scores"]
    assert figures["windows"] == card["windows"]
    for ours, theirs in (
        (scores["hit_f1"]["value"], "hit_f1"),
        (scores["velocity_error"]["value"], "velocity_error"),
        (figures["kl_bits"]["value"], "kl_bits"),
    ):
        assert ours == pytest.approx(card[theirs], rel=2e-3), theirs


def test_intervals_hold_the_figures(figures):
    for row in figures["reconstruction"]["rows"][2:4]:
        f1 = row["scores"]["hit_f1"]
        assert f1["low"] < f1["value"] < f1["high"]


def test_interpolations_are_smooth(figures):
    way = figures["interpolation"]
    assert way["ways"] > 10
    # A single jump would be 1, noise would lead on in half of the steps or less.
    assert way["largest_step"] < 0.6
    assert way["monotonic"] > 0.8
    assert way["detour"] < 1.5


def test_samples_are_new(figures):
    samples = figures["samples"]
    assert not samples["memorising"]["memorises"]
    assert samples["diversity"]["distinct"] > 0.99
