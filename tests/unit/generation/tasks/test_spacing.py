"""Strokes that share a cell keep their number, order and spacing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.playing import made

from groovekit.converters.groove import GrooveConverter
from groovekit.generation.takes import read_take
from groovekit.generation.tasks.editing import performed
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence

CASES = Path(__file__).parents[3] / "data" / "midi_cases"
TWO = GrooveConverter(bars=2, kit="general_midi")


def strokes(*quarters, pitch=42, velocity=80):
    """Strokes at 60 quarters a minute."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=60.0)
    for number, quarter in enumerate(quarters):
        loud = velocity[number] if isinstance(velocity, list) else velocity
        sequence.notes.add(
            pitch=pitch,
            velocity=loud,
            start_time=quarter,
            end_time=quarter + 0.05,
            is_drum=True,
            instrument=9,
        )
    return sequence


def played(sequence, offsets):
    """New onsets where a model plays ``offsets`` (a value a step) on all drums."""
    take = read_take(sequence, TWO)
    shape = (take.bars * 16, take.converter.classes)
    rows = np.resize(np.asarray(offsets, float), shape[0])
    rows = np.repeat(rows[:, None], shape[1], axis=1)
    edits = performed(take, np.full(shape, 80.0), rows)
    assert edits.notes.tolist() == list(range(len(sequence.notes)))
    return edits.start


RNG = np.random.default_rng(3)
DEVIATIONS = RNG.normal(0, 0.15, 16)


@pytest.mark.parametrize("per_quarter", [5, 6, 7, 8, 9, 12])
def test_rolls_stay_even(per_quarter):
    quarters = np.arange(1, 1 + 8 * per_quarter) / per_quarter
    sequence = strokes(*quarters.tolist())
    found = played(sequence, DEVIATIONS)
    gaps = np.diff(found)
    assert (gaps > 0).all()
    # Of neighbours, one moves by no more than two played deviations from the other.
    most = np.abs(np.diff(np.append(DEVIATIONS, DEVIATIONS[0]))).max() / 8
    assert np.abs(gaps - 1 / per_quarter).max() <= most + 1e-9


def test_nothing_moves_that_is_played_straight():
    quarters = [0, *(1 + np.arange(12) / 6).tolist(), 3, 3 + 1 / 8, 3.25]
    found = played(strokes(*quarters), [0.0])
    np.testing.assert_allclose(found, quarters, atol=1e-9)


def test_a_flam_moves_with_its_stroke():
    sequence = strokes(0, 0.97, 1.0, 2.0, velocity=[80, 30, 90, 80])
    offsets = np.zeros(16)
    offsets[4] = 0.4
    found = played(sequence, offsets)
    np.testing.assert_allclose(found, [0, 0.92, 0.95, 2.0], atol=1e-9)


def test_a_drag_before_the_beat():
    sequence = strokes(0, 0.9, 0.95, 1.0, 2.0, velocity=[80, 40, 40, 100, 80])
    offsets = np.zeros(16)
    offsets[4] = -0.2
    found = played(sequence, offsets)
    np.testing.assert_allclose(np.diff(found)[1:3], 0.05, atol=1e-9)
    assert found[3] == pytest.approx(1.025)


def test_a_roll_without_a_stroke_near_a_step_stays():
    sequence = strokes(1.08, 1.17, 2.08, 2.17)
    found = played(sequence, [0.3])
    np.testing.assert_allclose(found, [1.08, 1.17, 2.08, 2.17], atol=1e-9)


def test_single_strokes_go_where_they_are_played():
    # An off-beat of a shuffle is no roll.
    sequence = strokes(0, 2 / 3, 1, 5 / 3)
    found = played(sequence, [0.0])
    np.testing.assert_allclose(found, [0, 0.75, 1, 1.75], atol=1e-9)


def test_hats_of_a_file_in_triplets_of_sixteenths():
    sequence = read_midi(CASES / "38_sixteenth_triplet_hats.mid")
    (result,) = made("groovae_2bar_humanize").humanize(sequence, seed=4)
    assert len(result.notes) == len(sequence.notes) == 56
    tick = 60.0 / sequence.tempos[0].qpm / 480
    before, after = (
        np.array([n.start_time for n in s.notes if n.pitch == 42]) / tick
        for s in (sequence, result)
    )
    moved = after - before
    off = np.abs(np.diff(after) - np.diff(before))
    assert (off <= np.abs(moved[1:]) + np.abs(moved[:-1]) + 1e-6).all()
    np.testing.assert_allclose(np.diff(before), 80, atol=0.5)
    assert np.diff(after).min() > 40
