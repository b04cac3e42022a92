"""What converters with bars on a grid have in common."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny

from groovekit.converters.base import Skipped
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.converters.melody import MelodyConverter
from groovekit.converters.performance import PerformanceConverter
from groovekit.converters.trio import TrioConverter
from groovekit.errors import ConfigError

KINDS = [
    GrooveConverter,
    DrumsConverter,
    MelodyConverter,
    TrioConverter,
    PerformanceConverter,
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bars": 2.5}, r"bars takes an integer, got 2\.5 \(float\)"),
        ({"bars": "2"}, r"bars takes an integer, got '2' \(str\)"),
        ({"bars": True}, r"bars takes an integer, got True \(bool\)"),
        ({"steps_per_quarter": 0}, "steps_per_quarter: expected at least 1, got 0"),
        ({"max_windows": 0}, "max_windows: expected at least 1, or None for all"),
        ({"max_windows": "all"}, "max_windows takes an integer or none"),
        ({"changes": "cut"}, "changes: expected one of follow, split, refuse, got"),
        ({"loop": 1}, "loop takes true or false, got 1"),
        ({"keep_silence": 1}, "keep_silence takes true or false, got 1"),
        ({"time_signature": (4,)}, "time_signature takes 2 values, got 1"),
        ({"time_signature": (0, 4)}, r"expected a numerator .* got \[0, 4\]"),
        ({"time_signature": (4, 3)}, "a power of two"),
        ({"time_signature": (1, 128)}, "bars of whole steps"),
    ],
)
def test_types_and_ranges_are_checked(kind, options, message):
    with pytest.raises(ConfigError, match=rf"{kind.__name__}\..*{message}"):
        kind(**options)


def test_values_are_normalised():
    converter = GrooveConverter(bars=np.int64(4), add_instruments=[2], hop_bars=1)
    assert (converter.bars, type(converter.bars)) == (4, int)
    assert converter.add_instruments == (2,)
    assert isinstance(converter.hop_bars, float)


@pytest.mark.parametrize(
    ("time_signature", "steps", "quarters"),
    [((4, 4), 16, 4), ((3, 4), 12, 3), ((6, 8), 12, 3), ((7, 8), 14, 3.5)],
)
def test_bars_of_any_time_signature(time_signature, steps, quarters):
    converter = GrooveConverter(bars=1, time_signature=time_signature)
    assert converter.steps == converter.grid.steps_per_bar == steps
    assert converter.grid.quarters_per_bar == quarters
    assert converter.window_seconds(120.0) == quarters / 2
    outputs = np.zeros((1, steps, 27), np.float32)
    outputs[0, [0, steps - 1], 0] = 1.0
    (written,) = converter.decode(outputs)
    (signature,) = written.time_signatures
    assert (signature.numerator, signature.denominator) == time_signature
    assert written.total_time == steps * 0.125
    read = converter.encode(written)
    np.testing.assert_array_equal(read.outputs[0, :, 0], outputs[0, :, 0])


def test_what_becomes_of_changes_of_the_tempo():
    groove = tiny.groove(1, bars=4)
    groove.tempos.add(time=4.0, qpm=90.0)
    found = {
        changes: GrooveConverter(bars=1, changes=changes).extract(groove)
        for changes in ("follow", "split", "refuse")
    }
    assert isinstance(found["refuse"], Skipped)
    assert len(found["split"]) >= 4
    assert len(found["follow"]) >= 4
