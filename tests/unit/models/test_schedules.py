from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from groovekit.errors import ConfigError
from groovekit.models import backend, schedules

GOLDEN = Path(__file__).parents[2] / "golden" / "sampling_schedules.json"


def test_sampling_probabilities_are_the_originals():
    table = json.loads(GOLDEN.read_text())
    steps = np.asarray(table.pop("steps"), np.float32)
    assert len(table) >= 5
    for key, theirs in table.items():
        name, rate = key.split(":")
        ours = schedules.sampling_probability(steps, schedule=name, rate=float(rate))
        np.testing.assert_allclose(backend.to_numpy(ours), theirs, atol=2e-7)


@pytest.mark.parametrize(
    ("name", "rate"),
    [("constant", 1.1), ("exponential", 1.0), ("inverse_sigmoid", 0.5), ("linear", 1)],
)
def test_rates_out_of_range_are_refused(name, rate):
    with pytest.raises(ConfigError, match=r"must be"):
        schedules.sampling_probability(0, schedule=name, rate=rate)


def test_beta_starts_at_zero_and_reaches_its_maximum():
    values = [
        float(backend.to_numpy(schedules.beta(s, max_beta=0.2, beta_rate=0.0)))
        for s in (0, 1, 5)
    ]
    assert values == pytest.approx([0.0, 0.2, 0.2])
