from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny

from groovekit.converters.groove import GrooveConverter
from groovekit.errors import UnknownNameError, UsageError
from groovekit.generation.manner import (
    REFERENCE_BARS,
    measured,
    milliseconds,
    wanted,
    with_measured,
)
from groovekit.generation.partial import Conditions
from groovekit.generation.takes import read_take

CONVERTER = GrooveConverter(bars=2)


def take_of(sequence):
    return read_take(sequence, CONVERTER)


def flat(bars=2):
    """A pattern as an editor writes it: one velocity, on the grid."""
    sequence = tiny.groove(1, bars=bars)
    for note in sequence.notes:
        note.velocity = 100
        note.start_time = round(note.start_time / 0.125) * 0.125
    return sequence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (12, 12.0),
        ("12", 12.0),
        ("-12ms", -12.0),
        ("+.5 ms", 0.5),
        ("0.1steps", 12.5),
        ("-1 step", -125.0),
    ],
)
def test_lengths(text, expected):
    assert milliseconds(text, 125.0, "push") == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "early", "12s", "1e3", "ms"])
def test_what_is_no_length(text):
    with pytest.raises(UsageError, match=r"`push` takes a length such as 12, 12ms or"):
        milliseconds(text, 125.0, "push")


def test_steps_are_those_of_the_mean_tempo():
    take = take_of(tiny.groove(1, bars=3, qpm=60.0))
    assert take.qpm == pytest.approx(60)
    found = wanted(take, {"push": "-0.1steps", "looseness": "4ms", "style": "funk"})
    assert found.conditions.said == {
        "push": pytest.approx(-25.0),
        "looseness": 4.0,
        "style": "funk",
    }


def test_a_take_tells_its_level_and_feel():
    take = take_of(tiny.groove(1, bars=4))
    cells = take.cells()
    hits = cells[..., 0] > 0
    said = measured(take).said
    assert said["level"] == pytest.approx(127 * cells[hits, 1].mean())
    assert said["range"] == pytest.approx(127 * cells[hits, 1].std())
    # Half of what the offsets say in steps of 125 ms.
    assert said["push"] == pytest.approx(62.5 * cells[hits, 2].mean())
    assert said["looseness"] == pytest.approx(62.5 * cells[hits, 2].std())
    assert set(measured(take, timing=False).said) == {"level", "range"}
    assert set(measured(take, velocity=False).said) == {"push", "looseness"}


def test_programmed_patterns_tell_nothing():
    sequence = flat()
    assert measured(take_of(sequence)) == Conditions()
    # Two accents, and all of it late by as much.
    for index, note in enumerate(sequence.notes):
        note.velocity = (80, 100, 127)[index % 3]
        note.start_time += 0.01
    assert measured(take_of(sequence)) == Conditions()


def test_what_is_said_counts_for_more():
    take = take_of(tiny.groove(1, bars=4))
    own = measured(take).said
    both = with_measured(wanted(take, {"level": 40, "style": "jazz"}), take).conditions
    assert both.said == {**own, "level": 40, "style": "jazz"}
    for like in ({"like": tiny.groove(2)}, {"like_bars": "1"}):
        found = wanted(take, {**like, "push": 3})
        assert with_measured(found, take).conditions.said == {"push": 3}


def test_references():
    take, other = take_of(flat()), tiny.groove(3, bars=20)
    cells = take_of(other).cells()
    first = wanted(take, {"like": other}).reference
    np.testing.assert_array_equal(first, cells[: 16 * REFERENCE_BARS])
    chosen = wanted(take, {"like": other, "like_bars": "3-4,9"}).reference
    np.testing.assert_array_equal(
        chosen, np.concatenate([cells[32:64], cells[128:144]])
    )
    # Where the music begins.
    for note in other.notes:
        note.start_time += 4.0
        note.end_time += 4.0
    late = wanted(take, {"like": other}).reference
    np.testing.assert_allclose(late, first, atol=1e-5)
    with pytest.raises(UsageError, match="No drum plays in bar 1-2 of /id/test/3"):
        wanted(take, {"like": other, "like_bars": "1-2"})
    with pytest.raises(UsageError, match=r"/id/test/3 has 22 bars.*`like_bars` say"):
        wanted(take, {"like": other, "like_bars": "23"})
    other.time_signatures[0].numerator = 3
    waltz = wanted(take, {"like": other}).reference.reshape(REFERENCE_BARS, 16, -1)
    assert waltz[:, :12].any()
    assert not waltz[:, 12:].any()


def test_bars_of_its_own():
    take = take_of(flat(bars=3))
    found = wanted(take, {"like_bars": "1,3"})
    np.testing.assert_array_equal(found.own, np.repeat([True, False, True], 16))
    np.testing.assert_array_equal(np.flatnonzero(found.free(take)), np.arange(16, 32))
    assert wanted(take, {}).free(take).all()
    with pytest.raises(UsageError, match="every bar of /id/test/1"):
        wanted(take, {"like_bars": "1-3"})


def test_wrong_manners():
    take = take_of(flat())
    with pytest.raises(UsageError, match=r"`level` must be 1 to 127"):
        wanted(take, {"level": 200})
    with pytest.raises(UsageError, match=r"`push` must be -150 to 150.*got 250"):
        wanted(take, {"push": "2steps"})
    with pytest.raises(UnknownNameError, match="Unknown style 'polka'"):
        wanted(take, {"style": "polka"})
