"""Tiny models with weights large enough to play something."""

from __future__ import annotations

import numpy as np

from groovekit.generation.trained_model import TrainedModel
from groovekit.models.builder import build_model
from helpers import tiny


def made(name="groovae_2bar_humanize", *, max_batch_size=256, **overrides):
    """A model of a config in tiny sizes."""
    config = tiny.config(name, **overrides)
    model = build_model(config, seed=1)
    for index, variable in enumerate(model.trainable_variables):
        rng = np.random.default_rng(index)
        variable.assign(rng.normal(0, 0.5, variable.shape))
    return TrainedModel(config, model, max_batch_size=max_batch_size)


def same(ours, theirs):
    """The same notes but for rounding, which depends on the size of a batch."""
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert [n.pitch for n in a.notes] == [n.pitch for n in b.notes]
        for field, tolerance in (("velocity", 1), ("start_time", 1e-5)):
            np.testing.assert_allclose(
                [getattr(n, field) for n in a.notes],
                [getattr(n, field) for n in b.notes],
                rtol=0,
                atol=tolerance,
            )
