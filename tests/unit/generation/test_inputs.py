"""Which window of a sequence a model is given; loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import tiny
from helpers.playing import made
from helpers.sequences import drums

from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import DataError, UsageError
from groovekit.generation.inputs import excerpt
from groovekit.generation.sections import cut_back
from groovekit.io.midi.files import read_midi

CASES = Path(__file__).parents[2] / "data" / "midi_cases"
TWO = GrooveConverter(bars=2, kit="general_midi")


def growing(bars):
    """Each bar has a hit more than the one before; the last one is empty again."""
    notes = [(16 * bar + hit, 36, 90) for bar in range(bars) for hit in range(bar + 1)]
    return drums([*notes, (16 * bars, 36, 90)])


def kicks(item):
    return np.flatnonzero(item.tensors.outputs[0, :, 0]).tolist()


def test_the_fullest_window_is_taken():
    item = excerpt(growing(6), TWO)
    assert (item.window, item.windows, item.bar) == (3, 3, 5)
    first = excerpt(growing(6), TWO, window=1)
    assert (first.window, first.bar, kicks(first)) == (1, 1, [0, 16, 17])
    # Of equals the first.
    assert excerpt(drums([(16 * bar, 36, 90) for bar in range(8)]), TWO).window == 1
    rolls = excerpt(growing(6), DrumsConverter(bars=2))
    assert rolls.bar == 5


@pytest.mark.parametrize("bar", [1, 2, 4, 5])
def test_a_window_begins_with_any_bar(bar):
    item = excerpt(growing(6), TWO, from_bar=bar)
    assert item.bar == bar
    assert len(kicks(item)) == 2 * bar + 1


def test_bars_without_a_window():
    with pytest.raises(DataError, match="with bar 7: windows begin with bar 1-6"):
        excerpt(growing(6), TWO, from_bar=7)
    with pytest.raises(UsageError, match="`window` or `from_bar`, not both"):
        excerpt(growing(6), TWO, from_bar=1, window=1)
    with pytest.raises(DataError, match="has 3 windows, but no window 9"):
        excerpt(growing(6), TWO, window=9)


def test_bars_behind_a_pickup_have_the_numbers_of_the_file():
    sequence = read_midi(CASES / "10_pickup_bar.mid")
    assert excerpt(sequence, TWO, from_bar=3).bar == 3
    with pytest.raises(DataError, match="begin with bar 2-4"):
        excerpt(sequence, TWO, from_bar=1)


@pytest.mark.parametrize(
    ("name", "bars"), [("loop1", 1), ("loop2", 2), ("loop2_eot", 2)]
)
def test_loops_are_repeated(name, bars):
    four = GrooveConverter(bars=4, kit="general_midi")
    item = excerpt(read_midi(CASES / f"{name}.mid"), four)
    assert (item.loop_quarters, item.windows) == (4 * bars, 1)
    outputs = item.tensors.outputs[0, :, :9].reshape(4 // bars, -1)
    assert (outputs == outputs[0]).all()
    assert excerpt(read_midi(CASES / "loop8.mid"), four).loop_quarters is None


def test_what_is_early_at_the_end_of_a_loop_belongs_to_the_next_turn():
    sequence = drums([(0, 36, 90), (15.2, 36, 90), (15.7, 38, 90), (20, 36, 90)])
    (piece,) = cut_back([sequence], [4.0], TWO)
    assert [note.pitch for note in piece.notes] == [36, 36]
    assert piece.total_time == 2.0


@pytest.fixture(scope="module")
def model():
    return made()


@pytest.mark.parametrize(
    "play",
    [
        lambda model, loop: model.reconstruct(loop, 2, seed=1),
        lambda model, loop: model.vary(loop, 2, seed=1),
        lambda model, loop: model.interpolate(loop, loop, 2, seed=1),
        lambda model, loop: model.grid([loop] * 4, 2, 2, seed=1),
        lambda model, loop: model.humanize(loop, 2, seed=1),
    ],
)
def test_what_is_made_of_loops_is_as_long(model, play):
    loop = tiny.groove(1, bars=1)
    loop.total_time = 2.0
    for piece in play(model, loop):
        assert piece.total_time == pytest.approx(2.0, abs=0.13)
        assert all(note.start_time < 2.0 for note in piece.notes)


def test_a_length_that_is_asked_for_is_kept(model):
    loop = tiny.groove(1, bars=1)
    (piece,) = model.reconstruct(loop, bars=2, seed=1)
    assert piece.total_time == 4.0
    # The way from a loop to something longer is as long as that.
    longer = tiny.groove(2, bars=2)
    assert model.interpolate(loop, longer, 2, seed=1)[0].total_time == 4.0
