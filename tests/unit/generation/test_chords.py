"""Playing over chords, in keys and to an end: melodies."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.playing import made, same

from groovekit.errors import UsageError
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.notes import NoteSequence

on_all_backends = pytest.mark.backends

CHORD_SYMBOL = NoteSequence.TextAnnotation.CHORD_SYMBOL
COUNT = 2


def tune(*chords, qpm=100.0, transpose=0, key=None):
    """Two bars of a scale, with chords at the beginning of each half bar."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    if key is not None:
        sequence.key_signatures.add(key=key)
    quarter = 60.0 / qpm
    for number, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12)):
        sequence.notes.add(
            pitch=60 + step + transpose,
            velocity=90,
            start_time=number * quarter,
            end_time=(number + 1) * quarter,
        )
    sequence.total_time = 8 * quarter
    for number, text in enumerate(chords):
        sequence.text_annotations.add(
            time=2 * number * quarter, text=text, annotation_type=CHORD_SYMBOL
        )
    return sequence


def chords_of(sequence):
    return [
        (round(a.time, 6), a.text)
        for a in sequence.text_annotations
        if a.annotation_type == CHORD_SYMBOL
    ]


@pytest.fixture(scope="module")
def model():
    return made("cat-mel_2bar_med_chords")


@pytest.fixture(scope="module")
def key_model():
    return made("cat-mel_2bar_med_chords", **{"converter.condition_on_key": True})


@pytest.fixture(scope="module")
def ending_model():
    """Its windows are as long as they like."""
    trained = made(
        "cat-mel_2bar_small",
        **{"converter.end_token": True, "converter.sliding": False},
    )
    # Likely enough to come, but not at once.
    bias = trained.model.decoder.output_layer.bias
    bias.assign(np.asarray(bias) * 0 + np.eye(91)[90] * 1.5)
    return trained


# Chords -----------------------------------------------------------------------------


@on_all_backends
def test_chords_are_played_over_and_written(model):
    found = model.sample(COUNT, chords="C Am F G", seed=1)
    for sequence in found:
        assert chords_of(sequence) == [(0, "C"), (1, "Am"), (2, "F"), (3, "G")]
        assert sequence.total_time == 4
        assert sequence.notes
    for chords in ("C, Am | F G7", ["C", "Am", "Fmaj7", "G/B"]):
        same(model.sample(COUNT, chords=chords, seed=1), found)
    other = model.sample(COUNT, chords="F#m", seed=1)
    assert [list(s.notes) for s in other] != [list(s.notes) for s in found]
    # It is the controls that say so.
    controls = model.converter.chord_controls(["C", "Am", "F", "G"])
    same(model.sample(COUNT, controls=controls, seed=1), found)
    (slow,) = model.decode(np.zeros((1, 4)), chords="C G", qpm=60)
    assert chords_of(slow) == [(0, "C"), (4, "G")]


def test_longer_music_stretches_its_chords(model):
    found = model.sample(COUNT, chords="C Am", bars=4, seed=1)
    assert [s.total_time for s in found] == [8, 8]
    assert [chords_of(s) for s in found] == [[(0, "C"), (4, "Am")]] * COUNT


@on_all_backends
def test_without_chords_there_are_none(model):
    found = model.sample(COUNT, seed=1)
    same(model.sample(COUNT, chords="N.C.", seed=1), found)
    assert [chords_of(s) for s in found] == [[(0, "N.C.")]] * COUNT


def test_inputs_bring_their_chords_or_get_others(model):
    first, last = tune("C", "F", "G", "C"), tune("Am", "Dm", qpm=120, transpose=-3)
    own = model.reconstruct([first, last], temperature=0)
    assert chords_of(own[0]) == [(0, "C"), (1.2, "F"), (2.4, "G"), (3.6, "C")]
    assert chords_of(own[1]) == [(0, "Am"), (1, "Dm")]
    found = model.interpolate(first, last, 2, temperature=0)
    same(found, own)
    assert [chords_of(s) for s in found] == [chords_of(s) for s in own]
    given = model.reconstruct([first, last], chords="Eb Bb", temperature=0)
    assert chords_of(given[0]) == [(0, "Eb"), (2.4, "Bb")]
    assert chords_of(given[1]) == [(0, "Eb"), (2, "Bb")]
    found = model.interpolate(first, last, 2, chords="Eb Bb", temperature=0)
    same(found, given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chords": "C", "controls": np.zeros((1, 32, 49))}, "controls or chords, not"),
        ({"chords": "C", "controls": tune("C", "G")}, "controls or chords, not"),
        ({"chords": ""}, "at least one chord, got none"),
        ({"chords": []}, "at least one chord, got none"),
        ({"chords": "C H"}, "Chord 2 of 2: Cannot read the chord 'H'"),
        ({"chords": "C Gsus4"}, "Chord 2 of 2"),
        ({"chords": "C " * 33}, "33 chords for 32 steps.*more bars"),
        ({"chords": "C", "bars": 0}, "bars must be at least 1"),
    ],
)
def test_what_chords_cannot_be(model, options, message):
    with pytest.raises(UsageError, match=message):
        model.sample(1, **options)


