"""Tables of a model and its baselines, computed by hand."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from groovekit.evaluation import scoring
from groovekit.evaluation.metrics import Drums, Resampling
from groovekit.evaluation.scoring import Prediction, Truth
from groovekit.seeding import generator


def drums(pattern, velocity=100, offset=0.0):
    """Windows of one bar's steps, e.g. ``["x.x.", "...."]``, of one drum."""
    hits = np.array([[[c == "x"] for c in window] for window in pattern])
    return Drums(hits, np.full(hits.shape, velocity), np.full(hits.shape, offset))


def often(prediction, times=4):
    """The prediction of as many windows, again and again."""
    parts = (prediction.drums,) * times
    return dataclasses.replace(prediction, drums=Drums.concatenate(parts))


def truth(pattern, **options):
    played = drums(pattern, **options)
    owners = np.arange(len(played))
    resampling = Resampling(owners, rng=generator(0, "x"))
    return Truth(played, np.full(len(played), 120.0), resampling)


MODEL = Prediction("model", "the model", "the input", drums(["xx..", "x..."], 90, 0.4))
GIVEN = Prediction("quantised", "quantised", "the hits", drums(["x.x.", "x..x"], 70))
PLAYED = truth(["x.x.", "x..x"])
# Two windows alone are too few for a verdict.
OFTEN = truth(["x.x.", "x..x"] * 4)


def test_scores():
    (row,) = scoring.score(PLAYED, [MODEL], class_names=["kick"])
    values = {key: table["value"] for key, table in row["scores"].items()}
    assert values == {
        "hit_precision": pytest.approx(2 / 3),
        "hit_recall": 0.5,
        "hit_f1": pytest.approx(4 / 7),
        "cell_accuracy": 5 / 8,
        "step_accuracy": 5 / 8,
        "velocity_error": pytest.approx(10),
        # 0.4 half steps of 125 ms.
        "timing_error_ms": pytest.approx(25),
    }
    assert row["velocity"]["bias"] == pytest.approx(-10)
    assert row["timing"]["median_absolute"] == pytest.approx(25)
    assert row["by_class"]["kick"]["hit_f1"] == pytest.approx(4 / 7)
    assert row["by_class"]["kick"]["hits"] == 4
    # The windows' precisions are 1/2 and 1; each may be drawn twice.
    precision = row["scores"]["hit_precision"]
    assert (precision["low"], precision["high"]) == (0.5, 1.0)


def test_given_hits_count_where_the_model_hits():
    velocities = np.array([[[70], [0], [10], [0]], [[70], [0], [0], [10]]])
    uneven = Drums(GIVEN.drums.hits, velocities, np.zeros((2, 4, 1)))
    given = Prediction("means", "means", "the hits", uneven)
    _, row = scoring.score(PLAYED, [MODEL, given], class_names=["kick"])
    # At the two hits that the model has, too; over all four it would be 60.
    assert row["scores"]["velocity_error"]["value"] == pytest.approx(30)
    assert row["velocity"]["count"] == 2
    free = Prediction("nearest", "nearest", "the input", uneven)
    _, row = scoring.score(PLAYED, [MODEL, free], class_names=["kick"])
    assert row["scores"]["velocity_error"]["value"] == pytest.approx(60)


def test_by_class_is_of_one_drum():
    hits = np.zeros((1, 4, 2))
    hits[0, 0] = 1
    both, first = Drums(hits), Drums(hits * [1, 0])
    played = Truth(both, np.full(1, 120.0), Resampling([0], rng=generator(0, "x")))
    (row,) = scoring.score(
        played,
        [Prediction("model", "the model", "the input", first)],
        class_names=["kick", "snare"],
    )
    assert row["by_class"]["kick"]["hit_recall"] == 1.0
    assert row["by_class"]["snare"]["hit_recall"] == 0.0
    assert "velocity_error" not in row["scores"]


def test_verdicts():
    verdicts = scoring.verdicts(OFTEN, [often(MODEL), often(GIVEN)])
    # Whoever is given the hits has no place in F1.
    assert [v["measure"] for v in verdicts] == ["velocity_error", "timing_error_ms"]
    velocity, timing = verdicts
    assert velocity["outcome"] == "better"
    assert velocity["against"][0]["difference"]["value"] == pytest.approx(-20)
    assert velocity["text"].startswith(
        "velocity error: the model's 10.0 of 127 beats every baseline; the closest is "
        "quantised (30.0 against 10.0 at the hits that both match; difference -20.0"
    )
    assert timing["outcome"] == "worse"
    assert "25.0 ms does NOT beat the baselines: it is worse" in timing["text"]


