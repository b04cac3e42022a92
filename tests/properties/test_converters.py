"""What holds for every sequence and every set of options."""

from __future__ import annotations

import dataclasses

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from groovekit.converters.base import Converter, Encoded, Skipped, concatenate
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.io.notes import NoteSequence

STEPS = 40
PITCHES = [36, 38, 42, 46, 43, 47, 50, 49, 51, 22, 45, 48, 58, 60]

kits = st.sampled_from(["general_midi", "roland_td11"])
grooves = st.builds(
    GrooveConverter,
    bars=st.sampled_from([1, 2]),
    hop_bars=st.sampled_from([None, 1, 0.25]),
    humanize=st.booleans(),
    tapify=st.booleans(),
    fixed_velocities=st.booleans(),
    max_note_dropout=st.sampled_from([0.0, 0.8]),
    add_instruments=st.sampled_from([(), (2,), (0, 8)]),
    hits_as_controls=st.booleans(),
    split_instruments=st.booleans(),
    kit=kits,
    output_kit=kits,
    instruments=st.sampled_from(["auto", "all", "drums"]),
    unmapped=st.sampled_from(["drop", "nearest"]),
    steps_per_quarter=st.sampled_from([4, 6]),
) | st.builds(
    GrooveConverter,
    bars=st.just(1),
    velocity_bins=st.sampled_from([2, 8, 33]),
    offset_bins=st.sampled_from([2, 9, 32]),
    split_instruments=st.booleans(),
)
rolls = st.builds(
    DrumsConverter,
    bars=st.sampled_from([1, 2]),
    kit=st.just("full_61"),
    output_kit=st.just("full_61"),
    roll_output=st.just(True),
)
patterns = rolls | st.builds(
    DrumsConverter,
    bars=st.sampled_from([1, 2]),
    kit=kits,
    output_kit=kits,
    max_windows=st.sampled_from([None, 1, 5]),
    roll_input=st.booleans(),
    roll_output=st.booleans(),
    end_token=st.booleans(),
    unmapped=st.sampled_from(["drop", "nearest"]),
    gap_bars=st.sampled_from([None, 1.0, 2.0]),
    changes=st.sampled_from(["follow", "split", "refuse"]),
)
converters = grooves | patterns


@st.composite
def sequences(draw: st.DrawFn) -> NoteSequence:
    """Up to some forty steps of drums, at times with other notes and changes."""
    sequence = NoteSequence()
    qpm = draw(st.sampled_from([60.0, 97.5, 120.0, 173.3]))
    sequence.tempos.add(qpm=qpm)
    if draw(st.booleans()):
        sequence.time_signatures.add(
            numerator=draw(st.sampled_from([4, 4, 4, 3])), denominator=4
        )
    if draw(st.integers(0, 5)) == 5:
        sequence.tempos.add(qpm=100, time=draw(st.floats(0, 5)))
    drum = st.sampled_from([True, True, True, False])
    note = st.tuples(
        st.floats(-2, STEPS), st.integers(20, 90), st.integers(0, 127), drum
    )
    for step, pitch, velocity, is_drum in draw(st.lists(note, max_size=60)):
        start = step * 15.0 / qpm
        sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=start,
            end_time=start + 0.1,
            is_drum=is_drum,
        )
        sequence.total_time = max(sequence.total_time, start + 0.1)
    return sequence


@st.composite
def playable(draw: st.DrawFn) -> NoteSequence:
    """Three bars of drums in one tempo, something in every bar."""
    sequence = NoteSequence()
    qpm = draw(st.sampled_from([60.0, 97.5, 120.0, 173.3]))
    sequence.tempos.add(qpm=qpm)
    note = st.tuples(st.floats(0, 47.4), st.sampled_from(PITCHES), st.integers(0, 127))
    beats = [(4.0 * beat, 36, 90) for beat in range(12)]
    # As close to half-way between two steps as can be, on either side.
    beats += [(5.4999999999, 38, 90), (21.5, 38, 90), (30.5000000001, 38, 90)]
    for step, pitch, velocity in beats + draw(st.lists(note, max_size=60)):
        start = step * 15.0 / qpm
        sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=start,
            end_time=start + 0.1,
            is_drum=True,
        )
        sequence.total_time = max(sequence.total_time, start + 0.1)
    return sequence


def as_arrays(result: Encoded) -> list[np.ndarray]:
    parts = [result.inputs, result.outputs, result.lengths]
    return parts if result.controls is None else [*parts, result.controls]


def same(a: Encoded | Skipped, b: Encoded | Skipped) -> bool:
    if isinstance(a, Skipped) or isinstance(b, Skipped):
        return a == b
    return a.counts == b.counts and all(
        np.array_equal(x, y) for x, y in zip(as_arrays(a), as_arrays(b), strict=True)
    )


@given(converters, sequences())
@settings(max_examples=150)
def test_counts_add_up_and_the_input_stays_as_it_was(
    converter: Converter, sequence: NoteSequence
):
    before = sequence.SerializeToString(deterministic=True)
    result = converter.encode(sequence)
    assert sequence.SerializeToString(deterministic=True) == before
    counts = result.counts
    assert counts.notes == len(sequence.notes)
    total = counts.kept + counts.merged + counts.unmapped + counts.ignored
    assert total == counts.notes
    assert min(dataclasses.astuple(counts)) >= 0