def test_more_bars_have_room_for_more_chords(model):
    nothing = np.zeros((0, 4))
    assert model.decode(nothing, chords="C " * 33, bars=4) == []


def test_a_model_without_chords_says_so():
    model = made("cat-mel_2bar_small")
    with pytest.raises(UsageError, match=r"takes no chords.*with chords in its name"):
        model.sample(1, chords="C")
    with pytest.raises(UsageError, match="takes no chords"):
        model.reconstruct(tune(), chords="C")


def test_parts_of_a_batch_have_their_own_chords(model):
    parts = TrainedModel(model.config, model.model, max_batch_size=1)
    z = np.random.default_rng(0).normal(size=(COUNT, 4))
    controls = np.concatenate(
        [model.converter.chord_controls([chord]) for chord in ("C", "F#m")]
    )
    whole = model.decode(z, controls=controls, seed=1)
    assert [chords_of(s) for s in whole] == [[(0, "C")], [(0, "F#m")]]
    same(parts.decode(z, controls=controls, seed=1), whole)


# Keys -------------------------------------------------------------------------------


def test_a_key_comes_with_the_chords(key_model):
    assert key_model.converter.control_depth == 49 + 12
    found = key_model.sample(COUNT, chords="D G A", seed=1)
    for sequence in found:
        assert [(k.time, k.key) for k in sequence.key_signatures] == [(0, 2)]
        assert [text for _, text in chords_of(sequence)] == ["D", "G", "A"]
    with pytest.raises(UsageError, match=r"over chords in a key: give them.*`chords="):
        key_model.sample(1)
    (own,) = key_model.reconstruct(tune("C", "G", key=0), temperature=0)
    assert [k.key for k in own.key_signatures] == [0]
    (given,) = key_model.reconstruct(
        tune("C", "G", key=0), chords="Eb Bb", temperature=0
    )
    assert [k.key for k in given.key_signatures] == [3]


def test_a_model_in_keys_alone_takes_them_from_music():
    model = made("cat-mel_2bar_small", **{"converter.condition_on_key": True})
    with pytest.raises(UsageError, match="needs controls, which come from music"):
        model.sample(1)
    with pytest.raises(UsageError, match="takes no chords"):
        model.sample(1, chords="C")
    (sequence,) = model.sample(1, controls=tune(transpose=2), seed=1)
    assert [k.key for k in sequence.key_signatures] == [2]
    assert sequence.tempos[0].qpm == 100


# Ends -------------------------------------------------------------------------------


@on_all_backends
def test_music_ends_where_its_end_is(ending_model):
    z = np.random.default_rng(1).normal(size=(12, 4))
    labels = ending_model.decode_to_tensors(z, seed=1, temperature=1).argmax(-1)
    assert labels.shape == (12, 33)
    ends = [row.tolist().index(90) if 90 in row else 33 for row in labels]
    assert len(set(ends)) > 3
    found = ending_model.decode(z, seed=1, temperature=1)
    for sequence, end, row in zip(found, ends, labels, strict=True):
        assert sequence.total_time == end / 8
        assert all(note.end_time <= end / 8 for note in sequence.notes)
        starts = [step / 8 for step in np.flatnonzero(row[:end] >= 2)]
        assert [note.start_time for note in sequence.notes] == starts


def test_an_end_token_has_no_chord_of_its_own():
    """Asking for the model's own bars changes nothing."""
    model = made(
        "cat-mel_2bar_med_chords",
        **{"converter.end_token": True, "converter.sliding": False},
    )
    z = np.zeros((1, 4))
    asked = []
    model.decode_to_tensors = lambda z, *, controls, steps, **_: (
        asked.append(controls) or np.zeros((len(z), steps, 91))
    )
    for bars in (None, 2):
        (sequence,) = model.decode(z, chords="C Am F G", bars=bars)
        times = [time for time, _ in chords_of(sequence)]
        assert times == [0, 1, 2, 3]
    np.testing.assert_array_equal(*asked)
    assert asked[0].shape == (1, 33, 49)


@on_all_backends
def test_melodies_of_any_length_are_encoded(ending_model):
    """What follows the end does not count, in tensors and in bare arrays."""
    short = tune()
    del short.notes[3:]
    short.total_time = short.notes[-1].end_time
    converter = ending_model.converter
    tensors = converter.encode(short)
    length = int(tensors.lengths[0])
    assert length < 33
    expected = ending_model.encode(short).mean
    np.testing.assert_allclose(ending_model.encode(tensors).mean, expected, atol=1e-6)
    garbage = tensors.inputs.copy()
    garbage[:, length:, 5] = 1
    changed = dataclasses.replace(tensors, inputs=garbage)
    np.testing.assert_allclose(ending_model.encode(changed).mean, expected, atol=1e-6)
    for array in (tensors.inputs, tensors.inputs[0]):
        np.testing.assert_allclose(ending_model.encode(array).mean, expected, atol=1e-6)
