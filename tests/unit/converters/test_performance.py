from __future__ import annotations

import dataclasses

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
from groovekit.converters.events.notes import DEFAULT_VELOCITY
from groovekit.converters.events.sustain import apply_sustain, section_pedals
from groovekit.converters.grid.sections import Section
from groovekit.converters.performance import PerformanceConverter
from groovekit.errors import ConfigError, UsageError
from groovekit.io.columns import read_columns
from groovekit.io.midi.encoding import encode_midi
from groovekit.io.midi.files import read_midi
from groovekit.io.notes import NoteSequence

# A short vocabulary: four steps a quarter, two velocities.
SMALL = PerformanceConverter(
    velocity_bins=2, min_events=1, max_instruments=3, max_events=16, steps_per_quarter=4
)
STEP = 0.125  # seconds, at 120 quarters a minute


def make_sequence(*notes, chords=(), qpm=120.0, metre=(4, 4)) -> NoteSequence:
    """Notes are ``(instrument, program or "drums", pitch, step, end, velocity)``."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    sequence.time_signatures.add(numerator=metre[0], denominator=metre[1])
    step = STEP * 120 / qpm
    for instrument, program, pitch, start, end, velocity in notes:
        drums = program == "drums"
        sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=start * step,
            end_time=end * step,
            instrument=instrument,
            program=0 if drums else program,
            is_drum=drums,
        )
    for start, text in chords:
        sequence.text_annotations.add(time=start * step, text=text, annotation_type=1)
    sequence.total_time = max((n.end_time for n in sequence.notes), default=0)
    return sequence


DUET = (
    (4, "drums", 36, 0, 1, 120),
    (2, 33, 40, 4, 8, 50),
    (2, 33, 43, 4, 6, 100),
    (2, 33, 40, 8, 16, 50),
)


def words(converter: PerformanceConverter, labels) -> list[str]:
    """Labels in words, to be read."""
    w = converter.vocabulary
    names = []
    for label in np.asarray(labels).tolist():
        if label < w.first_off:
            names.append(f"on {label + w.min_pitch}")
        elif label < w.first_shift:
            names.append(f"off {label - w.first_off + w.min_pitch}")
        elif label < w.first_velocity:
            names.append(f"shift {label - w.first_shift + 1}")
        elif label < w.first_program:
            names.append(f"velocity {label - w.first_velocity}")
        elif label < w.drum_program:
            names.append(f"program {label - w.first_program}")
        else:
            names.append("drums" if label == w.drum_program else "end")
    return names


def segments(converter: PerformanceConverter, windows: Windows) -> list[list[str]]:
    """The used labels of the first window's segments."""
    events = windows.arrays["events"][0].reshape(-1, converter.max_events)
    lengths = windows.arrays["lengths"][0]
    return [
        words(converter, e[:n]) for e, n in zip(events, lengths.tolist(), strict=True)
    ]


BASS = [
    "program 33",
    "shift 4",
    "velocity 0",
    "on 40",
    "velocity 1",
    "on 43",
    "shift 2",
    "off 43",
    "shift 2",
    "off 40",
    "velocity 0",
    "on 40",
    "shift 8",
    "off 40",
    "end",
]
DRUMS = ["drums", "velocity 1", "on 36", "shift 1", "off 36", "shift 15", "end"]


def test_events_in_words():
    sequence = make_sequence(*DUET)
    before = sequence.SerializeToString()
    windows = SMALL.extract(sequence)
    assert segments(SMALL, windows) == [BASS, DRUMS, ["end"]]
    assert windows.counts == Counts(notes=4, kept=4)
    assert sequence.SerializeToString() == before
    tensors = SMALL.expand(windows)
    assert tensors.inputs.shape == (1, 48, SMALL.input_depth)
    assert tensors.inputs.dtype == np.float32
    assert tensors.controls is None
    assert tensors.lengths.tolist() == [[15, 7, 1]]
    assert tensors.lengths.dtype == np.int32
    used = np.arange(16) < tensors.lengths[0][:, None]
    np.testing.assert_array_equal(tensors.outputs.sum(axis=-1)[0], used.ravel())


