from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.sequences import beat, drums, skipped

from groovekit.converters.base import Counts, Encoded, Reason, Windows
from groovekit.converters.drums import DrumsConverter
from groovekit.errors import ConfigError, DataError
from groovekit.io.notes import NoteSequence

TWO = DrumsConverter(max_windows=None)
FULL = DrumsConverter(
    kit="full_61", output_kit="full_61", roll_output=True, max_windows=None
)


def encoded(converter: DrumsConverter, sequence: NoteSequence) -> Encoded:
    result = converter.encode(sequence)
    assert isinstance(result, Encoded), result
    return result


def bars_of(*patterns: list[tuple[int, int]]) -> NoteSequence:
    """One list of (step, pitch) a bar."""
    return drums(
        [(16 * bar + s, p, 90) for bar, notes in enumerate(patterns) for s, p in notes]
    )


# Values ------------------------------------------------------------------------


def test_labels_rolls_and_the_bit_for_silence():
    sequence = drums(
        [(0, 36, 90), (0, 51, 90), (4.4, 38, 90), (16, 46, 90), (31, 35, 1)]
    )
    result = encoded(TWO, sequence)
    assert result.outputs.shape == (1, 32, 512)
    assert result.inputs.shape == (1, 32, 10)
    labels = result.outputs[0].argmax(axis=-1)
    assert labels[[0, 4, 16, 31]].tolist() == [1 + 256, 2, 8, 1]
    assert np.count_nonzero(labels) == 4
    assert (result.outputs.sum(axis=-1) == 1).all()
    assert np.flatnonzero(result.inputs[0, 0]).tolist() == [0, 8]
    assert np.flatnonzero(result.inputs[0, 1]).tolist() == [9]
    assert result.controls is None
    assert result.lengths.tolist() == [32]
    assert result.counts == Counts(notes=5, kept=5)


def test_labels_as_integers():
    windows = TWO.extract(beat())
    assert isinstance(windows, Windows)
    tensors = TWO.expand(windows, labels=True)
    assert tensors.outputs.dtype == np.int32
    np.testing.assert_array_equal(
        tensors.outputs, TWO.expand(windows).outputs.argmax(axis=-1)
    )


def test_one_hot_input_and_roll_output():
    converter = dataclasses.replace(TWO, roll_input=False, roll_output=True)
    result = encoded(converter, beat())
    other = encoded(TWO, beat())
    np.testing.assert_array_equal(result.inputs, other.outputs)
    np.testing.assert_array_equal(result.outputs, other.inputs[..., :9])
    assert [(s.name, s.size, s.kind) for s in converter.layout] == [
        ("hits", 9, "binary")
    ]
    assert [(s.name, s.size, s.kind) for s in TWO.layout] == [
        ("label", 512, "categorical")
    ]


def test_windows_are_compact():
    windows, full = TWO.extract(beat()), FULL.extract(beat())
    assert isinstance(windows, Windows)
    assert isinstance(full, Windows)
    assert windows.arrays["labels"].dtype == np.uint16
    assert full.arrays["hits"].shape == (1, 32, 8)
    assert full.arrays["hits"].dtype == np.uint8
    tensors = FULL.expand(full)
    assert tensors.inputs.shape == (1, 32, 62)
    assert np.flatnonzero(tensors.outputs[0, 0]).tolist() == [0]


def test_windows_move_a_bar_at_a_time_without_repeats():
    a, b, c = [(8, 36)], [(8, 38)], [(8, 42)]
    result = encoded(TWO, bars_of(a, b, c, b, a, b))
    labels = result.outputs.argmax(axis=-1)
    assert len(result) == 4  # the last one, a b, is the first again
    assert labels[0, [8, 24]].tolist() == [1, 2]
    assert labels[1, [8, 24]].tolist() == [2, 4]


def test_the_first_windows_without_a_generator_and_drawn_ones_with():
    sequence = bars_of(*[[(0, 36), (step, 38)] for step in range(16)])
    converter = DrumsConverter()
    everything = encoded(TWO, sequence).outputs
    first = encoded(converter, sequence).outputs
    np.testing.assert_array_equal(first, everything[:5])
    drawn = converter.encode(sequence, rng=np.random.default_rng(3))
    assert len(drawn.outputs) == 5
    assert not np.array_equal(drawn.outputs, first)


def test_silence_ends_a_track_and_bars_are_filled():
    # Two bars, then 16 steps without a hit; three bars, again silence; one bar.
    first = [(0, 36, 90), (12, 36, 90), (20, 38, 90)]
    second = [(37, 36, 90), (50, 36, 90), (60, 36, 90), (70, 38, 90)]
    third = [(95, 36, 90)]
    # Tracks: steps 0..31 and, from the bar of step 37, 32..79.
    assert len(encoded(TWO, drums(first + second + third))) == 1 + 2
    # With 15 silent steps a track goes on.
    assert len(encoded(TWO, drums([*first, (36, 36, 90), (50, 38, 90)]))) == 3
    endless = dataclasses.replace(TWO, gap_bars=None, keep_silence=True)
    assert len(encoded(endless, drums([*first, (70, 36, 90)]))) == 4


