"""Melodies out of notes and back, by hand and against note_seq's own extraction."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from helpers.installed import note_seq
from hypothesis import given, settings

from groovekit.converters.bar_grid import Grid
from groovekit.converters.base import Reason, UnusableError
from groovekit.converters.grid.sections import split_notes
from groovekit.converters.voices.melodies import (
    FIRST_PITCH,
    NO_EVENT,
    NOTE_OFF,
    Melody,
    extract_melodies,
    label_range,
    labels_to_notes,
    melodic_notes,
    quantize_notes,
    transpose_labels,
    without_leading_offs,
)
from groovekit.io.columns import read_columns
from groovekit.io.notes import NoteSequence

SIXTEENTH = 0.125


def label(pitch: int) -> int:
    return pitch - 21 + FIRST_PITCH


def sequence_of(notes, **properties) -> NoteSequence:
    """A sequence of (start step, end step, pitch[, instrument[, velocity]])."""
    sequence = NoteSequence()
    for start, end, pitch, *rest in notes:
        instrument, velocity = (*rest, *(0, 100)[len(rest) :])
        note = sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            instrument=instrument,
            start_time=start * SIXTEENTH,
            end_time=end * SIXTEENTH,
            **properties,
        )
        sequence.total_time = max(sequence.total_time, note.end_time)
    return sequence


def melodies_of(sequence: NoteSequence, **options) -> list[Melody]:
    notes = read_columns(sequence)
    [(section, notes)] = split_notes(sequence, notes)
    notes = notes.take(melodic_notes(notes, programs=options.pop("programs", None)))
    spans = quantize_notes(notes, section, Grid())
    return extract_melodies(notes, *spans, **options)


def events_of(melody: Melody) -> dict[int, int]:
    return {int(i): int(melody.labels[i]) for i in np.flatnonzero(melody.labels)}


def test_a_melody_begins_with_its_bar_and_fills_whole_bars():
    [melody] = melodies_of(sequence_of([(18, 20, 60), (20, 35, 62)]))
    assert (melody.start, len(melody.labels), melody.instrument) == (16, 32, 0)
    assert melody.labels.dtype == np.uint8
    assert events_of(melody) == {2: label(60), 4: label(62), 19: NOTE_OFF}


def test_a_note_to_the_end_of_its_bar_needs_no_end():
    [melody] = melodies_of(sequence_of([(8, 16, 60)]))
    assert events_of(melody) == {8: label(60)}
    assert len(melody.labels) == 16


def test_the_highest_note_of_a_step_counts_and_its_end():
    [melody] = melodies_of(sequence_of([(0, 8, 60), (0, 4, 64), (0, 2, 64)]))
    assert events_of(melody) == {0: label(64), 4: NOTE_OFF}
    assert (melody.notes, melody.merged) == (1, 2)


def test_the_next_note_cuts_a_note_short():
    [melody] = melodies_of(sequence_of([(0, 16, 60), (4, 6, 62)]))
    assert events_of(melody) == {0: label(60), 4: label(62), 6: NOTE_OFF}


def test_a_gap_ends_a_melody():
    notes = [(0, 4, 60), (20, 21, 62), (36, 40, 64)]
    assert len(melodies_of(sequence_of(notes), gap_bars=2.0)) == 1
    first, second, third = melodies_of(sequence_of([*notes, (56, 57, 65)]))
    assert [m.start for m in (first, second, third)] == [0, 16, 48]
    assert [len(m.labels) for m in (first, second, third)] == [16, 32, 16]
    assert len(melodies_of(sequence_of([*notes, (300, 301, 65)]), gap_bars=None)) == 1


def test_polyphony_ends_the_melodies_of_its_instrument():
    notes = [(0, 4, 60), (64, 65, 62), (64, 66, 64), (128, 129, 60), (0, 4, 50, 1)]
    found = melodies_of(sequence_of(notes), skip_polyphony=True)
    assert [(m.instrument, m.start) for m in found] == [(0, 0), (1, 0)]
    found = melodies_of(sequence_of(notes))
    starts = [(m.instrument, m.start) for m in found]
    assert starts == [(0, 0), (0, 64), (0, 128), (1, 0)]


def test_long_melodies_are_cut():
    [melody] = melodies_of(
        sequence_of([(0, 20, 60), (30, 40, 62), (40, 44, 64)]), max_bars=2
    )
    assert len(melody.labels) == 32
    assert (melody.notes, melody.merged) == (2, 0)


def test_leaves_out_what_is_no_melody():
    sequence = sequence_of([(0, 1, 60, 0, 0), (1, 2, 20), (2, 3, 109)])
    sequence.notes.add(pitch=60, velocity=9, end_time=1.0, is_drum=True)
    sequence.notes.add(pitch=61, velocity=9, end_time=1.0, program=40)
    sequence.notes.add(pitch=62, velocity=9, end_time=1.0, program=3)
    valid = melodic_notes(read_columns(sequence), programs=range(32))
    assert valid.tolist() == [False] * 5 + [True]
    assert melodies_of(sequence_of([(0, 1, 60, 0, 0)])) == []


def test_pads_from_the_beginning_of_the_sequence_and_ends_what_sounds():
    melody = Melody(np.array([label(60), NO_EVENT], np.uint8), 2, 0, 1, 0)
    assert melody.padded(6).tolist() == [0, 0, label(60), 0, NOTE_OFF, 0]
    assert melody.padded(3).tolist() == [0, 0, label(60)]
    ended = Melody(np.array([label(60), NOTE_OFF], np.uint8), 0, 0, 1, 0)
    assert ended.padded(4).tolist() == [label(60), NOTE_OFF, 0, 0]


def test_windows_lose_the_ends_of_notes_before_them():
    labels = np.array([[0, 1, 0, 5, 1], [1, 0, 0, 0, 0]], np.uint8)
    cleaned = without_leading_offs(labels)
    assert cleaned.tolist() == [[0, 0, 0, 5, 1], [0, 0, 0, 0, 0]]
    assert cleaned.dtype == np.uint8


def test_steps_instead_of_times():
    sequence = NoteSequence()
    sequence.quantization_info.steps_per_quarter = 4
    sequence.notes.add(
        pitch=60, velocity=80, quantized_start_step=3, quantized_end_step=5
    )
    [melody] = melodies_of(sequence)
    assert events_of(melody) == {3: label(60), 5: NOTE_OFF}


def test_cuts_notes_where_the_tempo_changes():
    sequence = sequence_of([(0, 40, 60), (32, 48, 62)])
    sequence.tempos.add(qpm=120)
    sequence.tempos.add(qpm=60, time=32 * SIXTEENTH)
    (first, before), (second, after) = split_notes(sequence, read_columns(sequence))
    assert (first.qpm, second.qpm) == (120, 60)
    assert before.end.tolist() == [4.0]
    assert (after.start.tolist(), after.end.tolist()) == ([0.0], [2.0])
    with pytest.raises(UnusableError) as error:
        split_notes(sequence, read_columns(sequence), changes="refuse")
    assert error.value.reason is Reason.TEMPO_CHANGE


def test_a_note_at_the_end_of_time_is_refused():
    sequence = sequence_of([(0, 4, 60)])
    sequence.notes[0].end_time = 1e12
    notes = read_columns(sequence)
    [(section, notes)] = split_notes(sequence, notes)
    with pytest.raises(UnusableError) as error:
        quantize_notes(notes, section, Grid())
    assert error.value.reason is Reason.TOO_LONG


def test_labels_as_notes():
    labels = np.array([[0, 41, 0, 41, 1, 0], [1, 0, 2, 0, 0, 91], [0] * 6])
    notes = labels_to_notes(labels)
    assert notes.window.tolist() == [0, 0, 1, 1]
    assert notes.pitch.tolist() == [60, 60, 21, 110]
    assert notes.start.tolist() == [1, 3, 2, 5]
    assert notes.end.tolist() == [3, 4, 5, 6]
    assert labels_to_notes(labels, np.array([4, 5, 0])).end.tolist() == [3, 4, 5]
    assert notes.of(1).start.tolist() == [2, 5]
    assert not len(notes.of(2).start)


def test_transposes_notes_alone():
    labels = np.array([[0, 1, 2, 91], [1, 0, 0, 0], [5, 1, 7, 0]], np.uint8)
    lowest, highest = label_range(labels)
    assert lowest[0] == 2
    assert highest[0] == 91
    assert lowest[1] > highest[1]
    moved = transpose_labels(labels, np.array([0, 3, -2]))
    assert moved.tolist() == [[0, 1, 2, 91], [1, 0, 0, 0], [3, 1, 5, 0]]
    assert moved.dtype == np.uint8


# note_seq's extraction, one melody after the other, as the original chains them.


def reference(sequence: NoteSequence, gap_bars, skip_polyphony) -> list[tuple]:
    library, sequences = note_seq("melodies_lib"), note_seq("sequences_lib")
    quantized = sequences.quantize_note_sequence(sequence, 4)
    found = []
    for instrument in sorted({n.instrument for n in quantized.notes}):
        search = 0
        while True:
            melody = library.Melody()
            try:
                melody.from_quantized_sequence(
                    quantized,
                    search_start_step=search,
                    instrument=instrument,
                    gap_bars=float("inf") if gap_bars is None else gap_bars,
                    ignore_polyphonic_notes=not skip_polyphony,
                    pad_end=True,
                )
            except library.PolyphonicMelodyError:
                break
            if not len(melody):
                break
            search = melody.end_step + -melody.end_step % 16
            events = [e + 2 if e < 0 else label(e) for e in melody]
            found.append((instrument, melody.start_step, events))
    return found


random_notes = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.integers(1, 20),
        st.integers(21, 108),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(
    notes=random_notes,
    gap_bars=st.sampled_from([None, 1.0, 1.5, 2.0]),
    skip_polyphony=st.booleans(),
)
def test_finds_the_melodies_that_note_seq_finds(notes, gap_bars, skip_polyphony):
    sequence = sequence_of([(s, s + d, p, i) for s, d, p, i in notes])
    ours = melodies_of(sequence, gap_bars=gap_bars, skip_polyphony=skip_polyphony)
    assert [(m.instrument, m.start, m.labels.tolist()) for m in ours] == reference(
        sequence, gap_bars, skip_polyphony
    )
    if not skip_polyphony:
        assert sum(m.notes + m.merged for m in ours) == len(notes)


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(
        st.sampled_from([NO_EVENT, NO_EVENT, NOTE_OFF, 2, 40, 41, 89]),
        min_size=32,
        max_size=32,
    )
)
def test_notes_and_labels_say_the_same(labels):
    array = np.array([labels], np.uint8)
    notes = labels_to_notes(array)
    assert all(notes.end > notes.start)
    assert all(a <= b for a, b in itertools.pairwise(notes.start))
    if not len(notes.start):
        return
    sequence = sequence_of(
        zip(notes.start, notes.end, notes.pitch.tolist(), strict=True)
    )
    [melody] = melodies_of(sequence, gap_bars=None)
    again = labels_to_notes(melody.padded(32)[None])
    for name in ("pitch", "start", "end"):
        np.testing.assert_array_equal(getattr(again, name), getattr(notes, name))


@pytest.mark.parametrize("empty", [[], [(0, 4, 10)]])
def test_no_notes_no_melodies(empty):
    notes = read_columns(sequence_of(empty))
    notes = notes.take(melodic_notes(notes))
    nothing = np.zeros(0, np.int64)
    assert extract_melodies(notes, nothing, nothing) == []
