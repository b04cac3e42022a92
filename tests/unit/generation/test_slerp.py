from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from groovekit.errors import UsageError
from groovekit.generation.slerp import slerp

FRACTIONS = np.linspace(0, 1, 5)
VALUES = st.floats(-1e3, 1e3, width=32)


def test_quarter_circle():
    path = slerp([1, 0], [0, 1], [0, 1 / 3, 0.5, 1])
    half, root = 0.5, np.sqrt(0.75)
    expected = [[1, 0], [root, half], [np.sqrt(0.5)] * 2, [0, 1]]
    np.testing.assert_allclose(path, expected, atol=1e-7)
    assert path.dtype == np.float32


def test_lengths_change_evenly_in_the_original_formula():
    # sin((1 - t) w) / sin w * a + sin(t w) / sin w * b, with t = 1/2.
    path = slerp([2.0, 0.0], [0.0, 4.0], [0.5])
    np.testing.assert_allclose(path, [[np.sqrt(2), 2 * np.sqrt(2)]], rtol=1e-6)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2, 3], [-1, -2, -3]),
        ([0, 0, 0], [1, 2, 3]),
        ([1, 2, 3], [0, 0, 0]),
        ([0, 0, 0], [0, 0, 0]),
        ([1, 2, 3], [2, 4, 6]),
        ([1e-30, 0, 0], [1e-30, 1e-33, 0]),
    ],
)
def test_without_an_angle_the_way_is_straight(start, end):
    a, b = np.array(start, float), np.array(end, float)
    expected = (1 - FRACTIONS[:, None]) * a + FRACTIONS[:, None] * b
    path = slerp(a, b, FRACTIONS)
    np.testing.assert_allclose(path, expected, rtol=1e-5, atol=1e-6)


@given(arrays(np.float32, 4, elements=VALUES), arrays(np.float32, 4, elements=VALUES))
def test_any_codes(a, b):
    path = slerp(a, b, FRACTIONS)
    assert np.isfinite(path).all()
    np.testing.assert_array_equal(path[0], a)
    np.testing.assert_array_equal(path[-1], b)
    # Turning the way round gives the same codes in the opposite order.
    np.testing.assert_allclose(slerp(b, a, FRACTIONS), path[::-1], rtol=1e-3, atol=0.2)


@given(arrays(np.float64, 5, elements=st.floats(-3, 3)), st.integers(0, 4))
def test_codes_of_one_length_stay_on_the_sphere(a, place):
    b = np.roll(a, place)
    length = np.linalg.norm(a)
    cosine = a @ b / length**2 if length > 1e-3 else 1.0
    if abs(cosine) > 0.99:
        return
    path = slerp(a, b, FRACTIONS)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), length, rtol=1e-5)


def test_what_is_no_code():
    with pytest.raises(UsageError, match=r"got \(2,\) and \(3,\)"):
        slerp([1, 2], [1, 2, 3], [0.5])
    with pytest.raises(UsageError, match="finite"):
        slerp([1, np.nan], [1, 2], [0.5])