def test_tracks_begin_at_the_bar_of_their_first_hit():
    result = encoded(TWO, drums([(37, 36, 90), (50, 36, 90)]))
    labels = result.outputs[0].argmax(axis=-1)
    assert np.flatnonzero(labels).tolist() == [5, 18]


def test_long_tracks_are_cut():
    sequence = bars_of(*[[(bar % 16, 36), (bar // 16, 38)] for bar in range(30)])
    assert len(encoded(TWO, sequence)) == 29
    short = dataclasses.replace(TWO, max_bars=10)
    assert len(encoded(short, sequence)) == 9


def test_counts():
    sequence = drums(
        [(0, 36, 90), (0.2, 35, 90), (4, 88, 90), (5, 38, 0), (16, 38, 90)]
    )
    sequence.notes.add(pitch=36, velocity=90, start_time=1, end_time=2)
    counts = encoded(TWO, sequence).counts
    assert counts == Counts(notes=6, kept=2, merged=1, unmapped=1, ignored=2)


# Changes of tempo and metre ----------------------------------------------------


def _sections() -> NoteSequence:
    """Two bars at 120 in 4/4, two bars of 3/4, two bars at 60 in 4/4."""
    sequence = beat(bars=2)
    for quarter in range(6):
        _add(sequence, 4.0 + 0.5 * quarter)
    for quarter in range(8):
        _add(sequence, 7.0 + 1.0 * quarter)
    sequence.time_signatures.add(numerator=3, denominator=4, time=4.0)
    sequence.time_signatures.add(numerator=4, denominator=4, time=7.0)
    sequence.tempos.add(qpm=60, time=7.0)
    return sequence


def _add(sequence: NoteSequence, start: float) -> None:
    sequence.notes.add(
        pitch=42, velocity=90, start_time=start, end_time=start + 0.1, is_drum=True
    )
    sequence.total_time = start + 0.1


def test_is_cut_at_changes_and_parts_in_another_metre_are_left_out():
    result = encoded(TWO, _sections())
    assert len(result) == 2
    labels = result.outputs.argmax(axis=-1)
    for row in labels:
        assert np.flatnonzero(row).tolist() == list(range(0, 32, 4))
    assert set(labels[1][labels[1] > 0]) == {4}
    assert result.counts == Counts(notes=22, kept=16, ignored=6)


def test_changes_reject_where_they_do_not_cut():
    converter = dataclasses.replace(TWO, changes="refuse")
    result = skipped(converter, _sections())
    assert (result.reason, result.detail) == (
        Reason.TIME_SIGNATURE_CHANGE,
        "at 4.00 seconds",
    )
    sequence = beat()
    sequence.tempos.add(qpm=90, time=2.0)
    assert skipped(converter, sequence).reason is Reason.TEMPO_CHANGE
    assert len(encoded(converter, beat())) == 1


def test_a_change_after_the_end_is_none():
    sequence = beat()
    sequence.time_signatures.add(numerator=3, denominator=4, time=100.0)
    assert len(encoded(TWO, sequence)) == 1


def test_a_sequence_without_total_time_is_read():
    sequence = beat()
    sequence.total_time = 0
    assert len(encoded(TWO, sequence)) == 1


# Rejections --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sequence", "reason", "detail"),
    [
        (NoteSequence(), Reason.EMPTY, ""),
        (
            beat(is_drum=False),
            Reason.NO_DRUMS,
            "8 notes, and neither a channel nor a name says drums",
        ),
        (
            drums([(0, 36, 0)]),
            Reason.NO_MATERIAL,
            "all drum notes have velocity 0",
        ),
        (beat(metre=(6, 8)), Reason.TIME_SIGNATURE, "time signature 6/8"),
        (
            bars_of([(0, 36)]),
            Reason.TOO_SHORT,
            "1 of 2 bars without a longer silence",
        ),
        (
            drums([(0, 88, 90)]),
            Reason.NO_MAPPED_PITCHES,
            "kit general_midi lacks 1 of pitch 88",
        ),
        (drums([(-9, 36, 90)]), Reason.NEGATIVE_TIME, "all notes"),
        (drums([(float("nan"), 36, 90)]), Reason.NEGATIVE_TIME, "all notes"),
        (drums([(1e7, 36, 90)]), Reason.TOO_LONG, "625001 bars"),
    ],
)
def test_says_why_there_are_no_windows(sequence, reason, detail):
    result = skipped(TWO, sequence)
    assert (result.reason, result.detail) == (reason, detail)


def test_unknown_pitches_follow_the_policy():
    sequence = drums([(0, 36, 90), (16, 88, 90)])
    assert skipped(TWO, sequence).counts.unmapped == 1
    nearest = encoded(dataclasses.replace(TWO, unmapped="nearest"), sequence)
    assert nearest.counts == Counts(notes=2, kept=2)
    with pytest.raises(DataError, match="no class for pitch 88"):
        dataclasses.replace(TWO, unmapped="error").encode(sequence)


def test_other_instruments_can_be_read():
    sequence = beat(is_drum=False, hats=True)
    for instruments in ("auto", "all"):
        converter = dataclasses.replace(TWO, instruments=instruments)
        assert len(encoded(converter, sequence)) == 1


# Decoding ----------------------------------------------------------------------


def rows_of(sequence):
    return [(n.start_time, n.pitch, n.velocity) for n in sequence.notes]


@pytest.mark.parametrize(
    "converter", [TWO, FULL, dataclasses.replace(TWO, roll_output=True)]
)
def test_decoding_writes_what_was_read(converter):
    sequence = converter.decode(encoded(converter, beat()).outputs)[0]
    assert rows_of(sequence) == [(t, p, 80) for t, p, _ in rows_of(beat())]
    note = sequence.notes[1]
    assert note.is_drum
    assert note.instrument == 9
    assert note.end_time - note.start_time == 0.125
    assert sequence.total_time == 4.0
    assert sequence.time_signatures[0].numerator == 4


def test_decoding_labels_any_length_and_tempo():
    labels = np.zeros((2, 7), np.int32)
    labels[1, 6] = 3
    empty, sequence = TWO.decode(labels, qpm=60)
    assert len(empty.notes) == 0
    assert rows_of(sequence) == [(1.5, 36, 80), (1.5, 38, 80)]
    assert sequence.tempos[0].qpm == 60
    assert sequence.total_time == 1.75
    assert TWO.decode(np.zeros((0, 32, 512))) == []


@pytest.mark.parametrize("shape", [(1, 32, 511), (512,)])
def test_decoding_another_shape_is_an_error(shape):
    with pytest.raises(ConfigError, match=r"\(batch, steps, 512\), got"):
        TWO.decode(np.zeros(shape))
    with pytest.raises(ConfigError, match="positive tempo"):
        TWO.decode(np.zeros((1, 1, 512)), qpm=-1)


# End tokens --------------------------------------------------------------------


@pytest.mark.parametrize("roll_output", [False, True])
@pytest.mark.parametrize("roll_input", [False, True])
def test_end_tokens(roll_input, roll_output):
    converter = dataclasses.replace(
        TWO, end_token=True, roll_input=roll_input, roll_output=roll_output
    )
    result = encoded(converter, beat())
    assert converter.steps == 33
    assert result.lengths.tolist() == [33]
    assert result.inputs.shape == (1, 33, 11 if roll_input else 513)
    assert result.outputs.shape == (1, 33, 10 if roll_output else 513)
    assert np.flatnonzero(result.outputs[0, -1]).tolist() == [9 if roll_output else 512]
    assert np.flatnonzero(result.inputs[0, -1]).tolist() == [9 if roll_input else 512]
    assert sum(part.size for part in converter.layout) == converter.output_depth
    sequence = converter.decode(result.outputs)[0]
    assert len(sequence.notes) == 8
    assert sequence.total_time == 4.0
    # What follows an end token is left out.
    cut = result.outputs.copy()
    cut[:, 16] = result.outputs[:, -1]
    assert len(converter.decode(cut)[0].notes) == 4


# Options -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bars": 0}, "bars: expected at least 1, got 0"),
        ({"gap_bars": 0.5}, "gap_bars: expected at least 1, or None"),
        ({"max_bars": 1}, "max_bars: expected at least as many as bars"),
        ({"max_windows": 0}, "max_windows: expected at least 1"),
        ({"velocity": 0}, "velocity: expected a MIDI velocity from 1 to 127"),
        ({"instruments": "bass"}, "instruments: expected one of auto, drums, all"),
    ],
)
def test_wrong_options_are_explained(options, message):
    with pytest.raises(ConfigError, match=message):
        DrumsConverter(**options)


def test_kits_must_fit():
    with pytest.raises(ConfigError, match="at most 12 classes for one-hot"):
        _ = DrumsConverter(kit="full_61").layout
    with pytest.raises(ConfigError, match="61 in 'full_61' and 9 in 'general_midi'"):
        DrumsConverter(kit="full_61", roll_output=True).decode(np.zeros((1, 1, 61)))


def test_notes_of_a_rejected_take_are_not_kept():
    sequence = drums([(0, 36, 90), (0, 36, 80), (4, 38, 90), (8, 88, 90)])
    result = DrumsConverter(bars=2).extract(sequence)
    assert result.reason is Reason.TOO_SHORT
    assert result.counts == Counts(notes=4, unmapped=1, ignored=3)
