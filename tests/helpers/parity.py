"""What the original's converters gave, and how to compare with it."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path

import numpy as np

from groovekit.converters.base import Converter, Encoded
from groovekit.converters.groove import GrooveConverter
from groovekit.io.notes import NoteSequence

GOLDEN = Path(__file__).parents[1] / "golden" / "converters"


# Configs of grooves, with what their converters differ in.
GROOVES = {
    "groovae_4bar": {"bars": 4},
    "groovae_2bar_humanize": {"bars": 2, "humanize": True},
    "groovae_2bar_tap_fixed_velocity": {
        "bars": 2,
        "tapify": True,
        "fixed_velocities": True,
    },
    "groovae_2bar_add_closed_hh": {"bars": 2, "add_instruments": (2,)},
    "groovae_2bar_hits_control_tfds": {"bars": 2, "hits_as_controls": True},
    "groovae_2bar_tap_fixed_velocity_note_dropout": {
        "bars": 2,
        "tapify": True,
        "fixed_velocities": True,
        "max_note_dropout": 0.8,
    },
    "x_groovae_control_preprocessing": {"bars": 2, "hits_as_controls": True},
    "x_groovae_split_instruments": {
        "bars": 2,
        "hits_as_controls": True,
        "split_instruments": True,
    },
}
KITS = {"eval": "roland_td11", "infer": "general_midi"}


def groove_converter(name: str, mode: str = "infer") -> GrooveConverter:
    """The converter of a config with the original's policies."""
    return GrooveConverter(
        kit=KITS[mode],
        output_kit=KITS[mode],
        instruments="all",
        kit_from="config",
        first_onset="original",
        min_velocity=0,
        tap_dropout="original",
        changes="refuse",
        keep_silence=True,
        **GROOVES[name],
    )


def load(name: str):
    facts = json.loads((GOLDEN / f"{name}.json").read_text())
    return facts, np.load(GOLDEN / f"{name}.npz")


def read_sequence(name: str) -> NoteSequence:
    return NoteSequence.FromString((GOLDEN / "sequences" / f"{name}.pb").read_bytes())


def read_sequences(arrays, key: str) -> list[NoteSequence]:
    blob, ends = arrays[f"{key}/blob"].tobytes(), arrays[f"{key}/offsets"]
    return [NoteSequence.FromString(blob[a:b]) for a, b in itertools.pairwise(ends)]


def assert_described(converter: Converter, expected) -> None:
    """Checks that a converter says of its tensors what the original says."""
    assert converter.input_depth == expected["input_depth"]
    assert converter.output_depth == expected["output_depth"]
    assert converter.control_depth == expected["control_depth"]
    assert list(converter.length_shape) == expected["length_shape"]


def note_rows(sequence: NoteSequence) -> np.ndarray:
    rows = [
        (n.start_time, n.end_time, n.pitch, n.velocity, n.is_drum, n.instrument)
        for n in sequence.notes
    ]
    return np.array(rows, np.float64).reshape(-1, 6)


def assert_same_notes(
    ours: list[NoteSequence], theirs: list[NoteSequence], *, ordered: bool = True
) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        rows_a, rows_b = note_rows(a), note_rows(b)
        assert rows_a.shape == rows_b.shape
        if not ordered:
            rows_a = rows_a[np.lexsort(rows_a[:, [2, 0]].T)]
            rows_b = rows_b[np.lexsort(rows_b[:, [2, 0]].T)]
        np.testing.assert_allclose(rows_a[:, :2], rows_b[:, :2], atol=1e-6, rtol=0)
        np.testing.assert_array_equal(rows_a[:, 2:], rows_b[:, 2:])


def content_sha1(encoded: Encoded) -> str:
    """Sum over the windows as the original's file has it, in order of content."""
    batch, steps = encoded.inputs.shape[:2]
    controls = encoded.controls
    if controls is None:
        controls = np.zeros((batch, steps, 0), np.float32)
    windows = sorted(
        b"".join(
            np.ascontiguousarray(part, dtype).tobytes()
            for part, dtype in [
                (encoded.inputs[i], np.float32),
                (encoded.outputs[i], np.float32),
                (controls[i], np.float32),
                (encoded.lengths[i], np.int32),
            ]
        )
        for i in range(batch)
    )
    return hashlib.sha1(b"".join(windows)).hexdigest()
