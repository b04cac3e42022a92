from __future__ import annotations

import json

import numpy as np
import pytest
from helpers.masked import performances
from helpers.sequences import drums

from groovekit.configs.base import get_config
from groovekit.data.examples import Examples
from groovekit.errors import ConfigError
from groovekit.evaluation.filling.evaluate import evaluate_filling
from groovekit.evaluation.filling.repeats import repeats
from groovekit.evaluation.filling.rivals import Rivals
from groovekit.evaluation.filling.tasks import Task, partial, tasks
from groovekit.evaluation.metrics import Drums
from groovekit.generation.partial import Filled

CONVERTER = get_config("mask-groove").converter
TASKS = tasks(CONVERTER.kit_map.class_names)


def windows(count=3):
    whole = performances(count, 8)
    return Drums(whole.hits, whole.velocities.astype(float), whole.offsets)


class Silent:
    """Fills in nothing but the middle of everything."""

    def fill(self, partial, count=1, *, temperature=1.0, expected=False, seed):
        zeros = np.zeros(partial.hits.shape)
        return [Filled.of(partial, zeros, zeros + 0.5, zeros)] * count


def test_tasks_have_names_of_their_own():
    names = [task.name for task in TASKS]
    assert len(set(names)) == len(names) == 8 + 9 + 2


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_partial_shows_what_is_not_hidden_and_nothing_else(task):
    truth = windows()
    shown = partial(task, truth, 1, qpm=100.0, style="funk", converter=CONVERTER)
    hidden = task.hidden(9, 16)
    assert shown.hits.shape == hidden.shape
    assert hidden.any()
    assert np.isnan(shown.velocities[hidden]).all()
    assert np.isnan(shown.offsets[hidden]).all()
    assert np.isnan(shown.hits[hidden]).all() == task.hits
    known = task.cut(truth.hits[1], 16)
    there = ~np.isnan(shown.hits)
    np.testing.assert_array_equal(shown.hits[there], known[there])
    assert (shown.taps is not None) == task.taps
    assert bool(shown.conditions.said) == (task.told != "nothing")


def test_told_numbers_are_those_of_the_hidden_bars():
    truth = windows()
    (task,) = (t for t in TASKS if t.name == "told_four")
    shown = partial(task, truth, 0, qpm=120.0, style=None, converter=CONVERTER)
    bars = slice(64, 128)
    hits = truth.hits[0, bars]
    loud = truth.velocities[0, bars][hits]
    assert shown.conditions.level == pytest.approx(loud.mean(), rel=1e-4)
    # Half a step is 62.5 ms at this tempo.
    apart = truth.offsets[0, bars][hits] * 62.5
    assert shown.conditions.push == pytest.approx(apart.mean(), rel=1e-3)
    assert shown.conditions.looseness == pytest.approx(apart.std(), rel=1e-3)


def test_strokes_that_repeat_exactly_have_no_spread():
    truth = windows()
    loop = truth.replaced(
        *(
            np.tile(part[:, :16], (1, 8, 1))
            for part in (truth.hits, truth.velocities, truth.offsets)
        )
    )
    found = repeats(loop)
    assert found[:2] == pytest.approx((0.0, 0.0), abs=1e-9)
    assert found[2:] == pytest.approx((1.0, 1.0))


def test_spreads_are_in_velocities_and_ticks():
    hits = np.zeros((1, 32, 9), bool)
    hits[0, [0, 16], 0] = True
    velocities, offsets = hits * 0.0, hits * 0.0
    velocities[0, [0, 16], 0] = 40 / 127, 60 / 127
    offsets[0, [0, 16], 0] = 0.5, -0.5
    # Half of half a step of 120 ticks.
    found = repeats(Drums(hits, velocities, offsets))
    assert found[:2] == pytest.approx((10.0, 30.0))
    # One stroke alone has nothing to be compared with.
    assert np.isnan(found[2:]).all()


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(1)

    def take(number):
        rows = [
            (4 * quarter + rng.normal(scale=0.1), pitch, int(rng.integers(20, 120)))
            for quarter in range(48)
            for pitch in (36 if quarter % 2 == 0 else 38, 42)
        ]
        notes = [(max(step, 0.0), pitch, loud) for step, pitch, loud in rows]
        return str(number), drums(notes)

    return Examples.from_sequences([take(n) for n in range(4)], CONVERTER)


