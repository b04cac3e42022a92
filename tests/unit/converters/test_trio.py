"""TrioConverter: what is a trio, what is not and why, and what it writes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from groovekit.converters.base import AugmentationConfig, Reason, Skipped, Windows
from groovekit.converters.trio import TrioConverter
from groovekit.errors import ConfigError, DataError
from groovekit.io.notes import NoteSequence

BAR = 2.0
TWO_BARS = TrioConverter(bars=2, gap_bars=0)


def add(sequence: NoteSequence, part: str, bars, *, instrument=None, **changes) -> None:
    """One note, a quarter long, at the beginning of each of the bars."""
    kind = {
        "melody": {"pitch": 60, "program": 5, "instrument": 0},
        "bass": {"pitch": 40, "program": 33, "instrument": 1},
        "drums": {"pitch": 36, "is_drum": True, "instrument": 9},
    }[part]
    if instrument is not None:
        kind = {**kind, "instrument": instrument}
    for bar in bars:
        note = sequence.notes.add(
            velocity=100,
            start_time=bar * BAR,
            end_time=bar * BAR + 0.5,
            **{**kind, **changes},
        )
        sequence.total_time = max(sequence.total_time, note.end_time)


def trio(melody=range(4), bass=range(4), drums=range(4)) -> NoteSequence:
    sequence = NoteSequence()
    add(sequence, "melody", melody)
    add(sequence, "bass", bass)
    add(sequence, "drums", drums)
    return sequence


def windows_of(sequence: NoteSequence, converter=TWO_BARS) -> Windows:
    windows = converter.extract(sequence)
    assert isinstance(windows, Windows), windows
    return windows


def skipped(sequence: NoteSequence, converter=TWO_BARS) -> Skipped:
    found = converter.extract(sequence)
    assert isinstance(found, Skipped)
    counts = found.counts
    assert counts.notes == len(sequence.notes)
    assert counts.notes == counts.ignored + counts.unmapped
    return found


def test_three_labels_a_step():
    windows = windows_of(trio())
    assert len(windows) == 1
    arrays = windows.arrays
    assert arrays["melody"].dtype == arrays["bass"].dtype == np.uint8
    assert arrays["drums"].dtype == np.uint16
    melody = np.zeros(32)
    melody[[0, 16]], melody[[4, 20]] = 41, 1
    np.testing.assert_array_equal(arrays["melody"][0], melody)
    assert arrays["bass"][0, 0] == 21
    assert np.flatnonzero(arrays["drums"][0]).tolist() == [0, 16]
    assert arrays["drums"][0, 0] == 1

    tensors = TWO_BARS.expand(windows)
    assert tensors.outputs.shape == (1, 32, 692)
    assert tensors.outputs.dtype == np.float32
    np.testing.assert_array_equal(tensors.inputs, tensors.outputs)
    assert tensors.controls is None
    assert tensors.lengths.tolist() == [32]
    hot = np.flatnonzero(tensors.outputs[0, 0]).tolist()
    assert hot == [41, 90 + 21, 180 + 1]
    assert (tensors.outputs.sum(axis=-1) == 3).all()


def test_equal_windows_are_left_out():
    sequence = trio()
    assert len(windows_of(sequence)) == 1
    sequence.notes[1].pitch = 61
    assert len(windows_of(sequence)) == 3


def test_every_combination_of_instruments():
    sequence = trio()
    add(sequence, "melody", range(4), instrument=3, pitch=70)
    add(sequence, "drums", range(4), instrument=4, pitch=38)
    windows = windows_of(sequence)
    assert len(windows) == 4
    assert windows.arrays["melody"][:, 0].tolist() == [41, 41, 51, 51]
    assert windows.arrays["drums"][:, 0].tolist() == [2, 1, 2, 1]
    assert windows.counts.kept == windows.counts.notes == 20


def test_an_instrument_of_two_kinds_is_none():
    sequence = trio()
    sequence.notes[0].program = 33
    assert skipped(sequence).reason is Reason.NO_MATERIAL
    assert skipped(sequence).detail == "no melody"


def test_windows_only_where_all_three_play():
    sequence = trio(bass=[2, 3, 4], melody=range(8), drums=range(8))
    sequence.notes[3].pitch = 61
    assert len(windows_of(sequence)) == 2
    # An instrument reaches one bar around its notes; at the ends any one is enough.
    wide = dataclasses.replace(TWO_BARS, gap_bars=1)
    assert len(windows_of(sequence, wide)) == 5


def test_counts_add_up():
    sequence = trio(bass=[0, 1])
    add(sequence, "melody", [0], pitch=50)
    add(sequence, "drums", [1], pitch=35)
    add(sequence, "drums", [1], pitch=99)
    add(sequence, "melody", [0], pitch=5)
    add(sequence, "melody", [0], instrument=7, program=100)
    counts = windows_of(sequence).counts
    assert counts.notes == 15
    assert counts.kept == 6
    assert counts.merged == 2
    assert counts.unmapped == 1
    assert counts.ignored == 6


@pytest.mark.parametrize(
    ("sequence", "reason", "detail"),
    [
        (NoteSequence(), Reason.EMPTY, ""),
        (trio(bass=[]), Reason.NO_MATERIAL, "no bass"),
        (trio(bass=[], drums=[]), Reason.NO_MATERIAL, "no bass, no drums"),
        (trio([0], [0], [0]), Reason.TOO_SHORT, "1 of 2 bars"),
        (
            trio(range(8), [0, 1, 2], [2, 3, 4]),
            Reason.TOO_SHORT,
            "all three parts in 1 of 2 bars",
        ),
    ],
)
def test_says_why_there_are_no_windows(sequence, reason, detail):
    found = skipped(sequence)
    assert (found.reason, found.detail) == (reason, detail)


def test_unusable_notes_make_no_part():
    sequence = trio(melody=[])
    add(sequence, "melody", range(4), pitch=110)
    found = skipped(sequence)
    assert (found.reason, found.detail) == (
        Reason.NO_MATERIAL,
        "no usable notes: melody",
    )


def test_another_metre_is_refused():
    sequence = trio()
    sequence.time_signatures.add(numerator=3, denominator=4)
    assert skipped(sequence).reason is Reason.TIME_SIGNATURE
    waltz = TrioConverter(bars=2, time_signature=(3, 4))
    assert windows_of(sequence, waltz).arrays["melody"].shape[1] == 24


def test_changes_of_tempo():
    sequence = trio()
    sequence.tempos.add(qpm=120)
    sequence.tempos.add(qpm=60, time=2 * BAR)
    assert len(windows_of(sequence)) == 2
    # The second part has half as many bars.
    split = dataclasses.replace(TWO_BARS, changes="split")
    assert len(windows_of(sequence, split)) == 1
    whole = dataclasses.replace(TWO_BARS, changes="refuse")
    assert skipped(sequence, whole).reason is Reason.TEMPO_CHANGE


def test_long_parts_are_cut():
    sequence = trio(range(9), range(9), range(9))
    for index in range(9):
        sequence.notes[index].pitch = 60 + index
    assert len(windows_of(sequence)) == 8
    short = dataclasses.replace(TWO_BARS, max_bars=3)
    assert len(windows_of(sequence, short)) == 2
    assert windows_of(sequence, short).counts.kept == 9


def test_does_not_change_its_input():
    sequence = trio()
    before = sequence.SerializeToString(deterministic=True)
    windows_of(sequence)
    assert sequence.SerializeToString(deterministic=True) == before


def test_unknown_drums():
    sequence = trio()
    add(sequence, "drums", [0], pitch=99)
    with pytest.raises(DataError, match="99"):
        dataclasses.replace(TWO_BARS, unmapped="error").extract(sequence)


def test_writes_three_instruments():
    windows = windows_of(trio())
    converter = dataclasses.replace(
        TWO_BARS, melody_program=80, bass_program=38, output_kit="roland_td11"
    )
    [written] = converter.decode(TWO_BARS.expand(windows).outputs, qpm=60.0)
    found = {(n.instrument, n.program, n.is_drum, n.pitch) for n in written.notes}
    assert found == {(0, 80, False, 60), (1, 38, False, 40), (9, 0, True, 36)}
    assert {n.velocity for n in written.notes} == {80}
    assert written.tempos[0].qpm == 60
    assert written.total_time == 8.0
    assert (written.notes[1].start_time, written.notes[1].end_time) == (4.0, 5.0)
    [default] = TWO_BARS.decode(TWO_BARS.expand(windows).outputs)
    assert {n.program for n in default.notes} == {0, 33}


def test_decodes_any_number_of_steps_and_nothing_else():
    assert len(TWO_BARS.decode(np.zeros((2, 7, 692)))) == 2
    for shape in [(2, 7, 691), (7, 692)]:
        with pytest.raises(ConfigError, match="Expected outputs of shape"):
            TWO_BARS.decode(np.zeros(shape))
    with pytest.raises(ConfigError, match="positive tempo"):
        TWO_BARS.decode(np.zeros((1, 7, 692)), qpm=0)


def test_transposes_melody_and_bass_together():
    windows = windows_of(trio())
    many = windows.take(np.zeros(200, np.int64))
    kept = {name: array.copy() for name, array in many.arrays.items()}
    up = AugmentationConfig(transpose=(-30, 3))
    moved = TWO_BARS.augment(many, up, np.random.default_rng(1))
    for name, array in many.arrays.items():
        np.testing.assert_array_equal(array, kept[name])
        assert moved.arrays[name].dtype == array.dtype
    shift = moved.arrays["melody"][:, 0].astype(int) - 41
    # The bass is on the 20th pitch from below.
    assert set(shift) == set(range(-19, 4))
    np.testing.assert_array_equal(moved.arrays["bass"][:, 0], 21 + shift)
    np.testing.assert_array_equal(moved.arrays["melody"][:, 4], 1)
    np.testing.assert_array_equal(moved.arrays["drums"], kept["drums"])
    again = TWO_BARS.augment(many, up, np.random.default_rng(1))
    np.testing.assert_array_equal(again.arrays["bass"], moved.arrays["bass"])


def test_what_cannot_be_transposed_stays():
    windows = windows_of(trio())
    rng = np.random.default_rng(1)
    for transpose in [(0, 0), (-100, -60)]:
        still = TWO_BARS.augment(windows, AugmentationConfig(transpose), rng)
        for name, array in windows.arrays.items():
            np.testing.assert_array_equal(still.arrays[name], array)


@pytest.mark.parametrize(
    "options",
    [
        {"bars": 0},
        {"gap_bars": -1},
        {"max_windows": 0},
        {"max_bars": 15},
        {"velocity": 0},
        {"min_pitch": -1},
        {"max_pitch": 20},
        {"melody_program": 128},
        {"bass_programs": (128,)},
        {"bass_programs": (31,)},
        {"unmapped": "ask"},
    ],
)
def test_refuses_options_out_of_range(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        TrioConverter(**options)


def test_refuses_kits_of_many_classes():
    with pytest.raises(ConfigError, match="at most 12 classes"):
        _ = TrioConverter(kit="full_61", output_kit="full_61").layout
    with pytest.raises(ConfigError, match="same number of classes"):
        _ = TrioConverter(output_kit="full_61").layout
