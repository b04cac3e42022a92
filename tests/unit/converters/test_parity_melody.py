"""MelodyConverter against the arrays that the original converter gave."""

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

from groovekit.converters.base import Encoded, Reason, Skipped
from groovekit.converters.harmony.chords import CHORD_SYMBOL
from groovekit.converters.melody import MelodyConverter
from groovekit.io.columns import read_columns
from groovekit.io.notes import NoteSequence

# Piano, chromatic percussion, organ and guitar.
MELODIC = {"programs": tuple(range(32))}
LONG = {"bars": 16}
CONFIGS = {
    "cat-mel_2bar_small": MELODIC,
    "cat-mel_2bar_big": MELODIC,
    "cat-mel_2bar_med_chords": {"chord_encoding": "triad"},
    "flat-mel_16bar": LONG,
    "hier-mel_16bar": LONG,
    "hierdec-mel_16bar": LONG,
    "x_mel_unidirectional": {},
    "x_mel_hier_reencoder": {},
    "x_mel_hierdec_autoregressive": {},
    "x_mel_key_chords": {"chord_encoding": "triad", "condition_on_key": True},
}
CASES_A_CONFIG = 29
SILENT = {"eval/empty", "eval/silence"}


def by_content(outputs: np.ndarray, controls: np.ndarray | None) -> list[bytes]:
    windows = [window.astype(np.uint8).tobytes() for window in outputs]
    if controls is not None:
        windows = [
            window + rows.astype(np.uint8).tobytes()
            for window, rows in zip(windows, controls, strict=True)
        ]
    return sorted(windows)


def as_the_original_reads(controls: np.ndarray | None, name: str):
    """Without keys the original leaves the last twelve labels of chords out."""
    if controls is not None and not CONFIGS[name].get("condition_on_key"):
        controls = controls.copy()
        controls[..., -12:] = 0
    return controls


def harmony(sequence: NoteSequence) -> tuple[list, list]:
    chords = [
        (annotation.time, annotation.text)
        for annotation in sequence.text_annotations
        if annotation.annotation_type == CHORD_SYMBOL
    ]
    return chords, [(key.time, key.key) for key in sequence.key_signatures]


def assert_same_music(ours: list[NoteSequence], theirs: list[NoteSequence]) -> None:
    assert_same_notes(ours, theirs)
    for a, b in zip(ours, theirs, strict=True):
        for mine, original in zip(harmony(a), harmony(b), strict=True):
            assert [what for _, what in mine] == [what for _, what in original]
            np.testing.assert_allclose(
                [time for time, _ in mine], [time for time, _ in original], atol=1e-6
            )
        assert [n.program for n in a.notes] == [n.program for n in b.notes]
        assert a.tempos[0].qpm == b.tempos[0].qpm


@pytest.mark.parametrize("name", CONFIGS)
def test_describes_its_tensors_as_the_original(name):
    expected = load(name)[0]["converter"]
    converter = MelodyConverter(**CONFIGS[name])
    assert_described(converter, expected)
    assert converter.max_windows == expected["max_tensors_per_notesequence"]


class AsTheOriginal(MelodyConverter):
    """Takes notes for drums where they are marked as such, and nowhere else."""

    def read_notes(self, sequence):
        return read_columns(sequence, marked_only=True)


def test_drums_on_another_channel_are_no_melody():
    """The original takes them for one."""
    sequence = read_sequence("drums_not_is_drum")
    assert isinstance(AsTheOriginal().encode(sequence), Encoded)
    assert MelodyConverter().encode(sequence).reason is Reason.NO_MATERIAL


@pytest.mark.parametrize("name", CONFIGS)
def test_windows_and_notes_of_every_case(name):
    facts, arrays = load(name)
    limited = AsTheOriginal(**CONFIGS[name], changes="split")
    converter = dataclasses.replace(limited, max_windows=None)
    checked = 0
    for case, expected in facts["cases"].items():
        sequence = read_sequence(case.split("/")[1])
        encoded = converter.encode(sequence)
        checked += 1
        if expected["n"] == 0:
            assert isinstance(encoded, Skipped), case
            assert (encoded.reason is Reason.EMPTY) == (case in SILENT), case
            assert expected["n_default"] == 0
            continue
        assert isinstance(encoded, Encoded), case
        assert len(encoded) == expected["n"], case
        few = limited.encode(sequence)
        assert isinstance(few, Encoded)
        assert len(few) == expected["n_default"], case
        assert expected["inputs_equal_outputs"]
        np.testing.assert_array_equal(encoded.inputs, encoded.outputs)
        assert content_sha1(encoded) == expected["sha1_all_sorted"], case

        outputs = arrays[f"{case}/outputs"]
        key = f"{case}/controls"
        controls = arrays.get(key)
        assert (encoded.controls is None) == (controls is None)
        theirs = by_content(outputs, controls)
        ours = by_content(encoded.outputs, encoded.controls)
        assert len(theirs) == expected["n_kept"]
        assert set(theirs) <= set(ours), case
        if len(theirs) == len(ours):
            assert theirs == ours, case
        assert set(encoded.lengths) == set(arrays[f"{case}/lengths"])
        assert_same_music(
            converter.decode(outputs, as_the_original_reads(controls, name)),
            read_sequences(arrays, f"{case}/roundtrip"),
        )
    assert checked == CASES_A_CONFIG


@pytest.mark.parametrize("name", CONFIGS)
def test_notes_of_random_samples(name):
    _, arrays = load(name)
    key = "random/controls"
    controls = arrays.get(key)
    converter = MelodyConverter(**CONFIGS[name])
    assert (controls is None) == (converter.control_depth == 0)
    assert_same_music(
        converter.decode(
            arrays["random/samples"], as_the_original_reads(controls, name)
        ),
        read_sequences(arrays, "random/note_sequences"),
    )


def test_says_what_is_wrong_with_chords():
    chords = MelodyConverter(chord_encoding="triad")
    unreadable = chords.encode(read_sequence("mel_bad_chord"))
    assert isinstance(unreadable, Skipped)
    assert unreadable.reason is Reason.HARMONY
    assert "'Foo'" in unreadable.detail
    keys = dataclasses.replace(chords, condition_on_key=True)
    without_key = keys.encode(read_sequence("mel_chords"))
    assert isinstance(without_key, Skipped)
    assert without_key.reason is Reason.HARMONY
    assert "no key signature" in without_key.detail
