"""Distances of sets of grooves, copies and variety."""

from __future__ import annotations

import numpy as np
import pytest

from groovekit.evaluation import distributions, metrics
from groovekit.evaluation.distributions import Described
from groovekit.evaluation.metrics import Drums, Resampling
from groovekit.seeding import generator


def grooves(windows, *, velocity=80, probability=0.3, seed=0, classes=9):
    rng = np.random.default_rng(seed)
    hits = rng.random((windows, 16, classes)) < probability
    velocities = np.clip(rng.normal(velocity, 10, hits.shape), 1, 127).astype(int)
    return Drums(hits, velocities * hits, rng.normal(0, 0.1, hits.shape) * hits)


HUMAN = grooves(40, seed=1)
OWNERS = np.repeat(np.arange(10), 4)


def resampling(owners=OWNERS):
    return Resampling(owners, rng=generator(0, "x"))


def compare(found, human=HUMAN):
    own = distributions.independent_weights(len(found), generator(0, "y"))
    weights = distributions.performance_weights(resampling())
    return distributions.compare(
        Described.of(found),
        Described.of(human),
        found_weights=own,
        human_weights=weights,
    )


def test_features_are_those_of_the_metrics():
    found = Described.of(HUMAN)
    np.testing.assert_allclose(found.values["density"][0], metrics.density(HUMAN))
    np.testing.assert_allclose(
        found.values["velocity"][0], HUMAN.velocities[HUMAN.hits]
    )
    assert found.values["velocity"][1].max() == 39
    assert set(found.values) == {name for name, *_ in distributions.FEATURES}
    assert found.shares["classes"].sum() == HUMAN.hits.sum()
    assert found.shares["positions"].shape == (40, 16 * 9)


def test_hits_alone():
    found = Described.of(Drums(HUMAN.hits))
    assert set(found.values) == {
        *("density", "drums_used", "syncopation", "open_hat_share"),
    }


def test_a_set_is_near_itself_and_far_from_a_louder_one():
    same, louder = compare(HUMAN), compare(grooves(40, velocity=110, seed=1))
    assert same["velocity"]["wasserstein"]["value"] == 0.0
    assert same["density"]["kolmogorov_smirnov"]["value"] == 0.0
    assert same["classes"]["total_variation"]["value"] == 0.0
    distance = louder["velocity"]["wasserstein"]
    assert distance["value"] == pytest.approx(29, abs=2)
    assert distance["low"] < distance["value"] < distance["high"]
    assert louder["velocity_mean"]["overlap"] < 0.6 < same["velocity_mean"]["overlap"]
    assert louder["density"]["wasserstein"]["value"] == 0.0


def test_intervals_hold_their_distance():
    # From 2 to 40 windows, alike and not.
    for number, velocity in ((2, 80), (5, 80), (40, 80), (40, 90)):
        table = compare(grooves(number, velocity=velocity, seed=number))
        intervals = [
            (name, key, found)
            for name, distances in table.items()
            for key, found in distances.items()
            if key != "overlap"
        ]
        assert len(intervals) == 24
        for name, key, found in intervals:
            low, high = found["low"], found["high"]
            assert 0 <= low <= found["value"] <= high, (name, key)
            assert key == "wasserstein" or high <= 1


def test_halves_and_what_lies_beyond():
    rng = generator(0, "halves")
    halves = distributions.halves(Described.of(HUMAN), resampling(), rng)
    assert 0 < halves["velocity_mean"]["wasserstein"] < 3
    table = compare(grooves(40, velocity=110, seed=1))
    beyond = distributions.beyond_halves(table, halves)
    assert {"velocity", "velocity_mean"} <= set(beyond)
    assert "density" not in beyond
    assert distributions.halves(Described.of(HUMAN), resampling(0 * OWNERS), rng) == {}


def test_histograms():
    other = grooves(40, velocity=110)
    found = distributions.histograms(
        {"held_out": Described.of(HUMAN), "samples": Described.of(other)}
    )
    assert len(found["velocity"]["edges"]) == 25
    for shares in found["velocity"]["sets"].values():
        assert sum(shares) == pytest.approx(1)


class TestMemorising:
    train = grooves(50, seed=7).hits

    def found(self, samples):
        return distributions.memorising(
            samples, HUMAN.hits, self.train, resampling=resampling()
        )

    def test_new_grooves(self):
        found = self.found(grooves(30, seed=9).hits)
        assert found["samples"]["copies"] == 0.0
        assert not found["memorises"]
        assert found["samples"]["distance_median"] > 0.4

    def test_copies(self):
        samples = np.concatenate([self.train[:10], grooves(30, seed=9).hits])
        found = self.found(samples)
        assert found["samples"]["copies"] == 0.25
        assert found["held_out"]["copies"]["value"] == 0.0
        assert found["memorises"]

    def test_people_who_repeat_themselves(self):
        human = np.concatenate([self.train[:20], HUMAN.hits[:20]])
        found = distributions.memorising(
            self.train[:2], human, self.train, resampling=resampling(np.arange(40))
        )
        assert found["held_out"]["copies"]["value"] == 0.5
        assert found["memorises"]
        mixed = np.concatenate([self.train[:1], HUMAN.hits[20:21]])
        found = distributions.memorising(
            mixed, human, self.train, resampling=resampling(np.arange(40))
        )
        assert found["samples"]["copies"] == 0.5
        assert not found["memorises"]


def test_diversity():
    same = Drums(np.repeat(HUMAN.hits[:1], 4, axis=0))
    assert distributions.diversity(same) == {"distinct": 0.25, "mean_distance": 0.0}
    assert distributions.diversity(HUMAN)["distinct"] == 1.0


def test_other_grids():
    # Eighths on a grid of triplets, in a bar of three quarters, the upbeats late.
    hits = np.zeros((1, 9, 9), bool)
    hits[0, [0, 2, 3, 5, 6, 8], 2] = True
    drums = Drums(hits, hits * 80, hits * 0.0)
    found = Described.of(
        drums.on_grid_of(Drums(hits, steps_per_quarter=3, quarters_per_bar=3))
    )
    assert found.values["swing"][0] == pytest.approx(2.0)
    assert found.shares["positions"].shape == (1, 9 * 9)
