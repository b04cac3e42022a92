"""Learning on real drumming as the original does. Takes the better part of an hour.

The original's figures: ``groovae_4bar``, batch 128, training split, 800 steps; the
losses of single batches, and reconstruction of the 504 validation windows.
"""

from __future__ import annotations

import numpy as np
import pytest
from helpers.reconstruction import reconstruction_metrics

from groovekit.configs.base import get_config
from groovekit.data.prepared import prepare
from groovekit.data.settings import DataSettings
from groovekit.training.settings import TrainSettings
from groovekit.training.trainer import Trainer

pytestmark = pytest.mark.long

LOSSES = {101: 227, 201: 206, 301: 183, 401: 177, 501: 166, 601: 162, 701: 162}


def deviations(losses):
    """How far means over the 20 steps around each step lie from the original's.

    Args:
      losses: mean loss of ten steps by the last of them.
    """
    return np.array(
        [
            (losses[step - 1] + losses[step + 9]) / 2 / theirs - 1
            for step, theirs in LOSSES.items()
        ]
    )


def test_groovae_4bar_learns_as_the_original_does(groove_dir, tmp_path):
    config = get_config("groovae_4bar").with_overrides({"batch_size": 128})
    data = prepare(groove_dir, config.converter, settings=DataSettings(split="train"))
    losses = {}

    def note(step, scalars):
        # Slow machines report more often than every ten steps.
        losses.setdefault(-(-step // 10) * 10, []).append(scalars["loss"])

    settings = TrainSettings(steps=800, seed=1)
    trainer = Trainer(config, data, tmp_path / "run", settings)
    trainer.fit(note)
    off = deviations({step: np.mean(values) for step, values in losses.items()})
    assert np.abs(off).max() < 0.15
    assert np.abs(off).mean() < 0.08
    found = reconstruction_metrics(trainer.model, config.converter, data.evaluation)
    assert found.hits.f1 >= 0.535
    assert 42 <= found.losses["losses/kl_bits"] <= 52


def test_drums_learn(groove_dir, tmp_path):
    config = get_config("cat-drums_2bar_small").with_overrides({"batch_size": 128})
    data = prepare(groove_dir, config.converter, settings=DataSettings(split="train"))
    scores = []
    for steps in (100, 300):
        settings = TrainSettings(steps=steps, seed=1)
        trainer = Trainer(config, data, tmp_path / "run", settings)
        trainer.fit()
        scores.append(trainer.state.scores["loss"])
    assert scores[1] < scores[0]