def test_the_tempo_does_not_matter():
    plain = SMALL.extract(make_sequence(*DUET))
    other = SMALL.extract(make_sequence(*DUET, qpm=97.5))
    np.testing.assert_array_equal(plain.arrays["events"], other.arrays["events"])


def test_without_velocities_there_are_no_such_events():
    converter = dataclasses.replace(SMALL, velocity_bins=0)
    windows = converter.extract(make_sequence(*DUET))
    expected = [[e for e in part if "velocity" not in e] for part in (BASS, DRUMS)]
    assert segments(converter, windows) == [*expected, ["end"]]
    [decoded] = converter.decode(converter.expand(windows).outputs)
    assert {n.velocity for n in decoded.notes} == {DEFAULT_VELOCITY}


def test_notes_end_with_their_window():
    windows = SMALL.extract(
        make_sequence(*DUET[:2], (2, 33, 50, 12, 20, 50), (4, "drums", 38, 17, 18, 90))
    )
    # The second bar has one instrument only: the long note does not begin there.
    assert len(windows) == 1
    bass = segments(SMALL, windows)[0]
    assert bass[-4:] == ["on 50", "shift 4", "off 50", "end"]
    assert windows.counts == Counts(notes=4, kept=3, ignored=1)


def test_an_overlap_of_one_pitch_ends_first_in_first_out():
    windows = SMALL.extract(
        make_sequence(*DUET[:1], (2, 33, 40, 0, 8, 50), (2, 33, 40, 4, 6, 100))
    )
    [decoded] = SMALL.decode(SMALL.expand(windows).outputs)
    spans = [
        (n.start_time / STEP, n.end_time / STEP, n.velocity)
        for n in decoded.notes
        if not n.is_drum
    ]
    assert spans == [(0, 6, 1), (4, 8, 65)]


def test_an_instrument_with_several_programs_counts_as_several():
    windows = SMALL.extract(make_sequence((0, 5, 60, 0, 4, 80), (0, 2, 64, 4, 8, 80)))
    assert [part[0] for part in segments(SMALL, windows)] == [
        "program 2",
        "program 5",
        "end",
    ]


def test_longer_windows_have_chunks():
    converter = dataclasses.replace(SMALL, bars=2)
    assert (converter.steps, converter.length_shape) == (96, (6,))
    windows = converter.extract(make_sequence(*DUET, (4, "drums", 38, 17, 18, 90)))
    parts = segments(converter, windows)
    assert parts[:3] == [BASS, DRUMS, ["end"]]
    assert parts[3] == ["program 33", "shift 16", "end"]
    assert parts[4][:3] == ["drums", "shift 1", "velocity 1"]
    [decoded] = converter.decode(converter.expand(windows).outputs)
    assert decoded.total_time == 4.0
    drums = [n.start_time / STEP for n in decoded.notes if n.is_drum]
    assert drums == [0, 17]
    assert {n.program for n in decoded.notes if not n.is_drum} == {33}
    # One longer segment an instrument is another choice.
    whole = dataclasses.replace(converter, chunk_bars=2)
    windows = whole.extract(make_sequence(*DUET))
    assert segments(whole, windows)[0] == [*BASS[:-1], "shift 16", "end"]


def test_the_sustain_pedal():
    sequence = make_sequence(*DUET)
    for step, value, instrument in ((5, 100, 2), (6, 127, 4), (11, 0, 2)):
        sequence.control_changes.add(
            time=step * STEP,
            control_number=64,
            control_value=value,
            instrument=instrument,
        )
    section = Section(0.0, 10.0)
    notes = apply_sustain(read_columns(sequence), section_pedals(sequence, section))
    assert (notes.end / STEP).tolist() == [1, 8, 11, 16]
    windows = SMALL.extract(sequence)
    assert "shift 3" in segments(SMALL, windows)[0]


