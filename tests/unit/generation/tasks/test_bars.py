"""Takes in other bars than the model's, through the tasks that play them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import tiny
from helpers.playing import made

from groovekit.generation.players import load_player
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import TempoMap

CASES = Path(__file__).parents[3] / "data" / "midi_cases"


@pytest.fixture(scope="module")
def masked():
    return load_player("mask-groove")


@pytest.fixture(scope="module")
def coded():
    return made()


def times(sequence):
    return np.array([note.start_time for note in sequence.notes])


def in_bars(numerator, denominator, bars=4):
    """Hats on all sixteenths but each bar's first, a kick there."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=120.0)
    sequence.time_signatures.add(numerator=numerator, denominator=denominator)
    per_bar = 16 * numerator // denominator
    for step in range(bars * per_bar):
        sequence.notes.add(
            pitch=36 if step % per_bar == 0 else 42,
            velocity=90,
            start_time=step * 0.125,
            end_time=step * 0.125 + 0.1,
            is_drum=True,
            instrument=9,
        )
    sequence.total_time = bars * per_bar * 0.125
    return sequence


@pytest.mark.parametrize(
    "signature", [(3, 4), (6, 8), (12, 8), (5, 4), (7, 8), (2, 4), (4, 4)], ids=str
)
@pytest.mark.parametrize("kind", ["masked", "coded"])
def test_every_stroke_stays_near_its_step(signature, kind, request):
    model = request.getfixturevalue(kind)
    sequence = in_bars(*signature)
    (played,) = model.humanize(sequence, seed=1)
    assert [n.pitch for n in played.notes] == [n.pitch for n in sequence.notes]
    moved = times(played) - times(sequence)
    assert np.abs(moved).max() <= 0.0625
    assert moved.any()
    (same,) = model.humanize(sequence, amount=0.0, seed=1)
    np.testing.assert_array_equal(times(same), times(sequence))


@pytest.mark.parametrize("signature", [(3, 4), (5, 4), (7, 8)], ids=str)
def test_nothing_is_added_outside_the_bars(masked, signature):
    sequence = in_bars(*signature)
    kept = [n for n in sequence.notes if n.pitch == 36]
    del sequence.notes[:]
    sequence.notes.extend(kept)
    (more,) = masked.add(sequence, drums="closed_hihat", seed=2)
    new = times(more)[len(kept) :]
    assert len(new) > 4
    assert new.max() < sequence.total_time - 0.05
    # Each on a sixteenth of its own.
    assert len(np.unique(np.rint(new / 0.125))) == len(new)
    (other,) = masked.fill_bars(sequence, bars="2", seed=3)
    bar = sequence.total_time / 4
    before, after = times(sequence), times(other)
    for part in (lambda t: t < bar - 0.06, lambda t: t >= 2 * bar - 0.06):
        np.testing.assert_array_equal(before[part(before)], after[part(after)])


@pytest.mark.parametrize("kind", ["masked", "coded"])
def test_a_continuation_begins_on_the_next_bar_of_the_file(kind, request):
    model = request.getfixturevalue(kind)
    sequence = read_midi(CASES / "10_pickup_bar.mid")
    (whole,) = model.continue_(sequence, bars=2, seed=1)
    count = len(sequence.notes)
    np.testing.assert_array_equal(times(whole)[:count], times(sequence))
    tempo_map = TempoMap.of(sequence)
    quarters = tempo_map.quarters(times(whole)[count:])
    # A beat of pickup and four bars.
    assert quarters.min() > 17 - 0.2
    assert quarters.max() < 17 + 8


def test_a_continuation_of_split_bars(masked):
    (whole,) = masked.continue_(in_bars(5, 4), bars=3, seed=1)
    assert whole.total_time == pytest.approx(7 * 2.5)


def test_the_pickup_stays(masked, coded):
    sequence = read_midi(CASES / "10_pickup_bar.mid")
    first = times(sequence) < 60.0 / sequence.tempos[0].qpm - 0.01
    assert first.sum() == 2
    for model in (masked, coded):
        (played,) = model.humanize(sequence, seed=1)
        moved = times(played) != times(sequence)
        assert not moved[first].any()
        assert moved[~first].mean() > 0.8
        for before, after in zip(sequence.notes[:2], played.notes[:2], strict=True):
            assert before.velocity == after.velocity


def test_bars_of_a_programmed_loop_differ_as_a_drummers_do(masked):
    sequence = read_midi(CASES / "loop8.mid")
    tick = 60.0 / sequence.tempos[0].qpm / 480
    place = np.rint(times(sequence) / tick).astype(int) % 1920
    kinds = [(n.pitch, at) for n, at in zip(sequence.notes, place, strict=True)]
    velocity, timing = [], []
    for seed in range(4):
        (played,) = masked.humanize(sequence, seed=seed)
        moved = (times(played) - times(sequence)) / tick
        loud = np.array([note.velocity for note in played.notes])
        for kind in sorted(set(kinds)):
            own = [number for number, other in enumerate(kinds) if other == kind]
            assert len(own) == 8
            velocity.append(loud[own].std())
            timing.append(moved[own].std())
    assert 4 <= np.mean(velocity) <= 15
    assert 4 <= np.mean(timing) <= 20


@pytest.mark.parametrize("name", ["loop1", "loop2", "loop2_eot"])
def test_loops_are_humanised(masked, coded, name):
    sequence = read_midi(CASES / f"{name}.mid")
    for model in (masked, coded):
        (played,) = model.humanize(sequence, seed=1)
        assert len(played.notes) == len(sequence.notes)
        assert (times(played) != times(sequence)).mean() > 0.5


def test_a_short_take_is_seen_as_often_as_it_fits(coded):
    once = tiny.groove(1, bars=1)
    (played,) = coded.humanize(once, seed=1, temperature=0)
    assert len(played.notes) == len(once.notes)
