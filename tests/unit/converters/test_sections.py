"""Music that changes its tempo or its time signature, loops, and silence."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.sequences import beat, drums

from groovekit.converters.base import Reason, Skipped, Windows
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.converters.melody import MelodyConverter
from groovekit.converters.performance import PerformanceConverter
from groovekit.converters.trio import TrioConverter
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence

CASES = Path(__file__).parents[2] / "data" / "midi_cases"
# A window begins with each bar.
SLIDING = GrooveConverter(bars=2, hop_bars=1, kit="general_midi")


def steps(*, kick=(), signatures=(), tempos=(), qpm=120.0) -> NoteSequence:
    """Kicks on steps of a straight grid; signatures and tempos as (step, ...)."""
    sequence = NoteSequence(ticks_per_quarter=480)
    changes = {0: qpm, **dict(tempos)}

    def seconds(step: float) -> float:
        total, at = 0.0, sorted(changes)
        for here, after in zip(at, [*at[1:], np.inf], strict=True):
            total += max(0.0, min(step, after) - here) * 15.0 / changes[here]
        return total

    for at, value in changes.items():
        sequence.tempos.add(time=seconds(at), qpm=value)
    for at, numerator, denominator in signatures:
        sequence.time_signatures.add(
            time=seconds(at), numerator=numerator, denominator=denominator
        )
    for step in kick:
        sequence.notes.add(
            pitch=36,
            velocity=90,
            start_time=seconds(step),
            end_time=seconds(step + 1),
            is_drum=True,
            instrument=9,
        )
    sequence.total_time = seconds(max(kick) + 1)
    return sequence


def kicks(found: Windows | Skipped) -> list[list[int]]:
    """Steps of the kicks of each window."""
    assert isinstance(found, Windows), found
    hits = np.unpackbits(found.arrays["hits"], axis=-1)[..., 0]
    return [np.flatnonzero(row).tolist() for row in hits]


FOUR_BARS = range(0, 64, 4)
QUARTERS = list(range(0, 32, 4))


# Files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bars", "left_out"),
    [
        # The pickup is a bar.
        ("10_pickup_bar", [2, 3, 4], {Reason.TIME_SIGNATURE: 2}),
        # Two bars of 2/4 are one of the grid.
        ("12_two_four_polka", [1, 3, 5], {}),
        ("26_tempo_after_music_30min", [1, 2, 3], {}),
        ("71_tempo_change_small_during", [1, 2, 3], {}),
        ("78_two_metres_at_zero", [1, 2, 3], {}),
    ],
)
def test_windows_of_files(name, bars, left_out):
    found = SLIDING.extract(read_midi(CASES / f"{name}.mid"))
    assert isinstance(found, Windows)
    assert found.bars.tolist() == bars
    assert dict(found.left_out) == left_out
    assert found.counts.kept == 48
    assert found.counts.ignored == sum(left_out.values())


def test_tempos_behind_the_music_change_nothing():
    with_them = read_midi(CASES / "26_tempo_after_music_30min.mid")
    without = NoteSequence()
    without.CopyFrom(with_them)
    del without.tempos[1:]
    one, other = (SLIDING.extract(x) for x in (with_them, without))
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, other.arrays[name])


# Tempo ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tempos",
    [
        [(32, 60.0)],
        [(34, 90.0)],
        [(1, 120.01)],
        [(s, 80.0 + s) for s in range(1, 60)],
        [(64, 10.0)],
    ],
)
def test_windows_go_on_through_changes_of_tempo(tempos):
    found = SLIDING.extract(steps(kick=FOUR_BARS, tempos=tempos))
    assert kicks(found) == [QUARTERS] * 3
    assert found.counts.kept == 16
    np.testing.assert_allclose(found.arrays["offsets"], 0.0, atol=1e-5)


@pytest.mark.parametrize(
    "converter",
    [
        DrumsConverter(bars=2),
        GrooveConverter(bars=2, kit="general_midi"),
        MelodyConverter(bars=2),
    ],
)
def test_all_that_is_in_beats_is_as_at_one_tempo(converter):
    changing = steps(kick=range(0, 64, 3), tempos=[(20, 77.0), (41, 140.0)])
    even = steps(kick=range(0, 64, 3))
    if isinstance(converter, MelodyConverter):
        for sequence in (changing, even):
            for number, note in enumerate(sequence.notes):
                note.is_drum, note.instrument, note.pitch = False, 0, 60 + number % 7
    one, other = converter.extract(changing), converter.extract(even)
    assert len(one) == len(other) > 0
    for name, array in one.arrays.items():
        np.testing.assert_allclose(array, other.arrays[name], atol=1e-5)


def test_chords_and_pedals_move_with_the_notes():
    changing = steps(kick=range(0, 64, 2), tempos=[(16, 60.0)])
    even = steps(kick=range(0, 64, 2))
    for sequence, bar in ((changing, 4.0), (even, 2.0)):
        for note in sequence.notes:
            note.is_drum, note.instrument, note.pitch = False, 0, 60
        for time, text in ((0.0, "C"), (2.0, "Am"), (2.0 + bar, "F")):
            sequence.text_annotations.add(time=time, text=text, annotation_type=1)
    converter = MelodyConverter(bars=2, chord_encoding="triad")
    one, other = converter.extract(changing), converter.extract(even)
    np.testing.assert_array_equal(one.arrays["chords"], other.arrays["chords"])


# Time signatures ------------------------------------------------------------------


def test_bars_of_one_length_go_on_through_a_change_on_a_bar_line():
    signatures = [(0, 4, 4), (16, 2, 2), (48, 4, 4)]
    found = SLIDING.extract(steps(kick=FOUR_BARS, signatures=signatures))
    assert kicks(found) == [QUARTERS] * 3


def test_bars_are_counted_from_a_change_inside_a_bar():
    # Two bars and a half, then 4/4 anew.
    signatures = [(0, 4, 4), (40, 4, 4), (40, 2, 2)]
    kick = [*range(0, 40, 4), *range(41, 73, 4)]
    found = SLIDING.extract(steps(kick=kick, signatures=signatures))
    assert kicks(found) == [QUARTERS, [step + 1 for step in QUARTERS]]
    assert found.bars.tolist() == [1, 4]
    assert dict(found.left_out) == {Reason.BROKEN_BAR: 2}
    assert (found.counts.kept, found.counts.ignored) == (16, 2)


def test_an_odd_bar_costs_no_other():
    signatures = [(0, 4, 4), (32, 7, 8), (46, 4, 4)]
    kick = [*range(0, 32, 4), 32, 36, 40, *range(46, 78, 4)]
    found = SLIDING.extract(steps(kick=kick, signatures=signatures))
    assert kicks(found) == [QUARTERS] * 2
    assert found.bars.tolist() == [1, 4]
    assert dict(found.left_out) == {Reason.TIME_SIGNATURE: 3}


def test_a_stroke_ahead_of_a_change_lies_behind_it():
    sequence = steps(
        kick=range(0, 12 + 64, 4), signatures=[(0, 3, 4), (12, 4, 4)], qpm=120.0
    )
    sequence.notes[3].start_time -= 0.03
    found = SLIDING.extract(sequence)
    assert kicks(found)[0] == QUARTERS
    assert found.arrays["offsets"][0, 0, 0] == pytest.approx(0.03 / 0.125 * 2)
    assert found.counts.ignored == 3


def test_of_two_signatures_at_one_time_the_later_holds():
    signatures = [(0, 3, 4), (0, 4, 4)]
    assert len(SLIDING.extract(steps(kick=FOUR_BARS, signatures=signatures))) == 3
    signatures.reverse()
    found = SLIDING.extract(steps(kick=FOUR_BARS, signatures=signatures))
    assert (found.reason, found.detail) == (
        Reason.TIME_SIGNATURE,
        "time signature 3/4",
    )


@pytest.mark.parametrize("numerator", [1, 3])
def test_two_bars_are_one_of_the_grid_only_where_they_fill_it(numerator):
    found = SLIDING.extract(steps(kick=FOUR_BARS, signatures=[(0, numerator, 4)]))
    assert found.reason is Reason.TIME_SIGNATURE


def test_a_bar_of_two_four_alone_is_left_out():
    signatures = [(0, 2, 4), (40, 4, 4)]
    found = SLIDING.extract(steps(kick=range(0, 72, 4), signatures=signatures))
    assert kicks(found) == [QUARTERS] * 2
    assert found.bars.tolist() == [1, 6]
    assert dict(found.left_out) == {Reason.BROKEN_BAR: 2}


@pytest.mark.parametrize(
    "signature", [(3, 4), (6, 8), (12, 8), (5, 4), (7, 8)], ids=str
)
@pytest.mark.parametrize("kind", [GrooveConverter, DrumsConverter])
def test_a_converter_of_each_time_signature(kind, signature):
    converter = kind(bars=2, kit="general_midi", output_kit="general_midi")
    converter = dataclasses.replace(converter, time_signature=signature)
    length = 16 * signature[0] // signature[1]
    sequence = steps(kick=range(0, 2 * length, 2), signatures=[(0, *signature)])
    found = converter.extract(sequence)
    assert isinstance(found, Windows)
    assert next(iter(found.arrays.values())).shape[:2] == (1, 2 * length)


# Loops ----------------------------------------------------------------------------


@pytest.mark.parametrize("bars", [1, 2, 3])
def test_short_music_is_repeated_where_asked(bars):
    kick = [0, 3, *range(16, 16 * bars, 4)]
    plain = GrooveConverter(bars=4, kit="general_midi")
    assert plain.extract(steps(kick=kick)).reason is Reason.TOO_SHORT
    found = dataclasses.replace(plain, loop=True).extract(steps(kick=kick))
    turns = [step + turn * 16 * bars for turn in range(4) for step in kick]
    assert kicks(found) == [[step for step in turns if step < 64]]
    assert found.loop_quarters == 4 * bars
    assert found.bars.tolist() == [1]
    assert (found.counts.notes, found.counts.kept) == (len(kick), len(kick))


@pytest.mark.parametrize("name", ["loop1", "loop2", "loop2_eot"])
@pytest.mark.parametrize(
    "converter",
    [GrooveConverter(bars=4, kit="general_midi"), DrumsConverter(bars=4)],
)
def test_loops_of_files(name, converter):
    sequence = read_midi(CASES / f"{name}.mid")
    found = dataclasses.replace(converter, loop=True).extract(sequence)
    assert (len(found), found.loop_quarters) == (1, 4.0 * int(name[4]))
    assert found.counts.kept == len(sequence.notes)


def test_silence_at_the_end_of_a_loop_is_part_of_it():
    sequence = steps(kick=[0, 4, 8, 12])
    sequence.total_time = 4.0
    found = dataclasses.replace(
        GrooveConverter(bars=4, kit="general_midi"), loop=True
    ).extract(sequence)
    assert kicks(found) == [[0, 4, 8, 12, 32, 36, 40, 44]]


def test_a_pickup_is_no_loop():
    kick = [0, 2, *range(4, 20, 4)]
    sequence = steps(kick=kick, signatures=[(0, 1, 4), (4, 4, 4)])
    found = dataclasses.replace(SLIDING, loop=True).extract(sequence)
    assert kicks(found) == [QUARTERS]
    assert found.counts.notes == 6
    assert (found.counts.kept, found.counts.ignored) == (4, 2)


def test_long_music_is_no_loop():
    looping = dataclasses.replace(SLIDING, loop=True)
    found = looping.extract(beat(bars=4))
    assert found.loop_quarters is None
    np.testing.assert_array_equal(
        found.arrays["hits"], SLIDING.extract(beat(bars=4)).arrays["hits"]
    )


# Silence ----------------------------------------------------------------------------


@pytest.mark.parametrize("gap", [3, 5, 20])
def test_windows_without_a_hit_are_counted_and_left_out(gap):
    kick = [*range(0, 32, 4), *range(16 * (2 + gap), 16 * (4 + gap), 4)]
    found = SLIDING.extract(steps(kick=kick))
    kept = dataclasses.replace(SLIDING, keep_silence=True).extract(steps(kick=kick))
    assert found.silent == gap - 1
    assert len(kept) == len(found) + gap - 1 == gap + 3
    assert kept.silent == 0
    assert all(kicks(found))
    assert found.bars.tolist() == [1, 2, 2 + gap, 3 + gap]


def test_nothing_but_silence():
    # The only hit lies behind the last whole window.
    whole = GrooveConverter(bars=2, kit="general_midi")
    found = whole.extract(drums([(33, 36, 90)]))
    assert (found.reason, found.detail) == (Reason.SILENT, "1 windows")


# Grids ------------------------------------------------------------------------------


@pytest.mark.parametrize("per_quarter", [6, 8, 12])
@pytest.mark.parametrize(
    "kind",
    [
        GrooveConverter,
        DrumsConverter,
        MelodyConverter,
        TrioConverter,
        PerformanceConverter,
    ],
)
def test_finer_grids(kind, per_quarter):
    from groovekit.testing.sequences import band, drum_groove

    drums_only = kind in (GrooveConverter, DrumsConverter)
    sequence = drum_groove(1, bars=4) if drums_only else band(1, bars=4)
    converter = dataclasses.replace(kind(bars=2), steps_per_quarter=per_quarter)
    found = converter.encode(sequence)
    assert not isinstance(found, Skipped), found
    assert found.inputs.shape[1] == converter.steps
    if kind is not PerformanceConverter:
        assert converter.steps == 8 * per_quarter
    again = converter.decode(found.outputs, found.controls)
    assert len(again) == len(found)


def test_a_grid_of_triplets_holds_triplets_of_sixteenths():
    third = [4 * n / 6 for n in range(6 * 8)]
    found = dataclasses.replace(SLIDING, steps_per_quarter=6).extract(steps(kick=third))
    assert found.counts.merged == 0
    assert kicks(found)[0] == list(range(48))
    assert SLIDING.extract(steps(kick=third)).counts.merged > 0