@pytest.mark.parametrize(
    ("sequence", "options", "reason", "words"),
    [
        (NoteSequence(), {}, Reason.EMPTY, ""),
        (make_sequence((0, 0, 60, 0, 4, 0)), {}, Reason.NO_MATERIAL, "velocity 0"),
        (
            make_sequence(*DUET, metre=(3, 4)),
            {},
            Reason.TIME_SIGNATURE,
            "time signature 3/4",
        ),
        (make_sequence(DUET[0]), {}, Reason.INSTRUMENTS, "1 in a window, not 2 to 3"),
        (
            make_sequence(*((i, i, 60, 0, 4, 80) for i in range(4))),
            {},
            Reason.INSTRUMENTS,
            "4 in a window",
        ),
        (make_sequence(*DUET), {"min_events": 40}, Reason.EVENTS, "18 in a window"),
        (make_sequence(*DUET), {"max_events": 14}, Reason.EVENTS, "13 of an instr"),
        (make_sequence(*DUET), {"min_pitch": 40}, Reason.NO_MATERIAL, "outside 40"),
        (
            make_sequence(*DUET, (*DUET[0][:3], 20, 21, 90)),
            {"first_window_only": True},
            Reason.TOO_LONG,
            "2 windows",
        ),
        (make_sequence((0, 0, 60, 0, 1e9, 80)), {}, Reason.TOO_LONG, "bars"),
        (
            make_sequence(*DUET, chords=[(0, "Foo")]),
            {"chord_encoding": "triad"},
            Reason.HARMONY,
            "'Foo'",
        ),
    ],
)
def test_why_there_are_no_windows(sequence, options, reason, words):
    result = dataclasses.replace(SMALL, **options).encode(sequence)
    assert isinstance(result, Skipped)
    assert result.reason is reason
    assert words in result.detail
    assert result.counts.ignored == result.counts.notes == len(sequence.notes)


def test_parts_in_another_metre_are_left_out():
    sequence = make_sequence(*DUET)
    sequence.time_signatures.add(time=2.0, numerator=3, denominator=4)
    sequence.notes.add(pitch=60, velocity=80, start_time=2.5, end_time=3.0)
    windows = SMALL.extract(sequence)
    assert len(windows) == 1
    assert windows.counts == Counts(notes=5, kept=4, ignored=1)
    whole = dataclasses.replace(SMALL, changes="refuse")
    assert whole.extract(sequence).reason is Reason.TIME_SIGNATURE_CHANGE


# Chords ---------------------------------------------------------------------------

CHORDS = dataclasses.replace(SMALL, chord_encoding="triad")


def test_chords_hold_from_their_step_on():
    sequence = make_sequence(*DUET, chords=[(0, "C"), (8, "Am7"), (16, "F")])
    windows = CHORDS.extract(sequence)
    chords = windows.arrays["chords"].reshape(3, 16)
    bass = dict(zip(segments(CHORDS, windows)[0], chords[0].tolist(), strict=False))
    assert bass["program 33"] == 0
    assert bass["off 43"] == 1
    # A shift has the chord on the step where it begins.
    assert chords[0, BASS.index("shift 8")] == 1 + 12 + 9
    assert bass["end"] == 1 + 12 + 9
    tensors = CHORDS.expand(windows)
    assert tensors.controls.shape == (1, 48, 49)
    [decoded] = CHORDS.decode(tensors.outputs, tensors.controls)
    found = [(a.time / STEP, a.text) for a in decoded.text_annotations]
    assert found == [(0, "C"), (8, "Am")]
    assert not CHORDS.decode(tensors.outputs)[0].text_annotations


