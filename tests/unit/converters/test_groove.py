from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
from helpers.sequences import SIXTEENTH, beat, drums, skipped

from groovekit.converters.base import Counts, Encoded, Reason, Windows
from groovekit.converters.grid import bins
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import ConfigError, DataError
from groovekit.io.groove_table import STYLES
from groovekit.io.notes import NoteSequence

TWO = GrooveConverter(bars=2)


def encoded(converter: GrooveConverter, sequence: NoteSequence, **options) -> Encoded:
    result = converter.encode(sequence, **options)
    assert isinstance(result, Encoded), result
    return result


# Values ------------------------------------------------------------------------


def test_puts_hits_velocities_and_offsets_side_by_side():
    # A snare a quarter of a step early, a kick half a step late.
    result = encoded(TWO, drums([(3.75, 38, 127), (20.4, 36, 1), (31, 51, 64)]))
    expected = np.zeros((1, 32, 27), np.float32)
    expected[0, 4, [1, 10, 19]] = [1, 1, 0.5]
    expected[0, 20, [0, 9, 18]] = [1, 1 / 127, -0.8]
    expected[0, 31, [8, 17, 26]] = [1, 64 / 127, 0]
    np.testing.assert_allclose(result.outputs, expected, atol=1e-6)
    assert result.outputs.dtype == np.float32
    assert result.inputs is result.outputs
    assert result.controls is None
    assert result.lengths.tolist() == [32]
    assert result.counts == Counts(notes=3, kept=3)


def test_half_way_goes_to_the_later_step():
    result = encoded(TWO, drums([(4.5, 36, 90), (31, 36, 90)]))
    assert result.outputs[0, 5, 0] == 1
    assert result.outputs[0, 5, 18] == 1


def test_the_loudest_note_holds_a_cell_and_of_equals_the_first():
    notes = [(8.1, 38, 90), (7.9, 40, 100), (8.2, 37, 100), (31, 36, 9)]
    result = encoded(TWO, drums(notes))
    np.testing.assert_allclose(result.outputs[0, 8, [10, 19]], [100 / 127, 0.2])
    assert result.counts == Counts(notes=4, kept=2, merged=2)


def test_a_note_of_velocity_zero_is_a_hit():
    result = encoded(TWO, drums([(0, 36, 0), (31, 36, 9)]))
    assert result.outputs[0, 0, [0, 9]].tolist() == [1, 0]


def test_windows_follow_each_other_or_hop():
    sequence = beat(bars=6)
    assert len(encoded(TWO, sequence)) == 3
    assert len(encoded(dataclasses.replace(TWO, hop_bars=1), sequence)) == 5
    half = encoded(dataclasses.replace(TWO, hop_bars=0.5), sequence)
    assert len(half) == 9
    np.testing.assert_array_equal(half.outputs[0, 8:], half.outputs[1, :24])


def test_the_last_bar_is_filled_up():
    assert len(encoded(TWO, drums([(16, 36, 90)]))) == 1


def test_windows_an_epoch_are_limited():
    converter = dataclasses.replace(TWO, max_windows=2)
    assert len(encoded(converter, beat(bars=8))) == 2
    windows = converter.extract(beat(bars=8))
    assert isinstance(windows, Windows)
    assert len(windows) == 4


def test_reads_steps_where_there_are_no_times():
    sequence = NoteSequence()
    sequence.quantization_info.steps_per_quarter = 4
    for step in (0, 12, 31):
        sequence.notes.add(
            pitch=36, velocity=80, quantized_start_step=step, is_drum=True
        )
    hits = encoded(TWO, sequence).outputs[0, :, 0]
    assert np.flatnonzero(hits).tolist() == [0, 12, 31]


# Rejections --------------------------------------------------------------------


def _with_tempo_change() -> NoteSequence:
    sequence = beat(bars=4)
    sequence.tempos.add(qpm=90, time=4.0)
    return sequence


