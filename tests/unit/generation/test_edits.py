from __future__ import annotations

import numpy as np
from helpers.dice import Dice
from helpers.performances import column, rich

from groovekit.configs.base import get_config
from groovekit.generation.edits import Edits, NewDrums
from groovekit.generation.takes import read_take
from groovekit.generation.tasks.add import add_edits
from groovekit.generation.tasks.drumify import drumify_edits
from groovekit.generation.tasks.humanize import humanize, humanize_edits

HUMANIZE = get_config("groovae_2bar_humanize")


def test_nothing_changes_without_edits():
    sequence = rich()
    same = Edits().applied_to(sequence)
    assert same == sequence
    assert same is not sequence


def test_named_notes_change_and_no_others():
    sequence, before = rich(), rich()
    places = np.array([3, 1])
    edits = Edits(
        places,
        start=np.array([0.5, 0.25]),
        end=np.array([0.75, 99.0]),
        velocity=np.array([1, 127]),
        pitch=np.array([51, 52]),
    )
    changed = edits.applied_to(sequence)
    assert sequence == before
    for field, values in (
        ("start_time", edits.start),
        ("end_time", edits.end),
        ("velocity", edits.velocity),
        ("pitch", edits.pitch),
    ):
        expected = column(before, field)
        expected[places] = values
        np.testing.assert_array_equal(column(changed, field), expected)
    assert changed.total_time == 99.0
    assert changed.tempos == before.tempos


def test_notes_go_and_come():
    sequence = rich()
    two = np.array([60, 61])
    added = NewDrums(two, two, np.array([0.0, 1.0]), np.array([0.1, 500.0]), 9)
    changed = Edits(removed=np.array([0, 2]), added=added).applied_to(sequence)
    kept = [note for i, note in enumerate(sequence.notes) if i not in (0, 2)]
    assert list(changed.notes)[:-2] == kept
    assert [(n.pitch, n.is_drum, n.instrument) for n in list(changed.notes)[-2:]] == [
        (60, True, 9),
        (61, True, 9),
    ]
    assert changed.total_time == 500.0


def test_tasks_name_the_notes_that_they_move():
    sequence, player = rich(), Dice(HUMANIZE)
    take = read_take(sequence, player.converter)
    (edits,) = humanize_edits(player, take, timing=False, seed=4)
    np.testing.assert_array_equal(edits.notes, take.notes)
    assert (edits.start, edits.end, edits.pitch, edits.removed) == (None,) * 4
    assert len(edits.velocity) == len(take.notes)
    (whole,) = humanize(player, sequence, timing=False, seed=4)
    assert edits.applied_to(sequence) == whole
    # The bass and what the kit map does not know are not named.
    assert set(take.notes) < set(range(len(sequence.notes)))


def test_tasks_that_add_notes():
    player = Dice(get_config("groovae_2bar_add_closed_hh"))
    take = read_take(rich(), player.converter)
    (edits,) = add_edits(player, take, seed=1)
    assert edits.start is edits.velocity is edits.removed is None
    assert set(edits.added.pitch) == {42}
    player = Dice(get_config("groovae_2bar_tap_fixed_velocity"))
    take = read_take(rich(), player.converter, taps=True)
    (edits,) = drumify_edits(player, take, seed=1)
    np.testing.assert_array_equal(edits.removed, take.notes)
    # The bass keeps its track.
    assert edits.added.instrument == 9
