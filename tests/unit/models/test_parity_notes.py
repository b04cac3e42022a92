"""The notes that the original made of its models' greedy decodings."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import original, parity
from helpers.parity import assert_same_notes, read_sequences

from groovekit.converters.drums import DrumsConverter

GROOVES = [name for name in parity.GROOVES if "preprocessing" not in name]
DRUMS = ["cat-drums_2bar_small", "cat-drums_2bar_big", "x_drums_residual"]


@pytest.mark.parametrize("name", GROOVES + DRUMS)
def test_greedy_decodings_give_the_originals_notes(name):
    arrays, _ = original.load(name)
    if name in DRUMS:
        converter = DrumsConverter()
    else:
        converter = parity.groove_converter(name, "infer")
    samples = arrays["greedy/samples"].astype(np.float32)
    controls = arrays["in/controls"].astype(np.float32)[:1, : samples.shape[1]]
    given = np.repeat(controls, len(samples), 0) if controls.shape[-1] else None
    ours = converter.decode(samples, given)
    theirs = read_sequences(arrays, "greedy/note_sequences")
    assert len(theirs) == len(samples)
    # The original lists the drums of a step in an order of its own.
    assert_same_notes(ours, theirs, ordered=name not in DRUMS)
