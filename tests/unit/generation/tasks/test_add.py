from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny
from helpers.performances import column, rich
from helpers.playing import made

from groovekit.errors import UsageError
from groovekit.generation.takes import read_take

HAT = 42


@pytest.fixture(scope="module")
def model():
    return made("groovae_2bar_add_closed_hh")


def without_hats(sequence):
    kept = [note for note in sequence.notes if note.pitch != HAT]
    del sequence.notes[:]
    sequence.notes.extend(kept)
    return sequence


def test_only_the_missing_instrument_is_added(model):
    sequence = without_hats(rich())
    (filled,) = model.add(sequence, seed=1)
    count = len(sequence.notes)
    assert list(filled.notes[:count]) == list(sequence.notes)
    new = filled.notes[count:]
    assert len(new) > 5
    assert {(n.pitch, n.is_drum, n.instrument) for n in new} == {(HAT, True, 9)}
    rest = type(filled)()
    rest.CopyFrom(filled)
    del rest.notes[count:]
    rest.total_time = sequence.total_time
    assert rest == sequence


def test_the_model_plays_with_the_drums_that_are_there(model):
    groove = without_hats(tiny.groove(1, bars=2))
    (filled,) = model.add(groove, temperature=0, seed=1)
    take = read_take(groove, model.converter)
    forced = take.grid().astype(float)
    forced[int(take.steps.min()) :, 2] = np.nan
    code = model.encode(groove, seed=0).mean
    tensors = model.decode_to_tensors(code, temperature=0, forced=forced[None])[0]
    np.testing.assert_array_equal(
        np.delete(tensors[:, :9], 2, axis=1), np.delete(forced, 2, axis=1)
    )
    steps = np.flatnonzero(tensors[:, 2])
    new = filled.notes[len(groove.notes) :]
    starts = np.maximum((steps - tensors[steps, 20] / 2) * 0.125, 0)
    np.testing.assert_allclose([n.start_time for n in new], starts, atol=1e-6)
    velocities = np.clip(np.rint(tensors[steps, 11] * 127), 1, 127)
    assert [n.velocity for n in new] == velocities.tolist()


def test_hits_that_are_there_already_stay_single(model):
    groove = tiny.groove(1, bars=6)
    (filled,) = model.add(groove, temperature=1, seed=1)
    assert list(filled.notes[: len(groove.notes)]) == list(groove.notes)
    before, after = (read_take(s, model.converter).counts for s in (groove, filled))
    assert after.kept > before.kept
    assert after.merged == before.merged


def test_nothing_before_the_first_hit(model):
    groove = without_hats(tiny.groove(1, bars=3))
    for note in groove.notes:
        note.start_time += 8.5
        note.end_time += 8.5
    (filled,) = model.add(groove, temperature=1, seed=1)
    assert len(filled.notes) > len(groove.notes)
    assert column(filled, "start_time").min() > 8.5 - 0.0626


def test_versions_and_tempo(model):
    groove = without_hats(tiny.groove(1, bars=3))
    first = model.add(groove, 3, temperature=1, seed=4)
    assert model.add(groove, 3, temperature=1, seed=4) == first
    assert len({s.SerializeToString() for s in first}) == 3
    (slow,) = model.add(groove, temperature=1, qpm=60, seed=4)
    np.testing.assert_allclose(
        column(slow, "start_time"), column(first[0], "start_time") * 2, atol=1e-9
    )


def test_other_models_are_refused():
    with pytest.raises(UsageError, match="groovae_2bar_add_closed_hh"):
        made().add(tiny.groove(1))
