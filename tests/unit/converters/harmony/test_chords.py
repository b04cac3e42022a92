from __future__ import annotations

import functools
import typing

import numpy as np
import pytest
from helpers.installed import note_seq

from groovekit.converters.bar_grid import Grid
from groovekit.converters.base import Reason, UnusableError
from groovekit.converters.grid.sections import split_notes
from groovekit.converters.harmony.chord_inference import infer_chords
from groovekit.converters.harmony.chords import (
    NO_CHORD,
    ChordEncodingName,
    add_chords,
    add_keys,
    get_chord_encoding,
    guess_key,
    harmony_controls,
    parse_chords,
    requested_controls,
    spread,
    transpose_keys,
    write_controls,
)
from groovekit.converters.harmony.harmony import Harmony, read_harmony
from groovekit.errors import ConfigError, UsageError
from groovekit.io.columns import read_columns
from groovekit.io.notes import NoteSequence

TRIAD = get_chord_encoding("triad")
MAJOR_MINOR = get_chord_encoding("major_minor")
FIGURES = "N.C. C F#m7 Bb7 Ebaug G+ Bdim Cm7b5 Dmaj7/F# Am6 E(b9) Ab13 D##m"


# Labels ------------------------------------------------------------------------


def test_labels_of_symbols():
    assert TRIAD.classes == 49
    figures = parse_chords("N.C. C B Cm Bm Caug Baug Cdim Bdim")
    labels = [TRIAD.encode(figure) for figure in figures]
    assert labels == [0, 1, 12, 13, 24, 25, 36, 37, 48]
    assert TRIAD.encode("Am7/G") == TRIAD.encode("Am") == 22
    assert TRIAD.encode("Gb") == TRIAD.encode("F#") == 7
    assert MAJOR_MINOR.classes == 25
    assert MAJOR_MINOR.encode("Bm7") == 24


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (TRIAD, "TriadChordOneHotEncoding"),
        (MAJOR_MINOR, "MajorMinorChordOneHotEncoding"),
    ],
)
def test_labels_are_those_of_note_seq(ours, theirs):
    module = note_seq("chords_encoder_decoder")
    other = getattr(module, theirs)()
    assert ours.classes == other.num_classes
    for label in range(ours.classes):
        assert ours.decode(label) == other.decode_event(label)
        assert ours.encode(ours.decode(label)) == label
    for figure in FIGURES.split():
        try:
            expected = other.encode_event(figure)
        except module.ChordEncodingError:
            with pytest.raises(UsageError, match="expected a triad that is major or"):
                ours.encode(figure)
        else:
            assert ours.encode(figure) == expected


def test_refuses_what_has_no_label():
    with pytest.raises(UsageError, match=r"Cannot read the chord 'H'\. Write a root"):
        TRIAD.encode("H")
    with pytest.raises(UsageError, match="'Csus4': expected a triad that is major or"):
        TRIAD.encode("Csus4")
    with pytest.raises(UsageError, match="'Cdim'"):
        MAJOR_MINOR.encode("Cdim")
    with pytest.raises(UsageError, match=r"Did you mean 'triad'\?"):
        get_chord_encoding("triads")
    assert typing.get_args(ChordEncodingName) == ("triad", "major_minor")


def test_transposes_labels_as_symbols():
    symbols = note_seq("chord_symbols_lib")
    figures = ["N.C.", "C", "Bm", "F#aug", "Abdim"]
    labels = np.array([[TRIAD.encode(f) for f in figures]] * 3, np.uint8)
    moved = TRIAD.transpose(labels, np.array([0, 5, -14]))
    assert moved.dtype == np.uint8
    for row, semitones in zip(moved, (0, 5, -14), strict=True):
        expected = [NO_CHORD] + [
            symbols.transpose_chord_symbol(f, semitones) for f in figures[1:]
        ]
        assert row.tolist() == [TRIAD.encode(f) for f in expected]
    keys = np.array([[0, 11], [3, 4]], np.uint8)
    assert transpose_keys(keys, np.array([1, -4])).tolist() == [[1, 0], [11, 0]]


# What people write -------------------------------------------------------------


def test_reads_chords_as_people_write_them():
    assert parse_chords("C Am | F, G7") == ("C", "Am", "F", "G7")
    assert parse_chords([" B♭m ", "F♯", "nc", "N.C."]) == ("Bbm", "F#", "N.C.", "N.C.")
    assert parse_chords("Csus4") == ("Csus4",)


@pytest.mark.parametrize(
    ("chords", "message"),
    [
        ("", "Expected at least one chord, got none"),
        ([], "Expected at least one chord, got none"),
        ("C x G", r"Chord 2 of 3: Cannot read the chord 'x'"),
        ("c", r"Chord 1 of 1: Cannot read the chord 'c'"),
        ("C G5", r"Chord 2 of 2: Chord 'G5': expected a triad"),
        (["C", ""], r"Chord 2 of 2: Cannot read the chord ''"),
    ],
)
def test_says_which_chord_is_wrong(chords, message):
    with pytest.raises(UsageError, match=message):
        parse_chords(chords, TRIAD)


