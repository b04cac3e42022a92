from __future__ import annotations

import numpy as np
import pytest

from groovekit.errors import UsageError
from groovekit.generation.bars import mark_bars, names_bars, parse_bars


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("5", ((5, 5),)),
        ("5-6", ((5, 6),)),
        (" 1 - 2, 7 ", ((1, 2), (7, 7))),
        ("3,1-2", ((3, 3), (1, 2))),
    ],
)
def test_ranges(text, ranges):
    assert names_bars(text)
    assert parse_bars(text) == ranges


@pytest.mark.parametrize("text", ["", "a", "5-", "-5", "1;2", "5:6", "beat.mid"])
def test_other_texts_name_no_bars(text):
    assert not names_bars(text)
    with pytest.raises(UsageError, match=r"`bars` takes bars such as 5, 5-6 or 1-2,7"):
        parse_bars(text)


@pytest.mark.parametrize("text", ["0", "0-2", "6-5"])
def test_ranges_that_make_no_sense(text):
    with pytest.raises(UsageError, match=f"counts bars from 1.*got {text}"):
        parse_bars(text)


def test_bars_of_a_performance():
    marked = mark_bars("1-2,7", 8, name="a.mid")
    np.testing.assert_array_equal(np.flatnonzero(marked), [0, 1, 6])
    with pytest.raises(
        UsageError,
        match=r"a\.mid has 8 bars, up to its last hit, and `like_bars` says 5-99: name "
        "bars from 1 to 8",
    ):
        mark_bars("5-99", 8, name="a.mid", argument="like_bars")
    with pytest.raises(UsageError, match="has 1 bar, up"):
        mark_bars("2", 1, name="a.mid")