def test_errors_are_compared_at_the_hits_that_both_match():
    # The model matches the first hit of each window, the other one but the very last.
    velocities = np.array([[[95], [0], [100], [0]], [[95], [0], [0], [0]]])
    hits = drums(["x.x.", "x..."]).hits
    near = Prediction(
        "nearest", "nearest", "the input", Drums(hits, velocities, np.zeros((2, 4, 1)))
    )
    _, velocity, _ = scoring.verdicts(PLAYED, [MODEL, near])
    (row,) = velocity["against"]
    # Over all that it matches its error would be 10 / 3.
    assert row["value"] == pytest.approx(5)
    assert row["model"] == pytest.approx(10)


def test_a_player_is_judged_by_its_velocities_and_the_model_by_its_hits():
    player = Prediction(
        "player", "the model, hits given", "the hits", drums(["x.x.", "x..x"], 75)
    )
    near = Prediction("nearest", "nearest", "the input", drums(["x.x.", "...."], 100))
    rows = [MODEL, player, near, GIVEN]
    f1, velocity, _ = scoring.verdicts(PLAYED, rows)
    assert f1["model"] == pytest.approx(4 / 7)
    assert [row["baseline"] for row in f1["against"]] == ["nearest"]
    # 25 of 127, where the model that chooses its hits would have 10.
    assert velocity["model"] == pytest.approx(25)
    assert [row["baseline"] for row in velocity["against"]] == ["nearest", "quantised"]
    assert velocity["closest"] == "nearest"
    # All hits are the player's: whoever is given them is measured at all.
    table = scoring.score(PLAYED, rows, class_names=["kick"])
    assert [row["velocity"]["count"] for row in table] == [2, 4, 2, 4]


def test_verdict_against_the_closest():
    silence = Prediction("silence", "silence", "nothing", drums(["....", "...."]))
    near = Prediction("nearest", "nearest", "the input", drums(["x.x.", "...."], 100))
    rows = [often(row) for row in (MODEL, silence, near)]
    (f1, *_) = scoring.verdicts(OFTEN, rows)
    assert f1["closest"] == "nearest"
    # 4/7 against 2 * 2 / (4 + 2): the windows disagree on who is better.
    assert f1["against"][1]["value"] == pytest.approx(2 / 3)
    assert f1["outcome"] == "no different"
    assert "no clear difference from nearest" in f1["text"]
    assert [row["baseline"] for row in f1["against"]] == ["silence", "nearest"]


def test_an_unsure_baseline_counts_though_another_is_closer():
    played = truth(["xxxxxxxx"] * 8)
    rows = {
        "model": ["xx......"] * 2 + ["xxxxxxxx"] * 6,
        # A little worse than the model in each window.
        "near": ["x......."] * 2 + ["xxxxxxx."] * 6,
        # Much worse on average, but better in the first two.
        "far": ["xxxxxxxx"] * 2 + ["xx......"] * 6,
    }
    model, sure, unsure = (
        Prediction(name, name, "the input", drums(row)) for name, row in rows.items()
    )
    f1 = scoring.verdicts(played, [model, sure, unsure])[0]
    outcomes = [row["outcome"] for row in f1["against"]]
    assert outcomes == ["better", "no different"]
    assert f1["against"][0]["difference"]["value"] < 0.1
    assert f1["against"][1]["difference"]["value"] > 0.2
    assert (f1["outcome"], f1["closest"]) == ("no different", "far")


def test_few_performances_have_no_verdict():
    for times, outcome in ((2, "too few"), (3, "better")):
        played = truth(["x.x.", "x..x"] * times)
        rows = [often(row, times) for row in (MODEL, GIVEN)]
        velocity, _ = scoring.verdicts(played, rows)
        assert velocity["outcome"] == outcome
    played = truth(["x.x.", "x..x"])
    velocity, timing = scoring.verdicts(played, [MODEL, GIVEN])
    assert velocity["text"].startswith(
        "velocity error: the model's 10.0 of 127 has no verdict: 2 performances are "
        "too few to tell, 6 are needed; the closest is quantised (30.0 against 10.0"
    )
    assert timing["outcome"] == "too few"


def test_rounded_is_json():
    table = {"a": float("nan"), "b": [np.float64(1 / 3), True, 7, "x"], "c": math.inf}
    found = scoring.rounded(table, 3)
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "a": None,
        "b": [0.333, True, 7, "x"],
        "c": None,
    }
