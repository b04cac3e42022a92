"""What a melody converter writes, it reads again, whatever its options."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from groovekit.converters.base import AugmentationConfig, Encoded, Skipped, Windows
from groovekit.converters.melody import MelodyConverter
from groovekit.io.notes import NoteSequence

converters = st.builds(
    MelodyConverter,
    bars=st.sampled_from([1, 2]),
    min_pitch=st.sampled_from([0, 21]),
    programs=st.sampled_from([None, (0, 1)]),
    skip_polyphony=st.booleans(),
    gap_bars=st.sampled_from([None, 1.0, 1.5]),
    max_bars=st.sampled_from([None, 2, 3]),
    max_windows=st.sampled_from([None, 1, 5]),
    sliding=st.booleans(),
    end_token=st.booleans(),
    pad_to_total_time=st.booleans(),
    dedupe=st.booleans(),
    changes=st.sampled_from(["follow", "split", "refuse"]),
    chord_encoding=st.sampled_from([None, "triad", "major_minor"]),
    condition_on_key=st.booleans(),
    steps_per_quarter=st.sampled_from([4, 6]),
)


@st.composite
def sequences(draw: st.DrawFn) -> NoteSequence:
    """A few bars of some instruments, at times with chords, keys and changes."""
    sequence = NoteSequence()
    qpm = draw(st.sampled_from([60.0, 97.5, 120.0]))
    sequence.tempos.add(qpm=qpm)
    if draw(st.integers(0, 3)) == 3:
        sequence.tempos.add(qpm=100, time=draw(st.floats(0, 5)))
    note = st.tuples(
        st.floats(-2, 60), st.floats(0, 20), st.integers(0, 127), st.integers(0, 3)
    )
    for step, length, pitch, instrument in draw(st.lists(note, max_size=30)):
        sequence.notes.add(
            pitch=pitch,
            velocity=draw(st.sampled_from([0, 80, 127])),
            start_time=step * 15 / qpm,
            end_time=(step + length) * 15 / qpm,
            instrument=instrument,
            program=instrument,
            is_drum=instrument == 3,
        )
    last = max((n.end_time for n in sequence.notes), default=0.0)
    sequence.total_time = max(last, 0.0)
    figures = st.sampled_from(["C", "Am7", "N.C.", "Fdim", "Csus4", "?"])
    chord = st.tuples(st.floats(0, 60), figures)
    for step, text in draw(st.lists(chord, max_size=4)):
        sequence.text_annotations.add(
            time=step * 15 / qpm, text=text, annotation_type=1
        )
    if draw(st.booleans()):
        sequence.key_signatures.add(time=0, key=draw(st.integers(0, 11)))
    return sequence


@settings(max_examples=60, deadline=None)
@given(converter=converters, sequence=sequences())
def test_tensors_are_what_the_converter_declares(converter, sequence):
    before = sequence.SerializeToString()
    result = converter.encode(sequence)
    assert sequence.SerializeToString() == before
    counts = result.counts
    assert counts.notes == len(sequence.notes)
    assert counts.notes == counts.kept + counts.merged + counts.ignored
    if isinstance(result, Skipped):
        return
    assert len(result) >= 1
    shape = (len(result), converter.steps, converter.output_depth)
    assert result.inputs.shape == result.outputs.shape == shape
    assert result.inputs.dtype == np.float32
    used = np.arange(converter.steps) < result.lengths[:, None]
    np.testing.assert_array_equal(result.outputs.sum(axis=-1), used)
    if converter.fixed_length:
        assert used.all()
    parts = (converter.chord_encoding is not None) + converter.condition_on_key
    if parts:
        assert result.controls.shape == (*shape[:2], converter.control_depth)
        np.testing.assert_array_equal(result.controls.sum(axis=-1), parts * used)
    else:
        assert result.controls is None
    again = converter.encode(sequence)
    np.testing.assert_array_equal(again.outputs, result.outputs)
    assert len(converter.decode(result.outputs, result.controls)) == len(result)


@st.composite
def patterns(draw: st.DrawFn) -> np.ndarray:
    """Labels of one window with a note in each bar."""
    labels = draw(
        arrays(np.uint8, (1, 32), elements=st.sampled_from([0, 0, 0, 1, 2, 40, 89]))
    )
    labels[0, draw(st.integers(0, 15))] = 50
    labels[0, draw(st.integers(16, 31))] = 51
    return labels


@settings(max_examples=60, deadline=None)
@given(
    labels=patterns(),
    sliding=st.booleans(),
    end_token=st.booleans(),
    qpm=st.sampled_from([60.0, 97.0, 120.0]),
    chords=st.lists(st.integers(0, 48), min_size=1, max_size=8),
    key=st.integers(0, 11),
)
def test_reads_what_it_wrote(labels, sliding, end_token, qpm, chords, key):
    converter = MelodyConverter(
        gap_bars=None,
        sliding=sliding,
        end_token=end_token,
        chord_encoding="triad",
        condition_on_key=True,
    )
    compact = {
        "labels": labels,
        "chords": np.array(chords, np.uint8)[np.arange(32) * len(chords) // 32][None],
        "keys": np.full((1, 32), key, np.uint8),
    }
    if not sliding:
        compact["lengths"] = np.array([32], np.int32)
    tensors = converter.expand(Windows(compact))
    [written] = converter.decode(tensors.outputs, tensors.controls, qpm=qpm)
    read = converter.encode(written)
    assert isinstance(read, Encoded), read
    assert len(read) == 1
    np.testing.assert_array_equal(read.controls, tensors.controls)
    [again] = converter.decode(read.outputs, read.controls, qpm=qpm)
    assert again == written
    # Offs where nothing sounds are not music; all else comes back.
    twice = converter.encode(again)
    np.testing.assert_array_equal(twice.outputs, read.outputs)


@settings(max_examples=40, deadline=None)
@given(labels=patterns(), seed=st.integers(0, 99), low=st.integers(-20, 20))
def test_augmented_windows_differ_by_a_transposition(labels, seed, low):
    converter = MelodyConverter()
    augmentation = AugmentationConfig(transpose=(low, low + 3))
    moved = converter.augment(
        Windows({"labels": labels}), augmentation, np.random.default_rng(seed)
    ).arrays["labels"]
    notes = labels >= 2
    shifts = np.unique(moved[notes].astype(int) - labels[notes])
    assert len(shifts) == 1
    assert shifts[0] == 0 or low <= shifts[0] <= low + 3
    np.testing.assert_array_equal(moved[~notes], labels[~notes])
    assert moved[notes].min() >= 2
    assert moved[notes].max() <= 89