def _with_metre_change() -> NoteSequence:
    sequence = beat(bars=4)
    sequence.time_signatures.add(numerator=3, denominator=4, time=4.0)
    return sequence


def _with_late_tempo() -> NoteSequence:
    sequence = beat(bars=4)
    sequence.tempos[0].qpm = 90
    sequence.tempos[0].time = 1.0
    return sequence


@pytest.mark.parametrize(
    ("sequence", "reason", "detail"),
    [
        (NoteSequence(), Reason.EMPTY, ""),
        (beat(metre=(6, 8)), Reason.TIME_SIGNATURE, "time signature 6/8"),
        (beat(metre=(5, 4)), Reason.TIME_SIGNATURE, "time signature 5/4"),
        (beat(metre=(0, 4)), Reason.TIME_SIGNATURE, "time signature 0/4"),
        (beat(metre=(4, 0)), Reason.TIME_SIGNATURE, "time signature 4/0"),
        (drums([(-2, 36, 90), (31, 36, 90)]), Reason.NEGATIVE_TIME, "onset at -0.25 s"),
        (drums([(float("nan"), 36, 90)]), Reason.NEGATIVE_TIME, "onset at nan s"),
        (beat(bars=1), Reason.TOO_SHORT, "1 of 2 bars"),
        (drums([(1e7, 36, 90)]), Reason.TOO_LONG, "625001 bars"),
        (drums([(1e300, 36, 90)]), Reason.TOO_LONG, "6250000000001 bars"),
        (
            drums([(0, 100, 90), (31, 101, 90)]),
            Reason.NO_MAPPED_PITCHES,
            "kit roland_td11 lacks 1 of pitch 100, 1 of pitch 101",
        ),
        (
            drums([(0, 36, 90), (31, 61, 90)], is_drum=False),
            Reason.NO_DRUMS,
            "2 notes, and neither a channel nor a name says drums",
        ),
    ],
)
def test_says_why_there_are_no_windows(sequence, reason, detail):
    result = skipped(TWO, sequence)
    assert (result.reason, result.detail) == (reason, detail)


@pytest.mark.parametrize(
    ("sequence", "reason", "detail"),
    [
        (_with_metre_change(), Reason.TIME_SIGNATURE_CHANGE, "from 4/4 to 3/4"),
        (
            _with_tempo_change(),
            Reason.TEMPO_CHANGE,
            "from 120 to 90 quarter notes a minute",
        ),
        (
            _with_late_tempo(),
            Reason.TEMPO_CHANGE,
            "from 120 to 90 quarter notes a minute",
        ),
    ],
)
def test_changes_are_refused_as_by_the_original(sequence, reason, detail):
    result = skipped(dataclasses.replace(TWO, changes="refuse"), sequence)
    assert (result.reason, result.detail) == (reason, detail)
    assert len(encoded(TWO, sequence)) >= 1


def test_a_tempo_of_zero_is_rejected():
    sequence = beat()
    sequence.tempos[0].qpm = 0
    result = skipped(TWO, sequence)
    assert (result.reason, result.detail) == (Reason.NO_TEMPO, "tempo 0")


def test_takes_two_halves_as_a_bar_of_sixteen_steps():
    assert len(encoded(TWO, beat(metre=(2, 2)))) == 1


def test_no_tempo_means_120():
    sequence = beat()
    del sequence.tempos[:]
    hits = encoded(TWO, sequence).outputs[0, :, 0]
    assert np.flatnonzero(hits).tolist() == [0, 8, 16, 24]


# Instruments and pitches -------------------------------------------------------


def test_reads_drums_and_ignores_other_instruments():
    sequence = beat()
    sequence.notes.add(pitch=36, velocity=127, start_time=0.125, end_time=1)
    result = encoded(TWO, sequence)
    assert result.counts == Counts(notes=9, kept=8, ignored=1)
    everything = dataclasses.replace(TWO, instruments="all")
    assert encoded(everything, sequence).counts == Counts(notes=9, kept=9)


