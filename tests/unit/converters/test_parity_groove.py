"""GrooveConverter against the arrays that the original converter gave."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.parity import (
    GROOVES,
    KITS,
    assert_described,
    assert_same_notes,
    content_sha1,
    groove_converter,
    load,
    read_sequence,
    read_sequences,
)

from groovekit.converters.base import Encoded, Skipped, Windows
from groovekit.converters.groove import GrooveConverter

CASES_A_CONFIG = 58
DROPOUT = "groovae_2bar_tap_fixed_velocity_note_dropout"


@pytest.mark.parametrize("name", GROOVES)
def test_describes_its_tensors_as_the_groove_converter(name):
    facts, _ = load(name)
    converter, expected = groove_converter(name), facts["converter"]
    assert_described(converter, expected)


@pytest.mark.parametrize("name", GROOVES)
def test_windows_and_notes_of_every_case(name):
    facts, arrays = load(name)
    checked = raised = 0
    for case, expected in facts["cases"].items():
        mode, sequence_name = case.split("/")
        converter = groove_converter(name, mode)
        encoded = converter.encode(read_sequence(sequence_name))
        checked += 1
        if "error" in expected:
            # The original stops at the first unknown pitch; here it is counted.
            raised += 1
            assert encoded.counts.unmapped > 0, case
            continue
        if expected["n"] == 0:
            assert isinstance(encoded, Skipped), case
            continue
        assert isinstance(encoded, Encoded), case
        assert len(encoded) == expected["n"] == expected["n_default"], case
        # The file keeps the first windows; the sum below is over all of them.
        outputs = arrays[f"{case}/outputs"]
        kept = len(outputs)
        assert kept == expected["n_kept"]
        classes = 1 if GROOVES[name].get("split_instruments") else 9
        np.testing.assert_array_equal(
            encoded.outputs[:kept, :, :classes], outputs[..., :classes]
        )
        np.testing.assert_allclose(encoded.outputs[:kept], outputs, atol=1e-6, rtol=0)
        np.testing.assert_array_equal(encoded.lengths[:kept], arrays[f"{case}/lengths"])
        if name != DROPOUT:
            key = f"{case}/inputs"
            inputs = arrays.get(key, outputs)
            np.testing.assert_allclose(encoded.inputs[:kept], inputs, atol=1e-6, rtol=0)
            assert content_sha1(encoded) == expected["sha1_all_sorted"], case
        if f"{case}/controls" in arrays:
            np.testing.assert_array_equal(
                encoded.controls[:kept], arrays[f"{case}/controls"]
            )
        else:
            assert encoded.controls is None
        assert_same_notes(
            converter.decode(outputs), read_sequences(arrays, f"{case}/roundtrip")
        )
    assert checked == CASES_A_CONFIG
    assert raised == 16


@pytest.mark.parametrize("name", GROOVES)
def test_notes_of_random_samples(name):
    _, arrays = load(name)
    samples = arrays["random/samples"]
    theirs = read_sequences(arrays, "random/note_sequences")
    matches = 0
    for mode in KITS:
        try:
            assert_same_notes(groove_converter(name, mode).decode(samples), theirs)
            matches += 1
        except AssertionError:
            continue
    assert matches == 1


def _case_names(facts):
    return [c for c, found in facts["cases"].items() if found.get("n")]


def test_taps_after_note_dropout_are_explained_by_the_original_rule():
    """Each tap is of a note of its step, and kicks are never dropped."""
    facts, arrays = load(DROPOUT)
    cases = _case_names(facts)
    for case in cases:
        outputs, inputs = arrays[f"{case}/outputs"], arrays[f"{case}/inputs"]
        hits, offsets = outputs[..., :9], outputs[..., 18:]
        tapped = inputs[..., 3] > 0
        assert not inputs[..., [0, 1, 2, *range(4, 18)]].any()
        own = (hits > 0) & (np.abs(offsets - inputs[..., 18 + 3, None]) < 1e-9)
        assert own.any(axis=-1)[tapped].all()
        assert tapped[hits[..., 0] > 0].all()
    assert len(cases) > 20


class _Draws:
    """Stands in for a generator: p at its maximum, then given uniforms."""

    def __init__(self, uniforms):
        self.parts = [np.float32(1.0), uniforms]

    def random(self, shape, dtype):
        part = np.broadcast_to(self.parts.pop(0), shape)
        return part.astype(dtype)


def test_original_dropout_falls_back_to_the_first_class():
    """With every note dropped, the original's taps are the kicks alone."""
    _, arrays = load(DROPOUT)
    converter = groove_converter(DROPOUT, "eval")
    ours = GrooveConverter(bars=2, tapify=True, max_note_dropout=1.0)
    windows = converter.extract(read_sequence("drums_roland_0"))
    assert isinstance(windows, Windows)
    outputs = arrays["eval/drums_roland_0/outputs"]
    none_kept = converter.expand(windows, rng=_Draws(np.float32(-1.0)))
    np.testing.assert_array_equal(none_kept.inputs[..., 3], outputs[..., 0])
    np.testing.assert_allclose(
        none_kept.inputs[..., 21], outputs[..., 18], atol=1e-6, rtol=0
    )
    assert not ours.expand(windows, rng=_Draws(np.float32(-1.0))).inputs.any()
