from __future__ import annotations

import numpy as np
import pytest

from groovekit.io.sound import signals


@pytest.mark.parametrize("count", [1, 2, 99, 10_000])
@pytest.mark.parametrize("base", [0.999, 0.999 * np.exp(0.3j)])
def test_powers(base, count):
    found = signals.powers(base if isinstance(base, float) else complex(base), count)
    assert found.shape == (count,)
    np.testing.assert_allclose(found, base ** np.arange(count), atol=1e-5)


def test_decay_falls_by_60_db_and_ends_at_0():
    curve = signals.decay(0.5, 4_000, 8_000)
    halfway = 10 ** (-30 / 20)
    assert curve[0] == pytest.approx(1, abs=2e-3)
    assert curve[2_000] == pytest.approx(halfway, abs=2e-3)
    assert 0 <= curve[-1] < 1e-5
    assert (np.diff(curve) < 0).all()


def test_fades():
    sound = np.ones(100, np.float32)
    signals.fade_in(sound, 10)
    signals.fade_out(sound, 20)
    assert (np.diff(sound[:10]) > 0).all()
    assert (sound[10:80] == 1).all()
    assert (np.diff(sound[80:]) < 0).all()
    assert sound[0] < 0.05 > sound[-1]
    short = np.ones(3, np.float32)
    signals.fade_out(short, 20)
    assert short[2] < short[1] < short[0] <= 1


def test_adding_beyond_the_end():
    target = np.zeros(4)
    signals.add_at(target, 2, np.ones(5))
    signals.add_at(target, 9, np.ones(5))
    np.testing.assert_array_equal(target, [0, 0, 1, 1])


@pytest.mark.parametrize("size", [1, 50, 5_000, 40_000])
@pytest.mark.parametrize("taps", [1, 7, 3_000])
def test_convolution_is_numpys(size, taps, monkeypatch):
    monkeypatch.setattr(signals, "_BLOCK_SAMPLES", 1 << 15)
    rng = np.random.default_rng(size + taps)
    signal, response = rng.standard_normal(size), rng.standard_normal(taps)
    found = signals.convolve(signal, response)
    np.testing.assert_allclose(found, np.convolve(signal, response), atol=1e-9)
    single = signals.convolve(signal.astype(np.float32), response)
    assert single.dtype == np.float32


def test_peaks():
    audio = np.array([[0.5, -1.0], [-0.25, 0.0]])
    np.testing.assert_array_equal(signals.peaks(audio), [1.0, 0.25])
    assert signals.peaks(np.zeros((0, 2))).shape == (0,)
