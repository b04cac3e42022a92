"""Drums of tensors, against the notes that a converter writes of them."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny

from groovekit.configs.base import get_config
from groovekit.converters.drum_tensors import drums_of
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import ConfigError
from groovekit.evaluation import metrics


@pytest.mark.parametrize("split", [False, True], ids=["together", "split"])
@pytest.mark.parametrize("values", ["center", "original"])
def test_bins_are_the_numbers_that_they_are_decoded_to(split, values):
    converter = GrooveConverter(
        bars=2, velocity_bins=8, offset_bins=5, bin_values=values,
        split_instruments=split, first_onset="original", output_kit="roland_td11",
    )  # fmt: skip
    encoded = converter.encode(tiny.groove(1, bars=2))
    drums = drums_of(encoded.outputs, converter)
    window, step, drum = np.nonzero(drums.hits)
    (written,) = converter.decode(encoded.outputs, encoded.controls, qpm=120)
    assert len(written.notes) == len(window) > 20
    cells = (window, step, drum)
    np.testing.assert_allclose(
        np.maximum(np.round(drums.velocities[cells]), converter.min_velocity),
        [note.velocity for note in written.notes],
    )
    np.testing.assert_allclose(
        (step - drums.offsets[cells] / 2) * 0.125,
        [note.start_time for note in written.notes],
        atol=1e-6,
    )
    plain = GrooveConverter(bars=2)
    recorded = drums_of(plain.encode(tiny.groove(1, bars=2)).outputs, plain)
    np.testing.assert_array_equal(drums.hits, recorded.hits)


@pytest.mark.parametrize("per_quarter", [4, 12, 24])
@pytest.mark.parametrize("metre", [3, 4])
def test_attributes_do_not_depend_on_the_grid(per_quarter, metre):
    """The same performance, written on grids from sixteenths on."""
    groove = tiny.groove(1, bars=6)
    groove.time_signatures[0].numerator = metre
    found = []
    for steps in (4, per_quarter):
        converter = GrooveConverter(
            bars=6, steps_per_quarter=steps, time_signature=(metre, 4)
        )
        drums = drums_of(converter.encode(groove).outputs, converter)
        assert drums.steps_per_bar == steps * metre
        found.append((metrics.swing(drums), metrics.syncopation(drums)))
    for values, others in zip(*found, strict=True):
        np.testing.assert_allclose(values, others, rtol=1e-5)
    # A groove of straight eighths, with a little microtiming.
    np.testing.assert_allclose(found[0][0], 1, atol=0.1)


@pytest.mark.parametrize(
    "converter",
    [
        GrooveConverter(bars=2),
        GrooveConverter(bars=2, split_instruments=True),
        GrooveConverter(bars=2, velocity_bins=4, offset_bins=4),
        DrumsConverter(bars=2),
    ],
    ids=["groove", "split", "bins", "labels"],
)
def test_no_windows(converter):
    tensors = np.zeros((0, converter.steps, converter.output_depth))
    assert drums_of(tensors, converter).hits.shape == (0, 32, 9)


def test_what_is_not_drums_is_refused():
    converter = get_config("cat-mel_2bar_big").converter
    with pytest.raises(ConfigError, match=r"converter of drums .*groovekit configs"):
        drums_of(np.zeros((1, 32, converter.output_depth)), converter)
