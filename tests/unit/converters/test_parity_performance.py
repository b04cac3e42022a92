"""PerformanceConverter against the arrays that the original converter gave."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.parity import (
    assert_same_notes,
    content_sha1,
    load,
    read_sequence,
    read_sequences,
)

from groovekit.converters.base import Encoded, Skipped
from groovekit.converters.performance import PerformanceConverter
from groovekit.io.notes import NoteSequence

PLAIN = PerformanceConverter(changes="split")
CHORDS = PerformanceConverter(chord_encoding="triad", changes="split")
CONVERTERS = {
    "hier-multiperf_vel_1bar_big": PLAIN,
    "hier-multiperf_vel_1bar_big_chords": CHORDS,
    "hier-multiperf_vel_1bar_med": PLAIN,
    "hier-multiperf_vel_1bar_med_chords": CHORDS,
}
FILES = {name: load(name) for name in CONVERTERS}
CASES = [
    (name, key.removeprefix("eval/"))
    for name, (facts, _) in FILES.items()
    for key in facts["cases"]
]


def annotations(sequence: NoteSequence) -> list[tuple[float, str]]:
    return [(round(a.time, 6), a.text) for a in sequence.text_annotations]


def assert_same_music(ours: list[NoteSequence], theirs: list[NoteSequence]) -> None:
    assert_same_notes(ours, theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert [n.program for n in a.notes] == [n.program for n in b.notes]
        assert annotations(a) == annotations(b)


@pytest.mark.parametrize("name", CONVERTERS)
def test_what_the_tensors_look_like(name):
    converter, theirs = CONVERTERS[name], FILES[name][0]["converter"]
    assert converter.input_depth == theirs["input_depth"]
    assert converter.output_depth == theirs["output_depth"]
    assert converter.control_depth == theirs["control_depth"]
    assert list(converter.length_shape) == theirs["length_shape"]
    assert converter.vocabulary.end == int(theirs["end_token"])
    assert converter.windows_per_sequence == theirs["max_tensors_per_notesequence"]


@pytest.mark.parametrize(("name", "sequence"), CASES)
def test_windows_are_the_original_s(name, sequence):
    converter, (facts, arrays) = CONVERTERS[name], FILES[name]
    case = facts["cases"][f"eval/{sequence}"]
    encoded = converter.encode(read_sequence(sequence))
    count = case.get("n", 0)
    if not count:
        assert isinstance(encoded, Skipped)
        assert str(encoded)
        return
    assert isinstance(encoded, Encoded)
    assert len(encoded) == count == case["n_default"]
    assert content_sha1(encoded) == case["sha1_all_sorted"]
    # The original's file has the windows sorted by content.
    key = f"eval/{sequence}"
    depth = converter.output_depth
    for index in range(case["n_kept"]):
        outputs = arrays[f"{key}/outputs"][index]
        (found,) = [
            i for i in range(count) if np.array_equal(encoded.outputs[i], outputs)
        ][:1]
        assert outputs.shape == (converter.steps, depth)
        np.testing.assert_array_equal(encoded.inputs[found], outputs)
        np.testing.assert_array_equal(
            encoded.lengths[found], arrays[f"{key}/lengths"][index]
        )
        if converter.control_depth:
            same = [
                i
                for i in range(count)
                if np.array_equal(encoded.outputs[i], outputs)
                and np.array_equal(
                    encoded.controls[i], arrays[f"{key}/controls"][index]
                )
            ]
            assert same


@pytest.mark.parametrize(("name", "sequence"), CASES)
def test_decoding_gives_the_original_s_notes(name, sequence):
    converter, (facts, arrays) = CONVERTERS[name], FILES[name]
    if not facts["cases"][f"eval/{sequence}"].get("n"):
        assert f"eval/{sequence}/outputs" not in arrays
        return
    key = f"eval/{sequence}"
    controls = arrays[f"{key}/controls"] if converter.control_depth else None
    ours = converter.decode(arrays[f"{key}/outputs"], controls)
    assert_same_music(ours, read_sequences(arrays, f"{key}/roundtrip"))


@pytest.mark.parametrize("name", CONVERTERS)
def test_decoding_anything(name):
    converter, (_, arrays) = CONVERTERS[name], FILES[name]
    controls = arrays["random/controls"] if converter.control_depth else None
    ours = converter.decode(arrays["random/samples"], controls)
    assert_same_music(ours, read_sequences(arrays, "random/note_sequences"))