def test_drums_on_another_channel_are_read_unless_told_otherwise():
    sequence = beat(is_drum=False, hats=True)
    assert encoded(TWO, sequence).counts.kept == 24
    strict = dataclasses.replace(TWO, instruments="drums")
    assert skipped(strict, sequence).reason is Reason.NO_DRUMS


def test_unknown_pitches_follow_the_policy():
    sequence = drums([(0, 36, 90), (4, 60, 90), (31, 38, 90)])
    own = dataclasses.replace(TWO, kit_from="config")
    assert encoded(own, sequence).counts == Counts(notes=3, kept=2, unmapped=1)
    nearest = encoded(dataclasses.replace(own, unmapped="nearest"), sequence)
    assert nearest.counts == Counts(notes=3, kept=3)
    assert nearest.outputs[0, 4, 8] == 1  # 60 is nearest to 59, a ride
    with pytest.raises(DataError, match="'roland_td11' has no class for pitch 60"):
        dataclasses.replace(own, unmapped="error").encode(sequence)


def test_unknown_pitches_do_not_make_a_sequence_longer():
    sequence = drums([(0, 36, 90), (31, 38, 90), (200, 100, 90)])
    assert len(encoded(TWO, sequence)) == 1


# Variants ----------------------------------------------------------------------

GROOVE = drums(
    [(0.1, 36, 100), (0, 42, 60), (4.2, 42, 80), (8, 38, 90), (8, 42, 91), (31, 51, 7)]
)


def parts(array):
    return np.split(array, 3, axis=-1)


def test_humanize_takes_velocities_and_offsets_from_the_input():
    result = encoded(dataclasses.replace(TWO, humanize=True), GROOVE)
    hits, velocities, offsets = parts(result.inputs)
    np.testing.assert_array_equal(hits, result.outputs[..., :9])
    assert not velocities.any()
    assert not offsets.any()
    assert result.outputs[..., 9:].any()


def test_tapify_plays_the_loudest_note_of_a_step_on_one_class():
    result = encoded(dataclasses.replace(TWO, tapify=True), GROOVE)
    hits, velocities, offsets = parts(result.inputs)
    assert np.argwhere(hits[0])[:, 0].tolist() == [0, 4, 8, 31]
    assert set(np.argwhere(hits[0])[:, 1]) == {3}
    np.testing.assert_allclose(
        velocities[0, [0, 4, 8, 31], 3] * 127, [100, 80, 91, 7], rtol=1e-6
    )
    np.testing.assert_allclose(offsets[0, [0, 4, 8], 3], [-0.2, -0.4, 0], atol=1e-6)


def test_fixed_velocities_take_velocities_from_the_input():
    result = encoded(dataclasses.replace(TWO, fixed_velocities=True), GROOVE)
    _, velocities, offsets = parts(result.inputs)
    assert not velocities.any()
    np.testing.assert_array_equal(offsets, result.outputs[..., 18:])


def test_added_instruments_are_not_in_the_input():
    result = encoded(dataclasses.replace(TWO, add_instruments=(2,)), GROOVE)
    for part, whole in zip(parts(result.inputs), parts(result.outputs), strict=True):
        assert not part[..., 2].any()
        np.testing.assert_array_equal(
            np.delete(part, 2, axis=-1), np.delete(whole, 2, axis=-1)
        )


def test_hits_as_controls():
    converter = dataclasses.replace(TWO, hits_as_controls=True)
    result = encoded(converter, GROOVE)
    assert converter.control_depth == 9
    np.testing.assert_array_equal(result.controls, result.outputs[..., :9])


