from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny
from helpers.performances import column, rich, without
from helpers.playing import made

from groovekit.errors import DataError, UsageError
from groovekit.generation.takes import read_take


@pytest.fixture(scope="module", params=["groovae_2bar_humanize", "groovae_4bar"])
def model(request):
    return made(request.param)


def laid_back(bars=16, *, late=0.2, velocity=100, qpm=120.0):
    """A beat whose snare is late (in steps) and whose hats are soft off the beat."""
    sequence = tiny.groove(0, bars=0, qpm=qpm)
    step = 15.0 / qpm
    for number in range(16 * bars):
        hits = [(42, 0.0, velocity if number % 4 == 0 else velocity // 2)]
        if number % 8 == 4:
            hits.append((38, late, 90))
        for pitch, delay, loud in hits if number % 2 == 0 else []:
            start = (number + delay) * step
            sequence.notes.add(pitch=pitch, velocity=loud, start_time=start,
                               end_time=start + step, is_drum=True)  # fmt: skip
    return sequence


def flat(bars=3, qpm=90.0):
    """The same beat from a machine, with kicks."""
    sequence = laid_back(bars, late=0.0, velocity=80, qpm=qpm)
    for number in range(0, 16 * bars, 8):
        start = number * 15.0 / qpm
        sequence.notes.add(pitch=36, velocity=80, start_time=start, end_time=start + 1,
                           is_drum=True)  # fmt: skip
    for note in sequence.notes:
        note.velocity = 80
    return sequence


def test_the_hits_of_one_with_the_feel_of_the_other(model):
    machine = flat()
    (played,) = model.groove(machine, laid_back(), temperature=0, seed=1)
    timing = ("velocity", "start_time", "end_time")
    assert without(played, *timing) == without(machine, *timing)
    step = 15.0 / 90.0
    late = (column(played, "start_time") - column(machine, "start_time")) / step
    pitch, velocity = column(played, "pitch"), column(played, "velocity")
    on_beat = read_take(machine, model.converter).steps % 4 == 0
    # Sixteen strokes outweigh what the model thinks; at another tempo, the same part
    # of a step.
    assert late[pitch == 38].mean() == pytest.approx(0.2, abs=0.05)
    assert abs(late[pitch == 42]).max() < 0.1
    assert velocity[pitch == 38].mean() == pytest.approx(90, abs=5)
    assert velocity[(pitch == 42) & on_beat].mean() == pytest.approx(100, abs=5)
    assert velocity[(pitch == 42) & ~on_beat].mean() == pytest.approx(50, abs=5)


def test_where_the_other_has_no_strokes_the_model_plays(model):
    machine = flat()
    kicks = column(machine, "pitch") == 36
    feels = [laid_back(velocity=v) for v in (60, 100)]
    for count, seed in ((1, 1), (1, 2)):
        versions = [
            model.groove(machine, feel, count, temperature=1, seed=seed)[0]
            for feel in feels
        ]
        for version in versions:
            assert len(set(column(version, "velocity")[kicks].tolist())) > 1


def test_everything_else_survives_and_amounts(model):
    sequence = rich()
    assert model.groove(sequence, laid_back(), amount=0, seed=1) == [sequence]
    (played,) = model.groove(sequence, laid_back(), seed=1)
    timing = ("velocity", "start_time", "end_time")
    assert without(played, *timing) == without(sequence, *timing)
    assert list(played.notes[-2:]) == list(sequence.notes[-2:])
    (velocity,) = model.groove(sequence, laid_back(), timing=False, seed=1)
    assert without(velocity, "velocity") == without(sequence, "velocity")
    np.testing.assert_array_equal(
        column(velocity, "velocity"), column(played, "velocity")
    )


def test_versions(model):
    first = model.groove(flat(), laid_back(2), 2, temperature=1, seed=3)
    assert model.groove(flat(), laid_back(2), 2, temperature=1, seed=3) == first
    assert first[0] != first[1]
    with pytest.raises(UsageError, match="at least 1"):
        model.groove(flat(), flat(), 0)
    with pytest.raises(DataError, match="no notes"):
        model.groove(flat(), tiny.groove(1, bars=0))
