"""What a trio converter writes, it reads again."""

from __future__ import annotations

import dataclasses

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from groovekit.converters.base import AugmentationConfig, Encoded, Windows
from groovekit.converters.trio import TrioConverter

STEPS = 32
labels = st.sampled_from([0, 0, 0, 1, 2, 30, 30, 60, 89])
melodies = arrays(np.uint8, (1, STEPS), elements=labels)
converters = st.builds(
    TrioConverter,
    bars=st.just(2),
    gap_bars=st.sampled_from([1, 2, 3]),
    max_windows=st.sampled_from([None, 1, 5]),
    kit=st.sampled_from(["general_midi", "roland_td11"]),
)


@st.composite
def trios(draw) -> Windows:
    """A window in which all play in the first bar, and one in the last."""
    window = {
        "melody": draw(melodies),
        "bass": draw(melodies),
        "drums": draw(
            arrays(np.uint16, (1, STEPS), elements=st.integers(0, 511), fill=st.just(0))
        ),
    }
    window["melody"][0, draw(st.integers(0, 15))] = 50
    window["bass"][0, draw(st.integers(0, 15))] = 20
    window["drums"][0, [0, draw(st.integers(16, 31))]] = 5
    return Windows(window)


@settings(max_examples=40, deadline=None)
@given(converter=converters, windows=trios(), qpm=st.sampled_from([60.0, 97.0, 120.0]))
def test_reads_what_it_wrote(converter, windows, qpm):
    converter = dataclasses.replace(converter, output_kit=converter.kit)
    [written] = converter.decode(converter.expand(windows).outputs, qpm=qpm)
    read = converter.encode(written)
    assert isinstance(read, Encoded), read
    assert len(read) == 1
    assert (read.outputs.sum(axis=-1) == 3).all()
    counts = read.counts
    assert counts.kept == counts.notes == len(written.notes)
    [again] = converter.decode(read.outputs, qpm=qpm)
    assert again == written


@settings(max_examples=40, deadline=None)
@given(
    windows=trios(),
    limits=st.tuples(st.integers(-127, 0), st.integers(0, 127)),
    seed=st.integers(0, 5),
)
def test_transposition_moves_all_notes_alike(windows, limits, seed):
    converter = TrioConverter(bars=2)
    augmentation = AugmentationConfig(transpose=limits)
    moved = converter.augment(windows, augmentation, np.random.default_rng(seed))
    before, after = (
        np.concatenate([w.arrays[n].astype(int) for n in ("melody", "bass")])
        for w in (windows, moved)
    )
    notes = before >= 2
    np.testing.assert_array_equal(after[~notes], before[~notes])
    assert len(set((after - before)[notes])) == 1
    assert limits[0] <= (after - before)[notes][0] <= limits[1]
    assert after[notes].min() >= 2
    assert after[notes].max() <= 89
    np.testing.assert_array_equal(moved.arrays["drums"], windows.arrays["drums"])
