from __future__ import annotations

from pathlib import Path

import pytest

from groovekit.errors import ConfigError, UsageError
from groovekit.training.settings import TrainSettings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 2.5}, r"TrainSettings\.steps takes an integer or none, got 2\.5"),
        ({"patience": "five"}, r"TrainSettings\.patience takes an integer or none"),
        ({"resume": 0}, r"TrainSettings\.resume takes true or false"),
        ({"init_from": 3}, r"TrainSettings\.init_from takes text or a path or none"),
    ],
)
def test_values_of_other_types_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        TrainSettings(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": -1}, "steps must be at least 0, got -1"),
        ({"keep": -1}, "keep must be at least 0, got -1"),
        ({"precision": "float64"}, "float32, bfloat16, float16, got 'float64'"),
        ({"overwrite": True}, "`overwrite=True` goes with `resume=False`"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(UsageError, match=message):
        TrainSettings(**values)


def test_whole_numbers_and_paths_are_taken():
    settings = TrainSettings(steps=200.0, checkpoint_minutes=5, init_from=Path("run"))
    assert (settings.steps, type(settings.steps)) == (200, int)
    assert settings.init_from == Path("run")
