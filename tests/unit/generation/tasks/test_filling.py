"""Tasks with a model that fills: what it is told, and what comes of what it says."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny
from helpers.dice import Dice
from helpers.filler import FakeFiller
from helpers.performances import column, rich, without

from groovekit.configs.base import get_config
from groovekit.errors import DataError, UnknownNameError, UsageError
from groovekit.generation.manner import measured
from groovekit.generation.partial import Conditions
from groovekit.generation.takes import read_take
from groovekit.generation.tasks.add import add
from groovekit.generation.tasks.continue_ import continue_
from groovekit.generation.tasks.drumify import drumify
from groovekit.generation.tasks.fill import fill_bars
from groovekit.generation.tasks.groove import groove
from groovekit.generation.tasks.humanize import humanize

HATS, SNARE = 2, 1
PLAYED = ("velocity", "start_time", "end_time")


@pytest.fixture
def model():
    return FakeFiller()


def cells_of(sequence, model):
    return read_take(sequence, model.converter).cells().astype(np.float32)


def notes_from(sequence, seconds):
    return [note for note in sequence.notes if note.start_time >= seconds]


# To humanise --------------------------------------------------------------------------


def test_humanize_knows_the_hits_alone(model):
    sequence = rich()
    take = read_take(sequence, model.converter)
    (played,) = humanize(model, sequence, seed=3)
    partial, asked = model.seen[0]
    hits = take.grid()
    np.testing.assert_array_equal(partial.hits, hits)
    for part in (partial.velocities, partial.offsets):
        np.testing.assert_array_equal(np.isnan(part), hits)
    assert partial.conditions == measured(take)
    assert partial.qpm == pytest.approx(take.qpm)
    assert partial.taps is None
    assert (asked.count, asked.temperature, asked.expected) == (1, 1.0, False)
    # What it says is what is played.
    assert without(played, *PLAYED) == without(sequence, *PLAYED)
    drawn = np.random.default_rng(asked.seed).random((3, *hits.shape))
    leading = np.delete(take.notes, -2)  # but for the first stroke of the flam
    said = np.clip(np.rint(127 * np.float32(drawn[1])), 1, 127)
    expected = said[take.steps, take.classes]
    ours = column(played, "velocity")[take.notes]
    agree = ours == expected
    assert agree.sum() == len(leading)
    again = read_take(played, model.converter)
    np.testing.assert_array_equal(again.grid(), hits)


def test_humanize_in_part(model):
    sequence = rich()
    (timing,) = humanize(model, sequence, velocity=False, seed=1)
    cells = cells_of(sequence, model)
    np.testing.assert_array_equal(model.partial.velocities, cells[..., 1])
    assert set(model.partial.conditions.said) == {"push", "looseness"}
    np.testing.assert_array_equal(
        column(timing, "velocity"), column(sequence, "velocity")
    )
    (velocity,) = humanize(model, sequence, timing=False, seed=1)
    np.testing.assert_array_equal(model.partial.offsets, cells[..., 2])
    assert set(model.partial.conditions.said) == {"level", "range"}
    assert without(velocity, "velocity") == without(sequence, "velocity")
    assert humanize(model, sequence, amount=0, seed=1) == [sequence]
    # What an editor writes is not shown.
    for note in sequence.notes:
        note.velocity = 100
    humanize(model, sequence, velocity=False, seed=1)
    hits = model.partial.hits > 0
    np.testing.assert_array_equal(np.isnan(model.partial.velocities), hits)
    assert set(model.partial.conditions.said) == {"push", "looseness"}


def test_humanize_as_it_is_said(model):
    sequence = tiny.groove(1, bars=2)
    humanize(model, sequence, level=64, push="0.1steps", range=9, looseness=3, seed=1)
    assert model.partial.conditions == Conditions(64, 12.5, 9, 3)
    humanize(model, sequence, level=64, style="jazz", timing=False, seed=1)
    own = measured(read_take(sequence, model.converter))
    assert model.partial.conditions == Conditions(64, range=own.range, style="jazz")


def test_humanize_like_bars_of_its_own_leaves_these(model):
    sequence = rich(bars=6)
    (played,) = humanize(model, sequence, like_bars="1-2", seed=1)
    assert model.partial.conditions == Conditions()
    # They stand before all the others, and in their place.
    np.testing.assert_array_equal(
        model.partial.offsets[:32], model.partial.offsets[32:64]
    )
    known = ~np.isnan(model.partial.velocities[32:])
    hits = model.partial.hits[32:] > 0
    assert (known | ~hits)[:32].all()
    assert not (known & hits)[32:].any()
    steps = read_take(sequence, model.converter).steps
    for before, after, step in zip(sequence.notes, played.notes, steps, strict=False):
        assert (before == after) == (step < 32)
    # Those of no class are no part of it.
    assert played.notes[-1] == sequence.notes[-1]


def test_versions_and_temperatures(model):
    sequence = tiny.groove(1, bars=3)
    three = humanize(model, sequence, 3, temperature=0.3, seed=5)
    assert model.seen[-1][1].temperature == 0.3
    assert humanize(model, sequence, 2, seed=5) == three[:2]
    cold = humanize(model, sequence, 2, temperature=0, seed=5)
    assert model.seen[-1][1].expected
    assert cold[0] == cold[1]
    with pytest.raises(UsageError, match="temperature must be at least 0"):
        humanize(model, sequence, temperature=-1)


def test_silent_bars_at_the_beginning_are_not_shown(model):
    sequence = tiny.groove(1, bars=2)
    for note in sequence.notes:
        note.start_time += 6.0
        note.end_time += 6.0
    (played,) = humanize(model, sequence, seed=1)
    assert len(model.partial.hits) == 32
    assert column(played, "start_time").min() > 5.9


# A feel -------------------------------------------------------------------------------


def test_a_groove_has_the_reference_before_it(model):
    sequence, feel = tiny.groove(1, bars=3), tiny.groove(2, bars=2)
    (played,) = groove(model, sequence, feel, seed=1)
    partial, theirs = model.partial, cells_of(feel, model)
    for index, part in enumerate((partial.hits, partial.velocities, partial.offsets)):
        np.testing.assert_array_equal(part[:32], theirs[..., index])
    np.testing.assert_array_equal(
        partial.hits[32:], read_take(sequence, model.converter).grid()
    )
    assert partial.conditions == Conditions()
    assert without(played, *PLAYED) == without(sequence, *PLAYED)
    (same,) = humanize(model, sequence, like=feel, seed=1)
    assert same == played
    groove(model, sequence, feel, like_bars="2", level=50, seed=1)
    assert model.partial.conditions.said == {"level": 50}
    np.testing.assert_array_equal(model.partial.hits[:16], theirs[16:, :, 0])
    with pytest.raises(UsageError, match="leave `like` out"):
        groove(model, sequence, feel, like=feel)


def test_a_reference_stays_in_view_of_long_takes(model):
    sequence, feel = tiny.groove(1, bars=11), tiny.groove(2, bars=9)
    (played,) = groove(model, sequence, feel, seed=1)
    theirs, hits = cells_of(feel, model), read_take(sequence, model.converter).grid()
    assert len(model.seen) == 6
    for number, (partial, _) in enumerate(model.seen):
        # Four bars of it, the bar before, two new ones and the bar behind.
        first = max(0, 2 * number - 1)
        assert len(partial.hits) == 16 * (4 + min(2 * number + 3, 11) - first)
        np.testing.assert_array_equal(partial.velocities[:64], theirs[:64, :, 1])
        np.testing.assert_array_equal(
            partial.hits[64:], hits[16 * first :][: len(partial.hits) - 64]
        )
        known = ~np.isnan(partial.velocities[64:]) & (partial.hits[64:] > 0)
        assert known[:16].any() == (number > 0)
        assert not known[16 * (number > 0) :].any()
    # What is known of the bar before is what is played.
    again = cells_of(played, model)
    np.testing.assert_allclose(
        model.seen[-1][0].velocities[64:80],
        again[16 * 9 : 16 * 10, :, 1],
        atol=0.51 / 127,
    )
    three = groove(model, sequence, feel, 3, seed=1)
    assert three[0] == played
    assert len({piece.SerializeToString() for piece in three}) == 3


# To add -------------------------------------------------------------------------------


def test_what_is_added_is_unknown_and_the_rest_is_locked(model):
    sequence = rich()
    takes = read_take(sequence, model.converter)
    (filled,) = add(model, sequence, drums="toms,ride", seed=1)
    free = np.isnan(model.partial.hits)
    assert set(np.flatnonzero(free.any(axis=0)).tolist()) == {4, 5, 6, 8}
    assert not free[: takes.steps.min()].any()
    np.testing.assert_array_equal(
        model.partial.hits[~free], takes.grid()[~free].astype(np.float32)
    )
    count = len(sequence.notes)
    assert list(filled.notes[:count]) == list(sequence.notes)
    new = {note.pitch for note in filled.notes[count:]}
    assert new == {43, 47, 50, 51} or new == {45, 48, 50, 51}
    assert {note.instrument for note in filled.notes[count:]} == {9}


def test_strokes_that_are_there_already_stay(model):
    sequence = rich()
    (filled,) = add(model, sequence, seed=1)
    free = np.isnan(model.partial.hits)
    given = read_take(sequence, model.converter).grid()
    assert set(np.flatnonzero(free.any(axis=0)).tolist()) == {HATS}
    assert not (free & given).any()
    assert list(filled.notes[: len(sequence.notes)]) == list(sequence.notes)
    # Nothing comes into bars that others are played like.
    add(model, sequence, like_bars="2-3", seed=1)
    bars = np.isnan(model.partial.hits).reshape(-1, 16, 9).any(axis=(1, 2))
    np.testing.assert_array_equal(bars[2:], [True, False, False, True, True])
    with pytest.raises(UnknownNameError, match="Unknown drum 'gong'"):
        add(model, sequence, drums="gong")


# Taps ---------------------------------------------------------------------------------


def test_taps_are_given_and_the_drums_take_their_place(model):
    sequence = rich()
    (kit,) = drumify(model, sequence, like=tiny.groove(4, bars=1), seed=1)
    partial = model.partial
    take = read_take(sequence, model.converter, taps=True)
    tapped = np.zeros(len(take.grid()), bool)
    tapped[take.steps] = True
    # Bars of drums are tapped, too.
    before = read_take(tiny.groove(4, bars=1), model.converter).grid()
    np.testing.assert_array_equal(
        partial.taps.hits, np.concatenate([before.any(axis=1), tapped])
    )
    assert np.isfinite(partial.taps.velocities).all()
    free = np.isnan(partial.hits[16:])
    first = take.steps.min()
    assert free[first:].all()
    assert (partial.hits[16:][:first] == 0).all()
    assert [note for note in kit.notes if not note.is_drum] == [sequence.notes[-1]]
    assert sum(note.is_drum for note in kit.notes) > 20
    assert kit.tempos == sequence.tempos


def test_programmed_taps_have_neither_velocity_nor_timing(model):
    sequence = tiny.groove(1, bars=2)
    for note in sequence.notes:
        note.velocity = 90
        note.start_time = round(note.start_time / 0.125) * 0.125
    drumify(model, sequence, seed=1)
    taps = model.partial.taps
    on = taps.hits > 0
    for part in (taps.velocities, taps.offsets):
        np.testing.assert_array_equal(np.isnan(part), on)


@pytest.mark.parametrize("density", [0.02, 0.3])
def test_the_kit_at_the_taps_and_nowhere_else(density):
    model, sequence = FakeFiller(density=density), tiny.groove(1, bars=3)
    two = drumify(model, sequence, 2, keep_onsets=True, seed=1)
    assert two[0] != two[1]
    given = {round(note.start_time, 6) for note in sequence.notes}
    for kit in two:
        starts = {round(note.start_time, 6) for note in kit.notes}
        assert starts <= given
        steps = {round(t / 0.125) for t in starts}
        assert steps == {round(t / 0.125) for t in given}


# Bars ---------------------------------------------------------------------------------


def test_continuing(model):
    sequence = rich()
    two = continue_(model, sequence, 2, bars=3, seed=1)
    free = np.isnan(model.partial.hits)
    bars = read_take(sequence, model.converter).bars
    assert len(free) == 16 * (bars + 3)
    assert free[16 * bars :].all()
    assert not free[: 16 * bars].any()
    assert two[0] != two[1]
    for longer in two:
        count = len(sequence.notes)
        assert list(longer.notes[:count]) == list(sequence.notes)
        assert len(longer.notes) > count + 20
        # At the last tempo: five bars end at 16 s, and three of 3 s follow.
        starts = column(longer, "start_time")[count:]
        assert 13.0 - 0.1 < starts.min() < starts.max() < 22.0
        assert 22.0 <= longer.total_time < 22.2
    continue_(model, sequence, seed=1)
    assert len(model.partial.hits) == 16 * (bars + model.converter.bars)
    with pytest.raises(UsageError, match="bars must be at least 1"):
        continue_(model, sequence, bars=0)


def test_filling_some_drums_of_some_bars(model):
    sequence = rich()
    take = read_take(sequence, model.converter)
    (filled,) = fill_bars(model, sequence, bars="2,4-5", drums="snare,toms", seed=1)
    free = np.isnan(model.partial.hits)
    expected = np.zeros((80, 9), bool)
    for bar in (1, 3, 4):
        expected[16 * bar : 16 * bar + 16, [1, 4, 5, 6]] = True
    np.testing.assert_array_equal(free, expected)
    for part, index in ((model.partial.velocities, 1), (model.partial.offsets, 2)):
        np.testing.assert_array_equal(
            part[~free], take.cells()[~free][:, index].astype(np.float32)
        )
    gone = set(take.notes[expected[take.steps, take.classes]].tolist())
    assert len(gone) > 3
    kept = [note for i, note in enumerate(sequence.notes) if i not in gone]
    assert [note.SerializeToString() for note in filled.notes[: len(kept)]] == [
        note.SerializeToString() for note in kept
    ]
    again = read_take(filled, model.converter).grid()
    np.testing.assert_array_equal(again[~free], take.grid()[~free])
    assert again[free].any()
    assert (again[free] != take.grid()[free]).any()


def test_filling_all_drums(model):
    sequence = tiny.groove(1, bars=3)
    (filled,) = fill_bars(model, sequence, bars="3", seed=1)
    np.testing.assert_array_equal(
        np.isnan(model.partial.hits).all(axis=1), np.arange(48) >= 32
    )
    kept = [note for note in sequence.notes if note.start_time < 3.9]
    assert list(filled.notes[: len(kept)]) == kept
    assert len(filled.notes) > len(kept)


# Refusals -----------------------------------------------------------------------------


def test_bars_that_there_are_not(model):
    sequence = tiny.groove(1, bars=8)
    with pytest.raises(UsageError, match=r"has 8 bars.*5-99: name bars from 1 to 8"):
        fill_bars(model, sequence, bars="5-99")
    with pytest.raises(UsageError, match="`bars` takes bars such as"):
        fill_bars(model, sequence, bars="last")


def test_inputs_without_drums(model):
    sequence = tiny.groove(1, bars=2)
    for note in sequence.notes:
        note.is_drum, note.pitch = False, 90
    for task in (humanize, add, continue_):
        with pytest.raises(DataError, match="no drum"):
            task(model, sequence)
    with pytest.raises(DataError, match="no drum"):
        fill_bars(model, sequence, bars="1")


@pytest.mark.parametrize(
    ("task", "options", "why"),
    [
        (drumify, {}, "taps are no drums"),
        (continue_, {}, "these are known anyway"),
        (fill_bars, {"bars": "1"}, "all that stay are known anyway"),
    ],
)
def test_bars_of_its_own_that_tell_nothing(model, task, options, why):
    with pytest.raises(UsageError, match=f"{why}: name another performance"):
        task(model, tiny.groove(1, bars=3), like_bars="1", **options)


def test_models_that_do_not_fill():
    model, sequence = Dice(get_config("groovae_2bar_humanize")), tiny.groove(1)
    with pytest.raises(
        UsageError,
        match=r"the ability fill, and those of groovae_2bar_humanize are: encode\. "
        "Choose .*mask-groove",
    ):
        fill_bars(model, sequence, bars="1")
    for task, arguments in (
        (humanize, (sequence,)),
        (groove, (sequence, sequence)),
        (continue_, (sequence,)),
    ):
        with pytest.raises(UsageError, match="plays without `level`: leave it out"):
            task(model, *arguments, level=80)
    model = Dice(get_config("groovae_2bar_tap_fixed_velocity"))
    with pytest.raises(UsageError, match="plays without `style`"):
        drumify(model, sequence, style="jazz")
    model = Dice(get_config("groovae_2bar_add_closed_hh"))
    with pytest.raises(UsageError, match="has learnt to add closed_hihat, not open"):
        add(model, sequence, drums="hats,crash")
    with pytest.raises(UsageError, match="plays without `like`"):
        add(model, sequence, drums="closed_hihat", like=sequence)
