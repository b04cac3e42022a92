"""Training and playing from Python: only has to type-check.

mypy reads the folder with the package; nothing here is run.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import numpy as np

import groovekit as gk


def play(midi: Path) -> list[Path]:
    model = gk.TrainedModel.load("groovae_4bar", output_kit="roland_td11")
    beat = gk.read_midi(midi)
    assert_type(beat, gk.NoteSequence)

    code = model.encode(beat, seed=1)
    assert_type(code.mean, np.ndarray)
    assert_type(code.stddev, np.ndarray)
    assert_type(code.sample, np.ndarray)
    mean, stddev, sample = code
    assert mean.shape == stddev.shape == sample.shape

    grooves = [
        *model.sample(2, temperature=0.7, bars=8, qpm=96.0, seed=1),
        *model.sample(2, rng=np.random.default_rng(1)),
        *model.decode(code.mean, qpm=[120.0]),
        *model.reconstruct([beat, beat], temperature=0.0),
        *model.interpolate(beat, beat, 5, window=1),
    ]
    assert_type(grooves, list[gk.NoteSequence])
    assert_type(model.decode_to_tensors(code.mean, steps=32), np.ndarray)
    assert_type(model.config, gk.ModelConfig)
    assert_type(model.converter, gk.Converter)
    return [gk.write_midi(groove, Path("groove.mid")) for groove in grooves]


def train(examples: str) -> float | None:
    config = gk.get_config("groovae_4bar").with_overrides({"batch_size": 32})
    prepared = gk.prepare(
        examples, config.converter, settings=gk.DataSettings(eval_fraction=0.1)
    )
    assert_type(prepared, gk.Prepared)
    assert_type(prepared.train, gk.Examples)
    assert_type(prepared.evaluation, gk.Examples | None)
    result = gk.train(
        config,
        prepared,
        "runs/mine",
        settings=gk.TrainSettings(steps=100, patience=5, seed=1),
    )
    assert_type(result, gk.TrainResult)
    return result.best


def look(sequence: gk.NoteSequence) -> int:
    converter = gk.GrooveConverter(bars=2, humanize=True)
    windows = converter.extract(sequence)
    if isinstance(windows, gk.Skipped):
        assert_type(windows.reason, gk.Reason)
        return 0
    assert_type(windows.counts, gk.Counts)
    batch = converter.expand(windows, rng=np.random.default_rng(1))
    assert_type(batch.inputs, np.ndarray)
    assert_type(batch.controls, np.ndarray | None)
    return len(batch)


def mend(name: str) -> gk.Config | None:
    try:
        return gk.get_config(name)
    except gk.GroovekitError:
        return None
