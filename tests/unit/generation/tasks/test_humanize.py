from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny
from helpers.performances import column, rich, without
from helpers.playing import made

from groovekit.converters.grid.bins import velocity_values
from groovekit.errors import UsageError
from groovekit.generation.takes import read_take
from groovekit.io.midi.files import read_midi, write_midi

# Of `rich`: the odd pitch and the bass.
UNKNOWN = 2


@pytest.fixture(scope="module")
def model():
    return made()


def test_the_same_hits_as_the_model_plays_them(model):
    groove = tiny.groove(1, bars=2)
    (played,) = model.humanize(groove, temperature=0, seed=1)
    assert without(played, "velocity", "start_time", "end_time") == without(
        groove, "velocity", "start_time", "end_time"
    )
    # The model is given the hits alone, and sees them as its own.
    take = read_take(groove, model.converter)
    hits = take.grid()
    code = model.encode(groove, seed=0).mean
    tensors = model.decode_to_tensors(code, temperature=0, forced=hits[None])[0]
    np.testing.assert_array_equal(tensors[:, :9], hits)
    cells = (take.steps, take.classes)
    np.testing.assert_array_equal(
        column(played, "velocity"),
        np.clip(np.rint(127 * tensors[:, 9:18][cells]), 1, 127),
    )
    expected = np.maximum((take.steps - tensors[:, 18:][cells] / 2) * 0.125, 0)
    np.testing.assert_allclose(column(played, "start_time"), expected, atol=1e-6)
    # What was played before has no part in it.
    flat = type(groove)()
    flat.CopyFrom(groove)
    for note, step in zip(flat.notes, take.steps, strict=True):
        note.velocity, note.start_time = 64, step * 0.125
    (again,) = model.humanize(flat, temperature=0, seed=2)
    np.testing.assert_array_equal(column(again, "velocity"), column(played, "velocity"))
    np.testing.assert_allclose(column(again, "start_time"), expected, atol=1e-6)


def test_everything_else_survives(model):
    sequence = rich()
    (played,) = model.humanize(sequence, seed=1)
    changed = ("velocity", "start_time", "end_time")
    assert without(played, *changed) == without(sequence, *changed)
    assert list(played.notes[-UNKNOWN:]) == list(sequence.notes[-UNKNOWN:])
    moved = column(played, "start_time") - column(sequence, "start_time")
    assert (moved[:-UNKNOWN] != 0).all()
    # Notes of one cell move together, and keep their distance in velocity.
    assert moved[-4] == pytest.approx(moved[-3], abs=1e-9)
    flam = column(played, "velocity")[-4:-2]
    assert flam[1] - flam[0] == 70 or 1 in flam or 127 in flam
    # On the same steps of the same tempo map.
    before, after = (read_take(s, model.converter) for s in (sequence, played))
    np.testing.assert_array_equal(
        np.delete(before.steps, -2), np.delete(after.steps, -2)
    )


def test_amounts(model):
    sequence = rich()
    assert model.humanize(sequence, amount=0, seed=1) == [sequence]
    (whole,) = model.humanize(sequence, seed=1)
    (half,) = model.humanize(sequence, amount=0.5, seed=1)
    for field, tolerance in (("velocity", 0.51), ("start_time", 0.02)):
        middle = (column(sequence, field) + column(whole, field)) / 2
        np.testing.assert_allclose(column(half, field), middle, atol=tolerance)
    with pytest.raises(UsageError, match="amount must be 0 to 1"):
        model.humanize(sequence, amount=1.5)
    with pytest.raises(UsageError, match="at least 1, got 0"):
        model.humanize(sequence, 0)


def test_timing_or_velocity_alone(model):
    sequence = rich()
    (both,) = model.humanize(sequence, seed=1)
    (timing,) = model.humanize(sequence, velocity=False, seed=1)
    (velocity,) = model.humanize(sequence, timing=False, seed=1)
    assert without(timing, "start_time", "end_time") == without(
        sequence, "start_time", "end_time"
    )
    assert without(velocity, "velocity") == without(sequence, "velocity")
    for field in ("start_time", "end_time"):
        np.testing.assert_array_equal(column(timing, field), column(both, field))
    np.testing.assert_array_equal(
        column(velocity, "velocity"), column(both, "velocity")
    )