def test_spreads_chords_evenly():
    assert spread(4, 8).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert spread(3, 8).tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    with pytest.raises(UsageError, match="9 chords for 8 steps"):
        spread(9, 8)


@pytest.mark.parametrize(
    ("chords", "key"),
    [
        ("C F G Am", 0),
        ("Am Dm E", 0),
        ("D A Bm G", 2),
        ("Em", 7),
        ("F", 5),
        ("N.C.", 0),
        ("N.C. Eb Bb7", 3),
    ],
)
def test_guesses_the_key_of_chords(chords, key):
    assert guess_key(parse_chords(chords)) == key


def test_controls_that_ask_for_chords():
    controls = requested_controls("C Am", TRIAD, steps=4, keys=True)
    assert controls.shape == (4, 61)
    assert controls.dtype == np.float32
    assert controls[:, :49].argmax(axis=1).tolist() == [1, 1, 22, 22]
    assert controls[:, 49:].argmax(axis=1).tolist() == [0, 0, 0, 0]
    assert (controls.sum(axis=1) == 2).all()


# Writing -----------------------------------------------------------------------


def test_writes_chords_and_keys_where_they_change():
    sequence = NoteSequence()
    labels = np.array([0, 0, 1, 1, 22, 1])
    add_chords(sequence, labels, TRIAD, step_seconds=0.5)
    found = [(a.time, a.text) for a in sequence.text_annotations]
    assert found == [(0.0, "N.C."), (1.0, "C"), (2.0, "Am"), (2.5, "C")]
    add_keys(sequence, np.array([3, 3, 4]), step_seconds=0.5)
    assert [(k.time, k.key) for k in sequence.key_signatures] == [(0.0, 3), (1.0, 4)]
    add_chords(sequence, labels[:0], TRIAD, step_seconds=0.5)
    assert len(sequence.text_annotations) == 4


def test_writes_controls_up_to_the_length():
    chords, keys = np.array([[1, 48, 22, 22]]), np.array([[0, 0, 2, 2]])
    controls = harmony_controls(chords, keys, TRIAD)
    assert controls is not None
    [sequence] = sequences = [NoteSequence()]
    write_controls(sequences, controls, [3], TRIAD, keys=True, step_seconds=1.0)
    assert [a.text for a in sequence.text_annotations] == ["C", "Bdim", "Am"]
    assert [k.key for k in sequence.key_signatures] == [0, 2]
    with pytest.raises(ConfigError, match=r"shape \(1, steps, 49\), got \(1, 4, 61\)"):
        write_controls(sequences, controls, [3], TRIAD, keys=False, step_seconds=1.0)
    assert harmony_controls(None, None, None) is None


# Reading -----------------------------------------------------------------------


