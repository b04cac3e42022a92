from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny
from helpers.masked import BAR, CLASSES, performances, tiny_config

from groovekit.errors import UsageError
from groovekit.generation.masked_player import MaskedPlayer, filling_of, known_of
from groovekit.generation.partial import Conditions, Partial, Taps
from groovekit.io.groove_table import STYLES
from groovekit.models.family import family_of


@pytest.fixture(scope="module")
def player():
    config = tiny_config()
    network = family_of(config).network(config)
    rng = np.random.default_rng(1)
    network.load(
        {
            name: rng.normal(scale=0.1, size=shape).astype(np.float32)
            for name, shape in network.shapes().items()
        }
    )
    return MaskedPlayer(config, filling_of(config, network))


def partial(bars=4, **changes):
    known = performances(1, bars).known()
    arrays = [a[0].copy() for a in (known.hits, known.velocities, known.offsets)]
    for array in arrays:
        array[2 * BAR :] = np.nan
    return Partial(*arrays, **changes)


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("hits", "velocities", "offsets")
    )


def test_what_is_known_comes_back_to_the_byte(player):
    given = partial()
    for made in player.fill(given, 2, seed=1):
        known = ~np.isnan(given.hits)
        np.testing.assert_array_equal(made.hits[known], given.hits[known] > 0)
        there = ~np.isnan(given.velocities)
        assert made.velocities[there].tobytes() == given.velocities[there].tobytes()
        assert made.offsets[there].tobytes() == given.offsets[there].tobytes()


def test_a_version_depends_on_seed_and_number_alone(player):
    one, two = player.fill(partial(), 1, seed=5), player.fill(partial(), 2, seed=5)
    assert same(one[0], two[0])
    assert not same(two[0], two[1])
    assert not same(one[0], player.fill(partial(), 1, seed=6)[0])


def test_what_is_expected_depends_on_no_seed(player):
    first = player.fill(partial(), 2, expected=True, seed=1)
    assert same(first[0], first[1])
    assert same(first[0], player.fill(partial(), temperature=0, seed=2)[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"count": 0}, "at least 1"), ({"temperature": -1}, "at least 0")],
)
def test_numbers_out_of_range(player, arguments, message):
    with pytest.raises(UsageError, match=message):
        player.fill(partial(), seed=1, **arguments)


def test_another_kit_is_refused(player):
    nothing = np.full((BAR, CLASSES + 1), np.nan, np.float32)
    with pytest.raises(UsageError, match="9 drum classes, got 10"):
        player.fill(Partial(nothing, nothing, nothing), seed=1)


def test_it_samples_nothing(player):
    with pytest.raises(UsageError, match="neither samples nor encodes"):
        player.sample(2, seed=1)


def test_conditions_are_told_in_the_networks_units():
    said = Conditions(level=63.5, push=-25.0, range=12.7, looseness=12.5, style="jazz")
    taps = Taps(*np.ones((3, 4 * BAR), np.float32))
    known = known_of(partial(conditions=said, qpm=150.0, taps=taps), 0.1)
    np.testing.assert_allclose(known.numbers[0], [0.5, -0.5, 0.1, 0.25, 150], rtol=1e-6)
    assert STYLES[known.styles[0]] == "jazz"
    assert (known.taps == 1).all()


def test_what_is_not_said_is_unknown():
    known = known_of(partial(), 0.125)
    assert np.isnan(known.numbers[0, :4]).all()
    assert known.styles[0] == -1
    assert np.isnan(known.taps).all()


def test_tasks_are_its_methods(player):
    sequence, other = tiny.groove(1, bars=6), tiny.groove(2, bars=3)
    (played,) = player.humanize(sequence, level=80, like_bars="1-2", seed=1)
    assert len(played.notes) == len(sequence.notes)
    kept = [note for note in sequence.notes if note.start_time < 3.8]
    assert list(played.notes[: len(kept)]) == kept
    (borrowed,) = player.groove(sequence, other, seed=1)
    assert len(borrowed.notes) == len(sequence.notes)
    (more,) = player.add(sequence, drums="toms", seed=1)
    (longer,) = player.continue_(sequence, bars=1, seed=1)
    for made in (more, longer):
        assert list(made.notes[: len(sequence.notes)]) == list(sequence.notes)
    (kit,) = player.drumify(sequence, keep_onsets=True, seed=1)
    assert len(kit.notes) > 20
    two = player.fill_bars(sequence, 2, bars="5-6", drums="snare", seed=1)
    assert two[0] != two[1]
    assert two == player.fill_bars(sequence, 2, bars="5-6", drums="snare", seed=1)
    for made in two:
        others = [note for note in sequence.notes if note.pitch != 38]
        assert [note for note in made.notes if note.pitch != 38] == others
