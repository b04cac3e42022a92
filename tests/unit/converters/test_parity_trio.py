"""TrioConverter against the arrays that the original converter gave."""

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
from groovekit.converters.trio import TrioConverter

CONFIGS = ["flat-trio_16bar", "hier-trio_16bar", "hierdec-trio_16bar"]
CASES_A_CONFIG = 29
WITH_WINDOWS = {"eval/trio", "eval/trio_gap", "eval/trio_two_mel"}


def by_content(outputs: np.ndarray) -> list[bytes]:
    return sorted(window.astype(np.uint8).tobytes() for window in outputs)


@pytest.mark.parametrize("name", CONFIGS)
def test_describes_its_tensors_as_the_original(name):
    expected = load(name)[0]["converter"]
    converter = TrioConverter()
    assert_described(converter, expected)
    assert converter.max_windows == expected["max_tensors_per_notesequence"]


@pytest.mark.parametrize("name", CONFIGS)
def test_windows_and_notes_of_every_case(name):
    facts, arrays = load(name)
    limited = TrioConverter(changes="split")
    converter = dataclasses.replace(limited, max_windows=None)
    checked = 0
    for case, expected in facts["cases"].items():
        encoded = converter.encode(read_sequence(case.split("/")[1]))
        checked += 1
        if expected["n"] == 0:
            assert case not in WITH_WINDOWS
            assert isinstance(encoded, Skipped), case
            assert str(encoded)
            continue
        assert case in WITH_WINDOWS
        assert expected["inputs_equal_outputs"]
        assert isinstance(encoded, Encoded), case
        assert len(encoded) == expected["n"], case
        few = limited.encode(read_sequence(case.split("/")[1]))
        assert isinstance(few, Encoded)
        assert len(few) == expected["n_default"], case
        assert content_sha1(encoded) == expected["sha1_all_sorted"], case

        outputs = arrays[f"{case}/outputs"]
        assert len(outputs) == expected["n_kept"]
        theirs = by_content(outputs)
        ours = by_content(encoded.outputs)
        assert set(theirs) <= set(ours), case
        if len(theirs) == len(ours):
            assert theirs == ours, case
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
    ours = TrioConverter().decode(arrays["random/samples"])
    theirs = read_sequences(arrays, "random/note_sequences")
    # The original writes the drums of a step in the order of a set.
    assert_same_notes(ours, theirs, ordered=False)
    for a, b in zip(ours, theirs, strict=True):
        assert [n.program for n in a.notes] == [n.program for n in b.notes]
        assert a.tempos[0].qpm == b.tempos[0].qpm