@pytest.mark.parametrize("hits_as_controls", [False, True])
def test_split_instruments_take_turns(hits_as_controls):
    converter = dataclasses.replace(
        TWO, split_instruments=True, hits_as_controls=hits_as_controls
    )
    result = encoded(converter, GROOVE)
    whole = encoded(TWO, GROOVE)
    assert (converter.steps, converter.output_depth) == (288, 3)
    assert converter.control_depth == 9 + hits_as_controls
    assert result.controls.shape == (1, 288, converter.control_depth)
    assert [part.size for part in converter.layout] == [1, 1, 1]
    for drum in range(9):
        np.testing.assert_array_equal(
            result.outputs[:, drum::9], whole.outputs[..., drum::9]
        )
        assert (result.controls[:, drum::9, drum - 9] == 1).all()
    if hits_as_controls:
        np.testing.assert_array_equal(result.controls[..., 0], result.outputs[..., 0])
    assert_same_groove(converter.decode(result.outputs)[0], GROOVE)


def test_note_dropout_needs_a_generator_and_follows_the_velocity():
    converter = dataclasses.replace(TWO, max_note_dropout=0.8)
    loud, soft = 127, 25
    sequence = drums(
        [(s, 36, loud) for s in range(32)] + [(s, 38, soft) for s in range(32)]
    )
    windows = converter.extract(sequence)
    assert isinstance(windows, Windows)
    still = converter.expand(windows)
    np.testing.assert_array_equal(still.inputs, still.outputs)
    many = windows.take(np.zeros(3000, int))
    tensors = converter.expand(many, rng=np.random.default_rng(5))
    kept = tensors.inputs[..., :2].mean(axis=1)
    # E[p] = 0.4; a loud note falls with 0.2 p, a soft one with (1 - 25/127) p.
    np.testing.assert_allclose(
        1 - kept.mean(axis=0), [0.4 * 0.2, 0.4 * (1 - soft / 127)], atol=0.01
    )
    # p is drawn for each window: with one p for all, the spread would be tiny.
    assert kept[:, 1].std() > 0.15
    gone = tensors.inputs[..., :9] == 0
    assert not tensors.inputs[..., 9:18][gone].any()
    np.testing.assert_array_equal(
        tensors.outputs, np.repeat(still.outputs, 3000, axis=0)
    )
    again = converter.expand(many, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(again.inputs, tensors.inputs)


def test_dropped_kicks_are_not_tapped():
    converter = dataclasses.replace(TWO, tapify=True, max_note_dropout=1.0)
    windows = converter.extract(drums([(s, 36, 1) for s in range(32)]))
    assert isinstance(windows, Windows)
    many = windows.take(np.zeros(500, int))
    taps = converter.expand(many, rng=np.random.default_rng(1)).inputs[..., 3]
    assert 0.4 < taps.mean() < 0.6
    original = dataclasses.replace(converter, tap_dropout="original")
    taps = original.expand(many, rng=np.random.default_rng(1)).inputs[..., 3]
    assert taps.mean() == 1


@pytest.mark.parametrize("split", [False, True])
def test_bins(split):
    converter = dataclasses.replace(
        TWO, velocity_bins=8, offset_bins=16, split_instruments=split
    )
    drums_a_step = 1 if split else 9
    kinds = [part.kind for part in converter.layout]
    assert kinds == ["binary", *["categorical"] * 2 * drums_a_step]
    assert len({part.name for part in converter.layout}) == len(converter.layout)
    assert converter.output_depth == drums_a_step * 25
    result = encoded(converter, GROOVE)
    sums = result.outputs[..., drums_a_step:].sum(axis=-1)
    assert (sums == 2 * drums_a_step).all()
    again = encoded(converter, converter.decode(result.outputs)[0])
    np.testing.assert_array_equal(again.outputs, result.outputs)


def test_bins_are_closed_on_the_right():
    values = np.array([0.0, 0.01, 0.5, 0.50006, 1.0], np.float32)
    found = bins.one_hot(values, bins.velocity_edges(3)).argmax(axis=-1)
    assert found.tolist() == [0, 1, 1, 2, 2]


@pytest.mark.parametrize("count", [2, 3, 8, 9, 20, 33])
def test_bins_decode_to_values_of_the_same_bin(count):
    velocities = bins.velocity_values(count)
    unit = (velocities / 127).astype(np.float32)
    found = bins.one_hot(unit, bins.velocity_edges(count)).argmax(axis=-1)
    assert found.tolist() == list(range(count))
    offsets = bins.offset_values(count)
    found = bins.one_hot(offsets, bins.offset_edges(count)).argmax(axis=-1)
    assert found.tolist() == list(range(count))


def test_original_bin_values():
    assert bins.velocity_values(4, original=True).tolist() == [0, 31, 63, 95]
    assert bins.offset_values(4, original=True).tolist() == [-1.0, -0.5, 0.0, 0.5]


# Decoding ----------------------------------------------------------------------


def rows_of(sequence):
    return sorted((n.start_time, n.pitch, n.velocity) for n in sequence.notes)


def assert_same_groove(ours, theirs):
    a, b = rows_of(ours), rows_of(theirs)
    assert [row[1:] for row in a] == [row[1:] for row in b]
    np.testing.assert_allclose([row[0] for row in a], [row[0] for row in b], atol=1e-6)


def test_decoding_writes_what_was_read():
    result = encoded(TWO, GROOVE)
    sequence = TWO.decode(result.outputs)[0]
    assert_same_groove(sequence, GROOVE)
    note = sequence.notes[0]
    assert note.is_drum
    assert note.instrument == 9
    np.testing.assert_allclose(note.end_time - note.start_time, SIXTEENTH)
    assert [t.qpm for t in sequence.tempos] == [120]
    assert [(t.numerator, t.denominator) for t in sequence.time_signatures] == [(4, 4)]
    assert sequence.ticks_per_quarter > 0
    assert sequence.total_time == 4.0


def test_decoding_at_another_tempo_and_length():
    outputs = encoded(TWO, GROOVE).outputs
    longer = np.concatenate([outputs, outputs, outputs[:, :5]], axis=1)
    sequence = TWO.decode(longer, qpm=93.5)[0]
    assert sequence.tempos[0].qpm == 93.5
    # The last note is a fifth of a step late, and ends with the music.
    np.testing.assert_allclose(sequence.total_time, 69 * 15 / 93.5)
    assert sequence.notes[-1].end_time == sequence.total_time
    again = encoded(TWO, sequence).outputs
    np.testing.assert_allclose(again[0], longer[0, :32], atol=1e-6)


def test_decoding_an_empty_batch_and_silence():
    assert TWO.decode(np.zeros((0, 32, 27))) == []
    (silence,) = TWO.decode(np.zeros((1, 32, 27)))
    assert len(silence.notes) == 0
    assert silence.total_time == 4.0


def test_notes_before_the_first_beat_are_clamped():
    outputs = np.zeros((1, 16, 27), np.float32)
    outputs[0, 0, [0, 9, 18]] = [1, 0.5, 0.5]
    clamped = TWO.decode(outputs)[0].notes[0]
    assert (clamped.start_time, clamped.end_time) == (0, SIXTEENTH)
    keep = dataclasses.replace(TWO, first_onset="original")
    assert keep.decode(outputs)[0].notes[0].start_time == -SIXTEENTH / 4


def test_hits_are_never_silent():
    outputs = np.zeros((1, 16, 27), np.float32)
    outputs[0, 3, 0] = 1
    assert TWO.decode(outputs)[0].notes[0].velocity == 1
    keep = dataclasses.replace(TWO, min_velocity=0)
    assert keep.decode(outputs)[0].notes[0].velocity == 0


def test_values_out_of_range_are_clipped():
    outputs = np.full((1, 1, 27), 7.0)
    outputs[..., 9:18] = [np.nan, -1, 2, 3, 4, 5, 6, 7, 8]
    notes = TWO.decode(outputs)[0].notes
    assert [n.velocity for n in notes] == [1, 1, *[127] * 7]
    assert len(TWO.decode(np.full((1, 1, 27), np.nan))[0].notes) == 0


def test_writes_with_the_output_kit():
    outputs = np.zeros((1, 1, 27))
    outputs[..., :9] = 1
    pitches = [n.pitch for n in TWO.decode(outputs)[0].notes]
    assert pitches == [36, 38, 42, 46, 45, 48, 50, 49, 51]
    roland = dataclasses.replace(TWO, output_kit="roland_td11")
    pitches = [n.pitch for n in roland.decode(outputs)[0].notes]
    assert pitches == [36, 38, 42, 46, 43, 47, 50, 49, 51]


@pytest.mark.parametrize("shape", [(32, 27), (1, 32, 26)])
def test_decoding_another_shape_is_an_error(shape):
    with pytest.raises(ConfigError, match=r"\(batch, steps, 27\), got"):
        TWO.decode(np.zeros(shape))


def test_decoding_half_a_turn_is_an_error():
    converter = dataclasses.replace(TWO, split_instruments=True)
    with pytest.raises(ConfigError, match=r"multiple of 9 steps .* got 10"):
        converter.decode(np.zeros((1, 10, 3)))


def test_decoding_needs_a_tempo():
    with pytest.raises(ConfigError, match="positive tempo, got qpm=0"):
        TWO.decode(np.zeros((1, 1, 27)), qpm=0)


# Options -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bars": 0}, "bars: expected at least 1, got 0"),
        ({"hop_bars": 0.3}, "hop_bars: expected a positive number of whole steps"),
        ({"max_note_dropout": 1.5}, "max_note_dropout: expected a probability"),
        ({"velocity_bins": 8}, "both velocity_bins and offset_bins or none"),
        ({"velocity_bins": 1, "offset_bins": 1}, "at least 2"),
        ({"unmapped": "keep"}, "unmapped: expected one of drop, nearest, error"),
        ({"first_onset": "x"}, "first_onset: expected one of clamp, original"),
        ({"min_velocity": 128}, "min_velocity: expected a MIDI velocity"),
        ({"max_windows": 0}, "max_windows: expected at least 1, or None"),
        ({"add_instruments": (-1,)}, "add_instruments: expected indices"),
    ],
)
def test_wrong_options_are_explained(options, message):
    with pytest.raises(ConfigError, match=message):
        GrooveConverter(**options)