def annotated(chords=(), keys=(), *, bars: int = 4, qpm: float = 120.0) -> NoteSequence:
    """A scale in quarters, chords at steps and keys at steps."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    step = 15 / qpm
    for quarter in range(4 * bars):
        sequence.notes.add(
            pitch=60 + (0, 2, 4, 5, 7, 9, 11)[quarter % 7],
            velocity=80,
            start_time=4 * quarter * step,
            end_time=4 * (quarter + 1) * step,
        )
    sequence.total_time = 16 * bars * step
    for at, figure in chords:
        sequence.text_annotations.add(
            time=at * step, text=figure, annotation_type=1, quantized_step=int(at)
        )
    for at, key in keys:
        sequence.key_signatures.add(time=at * step, key=key)
    return sequence


def read(sequence: NoteSequence, section: int = 0, **options) -> Harmony:
    sections = split_notes(sequence, read_columns(sequence))
    where, notes = sections[section]
    total = float(notes.end.max())
    return read_harmony(
        sequence,
        where,
        notes,
        total_seconds=total,
        grid=Grid(),
        **({"steps": 64} | options),
    )


def found(harmony: Harmony) -> list[str]:
    assert isinstance(harmony, Harmony), harmony
    return [harmony.figures[index] for index in harmony.chords]


def test_reads_annotations():
    harmony = read(annotated([(4.4, "C"), (16, "Am"), (16.3, "Am"), (80, "F")]))
    figures = found(harmony)
    assert figures == ["N.C."] * 4 + ["C"] * 12 + ["Am"] * 48
    assert harmony.keys is None
    labels = harmony.labels(TRIAD, harmony.chords)
    assert np.unique(labels).tolist() == [0, 1, 22]


def test_before_the_first_key_the_first_one_holds():
    harmony = read(annotated([(0, "C")], [(32, 2), (48, 11)]), keys=True)
    assert isinstance(harmony, Harmony)
    assert harmony.keys.tolist() == [2] * 48 + [11] * 16


def test_a_section_begins_with_what_held_before():
    sequence = annotated([(0, "C"), (8, "F"), (40, "G")], [(0, 5)])
    sequence.tempos.add(qpm=60, time=4)
    figures = found(read(sequence, 1, steps=16, keys=True))
    # Half the tempo: eight sixteenths at 120 are four at 60.
    assert figures == ["F"] * 4 + ["G"] * 12


def test_only_symbols_of_windows_must_be_readable():
    harmony = read(annotated([(0, "C"), (32, "Foo")]))
    assert isinstance(harmony, Harmony)
    assert harmony.labels(TRIAD, harmony.chords[:32]).max() == 1
    with pytest.raises(UnusableError) as bad:
        harmony.labels(TRIAD, harmony.chords)
    assert bad.value.reason is Reason.HARMONY
    assert "Cannot read the chord 'Foo'" in bad.value.detail


@pytest.mark.parametrize(
    ("sequence", "options", "detail"),
    [
        (annotated([(8, "C"), (8.2, "G")]), {}, "chords C and G on one step"),
        (annotated([(0, "C")]), {"keys": True}, "has chords, but no key signature"),
        (annotated(bars=501), {}, "too long to infer chords: 1002 of at most 1000"),
    ],
)
def test_says_why_there_is_no_harmony(sequence, options, detail):
    with pytest.raises(UnusableError) as error:
        read(sequence, **options)
    assert error.value.reason is Reason.HARMONY
    assert error.value.detail == detail


def test_does_not_infer_in_odd_metres():
    sequence = annotated()
    sequence.time_signatures.add(numerator=8, denominator=8)
    with pytest.raises(UnusableError) as error:
        read(sequence)
    assert "time signature 8/8" in error.value.detail


def test_steps_without_times_have_chords_too():
    sequence = annotated([(0, "C"), (16, "G")], qpm=90)
    sequence.quantization_info.steps_per_quarter = 4
    for index, note in enumerate(sequence.notes):
        note.quantized_start_step, note.quantized_end_step = 4 * index, 4 * index + 4
        note.start_time = note.end_time = 0
    for annotation in sequence.text_annotations:
        annotation.time = 0
    assert found(read(sequence)) == ["C"] * 16 + ["G"] * 48


# Inferring ---------------------------------------------------------------------


@pytest.fixture
def theirs(monkeypatch):
    """note_seq's inference, its tables built once for all tests."""
    module = note_seq("chord_inference")
    monkeypatch.setattr(
        module, "_key_chord_transition_distribution", _transitions(module)
    )
    return module


@functools.cache
def _transitions(module):
    build = module._key_chord_transition_distribution
    table = None

    def once(*args, **kwargs):
        nonlocal table
        table = build(*args, **kwargs) if table is None else table
        return table

    return once


def random_music(rng: np.random.Generator) -> NoteSequence:
    """Chords of a key or noise, held or short, at times with silence and drums."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=float(rng.choice([60, 97.3, 120, 141])))
    scale = (np.array([0, 2, 4, 5, 7, 9, 11]) + rng.integers(12)) % 12
    steps = np.flatnonzero(rng.random(160) < rng.choice([0.1, 0.4]))
    for step in steps:
        for _ in range(rng.integers(1, 4)):
            chromatic = rng.random() < 0.2
            pitch_class = rng.integers(12) if chromatic else rng.choice(scale)
            start = step * 15 / sequence.tempos[0].qpm + rng.normal(0, 0.01)
            sequence.notes.add(
                pitch=int(pitch_class) + 12 * int(rng.integers(3, 7)),
                velocity=80,
                start_time=max(start, 0),
                end_time=max(start, 0) + float(rng.choice([0.05, 0.3, 1.7])),
                program=int(rng.choice([0, 33, 97, 120])),
                is_drum=bool(rng.random() < 0.1),
            )
    sequence.total_time = max((n.end_time for n in sequence.notes), default=0.0)
    return sequence


@pytest.mark.parametrize("seed", range(6))
def test_infers_what_note_seq_infers(theirs, seed):
    sequence = random_music(np.random.default_rng(seed))
    quantized = note_seq("sequences_lib").quantize_note_sequence(sequence, 4)
    theirs.infer_chords_for_sequence(quantized, add_key_signatures=True)
    expected = [(a.quantized_step, a.text) for a in quantized.text_annotations]

    [(section, notes)] = split_notes(sequence, read_columns(sequence))
    inferred = infer_chords(
        notes, section, total_seconds=float(notes.end.max()), grid=Grid()
    )
    ours = [
        (frame * inferred.steps, figure)
        for frame, figure in enumerate(inferred.figures)
        if frame == 0 or figure != inferred.figures[frame - 1]
    ]
    assert ours == expected
    changes = [
        (frame * inferred.seconds, key)
        for frame, key in enumerate(inferred.keys)
        if frame == 0 or key != inferred.keys[frame - 1]
    ]
    assert changes == [(k.time, k.key) for k in quantized.key_signatures]


def test_inferred_chords_hold_to_the_end():
    harmony = read(annotated(bars=1), steps=40, keys=True)
    assert found(harmony)[15:] == [found(harmony)[15]] * 25
    assert harmony.keys.shape == (40,)
