from __future__ import annotations

import dataclasses
import os
import types
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny

from groovekit.configs.base import get_config
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import DataError, UsageError
from groovekit.generation.takes import read_take
from groovekit.generation.tasks.add import check_add
from groovekit.generation.tasks.drumify import check_drumify
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import TempoMap

TWO, FOUR = GrooveConverter(bars=2), GrooveConverter(bars=4)
GROOVE = os.environ.get("GROOVEKIT_GROOVE_DIR")


def drums(*onsets, qpm=120.0, pitch=36, velocity=80, metre=None):
    """Drum notes at some quarters."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    if metre:
        sequence.time_signatures.add(numerator=metre[0], denominator=metre[1])
    for quarter in onsets:
        start = quarter * 60.0 / qpm
        sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=start,
            end_time=start + 0.1,
            is_drum=True,
        )
    return sequence


# Tempo maps -------------------------------------------------------------------------


def test_tempo_maps_bend_at_each_change():
    sequence = NoteSequence()
    for time, qpm in ((2.0, 60.0), (5.0, 240.0), (5.0, 180.0), (6.0, 0.0)):
        sequence.tempos.add(time=time, qpm=qpm)
    tempo_map = TempoMap.of(sequence)
    seconds = np.array([-1.0, 0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.0])
    quarters = np.array([-2.0, 0.0, 2.0, 4.0, 6.0, 7.0, 10.0, 16.0])
    np.testing.assert_allclose(tempo_map.quarters(seconds), quarters, atol=1e-12)
    np.testing.assert_allclose(tempo_map.seconds(quarters), seconds, atol=1e-12)


# Cutting ----------------------------------------------------------------------------


def test_windows_are_the_converters():
    groove = tiny.groove(1, bars=8, qpm=97.0)
    take = read_take(groove, FOUR)
    wanted = dataclasses.replace(FOUR, hop_bars=2).extract(groove)
    assert take.starts.tolist() == [0, 2, 4]
    for name, array in wanted.arrays.items():
        np.testing.assert_allclose(take.windows.arrays[name], array, atol=1e-5)
    assert take.counts == wanted.counts
    np.testing.assert_array_equal(
        take.cut(take.grid()),
        np.unpackbits(wanted.arrays["hits"], axis=-1, count=9).astype(bool),
    )


@pytest.mark.parametrize(
    ("bars", "starts"), [(1, [0]), (2, [0]), (3, [0, 1]), (4, [0, 1, 2])]
)
def test_any_length(bars, starts):
    take = read_take(tiny.groove(1, bars=bars), TWO)
    assert take.starts.tolist() == starts
    assert take.bars == bars
    assert take.windows.arrays["hits"].shape == (len(starts), 32, 2)


def test_the_last_window_ends_with_the_music():
    # A single hit in a last partial bar.
    take = read_take(drums(*range(4 * 6), 24.25), FOUR)
    assert take.bars == 7
    assert take.starts.tolist() == [0, 2, 3]
    assert take.grid()[6 * 16 + 1, 0]


def test_leading_silence_and_gaps_belong_to_no_window():
    # Nothing in bars 0..4, a hit in bar 5, none in bars 6..11, one in bar 12.
    take = read_take(drums(5 * 4 + 1, 12 * 4 + 2), TWO)
    assert take.starts.tolist() == [5, 11]
    assert take.bars == 13
    joined = take.stitch(np.ones((2, 32, 1)))
    sounding = np.flatnonzero(joined.reshape(13, 16).all(axis=1))
    assert sounding.tolist() == [5, 6, 11, 12]


def test_hits_before_the_bar_line_belong_to_the_next_bar():
    take = read_take(drums(0, 3.9, 7.95), TWO)
    assert take.steps.tolist() == [0, 16, 32]
    assert take.bars == 3
    # 0.05 quarters are a fifth of a step early: twice that.
    assert take.windows.arrays["offsets"][1, 16, 0] == pytest.approx(0.4, abs=1e-5)


def test_tempo_changes_are_followed():
    steady = drums(*np.arange(0, 32, 0.5), qpm=120.0)
    changing = NoteSequence()
    changing.CopyFrom(steady)
    # From bar 3 on at half the tempo, and back at bar 6.
    for time, qpm in ((6.0, 60.0), (18.0, 120.0)):
        changing.tempos.add(time=time, qpm=qpm)
    tempo_map = TempoMap.of(changing)
    for note in changing.notes:
        note.start_time = float(tempo_map.seconds(note.start_time * 2.0))
    one, other = read_take(steady, TWO), read_take(changing, TWO)
    np.testing.assert_array_equal(one.steps, other.steps)
    np.testing.assert_allclose(one.quarters, other.quarters, atol=1e-9)
    for name, array in one.windows.arrays.items():
        np.testing.assert_allclose(other.windows.arrays[name], array, atol=1e-6)


# Stitching --------------------------------------------------------------------------


@pytest.mark.parametrize("bars", [1, 3, 4, 5, 6, 9, 301])
@pytest.mark.parametrize("converter", [TWO, FOUR])
def test_stitching_undoes_cutting(converter, bars):
    take = read_take(drums(*range(4 * bars)), converter)
    rows = np.arange(1, 16 * bars + 1)
    np.testing.assert_array_equal(take.stitch(take.cut(rows)), rows)


def test_bars_come_from_where_they_are_central():
    take = read_take(drums(*range(4 * 8)), FOUR)
    windows = np.zeros((3, 64, 1))
    windows += np.arange(3)[:, None, None]
    from_ = take.stitch(windows).reshape(8, 16)[:, 0]
    assert from_.tolist() == [0, 0, 0, 1, 1, 2, 2, 2]
    # Of two windows in which it is equally central, the one with more past.
    take = read_take(drums(*range(4 * 4)), TWO)
    windows = np.zeros((3, 32, 1)) + np.arange(3)[:, None, None]
    assert take.stitch(windows).reshape(4, 16)[:, 0].tolist() == [0, 0, 1, 2]


# Refusals ---------------------------------------------------------------------------


def test_other_time_signatures():
    waltz = drums(0, 1, 2, 3, 5, metre=(3, 4))
    take = read_take(waltz, FOUR)
    assert (take.bars, take.steps.tolist()) == (2, [0, 4, 8, 16, 24])
    assert take.remarks == ["bars of 3/4 fill the first 12 of 16 steps"]
    three = GrooveConverter(bars=2, time_signature=(3, 4))
    take = read_take(waltz, three)
    assert (take.bars, take.steps.tolist()) == (2, [0, 4, 8, 12, 20])
    assert take.remarks == []
    changing = drums(0, 1, 16, 19.25)
    changing.time_signatures.add(time=0, numerator=4, denominator=4)
    changing.time_signatures.add(time=8, numerator=7, denominator=8)
    take = read_take(changing, FOUR)
    assert take.steps.tolist() == [0, 4, 64, 77]
    assert take.layout.position(np.array([64, 77, 80])).tolist() == [16, 19.25, 19.5]
    assert take.marked("5").sum() == 16
    # Another name for bars of the same length.
    assert read_take(drums(0, metre=(2, 2)), FOUR).bars == 1


@pytest.mark.parametrize(("bars", "turns"), [(1, 4), (2, 2), (3, 2)])
def test_what_is_shorter_than_a_window_is_repeated(bars, turns):
    take = read_take(drums(*range(0, 4 * bars), 4 * bars - 0.75), FOUR)
    (hits,) = np.unpackbits(take.windows.arrays["hits"], axis=-1, count=9)
    once = take.grid()
    np.testing.assert_array_equal(hits, np.tile(once, (turns, 1))[:64])
    np.testing.assert_array_equal(take.cut(once)[0], hits)
    np.testing.assert_array_equal(take.stitch(take.cut(once)), once)


def test_a_pickup_stays_off_the_grid():
    pickup = drums(0, 0.5, 1, 2, 5)
    pickup.time_signatures.add(time=0, numerator=1, denominator=4)
    pickup.time_signatures.add(time=0.5, numerator=4, denominator=4)
    take = read_take(pickup, FOUR)
    assert take.notes.tolist() == [2, 3, 4]
    assert take.steps.tolist() == [0, 4, 16]
    assert (take.pickup, take.counts.ignored) == (2, 2)
    assert take.remarks == ["2 hits of the pickup stay as they are"]
    # Bars have the numbers that a sequencer shows.
    assert take.marked("2").tolist() == [True] * 16 + [False] * 16
    del pickup.notes[2:]
    with pytest.raises(DataError, match="no drum notes but in its pickup"):
        read_take(pickup, FOUR)


def test_what_cannot_be_taken_is_told():
    with pytest.raises(DataError, match="x has no notes"):
        read_take(NoteSequence(), FOUR, name="x")
    with pytest.raises(DataError, match=r"kit roland_td11 lacks 1 of pitch 100\)"):
        read_take(drums(0, pitch=100), FOUR)
    with pytest.raises(UsageError, match=r"model of grooves .* a DrumsConverter: ch"):
        read_take(drums(0), get_config("cat-drums_2bar_small").converter)


def test_converters_of_plug_ins():
    """What a converter can do decides, not its class."""
    own = {k: v for k, v in vars(GrooveConverter).items() if k != "__dict__"}
    like = type("Like", GrooveConverter.__bases__, own)(bars=2)
    assert not isinstance(like, GrooveConverter)
    groove = tiny.groove(1, bars=5)
    one, other = read_take(groove, TWO), read_take(groove, like)
    assert other.converter is like
    np.testing.assert_array_equal(one.grid(), other.grid())
    for name, array in one.windows.arrays.items():
        np.testing.assert_array_equal(other.windows.arrays[name], array)
    check_add(dataclasses.replace(like, add_instruments=(2,)), "x")
    check_drumify(dataclasses.replace(like, tapify=True), "x")
    for check in (check_add, check_drumify):
        with pytest.raises(UsageError, match="A model of the config x"):
            check(like, "x")
    # An uneven grid has no steps a quarter.
    uneven = types.SimpleNamespace(layout=TWO.layout, bars=2, kit="roland_td11")
    with pytest.raises(UsageError, match=r"without hop_bars, .*steps_per_quarter"):
        read_take(groove, uneven)


def test_notes_are_counted():
    sequence = drums(0, 1, 1.01, 2)
    sequence.notes.add(pitch=100, velocity=9, start_time=1, end_time=2, is_drum=True)
    sequence.notes.add(pitch=60, velocity=9, start_time=1, end_time=2)
    counts = read_take(sequence, TWO).counts
    assert (counts.notes, counts.kept, counts.merged) == (6, 3, 1)
    assert (counts.unmapped, counts.ignored) == (1, 1)
    # Taps have no class to miss; what is no tap is not read.
    counts = read_take(sequence, TWO, taps=True).counts
    assert (counts.notes, counts.kept, counts.merged) == (6, 3, 2)
    assert (counts.unmapped, counts.ignored) == (0, 1)
    every = dataclasses.replace(TWO, instruments="all", kit_from="config")
    counts = read_take(sequence, every).counts
    assert (counts.unmapped, counts.ignored) == (2, 0)


# Real performances ------------------------------------------------------------------


@pytest.mark.skipif(GROOVE is None, reason="set GROOVEKIT_GROOVE_DIR")
def test_all_hits_of_real_takes_are_in_their_windows():
    files = sorted(Path(str(GROOVE)).glob("drummer1/session2/*_beat_4-4.mid"))[:8]
    assert len(files) == 8
    for file in files:
        take = read_take(read_midi(file), FOUR)
        grid = take.grid()
        np.testing.assert_array_equal(take.stitch(take.cut(grid)), grid)
        assert take.counts.notes == take.counts.kept + take.counts.merged
        hits = np.unpackbits(take.windows.arrays["hits"], axis=-1, count=9)
        np.testing.assert_array_equal(take.cut(grid), hits.astype(bool))