def test_versions(model):
    groove = tiny.groove(1, bars=3)
    first = model.humanize(groove, 3, seed=4)
    assert model.humanize(groove, 3, seed=4) == first
    assert model.humanize(groove, 2, seed=4) == first[:2]
    assert len({s.SerializeToString() for s in first}) == 3
    cold = model.humanize(groove, 2, temperature=0, seed=4)
    assert cold[0] == cold[1]
    for wrong in (-1.0, float("nan")):
        with pytest.raises(UsageError, match="temperature must be at least 0"):
            model.humanize(groove, temperature=wrong)


def test_ten_minutes_without_a_seam(model, tmp_path):
    groove = tiny.groove(1, bars=300)
    assert groove.total_time == 600
    (played,) = model.humanize(groove, seed=1)
    assert len(played.notes) == len(groove.notes) > 2500
    # Each bar is what the window says in which it has most past: playing the first
    # three bars alone gives the first two as they are in the whole.
    short = tiny.groove(1, bars=300)
    del short.notes[sum(n.start_time < 5.9 for n in groove.notes) :]
    (part,) = model.humanize(short, seed=1)
    count = sum(n.start_time < 3.9 for n in groove.notes)
    for field in ("velocity", "start_time"):
        np.testing.assert_allclose(
            column(part, field)[:count], column(played, field)[:count], atol=1e-4
        )
    # Through a file: nothing is lost or doubled, and each drum keeps its order.
    back = read_midi(write_midi(played, tmp_path / "a.mid"))
    pitches = column(groove, "pitch")
    for pitch in set(pitches.tolist()):
        ours, theirs = (
            np.sort(column(s, "start_time")[column(s, "pitch") == pitch])
            for s in (played, back)
        )
        np.testing.assert_allclose(ours, theirs, atol=2e-3)
        assert (np.diff(column(played, "start_time")[pitches == pitch]) > 0).all()


def test_tempo_and_swing(model):
    groove = tiny.groove(1, bars=2, qpm=120.0)
    (plain,) = model.humanize(groove, seed=1)
    (fast,) = model.humanize(groove, qpm=150.0, seed=1)
    np.testing.assert_allclose(
        column(fast, "start_time"), column(plain, "start_time") * 0.8, atol=1e-9
    )
    assert fast.tempos[0].qpm == pytest.approx(150)
    (swung,) = model.humanize(groove, swing=1.0, seed=1)
    later = column(swung, "start_time") - column(plain, "start_time")
    steps = read_take(groove, model.converter).steps
    # Half way in the beat: a sixth of a quarter later, give or take microtiming.
    assert later[steps % 4 == 2].mean() == pytest.approx(0.5 / 6, abs=0.02)
    assert abs(later[steps % 4 == 0]).max() < 0.03


def test_pitches_of_the_output_kit(model):
    groove = tiny.groove(1, bars=2)
    groove.notes[0].pitch = 22  # the Roland kit's closed hi-hat edge
    (played,) = model.humanize(groove, translate=True, seed=1)
    assert set(column(played, "pitch").tolist()) == {36, 38, 42}


def test_models_that_are_given_hits_play_from_the_prior():
    model = made("groovae_2bar_hits_control_tfds")
    groove = tiny.groove(1, bars=2)
    quiet = tiny.groove(1, bars=2)
    for note in quiet.notes:
        note.velocity = 20
    ours, theirs = (model.humanize(g, seed=1)[0] for g in (groove, quiet))
    np.testing.assert_array_equal(column(ours, "velocity"), column(theirs, "velocity"))


def test_models_without_velocities_are_refused():
    with pytest.raises(UsageError, match="model of grooves"):
        made("cat-drums_2bar_small").humanize(tiny.groove(1))


def test_models_with_velocities_and_offsets_in_bins():
    model = made(
        **{
            "converter.velocity_bins": 8,
            "converter.offset_bins": 9,
            "decoder.head": "groove_bins",
        }
    )
    groove = tiny.groove(1, bars=3)
    (played,) = model.humanize(groove, temperature=0, seed=1)
    changed = ("velocity", "start_time", "end_time")
    assert without(played, *changed) == without(groove, *changed)
    known = velocity_values(8)
    assert set(column(played, "velocity").tolist()) <= {*known.tolist(), 1}
    assert (column(played, "velocity") != column(groove, "velocity")).any()