def test_missing_chords_are_inferred():
    notes = [(0, 0, p, 0, 16, 80) for p in (60, 64, 67)]
    windows = CHORDS.extract(make_sequence(*notes, DUET[0]))
    assert windows.arrays["chords"].reshape(3, 16)[0, :5].tolist() == [0, 1, 1, 1, 1]


def test_asking_for_chords():
    controls = CHORDS.chord_controls(["C", "F#m", "N.C."])
    assert controls.shape == (3, 48, 49)
    assert controls.dtype == np.float32
    labels = controls.argmax(axis=-1)
    # Each segment begins with its program, which has no chord.
    by_segment = labels.reshape(3, -1, CHORDS.max_events)
    assert (by_segment[:, :, 0] == 0).all()
    expected = np.array([1, 19, 0])[:, None, None]
    assert (by_segment[:, :, 1:] == expected).all()
    assert CHORDS.chord_controls(["C"], steps=96).shape == (1, 96, 49)
    with pytest.raises(UsageError, match="Chord 2 of 2: Cannot read"):
        CHORDS.chord_controls(["C", "H"])
    with pytest.raises(UsageError, match="takes no chords"):
        SMALL.chord_controls(["C"])


# Augmentation ---------------------------------------------------------------------


def test_transposing_moves_all_but_drums():
    windows = CHORDS.extract(make_sequence(*DUET, chords=[(0, "C")]))
    before = {name: array.copy() for name, array in windows.arrays.items()}
    up = AugmentationConfig(transpose=(3, 3))
    moved = CHORDS.augment(windows, up, np.random.default_rng(0))
    bass, drums, nobody = segments(CHORDS, moved)
    assert bass == [
        {
            "on 40": "on 43",
            "off 40": "off 43",
            "on 43": "on 46",
            "off 43": "off 46",
        }.get(e, e)
        for e in BASS
    ]
    assert (drums, nobody) == (DRUMS, ["end"])
    assert set(moved.arrays["chords"].ravel().tolist()) == {0, 4}
    for name, array in windows.arrays.items():
        np.testing.assert_array_equal(array, before[name])
        assert moved.arrays[name].dtype == array.dtype


def test_transpositions_stay_in_range():
    converter = dataclasses.replace(SMALL, min_pitch=36, max_pitch=45)
    windows = converter.extract(make_sequence(*DUET))
    windows = windows.take(np.zeros(200, np.int64))
    far = AugmentationConfig(transpose=(-20, 20))
    moved = converter.augment(windows, far, np.random.default_rng(0))
    again = converter.augment(windows, far, np.random.default_rng(0))
    np.testing.assert_array_equal(moved.arrays["events"], again.arrays["events"])
    first = moved.arrays["events"][:, BASS.index("on 40")] + 36
    assert set(first.tolist()) == set(range(36, 43))
    # Nothing in the range fits: the window stays.
    none = AugmentationConfig(transpose=(5, 9))
    moved = converter.augment(windows, none, np.random.default_rng(0))
    np.testing.assert_array_equal(moved.arrays["events"], windows.arrays["events"])
    same = AugmentationConfig(stretch=(0.5, 2.0))
    assert converter.augment(windows, same, np.random.default_rng(0)) is windows


# Writing --------------------------------------------------------------------------


def test_drums_and_programs_reach_midi():
    windows = SMALL.extract(make_sequence(*DUET))
    [decoded] = SMALL.decode(SMALL.expand(windows).outputs, qpm=100.0)
    assert decoded.tempos[0].qpm == 100.0
    assert decoded.total_time == pytest.approx(2.4)
    assert (decoded.time_signatures[0].numerator, len(decoded.notes)) == (4, 4)
    midi = read_midi(encode_midi(decoded))
    rows = sorted((n.is_drum, n.program, n.pitch) for n in midi.notes)
    assert rows == [(False, 33, 40), (False, 33, 40), (False, 33, 43), (True, 0, 36)]


