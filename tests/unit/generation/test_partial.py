from __future__ import annotations

import csv

import numpy as np
import pytest

from groovekit.errors import UnknownNameError, UsageError
from groovekit.generation.partial import Conditions, Filled, Partial, Taps
from groovekit.io.groove_table import STYLES


def partial(steps=4, classes=3, **changes):
    shape = (steps, classes)
    parts = {
        "hits": np.full(shape, np.nan, np.float32),
        "velocities": np.full(shape, np.nan, np.float32),
        "offsets": np.full(shape, np.nan, np.float32),
    }
    return Partial(**{**parts, **changes})


def test_the_styles_are_those_of_groove(groove_dir):
    with (groove_dir / "info.csv").open(newline="") as file:
        found = {row["style"].partition("/")[0] for row in csv.DictReader(file)}
    assert sorted(found) == list(STYLES)


def test_conditions_say_what_they_are_given():
    assert Conditions().said == {}
    given = Conditions(level=80, push=-12.5, style="jazz")
    assert given.said == {"level": 80, "push": -12.5, "style": "jazz"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"level": 0}, r"`level` must be 1 to 127 \(MIDI velocity\), got 0\."),
        ({"level": 128}, "got 128"),
        ({"push": -151}, r"-150 to 150 \(milliseconds, positive ahead .*got -151"),
        ({"range": -1}, "`range` must be 0 to 60"),
        ({"looseness": 101}, "`looseness` must be 0 to 100"),
        ({"looseness": float("nan")}, "got nan"),
    ],
)
def test_conditions_out_of_range(given, message):
    with pytest.raises(UsageError, match=message):
        Conditions(**given)


def test_unknown_styles():
    with pytest.raises(UnknownNameError, match=r"Unknown style 'jaz'\. Did you"):
        Conditions(style="jaz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hits": np.zeros(4)}, r"shape \(steps, classes\), got \(4,\)"),
        ({"hits": np.zeros((0, 3))}, "at least one step"),
        ({"offsets": np.zeros((4, 2))}, r"`offsets` must have the shape \(4, 3\)"),
        ({"velocities": np.full((4, 3), 64.0)}, "`velocities` must be 0 to 1.*got 64"),
        ({"offsets": np.full((4, 3), -1.5)}, "`offsets` must be -1 to 1"),
        ({"taps": Taps(np.zeros(4), np.zeros(4), np.zeros(3))}, r"shape \(4,\)"),
        ({"qpm": 0.0}, "Tempos are positive numbers, got 0"),
    ],
)
def test_what_is_known_is_checked(changes, message):
    with pytest.raises(UsageError, match=message):
        partial(**changes)


def test_what_is_known_is_kept_to_the_byte():
    rng = np.random.default_rng(1)
    unknown = rng.random((3, 4, 3)) < 0.5
    values = rng.random((3, 4, 3)).astype(np.float32)
    values[0] = values[0] > 0.5
    known = np.where(unknown, np.float32(np.nan), values)
    given = partial(hits=known[0], velocities=known[1], offsets=known[2])
    filled = Filled.of(given, np.ones((4, 3)), np.full((4, 3), 0.5), np.zeros((4, 3)))
    assert filled.hits.dtype == bool
    np.testing.assert_array_equal(filled.hits, np.where(unknown[0], True, values[0]))
    for part, ours, said in (
        (1, filled.velocities, 0.5),
        (2, filled.offsets, 0.0),
    ):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(
            ours[~unknown[part]], values[part][~unknown[part]]
        )
        assert (ours[unknown[part]] == said).all()


def test_parts_and_what_follows_them():
    hits = np.float32([[1, 0, 1], [0, 0, 0], [1, 1, 0], [np.nan, 0, 0]])
    loud = np.float32([[0.3, 0, 0.9], [0, 0, 0], [np.nan, 0.5, 0], [0, 0, 0]])
    early = np.float32([[0.1, 0, 0.2], [0, 0, 0], [0.3, 0.4, 0], [0, 0, 0]])
    whole = partial(hits=hits, velocities=loud, offsets=early)
    np.testing.assert_array_equal(whole.open, [False, False, True, True])
    first, rest = whole.part(slice(0, 2)), whole.part(slice(2, None))
    both = first.followed_by(rest)
    np.testing.assert_array_equal(both.velocities, loud)
    assert both.taps is None
    # Taps of what has none are its loudest hits.
    taps = Taps(*np.float32([[1, 0], [0.7, 0], [0, 0]]))
    both = first.followed_by(partial(2, qpm=90.0, taps=taps))
    assert both.qpm == 90
    np.testing.assert_array_equal(both.taps.hits, [1, 0, 1, 0])
    np.testing.assert_array_equal(both.taps.velocities, np.float32([0.9, 0, 0.7, 0]))
    np.testing.assert_array_equal(both.taps.offsets, np.float32([0.2, 0, 0, 0]))
