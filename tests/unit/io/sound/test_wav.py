from __future__ import annotations

import wave

import numpy as np
import pytest

from groovekit.errors import DataError
from groovekit.io.sound.wav import encode_wav, write_wav


def test_wav(tmp_path):
    sound = np.array([[0.0, 1.0], [-1.0, 0.5], [2.0, -0.25]])
    path = write_wav(tmp_path / "a.wav", sound, 8_000)
    assert path.read_bytes() == encode_wav(sound, 8_000)
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (2, 2, 8_000, 3)
        samples = np.frombuffer(file.readframes(3), "<i2").reshape(3, 2)
    expected = [[0, 32767], [-32767, 16384], [32767, -8192]]
    np.testing.assert_array_equal(samples, expected)
    assert write_wav(tmp_path / "a.wav", sound, 8_000).name == "a-2.wav"
    assert write_wav(path, sound[:, 0], 22_050, overwrite=True) == path
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (1, 2, 22_050, 3)


def test_samples_that_are_none(tmp_path):
    with pytest.raises(DataError, match="finite samples"):
        write_wav(tmp_path / "a.wav", np.array([np.nan]), 8_000)
    with pytest.raises(DataError, match=r"got shape \(1, 1, 1\)"):
        write_wav(tmp_path / "a.wav", np.zeros((1, 1, 1)), 8_000)