def labels_of(converter, *names) -> np.ndarray:
    """``(1, steps, depth)`` of one segment in words, the others ending at once."""
    w = converter.vocabulary
    table = {"on": 0, "off": w.first_off, "shift": w.first_shift - 1}
    table |= {"velocity": w.first_velocity, "program": w.first_program}
    labels = np.full((converter.segments, converter.max_events), w.end)
    for index, name in enumerate(names):
        kind, _, number = name.partition(" ")
        single = {"drums": w.drum_program, "end": w.end}
        labels[0, index] = single[kind] if kind in single else table[kind] + int(number)
    return np.eye(w.size)[labels.reshape(1, -1)]


def spans(converter, *names):
    [decoded] = converter.decode(labels_of(converter, *names))
    return [
        (n.pitch, round(n.start_time / STEP, 6), round(n.end_time / STEP, 6), n.program)
        for n in decoded.notes
    ]


def test_decoding_what_no_converter_writes():
    # Ends without beginnings, no duration, a note that is never ended.
    found = spans(SMALL, "off 5", "on 6", "off 6", "on 7", "shift 4", "program 9")
    assert found == [(7, 0, 16, 9)]
    # A shift beyond the bar is cut and what follows left out.
    found = spans(SMALL, "on 5", "shift 16", "off 5", "shift 3", "on 6", "on 7")
    assert found == [(5, 0, 16, 0)]
    found = spans(SMALL, "shift 10", "on 5", "shift 10", "off 5", "on 6")
    assert found == [(5, 10, 16, 0)]
    assert spans(SMALL, "end", "on 5", "shift 4") == []
    assert spans(SMALL, "on 5", "shift 4", "off 5", "end", "on 5", "shift 4") == [
        (5, 0, 4, 0)
    ]


def test_decoding_other_shapes():
    outputs = np.zeros((1, 48, SMALL.output_depth))
    assert len(SMALL.decode(outputs)) == 1
    with pytest.raises(ConfigError, match=r"multiple of 48 steps, got \(1, 47, "):
        SMALL.decode(outputs[:, :47])
    with pytest.raises(ConfigError, match="Expected outputs of shape"):
        SMALL.decode(outputs[0])
    with pytest.raises(ConfigError, match="Expected a positive tempo"):
        SMALL.decode(outputs, qpm=0)
    with pytest.raises(ConfigError, match="controls for each step"):
        CHORDS.decode(outputs, np.zeros((1, 96, 49)))
    # Several bars, one after another.
    two = np.concatenate([labels_of(SMALL, "on 5", "shift 4", "off 5", "end")] * 2, 1)
    [decoded] = SMALL.decode(two)
    assert [n.start_time for n in decoded.notes] == [0.0, 2.0]
    assert decoded.total_time == 4.0


@pytest.mark.parametrize(
    "options",
    [
        {"bars": 0},
        {"bars": 3, "chunk_bars": 2},
        {"velocity_bins": 128},
        {"min_instruments": 0},
        {"max_instruments": 1},
        {"max_events": 2},
        {"min_events": -1},
        {"min_pitch": 60, "max_pitch": 59},
        {"max_pitch": 128},
        {"chord_encoding": "jazz"},
        {"max_windows": 0},
    ],
)
def test_options_out_of_range(options):
    with pytest.raises(ConfigError, match=r"PerformanceConverter\.\w+: expected"):
        PerformanceConverter(**options)


def test_a_limit_of_windows():
    limited = dataclasses.replace(SMALL, max_windows=1)
    notes = [
        (i, p, q, s + 16 * b, e + 16 * b, v)
        for b in (0, 1, 2)
        for i, p, q, s, e, v in DUET
    ]
    encoded = limited.encode(make_sequence(*notes))
    assert isinstance(encoded, Encoded)
    assert (len(encoded), len(limited.extract(make_sequence(*notes)))) == (1, 3)
