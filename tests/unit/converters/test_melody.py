from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from groovekit.converters.base import (
    AugmentationConfig,
    Counts,
    Encoded,
    Reason,
    Skipped,
    Windows,
)
from groovekit.converters.melody import MelodyConverter
from groovekit.errors import ConfigError, UsageError
from groovekit.io.notes import NoteSequence

ONE = MelodyConverter(bars=1, max_windows=None)
TWO = MelodyConverter(max_windows=None)
CHORDS = dataclasses.replace(ONE, chord_encoding="triad")
BOTH = dataclasses.replace(CHORDS, condition_on_key=True)


def melody(notes, *, total=0.0, chords=(), keys=(), qpm=120.0) -> NoteSequence:
    """Notes as (step, steps, pitch[, options]); chords and keys at steps."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    step = 15 / qpm
    for start, length, pitch, *options in notes:
        sequence.notes.add(
            pitch=pitch,
            start_time=start * step,
            end_time=(start + length) * step,
            **({"velocity": 90} | (options[0] if options else {})),
        )
    last = max((n.end_time for n in sequence.notes), default=0.0)
    sequence.total_time = max(total * step, last)
    for at, text in chords:
        sequence.text_annotations.add(time=at * step, text=text, annotation_type=1)
    for at, key in keys:
        sequence.key_signatures.add(time=at * step, key=key)
    return sequence


def windows(converter: MelodyConverter, sequence: NoteSequence) -> Windows:
    result = converter.extract(sequence)
    assert isinstance(result, Windows), result
    counts = result.counts
    assert counts.notes == len(sequence.notes)
    assert counts.notes == counts.kept + counts.merged + counts.ignored
    return result


def skipped(converter: MelodyConverter, sequence: NoteSequence) -> Skipped:
    result = converter.encode(sequence)
    assert isinstance(result, Skipped)
    assert result.counts.notes == result.counts.ignored == len(sequence.notes)
    return result


def row(steps: int, events: dict[int, int]) -> list[int]:
    labels = np.zeros(steps, np.int64)
    labels[list(events)] = list(events.values())
    return labels.tolist()


C4 = 60 - 21 + 2


# Values ------------------------------------------------------------------------


def test_labels_of_steps():
    sequence = melody([(0, 2, 60), (2, 4, 21), (8.3, 30, 108), (12, 3, 62)])
    found = windows(ONE, sequence)
    expected = row(16, {0: C4, 2: 2, 6: 1, 8: 89, 12: C4 + 2, 15: 1})
    assert found.arrays["labels"].tolist() == [expected]
    assert found.arrays["labels"].dtype == np.uint8
    assert found.counts == Counts(notes=4, kept=4)
    tensors = ONE.expand(found)
    assert tensors.inputs.shape == (1, 16, 90)
    assert tensors.inputs.argmax(axis=-1).tolist() == [expected]
    np.testing.assert_array_equal(tensors.inputs, tensors.outputs)
    assert tensors.controls is None
    assert tensors.lengths.tolist() == [16]
    labels = ONE.expand(found, labels=True).outputs
    assert labels.dtype == np.int32
    assert labels.tolist() == [expected]


def test_range_and_programs_leave_notes_out():
    notes = [
        (0, 4, 60),
        (4, 4, 20),
        (4, 4, 109),
        (8, 4, 64, {"program": 40}),
        (8, 4, 36, {"is_drum": True, "instrument": 9}),
        (12, 4, 64, {"velocity": 0}),
    ]
    found = windows(dataclasses.replace(ONE, programs=(0, 1)), melody(notes))
    assert found.arrays["labels"].tolist() == [row(16, {0: C4, 4: 1})]
    assert found.counts == Counts(notes=6, kept=1, ignored=5)
    low = dataclasses.replace(ONE, min_pitch=0, max_pitch=127)
    assert low.output_depth == 130
    labels = windows(low, melody(notes[:3])).arrays["labels"]
    # The higher of two notes counts.
    assert labels.tolist() == [row(16, {0: 62, 4: 111, 8: 1})]


def test_polyphony():
    sequence = melody([(0, 4, 60), (4, 4, 60), (4, 4, 64), (8, 8, 60)])
    found = windows(ONE, sequence)
    labels = row(16, {0: C4, 4: C4 + 4, 8: C4})
    assert found.arrays["labels"].tolist() == [labels]
    assert found.counts == Counts(notes=4, kept=3, merged=1)
    strict = dataclasses.replace(ONE, skip_polyphony=True)
    assert skipped(strict, sequence).reason is Reason.NO_MATERIAL
    windows(strict, melody([(0, 4, 60), (2, 4, 64)]))


def test_windows_slide_by_bars_and_begin_without_offs():
    notes = [(8, 16, 60), (28, 4, 62), (36, 4, 64)]
    found = windows(TWO, melody(notes))
    assert found.arrays["labels"].tolist() == [
        row(32, {8: C4, 24: 1, 28: C4 + 2}),
        row(32, {12: C4 + 2, 16: 1, 20: C4 + 4, 24: 1}),
    ]
    assert len(windows(dataclasses.replace(TWO, max_bars=2), melody(notes))) == 1


def test_repeated_windows_are_left_out_unless_wanted():
    sequence = melody([(16 * bar, 16, 60) for bar in range(4)])
    assert len(windows(ONE, sequence)) == 1
    assert len(windows(dataclasses.replace(ONE, dedupe=False), sequence)) == 4
    assert windows(ONE, sequence).counts.kept == 4


def test_gaps_end_melodies():
    sequence = melody([(0, 4, 60), (40, 4, 62)])
    assert skipped(TWO, sequence).reason is Reason.TOO_SHORT
    whole = windows(dataclasses.replace(TWO, gap_bars=None), sequence)
    assert len(whole) == 2
    assert len(windows(dataclasses.replace(TWO, gap_bars=3), sequence)) == 2


def test_end_token():
    converter = dataclasses.replace(ONE, end_token=True)
    assert converter.steps == 17
    assert converter.output_depth == 91
    assert converter.layout[0].size == 91
    found = windows(converter, melody([(0, 16, 60)]))
    tensors = converter.expand(found)
    assert tensors.outputs.argmax(axis=-1).tolist() == [row(17, {0: C4, 16: 90})]
    assert tensors.lengths.tolist() == [17]
    [back] = converter.decode(tensors.outputs)
    assert [(n.start_time, n.end_time) for n in back.notes] == [(0, 2)]
    assert back.total_time == 2


def test_whole_melodies_of_any_length():
    converter = MelodyConverter(bars=3, sliding=False, end_token=True)
    assert not converter.fixed_length
    notes = [(0, 16, 60), (0, 40, 62, {"instrument": 1})]
    notes += [(16 * bar, 16, 64, {"instrument": 2}) for bar in range(5)]
    found = windows(converter, melody(notes))
    assert found.arrays["lengths"].tolist() == [16, 48, 48]
    assert found.counts == Counts(notes=7, kept=5, ignored=2)
    tensors = converter.expand(found)
    assert tensors.lengths.tolist() == [17, 49, 49]
    assert tensors.inputs.shape == (3, 49, 91)
    assert tensors.inputs.sum(axis=(1, 2)).tolist() == [17, 49, 49]
    for window, length in enumerate([16, 48, 48]):
        assert tensors.outputs[window, length, 90] == 1
    labels = converter.expand(found, labels=True).outputs
    assert labels[0].tolist() == row(49, {0: C4, 16: 90})
    first, second, _ = converter.decode(tensors.outputs)
    assert [n.end_time for n in first.notes] == [2]
    assert [n.end_time for n in second.notes] == [5]


def test_padding_to_the_total_time():
    converter = dataclasses.replace(
        TWO, sliding=False, bars=4, pad_to_total_time=True, changes="refuse"
    )
    sequence = melody([(20, 4, 60), (24, 8, 62)], total=50)
    found = windows(converter, sequence)
    assert found.arrays["lengths"].tolist() == [50]
    events = {20: C4, 24: C4 + 2, 32: 1}
    assert found.arrays["labels"].tolist() == [row(64, events)]
    sliding = dataclasses.replace(converter, sliding=True, bars=2)
    assert windows(sliding, sequence).arrays["labels"].tolist() == [
        row(32, {20: C4, 24: C4 + 2}),
        row(32, {4: C4, 8: C4 + 2, 16: 1}),
    ]
    far = melody([(0, 4, 60)])
    far.total_time = 1e9
    assert skipped(converter, far).reason is Reason.TOO_LONG


def test_other_grids():
    converter = MelodyConverter(bars=1, steps_per_quarter=3, time_signature=(3, 4))
    sequence = melody([(0, 12, 60)])
    sequence.time_signatures.add(numerator=3, denominator=4)
    [labels] = windows(converter, sequence).arrays["labels"]
    assert labels.tolist() == row(9, {0: C4})
    [back] = converter.decode(labels[None])
    assert back.time_signatures[0].numerator == 3
    assert back.total_time == 1.5


def test_changes_of_tempo():
    sequence = melody([(16 * bar, 16, 60 + bar) for bar in range(4)])
    sequence.tempos.add(qpm=60, time=4)
    found = windows(ONE, sequence)
    assert len(found) == 3
    assert found.counts == Counts(notes=4, kept=4)
    whole = dataclasses.replace(ONE, changes="refuse")
    assert skipped(whole, sequence).reason is Reason.TEMPO_CHANGE


@pytest.mark.parametrize(
    ("sequence", "reason"),
    [
        (NoteSequence(), Reason.EMPTY),
        (melody([(0, 4, 36, {"is_drum": True})]), Reason.NO_MATERIAL),
        (melody([(0, 4, 10)]), Reason.NO_MATERIAL),
        (melody([(-20, 4, 60)]), Reason.NEGATIVE_TIME),
        (melody([(0, 4, 60)]), Reason.TOO_SHORT),
        (melody([(0, 4, 60), (400_000, 4, 60)]), Reason.TOO_LONG),
    ],
)
def test_says_why_there_are_no_windows(sequence, reason):
    result = skipped(TWO, sequence)
    assert result.reason is reason
    assert reason is Reason.EMPTY or result.detail


def test_says_which_programs_there_are():
    result = skipped(
        dataclasses.replace(ONE, programs=(3,)), melody([(0, 16, 60, {"program": 12})])
    )
    assert "found programs 12" in result.detail


def test_other_metres_are_left_out():
    sequence = melody([(0, 16, 60)])
    sequence.time_signatures.add(numerator=3, denominator=4)
    assert skipped(ONE, sequence).reason is Reason.TIME_SIGNATURE


# Chords and keys ---------------------------------------------------------------


def test_chords_are_controls():
    sequence = melody(
        [(0, 16, 60), (16, 16, 60)], chords=[(0, "C"), (8, "C7"), (16, "Am")]
    )
    assert CHORDS.control_depth == 49
    tensors = CHORDS.expand(windows(CHORDS, sequence))
    assert tensors.controls.shape == (2, 16, 49)
    assert tensors.controls.dtype == np.float32
    assert tensors.controls.argmax(axis=-1).tolist() == [[1] * 16, [22] * 16]
    simple = dataclasses.replace(CHORDS, chord_encoding="major_minor")
    assert simple.expand(windows(simple, sequence)).controls.shape == (2, 16, 25)


def test_keys_alone_and_with_chords():
    sequence = melody(
        [(0, 32, 60), (32, 16, 60)], chords=[(0, "C")], keys=[(0, 0), (32, 7)]
    )
    keys = dataclasses.replace(ONE, condition_on_key=True)
    assert keys.control_depth == 12
    controls = keys.expand(windows(keys, sequence)).controls
    assert sorted(controls.argmax(axis=-1)[:, 0]) == [0, 0, 7]
    assert BOTH.control_depth == 61
    controls = BOTH.expand(windows(BOTH, sequence)).controls
    assert (controls.sum(axis=-1) == 2).all()


def test_infers_missing_chords_and_keys():
    notes = [(4 * q, 4, (60, 64, 67, 72)[q % 4]) for q in range(4)]
    notes += [(16 + 4 * q, 4, (57, 60, 64, 69)[q % 4]) for q in range(4)]
    controls = BOTH.expand(windows(BOTH, melody(notes))).controls
    assert controls[..., :49].argmax(axis=-1).tolist() == [[1] * 16, [22] * 16]
    assert len(np.unique(controls[..., 49:].argmax(axis=-1))) == 1


def test_controls_under_end_tokens_and_padding():
    converter = dataclasses.replace(BOTH, bars=2, sliding=False, end_token=True)
    sequence = melody([(0, 16, 60)], chords=[(0, "C"), (12, "G")], keys=[(0, 5)])
    tensors = converter.expand(windows(converter, sequence))
    assert tensors.controls.shape == (1, 33, 61)
    [rows] = tensors.controls
    assert rows[:17, :49].argmax(axis=-1).tolist() == [1] * 12 + [8] * 5
    assert rows[:17, 49:].argmax(axis=-1).tolist() == [5] * 17
    assert not rows[17:].any()


def test_controls_that_ask_for_chords():
    controls = CHORDS.chord_controls(["C", "G", "Am", "N.C."])
    assert controls.shape == (1, 16, 49)
    labels = controls.argmax(axis=-1)[0]
    assert labels.tolist() == [1] * 4 + [8] * 4 + [22] * 4 + [0] * 4
    assert CHORDS.chord_controls(["C"], steps=40).shape == (1, 40, 49)
    ended = dataclasses.replace(BOTH, end_token=True)
    assert ended.chord_controls(["D", "Bm"]).shape == (1, 17, 61)
    with pytest.raises(UsageError, match="MelodyConverter takes no chords"):
        ONE.chord_controls(["C"])
    with pytest.raises(UsageError, match="Chord 2 of 2: Cannot read the chord 'Q'"):
        CHORDS.chord_controls(["C", "Q"])
    with pytest.raises(UsageError, match="17 chords for 16 steps"):
        CHORDS.chord_controls(["C"] * 17)


def test_all_chords_are_written_back():
    """The original drops its last twelve labels where there is no key."""
    controls = CHORDS.chord_controls(["Bdim", "Caug", "Dm", "N.C."])
    labels = np.zeros((1, 16), np.int64)
    [sequence] = CHORDS.decode(labels, controls, qpm=60)
    found = [(a.time, a.text) for a in sequence.text_annotations]
    assert found == [(0, "Bdim"), (1, "Caug"), (2, "Dm"), (3, "N.C.")]
    assert not sequence.key_signatures
    [sequence] = BOTH.decode(labels, BOTH.chord_controls(["D", "G"]))
    assert [(k.time, k.key) for k in sequence.key_signatures] == [(0, 2)]
    assert not BOTH.decode(labels)[0].text_annotations


# Augmenting --------------------------------------------------------------------


def test_transposes_notes_chords_and_keys_together():
    sequence = melody(
        [(0, 4, 60), (4, 4, 64), (16, 16, 60)],
        chords=[(0, "C"), (8, "N.C."), (16, "Bdim")],
        keys=[(0, 11)],
    )
    found = windows(BOTH, sequence)
    before = {name: array.copy() for name, array in found.arrays.items()}
    many = found.take(np.zeros(200, int))
    moved = BOTH.augment(
        many, AugmentationConfig(transpose=(-3, 3)), np.random.default_rng(0)
    )
    assert len(np.unique(moved.arrays["labels"][:, 0])) == 7
    for labels, chords, keys in zip(
        moved.arrays["labels"],
        moved.arrays["chords"],
        moved.arrays["keys"],
        strict=True,
    ):
        by = int(labels[0]) - C4
        assert labels.tolist() == row(16, {0: C4 + by, 4: C4 + 4 + by, 8: 1})
        assert set(chords[:8]) == {1 + by % 12}
        assert set(chords[8:]) == {0}
        assert set(keys) == {(11 + by) % 12}
    for name, array in found.arrays.items():
        np.testing.assert_array_equal(array, before[name])
        assert moved.arrays[name].dtype == array.dtype


def test_notes_stay_in_the_range():
    found = windows(ONE, melody([(0, 8, 22), (8, 8, 108)])).take(np.zeros(50, int))
    rng = np.random.default_rng(0)
    moved = ONE.augment(found, AugmentationConfig(transpose=(-5, 5)), rng)
    assert set(moved.arrays["labels"][:, 0]) == {2, 3}
    stuck = ONE.augment(found, AugmentationConfig(transpose=(2, 5)), rng)
    np.testing.assert_array_equal(stuck.arrays["labels"], found.arrays["labels"])


# Writing -----------------------------------------------------------------------


def test_writes_velocity_program_and_tempo():
    converter = dataclasses.replace(ONE, velocity=33, program=40)
    labels = np.array([row(16, {0: 1, 2: C4, 4: C4 + 1, 8: 1})])
    [sequence] = converter.decode(labels, qpm=60)
    assert [
        (n.pitch, n.start_time, n.end_time, n.velocity, n.program, n.instrument)
        for n in sequence.notes
    ] == [(60, 0.5, 1.0, 33, 40, 0), (61, 1.0, 2.0, 33, 40, 0)]
    assert sequence.tempos[0].qpm == 60
    assert sequence.total_time == 4


def test_decode_checks_shapes():
    with pytest.raises(ConfigError, match=r"\(batch, steps, 90\), got \(1, 16, 91\)"):
        ONE.decode(np.zeros((1, 16, 91)))
    with pytest.raises(ConfigError, match="positive tempo"):
        ONE.decode(np.zeros((1, 16, 90)), qpm=0)
    with pytest.raises(ConfigError, match=r"controls of shape \(1, steps, 49\)"):
        CHORDS.decode(np.zeros((1, 16, 90)), np.zeros((2, 16, 49)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bars": 0}, "MelodyConverter.bars: expected at least 1"),
        ({"max_windows": 0}, "max_windows"),
        ({"gap_bars": 0.5}, "gap_bars: expected at least 1, or None"),
        ({"max_bars": 1}, "max_bars: expected at least as many as bars"),
        ({"min_pitch": -1}, "min_pitch"),
        ({"min_pitch": 60, "max_pitch": 59}, "max_pitch"),
        ({"programs": (128,)}, "programs"),
        ({"velocity": 0}, "velocity"),
        ({"program": 128}, "program"),
        ({"chord_encoding": "all"}, "chord_encoding: expected one of triad, major_min"),
    ],
)
def test_refuses_wrong_options(options, message):
    with pytest.raises(ConfigError, match=message):
        MelodyConverter(**options)
    MelodyConverter(sliding=False, max_bars=1)


def test_limits_windows():
    sequence = melody([(16 * bar, 16, 40 + bar) for bar in range(20)])
    few = dataclasses.replace(ONE, max_windows=3)
    first = few.encode(sequence)
    assert isinstance(first, Encoded)
    assert first.outputs.argmax(axis=-1)[:, 0].tolist() == [21, 22, 23]
    drawn = few.encode(sequence, rng=np.random.default_rng(0))
    assert isinstance(drawn, Encoded)
    assert drawn.outputs.argmax(axis=-1)[:, 0].tolist() != [21, 22, 23]


def test_options_survive_json():
    converter = dataclasses.replace(BOTH, programs=(0, 5), max_bars=None)
    fields = json.loads(json.dumps(dataclasses.asdict(converter)))
    fields["programs"] = tuple(fields["programs"])
    assert MelodyConverter(**fields) == converter
