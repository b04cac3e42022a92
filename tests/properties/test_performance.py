"""What a performance converter writes, it reads again, as note_seq does."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from helpers.installed import note_seq
from hypothesis import given, settings

from groovekit.converters.base import AugmentationConfig, Encoded, Skipped
from groovekit.converters.events.sustain import apply_sustain, section_pedals
from groovekit.converters.grid.sections import Section
from groovekit.converters.performance import PerformanceConverter
from groovekit.io.columns import read_columns
from groovekit.io.notes import NoteSequence

BAR = 2.0
converters = st.builds(
    PerformanceConverter,
    velocity_bins=st.sampled_from([0, 1, 8, 32, 127]),
    min_instruments=st.just(1),
    min_events=st.just(1),
    max_events=st.sampled_from([16, 64]),
    steps_per_quarter=st.sampled_from([4, 24]),
    chord_encoding=st.sampled_from([None, "triad"]),
)
moments = st.floats(0, 2 * BAR, exclude_max=True, width=32) | st.sampled_from(
    [0.0, 0.25, 1.0, 1.9999999, 2.0, 3.5]
)


@st.composite
def sequences(draw, most=14) -> NoteSequence:
    sequence = NoteSequence()
    sequence.tempos.add(qpm=120)
    kinds = [(0, False), (33, False), (33, False), (0, True)]
    for _ in range(draw(st.integers(1, most))):
        instrument = draw(st.integers(0, 3))
        start = draw(moments)
        sequence.notes.add(
            # Few pitches, so that notes of one overlap.
            pitch=draw(st.sampled_from([36, 60, 61, 64])),
            velocity=draw(st.integers(1, 127)),
            start_time=start,
            end_time=start + draw(st.sampled_from([0.01, 0.25, 0.5, 1.3])),
            instrument=instrument,
            program=kinds[instrument][0],
            is_drum=kinds[instrument][1],
        )
    sequence.total_time = max(n.end_time for n in sequence.notes)
    return sequence


@settings(max_examples=80, deadline=None)
@given(converter=converters, sequence=sequences())
def test_reads_what_it_wrote(converter, sequence):
    before = sequence.SerializeToString()
    encoded = converter.encode(sequence)
    assert sequence.SerializeToString() == before
    counts = encoded.counts
    assert counts.notes == len(sequence.notes)
    assert counts.kept + counts.ignored + counts.merged == counts.notes
    if isinstance(encoded, Skipped):
        return
    used = np.arange(converter.max_events) < encoded.lengths[:, :, None]
    np.testing.assert_array_equal(
        encoded.outputs.sum(axis=-1).reshape(used.shape), used
    )
    for index, written in enumerate(converter.decode(encoded.outputs)):
        # A track whose notes all belong to the next bar is empty when read again.
        empty = {n.instrument for n in written.notes}
        if empty != set(range(int((encoded.lengths[index] > 1).sum()))):
            continue
        again = converter.encode(written)
        assert isinstance(again, Encoded), again
        np.testing.assert_array_equal(again.outputs[0], encoded.outputs[index])


@settings(max_examples=80, deadline=None)
@given(sequence=sequences())
def test_events_are_note_seq_s(sequence):
    converter = PerformanceConverter(min_instruments=1, min_events=1, max_events=1000)
    encoded = converter.encode(sequence)
    assert isinstance(encoded, Encoded)
    sequences_lib, lib = note_seq("sequences_lib"), note_seq("performance_lib")
    words = note_seq("performance_encoder_decoder").PerformanceOneHotEncoding(
        num_velocity_bins=8, max_shift_steps=96
    )

    def performance(quantized, instrument=None):
        return lib.MetricPerformance(
            quantized, num_velocity_bins=8, instrument=instrument
        )

    found = []
    for bar in sequences_lib.split_note_sequence(sequence, BAR):
        if not bar.notes:
            continue
        quantized = sequences_lib.quantize_note_sequence(bar, 24)
        tracks = {(n.is_drum, n.program, n.instrument) for n in bar.notes}
        segments = []
        for is_drum, program, instrument in sorted(tracks):
            track = performance(quantized, instrument)
            track.set_length(96)
            clipped = sequences_lib.quantize_note_sequence(track.to_sequence(), 24)
            track = performance(clipped)
            track.set_length(96)
            labels = [words.encode_event(event) for event in track]
            first = words.num_classes + (128 if is_drum else program)
            segments.append([first, *labels, converter.vocabulary.end])
        found.append(segments)
    labels = encoded.outputs.argmax(axis=-1).reshape(len(encoded), 8, -1)
    ours = [
        [
            part[:length].tolist()
            for part, length in zip(window, lengths, strict=True)
            if length > 1
        ]
        for window, lengths in zip(labels, encoded.lengths, strict=True)
    ]
    assert ours == found


pedals = st.lists(
    st.tuples(moments, st.sampled_from([0, 63, 64, 127]), st.integers(0, 3)), max_size=8
)


@settings(max_examples=100, deadline=None)
@given(sequence=sequences(), changes=pedals)
def test_sustain_is_note_seq_s(sequence, changes):
    for time, value, instrument in changes:
        sequence.control_changes.add(
            time=time, control_number=64, control_value=value, instrument=instrument
        )
    theirs = note_seq("sequences_lib").apply_sustain_control_changes(sequence)
    section = Section(0.0, 1e9)
    notes = apply_sustain(read_columns(sequence), section_pedals(sequence, section))
    ours = zip(
        notes.start,
        notes.end,
        notes.pitch,
        notes.velocity,
        notes.instrument,
        strict=True,
    )
    expected = [
        (n.start_time, n.end_time, n.pitch, n.velocity, n.instrument)
        for n in theirs.notes
    ]
    assert sorted(ours) == sorted(expected)


@settings(max_examples=60, deadline=None)
@given(
    sequence=sequences(),
    limits=st.tuples(st.integers(-127, 0), st.integers(0, 127)),
    seed=st.integers(0, 5),
)
def test_transposition_moves_all_melodic_notes_alike(sequence, limits, seed):
    converter = PerformanceConverter(min_instruments=1, min_events=1)
    windows = converter.extract(sequence)
    augmentation = AugmentationConfig(transpose=limits)
    moved = converter.augment(windows, augmentation, np.random.default_rng(seed))
    pairs = zip(
        *(converter.decode(converter.expand(w).outputs) for w in (windows, moved)),
        strict=True,
    )
    for before, after in pairs:
        assert len(before.notes) == len(after.notes)
        key = lambda n: (n.instrument, n.start_time, n.pitch, n.end_time)  # noqa: E731
        notes = zip(
            sorted(before.notes, key=key), sorted(after.notes, key=key), strict=True
        )
        amounts = {(b.is_drum, b.pitch - a.pitch) for a, b in notes}
        melodic = {amount for is_drum, amount in amounts if not is_drum}
        assert len(melodic) <= 1
        assert melodic <= set(range(limits[0], limits[1] + 1))
        assert {amount for is_drum, amount in amounts if is_drum} <= {0}