def test_kits_must_fit_each_other_and_the_options():
    with pytest.raises(ConfigError, match="9 in 'roland_td11' and 61 in 'full_61'"):
        GrooveConverter(output_kit="full_61").decode(np.zeros((1, 1, 27)))
    with pytest.raises(ConfigError, match="at least 10 classes"):
        _ = GrooveConverter(add_instruments=(9,)).layout


def test_converters_are_values():
    converter = GrooveConverter(bars=2)
    assert converter.layout is converter.layout
    assert converter == TWO
    assert hash(converter) == hash(TWO)
    assert pickle.loads(pickle.dumps(converter)) == converter


def test_notes_of_a_rejected_take_are_not_kept():
    sequence = drums([(0, 36, 90), (0, 36, 80), (4, 38, 90), (8, 100, 90)])
    result = TWO.extract(sequence)
    assert result.reason is Reason.TOO_SHORT
    assert result.counts == Counts(notes=4, unmapped=1, ignored=3)


def test_context_is_given_as_controls():
    sequence = beat(4, qpm=90.0)
    sequence.filename = "drummer1/session1/1_funk_90_beat_4-4.mid"
    converter = GrooveConverter(bars=2, context_as_controls=True)
    encoded = converter.encode(sequence)
    assert converter.control_depth == 2
    assert encoded.controls.shape == (2, 32, 2)
    np.testing.assert_array_equal(
        encoded.controls, np.broadcast_to([90.0, STYLES.index("funk")], (2, 32, 2))
    )


def test_context_stands_behind_other_controls():
    converter = GrooveConverter(bars=2, hits_as_controls=True, context_as_controls=True)
    encoded = converter.encode(beat(2))
    assert converter.control_depth == 11
    np.testing.assert_array_equal(encoded.controls[..., :9], encoded.outputs[..., :9])
    assert (encoded.controls[..., 10] == -1).all()
    assert converter.default_controls(1, 32) is None
