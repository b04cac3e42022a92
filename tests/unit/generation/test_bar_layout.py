"""Bars of any time signature on the grid of a model."""

from __future__ import annotations

import numpy as np
import pytest

from groovekit.converters.bar_grid import Grid
from groovekit.generation.bar_layout import BarLayout
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import TempoMap

FOUR_FOUR = Grid()


def laid(*signatures, grid=FOUR_FOUR, quarters=40.0, qpm=120.0):
    """A layout of (quarter, numerator, denominator)."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    for quarter, numerator, denominator in signatures:
        sequence.time_signatures.add(
            time=quarter * 60 / qpm, numerator=numerator, denominator=denominator
        )
    return BarLayout.of(sequence, TempoMap.of(sequence), grid, quarters=quarters)


@pytest.mark.parametrize(
    ("signature", "lengths", "remark"),
    [
        ((4, 4), [4, 4], None),
        ((2, 2), [4, 4], None),
        ((3, 4), [3, 3], "bars of 3/4 fill the first 12 of 16 steps"),
        ((6, 8), [3, 3], "bars of 6/8 fill the first 12 of 16 steps"),
        ((7, 8), [3.5, 3.5], "bars of 7/8 fill the first 14 of 16 steps"),
        ((7, 16), [1.75, 1.75], "bars of 7/16 fill the first 7 of 16 steps"),
        ((2, 4), [4, 4], "two bars of 2/4 are one of 4/4"),
        ((5, 4), [3, 2], "bars of 5/4 are split into 3 + 2 quarter notes"),
        ((12, 8), [3, 3], "bars of 12/8 are split into 3 + 3 quarter notes"),
        ((9, 8), [3, 1.5], "bars of 9/8 are split into 3 + 1.5 quarter notes"),
        ((7, 4), [4, 3], "bars of 7/4 are split into 4 + 3 quarter notes"),
        ((6, 4), [3, 3], "bars of 6/4 are split into 3 + 3 quarter notes"),
        ((3, 2), [4, 2], "bars of 3/2 are split into 4 + 2 quarter notes"),
    ],
    ids=str,
)
def test_bars_of_one_time_signature(signature, lengths, remark):
    layout = laid((0, *signature))
    assert layout.lengths[:2].tolist() == lengths
    assert layout.origins[:3].tolist() == [0, lengths[0], sum(lengths)]
    assert layout.remarks(4) == ([remark] if remark else [])
    sizes = [int(np.ceil(4 * length)) for length in lengths]
    used = layout.used(32).reshape(2, 16)
    assert used.sum(axis=1).tolist() == sizes
    assert all(row[:size].all() for row, size in zip(used, sizes, strict=True))


def test_a_bar_that_no_split_in_two_fits():
    assert laid((0, 15, 8)).lengths[:3].tolist() == [3.0, 1.5, 3.0]
    assert (laid((0, 21, 4)).lengths <= 4).all()


def test_places_and_back():
    layout = laid((0, 5, 4), (10, 7, 8), (17, 4, 4), (21, 2, 4), (23, 4, 4))
    steps = np.flatnonzero(layout.used(len(layout) * 16))
    places = layout.position(steps)
    assert (np.diff(places) > 0).all()
    np.testing.assert_allclose(layout.on_grid(places) * 4, steps)
    # A little early or late is so on the grid, too.
    for apart in (-0.1, 0.1):
        np.testing.assert_allclose(
            layout.on_grid(places + apart) * 4, steps + 4 * apart
        )
    np.testing.assert_allclose(layout.position(steps, 0.25), places - 0.0625)


def test_music_in_the_models_own_bars_is_as_ever():
    layout = laid((0, 4, 4))
    steps = np.arange(300)
    early = np.linspace(-0.5, 0.5, 300)
    np.testing.assert_array_equal(layout.position(steps, early), (steps - early) / 4)
    quarters = np.random.default_rng(1).random(500) * 40
    np.testing.assert_array_equal(layout.on_grid(quarters), quarters)
    assert layout.pickup == 0
    assert layout.used(300).all()


@pytest.mark.parametrize(
    ("signatures", "pickup"),
    [
        ([(0, 1, 4), (1, 4, 4)], 1),
        ([(0, 3, 8), (1.5, 6, 8)], 1.5),
        ([(0, 3, 4), (3, 4, 4)], 3),
        # Whole bars are none, nor is a first bar as long as the others or longer.
        ([(0, 3, 4), (6, 4, 4)], 0),
        ([(0, 4, 4), (4, 3, 4)], 0),
        ([(0, 5, 4), (5, 4, 4)], 0),
        ([(0, 1, 4)], 0),
    ],
)
def test_pickups(signatures, pickup):
    layout = laid(*signatures)
    assert layout.pickup == pickup
    assert layout.origins[0] == pickup
    before = layout.bar_of(np.array([pickup - 0.5]))
    assert before.tolist() == [-1 if pickup else 0]


def test_numbers_are_those_of_the_performance():
    layout = laid((0, 2, 4), (6, 5, 4), (16, 4, 4))
    assert layout.lengths.tolist()[:7] == [4, 2, 3, 2, 3, 2, 4]
    assert layout.numbers.tolist()[:7] == [0, 2, 3, 3, 4, 4, 5]
    steps = layout.numbers_of_steps(2).reshape(2, 16)
    assert steps.tolist() == [[0] * 8 + [1] * 8, [2] * 16]
    # Two bars behind the first of the two parts of a bar of 5/4.
    assert layout.following(3, 2) == (4, 7)
    assert layout.end(3) == 9.0
    assert layout.following(7, 3) == (7, 10)
    assert len(layout.extended(50)) == 50


@pytest.mark.parametrize("per_quarter", [3, 6, 8, 12])
def test_finer_grids(per_quarter):
    layout = laid((0, 6, 8), grid=Grid(per_quarter))
    assert layout.used(8 * per_quarter).sum() == 6 * per_quarter
    quarters = np.array([0.0, 2.9, 3.0, 3.5])
    found = layout.on_grid(quarters)
    expected = np.where(quarters >= 3 - 0.5 / per_quarter, quarters + 1, quarters)
    np.testing.assert_allclose(found, expected)


def test_a_model_of_three_four():
    layout = laid((0, 4, 4), grid=Grid(4, (3, 4)))
    assert layout.lengths[:2].tolist() == [2, 2]
    assert layout.remarks(2) == ["bars of 4/4 are split into 2 + 2 quarter notes"]


def test_signatures_that_make_no_sense_are_passed_over():
    layout = laid((0, 0, 4), (4, 3, 0))
    assert set(layout.lengths.tolist()) == {4.0}
