"""DrumsConverter against the arrays that the original converter gave."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.parity import (
    assert_described,
    assert_same_notes,
    content_sha1,
    load,
    read_sequence,
    read_sequences,
)

from groovekit.converters.base import Encoded, Skipped
from groovekit.converters.drums import DrumsConverter

NINE = {"roll_output": True}
FULL = {"roll_output": True, "kit": "full_61", "output_kit": "full_61"}
CONFIGS = {
    "cat-drums_2bar_small": {},
    "cat-drums_2bar_big": {},
    "x_drums_residual": {},
    "nade-drums_2bar_reduced": NINE,
    "nade-drums_2bar_full": FULL,
}
# It reads what is marked as drums, with one kit map.
AS_THE_ORIGINAL = {"instruments": "drums", "kit_from": "config"}
CASES_A_CONFIG = 29


def by_content(encoded: Encoded) -> list[bytes]:
    return sorted(
        encoded.inputs[i].astype(np.uint8).tobytes()
        + encoded.outputs[i].astype(np.uint8).tobytes()
        for i in range(len(encoded))
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_describes_its_tensors_as_the_original(name):
    expected = load(name)[0]["converter"]
    converter = DrumsConverter(**CONFIGS[name])
    assert_described(converter, expected)
    assert converter.max_windows == expected["max_tensors_per_notesequence"]


@pytest.mark.parametrize("name", CONFIGS)
def test_windows_and_notes_of_every_case(name):
    facts, arrays = load(name)
    limited = DrumsConverter(**CONFIGS[name], **AS_THE_ORIGINAL, changes="split")
    converter = dataclasses.replace(limited, max_windows=None)
    checked = 0
    for case, expected in facts["cases"].items():
        sequence = read_sequence(case.split("/")[1])
        encoded = converter.encode(sequence)
        checked += 1
        if expected["n"] == 0:
            assert isinstance(encoded, Skipped), case
            assert expected["n_default"] == 0
            continue
        assert isinstance(encoded, Encoded), case
        assert len(encoded) == expected["n"], case
        few = limited.encode(sequence)
        assert isinstance(few, Encoded)
        assert len(few) == expected["n_default"], case
        assert content_sha1(encoded) == expected["sha1_all_sorted"], case

        outputs = arrays[f"{case}/outputs"]
        inputs = arrays[f"{case}/inputs"]
        theirs = [
            inputs[i].tobytes() + outputs[i].tobytes() for i in range(len(outputs))
        ]
        assert len(theirs) == expected["n_kept"]
        ours = by_content(encoded)
        if len(theirs) == len(ours):
            assert ours == sorted(theirs), case
        assert set(theirs) <= set(ours), case
        assert set(encoded.lengths) == set(arrays[f"{case}/lengths"])
        assert_same_notes(
            converter.decode(outputs),
            read_sequences(arrays, f"{case}/roundtrip"),
            ordered=False,
        )
    assert checked == CASES_A_CONFIG


@pytest.mark.parametrize("name", CONFIGS)
def test_notes_of_random_samples(name):
    _, arrays = load(name)
    converter = DrumsConverter(**CONFIGS[name])
    assert_same_notes(
        converter.decode(arrays["random/samples"]),
        read_sequences(arrays, "random/note_sequences"),
        # The original writes the notes of a step in the order of a set.
        ordered=False,
    )