@given(converters, sequences(), st.integers(0, 2**32))
@settings(max_examples=150)
def test_the_same_call_gives_the_same(
    converter: Converter, sequence: NoteSequence, seed: int
):
    assert same(converter.encode(sequence), converter.encode(sequence))
    first = converter.encode(sequence, rng=np.random.default_rng(seed))
    second = converter.encode(sequence, rng=np.random.default_rng(seed))
    assert same(first, second)


@given(converters, playable(), st.none() | st.integers(0, 9))
@settings(max_examples=150)
def test_tensors_are_as_the_converter_says(
    converter: Converter, sequence: NoteSequence, seed: int | None
):
    rng = None if seed is None else np.random.default_rng(seed)
    result = converter.encode(sequence, rng=rng)
    assert isinstance(result, Encoded)
    batch = len(result)
    assert batch >= 1
    if converter.windows_per_sequence is not None:
        assert batch <= converter.windows_per_sequence
    assert result.inputs.shape == (batch, converter.steps, converter.input_depth)
    assert result.outputs.shape == (batch, converter.steps, converter.output_depth)
    assert (result.lengths == converter.steps).all()
    assert result.inputs.dtype == result.outputs.dtype == np.float32
    if converter.control_depth:
        assert result.controls is not None
        depth = converter.control_depth
        assert result.controls.shape == (batch, converter.steps, depth)
        assert np.isin(result.controls, [0, 1]).all()
    else:
        assert result.controls is None
    begin = 0
    for part in converter.layout:
        values = result.outputs[..., begin : begin + part.size]
        begin += part.size
        if part.kind in ("binary", "categorical"):
            assert np.isin(values, [0, 1]).all()
        if part.kind == "categorical":
            assert (values.sum(axis=-1) == 1).all()
        low = -1 if part.kind == "signed" else 0
        assert values.min() >= low
        assert values.max() <= 1


@given(grooves, playable())
@settings(max_examples=150)
def test_a_written_groove_is_read_as_the_same(
    options: GrooveConverter, sequence: NoteSequence
):
    converter = dataclasses.replace(
        options, output_kit=options.kit, first_onset="original", min_velocity=0
    )
    hits = converter.layout[0].size
    first = converter.encode(sequence)
    assert isinstance(first, Encoded)
    for window, written in zip(
        first.outputs, converter.decode(first.outputs, qpm=91.0), strict=True
    ):
        again = converter.encode(written)
        assert isinstance(again, Encoded)
        assert again.counts.merged == again.counts.unmapped == 0
        np.testing.assert_array_equal(again.outputs[0, :, :hits], window[:, :hits])
        np.testing.assert_allclose(again.outputs[0], window, atol=1e-6)


@given(playable(), st.sampled_from([1, 2]))
@settings(max_examples=100)
def test_clamping_only_moves_notes_of_the_first_step(sequence: NoteSequence, bars: int):
    converter = GrooveConverter(bars=bars, output_kit="roland_td11")
    first = converter.encode(sequence)
    assert isinstance(first, Encoded)
    for window, written in zip(
        first.outputs, converter.decode(first.outputs), strict=True
    ):
        assert all(n.start_time >= 0 and n.velocity >= 1 for n in written.notes)
        again = converter.encode(written)
        assert isinstance(again, Encoded)
        expected = window.copy()
        expected[0, 18:] = np.minimum(expected[0, 18:], 0)
        hit = expected[:, :9] > 0
        expected[:, 9:18][hit] = np.maximum(expected[:, 9:18][hit], 1 / 127)
        np.testing.assert_allclose(again.outputs[0], expected, atol=1e-6)


@given(patterns, playable())
@settings(max_examples=150)
def test_a_written_pattern_is_read_as_the_same(
    options: DrumsConverter, sequence: NoteSequence
):
    converter = dataclasses.replace(options, output_kit=options.kit)
    first = converter.encode(sequence)
    assert isinstance(first, Encoded)
    for window, written in zip(
        first.outputs, converter.decode(first.outputs, qpm=77.0), strict=True
    ):
        again = converter.encode(written)
        assert isinstance(again, Encoded)
        assert len(again) == 1
        np.testing.assert_array_equal(again.outputs[0], window)


@given(converters, st.lists(playable(), min_size=1, max_size=3))
@settings(max_examples=60)
def test_a_batch_is_its_windows_side_by_side(
    converter: Converter, several: list[NoteSequence]
):
    parts = [converter.extract(sequence) for sequence in several]
    whole = converter.expand(concatenate(parts))
    single = [converter.expand(part) for part in parts]
    np.testing.assert_array_equal(
        whole.inputs, np.concatenate([t.inputs for t in single])
    )
    np.testing.assert_array_equal(
        whole.outputs, np.concatenate([t.outputs for t in single])
    )
    picked = converter.expand(concatenate(parts).take([0]))
    np.testing.assert_array_equal(picked.outputs, whole.outputs[:1])