def test_model_and_rivals_are_measured_on_the_same_cells(examples):
    stages = []
    found = evaluate_filling(
        Silent(), CONVERTER, examples, examples, name="silent", stage=stages.append
    )
    assert found["windows"] == 8
    assert found["performances"] == 4
    assert len(stages) == 2 + len(TASKS)
    rows = {row["task"]: row["predictions"] for row in found["filling"]}
    for name, predictions in rows.items():
        assert predictions[0]["label"] == "silent"
        # Nothing can be learnt of drums that nobody plays.
        played = name in ("add_kick", "add_snare", "add_closed_hihat")
        assert (len(predictions) > 1) == (played or not name.startswith("add_")), name
        keys = {tuple(prediction["scores"]) for prediction in predictions}
        assert len(keys) == 1
    names = {name: [row["name"] for row in rows[name]] for name in rows}
    assert names["told_two"] == [
        *("model", "quantised", "medians", "medians_told"),
        *("nearest_bars", "nearest_bars_told"),
    ]
    assert names["after_one"] == [
        *("model", "quantised", "medians", "nearest_bars", "table"),
    ]
    assert names["taps_2"] == ["model", "ridge", "neighbours"]
    assert names["last_bar"] == ["model", "copy"]
    assert names["add_kick"] == ["model", "voting_bars"]
    verdicts = {row["task"]: row["verdicts"] for row in found["filling"]}
    assert [v["measure"] for v in verdicts["humanise"]] == [
        *("velocity_error", "timing_error_ms"),
    ]
    # Of four performances.
    assert verdicts["last_bar"][0]["outcome"] == "too few"
    assert verdicts["last_bar"][0]["closest"] == "copy"
    json.dumps(found, allow_nan=False)
    assert rows["last_bar"][0]["scores"]["hit_f1"]["value"] == 0.0
    # Bars that repeat are copied without a fault.
    assert rows["last_bar"][1]["scores"]["hit_f1"]["value"] == 1.0
    # The middle of all velocities: off by a quarter of the range on average.
    assert 15 < rows["humanise"][0]["scores"]["velocity_error"]["value"] < 35
    assert found["repeats"]["loop"]["velocity"] == pytest.approx(0.0, abs=1e-4)
    assert found["repeats"]["played"]["velocity"] > 10


def test_rivals_are_told_the_level_and_push():
    truth, train = windows(5), windows(8)
    rivals = Rivals.of(train, np.arange(8))
    (task,) = (t for t in TASKS if t.name == "told_two")
    found = {rival.name: rival.drums for rival in rivals.of_task(task, truth)}
    plain, told = found["medians"], found["medians_told"]
    for window, hits in enumerate(truth.hits):
        played = truth.velocities[window][hits].mean()
        assert told.velocities[window][hits].mean() == pytest.approx(played, abs=1)
        assert abs(plain.velocities[window][hits].mean() - played) > 0
        assert told.offsets[window][hits].mean() == pytest.approx(
            truth.offsets[window][hits].mean(), abs=0.01
        )
    assert not told.velocities[~truth.hits].any()


def test_repeats_that_drift_are_correlated():
    hits = np.zeros((1, 64, 9), bool)
    hits[0, ::16, 0] = hits[0, 4::16, 1] = True
    velocities, offsets = hits * 0.0, hits * 0.0
    velocities[0, ::16, 0] = np.array([90, 94, 98, 102]) / 127
    velocities[0, 4::16, 1] = np.array([30, 34, 38, 42]) / 127
    offsets[0, ::16, 0] = [0.1, -0.1, 0.1, -0.1]
    offsets[0, 4::16, 1] = [-0.1, 0.1, -0.1, 0.1]
    found = repeats(Drums(hits, velocities, offsets))
    assert found.velocity_kept > 0.95
    assert found.timing_kept == pytest.approx(-1.0)


def test_windows_of_another_length_are_refused(examples):
    four = get_config("mask-groove").with_overrides("converter.bars=4").converter
    with pytest.raises(ConfigError, match="windows of 8 bars at every bar"):
        evaluate_filling(Silent(), four, examples, examples, name="silent")


def test_a_task_ends_where_it_says():
    task = Task("some", "some", first=3, end=6, start=4)
    assert task.hidden(9, 16)[:16].sum() == 0
    assert task.hidden(9, 16).shape == (48, 9)
    np.testing.assert_array_equal(task.cut(np.arange(128), 16), np.arange(48, 96))
