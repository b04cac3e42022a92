"""Playing hierarchical models: any number of bars, several instruments, chords."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny
from helpers.playing import made, same

from groovekit.errors import UsageError
from groovekit.generation.sections import one_after_another, plan
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.notes import NoteSequence

on_all_backends = pytest.mark.backends

BAR = 2.0  # seconds, at 120 quarters a minute
CODES = np.random.default_rng(3).normal(size=(2, 4)).astype(np.float32)
# Three instruments of at most twelve events, and four steps a quarter.
SHORT = {
    "converter.max_instruments": 3,
    "converter.min_instruments": 1,
    "converter.max_events": 12,
    "converter.min_events": 1,
    "converter.steps_per_quarter": 4,
    "encoder.level_lengths": [12, 3],
    "decoder.level_lengths": [3, 12],
}
DRUMS = {"decoder.conductor_size": [5], "decoder.conductor_projection": 4}


@pytest.fixture(scope="module")
def drums():
    return made("hierdec-drums_4bar", **DRUMS)


@pytest.fixture(scope="module")
def grooves():
    return made("hierdec-groovae_4bar", **{"decoder.conductor_size": [5]})


@pytest.fixture(scope="module")
def trio():
    return made("hierdec-trio_16bar")


@pytest.fixture(scope="module")
def band():
    return made("hier-multiperf_vel_1bar_med", **SHORT)


@pytest.fixture(scope="module")
def chord_band():
    return made("hier-multiperf_vel_1bar_med_chords", **SHORT)


def bar(*parts, chord=None):
    """A bar: parts are ``(program or "drums", pitch)``, played on each quarter."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=120)
    sequence.time_signatures.add(numerator=4, denominator=4)
    for instrument, (program, pitch) in enumerate(parts):
        for quarter in range(2):
            sequence.notes.add(
                pitch=pitch,
                velocity=80,
                start_time=quarter * BAR / 4,
                end_time=(quarter + 1) * BAR / 4,
                instrument=instrument,
                program=0 if program == "drums" else program,
                is_drum=program == "drums",
            )
    sequence.total_time = BAR
    if chord is not None:
        sequence.text_annotations.add(time=0, text=chord, annotation_type=1)
    return sequence


def players(sequence):
    """Who plays what, and when."""
    found = {}
    for note in sequence.notes:
        key = (note.instrument, note.program, note.is_drum)
        found.setdefault(key, []).append((round(note.start_time, 6), note.pitch))
    return found


# Bars -------------------------------------------------------------------------------


@on_all_backends
def test_drums_of_any_number_of_bars(drums):
    whole = drums.decode_to_tensors(CODES, seed=1)
    assert whole.shape == (2, 64, 512)
    short = drums.decode_to_tensors(CODES[:1], steps=16, seed=1)
    # The uppermost conductor listens to nothing: longer music begins like shorter.
    np.testing.assert_array_equal(short, whole[:1, :16])
    long = drums.decode_to_tensors(CODES[:1], steps=96, seed=1)
    np.testing.assert_array_equal(long[:, :64], whole[:1])
    (sequence,) = drums.decode(CODES[:1], bars=6, seed=1)
    same([sequence], drums.converter.decode(long))
    assert sequence.total_time == 6 * BAR
    assert any(note.start_time >= 4 * BAR for note in sequence.notes)
    assert {(n.is_drum, n.instrument) for n in sequence.notes} == {(True, 9)}


def test_the_size_of_parts_changes_nothing(drums, chord_band):
    for model in (drums, chord_band):
        parts = TrainedModel(model.config, model.model, max_batch_size=1)
        steps = model.converter.steps
        np.testing.assert_allclose(
            parts.decode_to_tensors(CODES, steps=steps, seed=1),
            model.decode_to_tensors(CODES, steps=steps, seed=1),
            rtol=0,
            atol=1e-5,
        )


def test_a_seed_gives_the_same_music(drums):
    first, again, other = (drums.sample(1, bars=1, seed=s) for s in (7, 7, 8))
    assert first == again != other


@on_all_backends
def test_grooves_bar_by_bar(grooves):
    first, last = tiny.groove(1, qpm=90.0), tiny.groove(2)
    found = grooves.interpolate(first, last, 2, temperature=0)
    same(found, grooves.reconstruct([first, last], temperature=0))
    assert [s.tempos[0].qpm for s in found] == [90, 120]
    tensors = grooves.decode_to_tensors(CODES, temperature=0)
    assert tensors.shape == (2, 64, 27)
    assert set(np.unique(tensors[..., :9])) <= {0, 1}


def test_bars_that_a_hierarchy_cannot_make():
    levels = {"decoder.level_lengths": [2, 2, 16]}
    model = made("hierdec-drums_4bar", **DRUMS, **levels)
    for bars in (1, 3):
        with pytest.raises(
            UsageError, match=f"decodes 2 bars at a time: .* multiple, got {bars}"
        ):
            model.sample(1, bars=bars)
    with pytest.raises(UsageError, match="steps must be a multiple of 32, got 48"):
        model.decode_to_tensors(CODES, steps=48)
    assert model.decode(np.zeros((0, 4)), bars=6) == []


# Trios ------------------------------------------------------------------------------


@on_all_backends
def test_a_trio_has_its_programs(trio):
    found = trio.sample(2, bars=2, qpm=100, seed=1, temperature=1)
    for sequence in found:
        assert sequence.total_time == pytest.approx(2 * 2.4)
        kinds = {(n.instrument, n.program, n.is_drum) for n in sequence.notes}
        assert kinds == {(0, 0, False), (1, 33, False), (9, 0, True)}
        assert max(n.end_time for n in sequence.notes) <= sequence.total_time + 1e-6
    tensors = trio.decode_to_tensors(CODES, steps=32, seed=1)
    for part in np.split(tensors, [90, 180], axis=-1):
        assert (part.sum(-1) == 1).all()
    with pytest.raises(UsageError, match="takes no chords"):
        trio.sample(1, chords="C")


# Several instruments ----------------------------------------------------------------


def scripted(monkeypatch, model, bars):
    """Lets the model make these bars, one after another; tells what it was asked."""
    made = np.concatenate([model.converter.encode(b).outputs for b in bars])
    asked = {}

    def decode_to_tensors(z, **options):
        asked.update(options, codes=z)
        return made

    monkeypatch.setattr(model, "decode_to_tensors", decode_to_tensors)
    return asked


def test_bars_of_several_instruments_follow_each_other(monkeypatch, band):
    bars = [
        bar((0, 60), (33, 40), ("drums", 36)),
        bar((33, 41), ("drums", 38)),
        bar((0, 62), (0, 72), ("drums", 42)),
        bar((48, 63)),
    ]
    asked = scripted(monkeypatch, band, bars)
    first, second = band.decode(CODES, bars=2)
    np.testing.assert_array_equal(asked["codes"], CODES[[0, 0, 1, 1]])
    assert first.total_time == second.total_time == 2 * BAR
    # The bass is one instrument though its place changes; drums are on channel 9.
    assert players(first) == {
        (0, 0, False): [(0, 60), (0.5, 60)],
        (1, 33, False): [(0, 40), (0.5, 40), (2, 41), (2.5, 41)],
        (9, 0, True): [(0, 36), (0.5, 36), (2, 38), (2.5, 38)],
    }
    # Two pianos stay two.
    assert players(second) == {
        (0, 0, False): [(0, 62), (0.5, 62)],
        (1, 0, False): [(0, 72), (0.5, 72)],
        (9, 0, True): [(0, 42), (0.5, 42)],
        (2, 48, False): [(2, 63), (2.5, 63)],
    }
    assert len(first.tempos) == len(first.time_signatures) == 1


def test_tempo_of_bars_that_follow_each_other(monkeypatch, band):
    scripted(monkeypatch, band, [bar((0, 60))] * 3)
    (sequence,) = band.decode(CODES[:1], bars=3, qpm=60)
    assert sequence.total_time == 12
    assert players(sequence) == {
        (0, 0, False): [(t, 60) for t in (0, 1, 4, 5, 8, 9)],
    }


def test_each_bar_has_its_chord(monkeypatch, chord_band):
    bars = [bar((0, 60), ("drums", 36), chord="C")] * 4
    asked = scripted(monkeypatch, chord_band, bars)
    first, second = chord_band.decode(CODES, chords="C Am")
    for sequence in (first, second):
        annotations = [(a.time, a.text) for a in sequence.text_annotations]
        assert annotations == [(0, "C"), (2, "Am")]
        assert sequence.total_time == 2 * BAR
    np.testing.assert_array_equal(asked["codes"], CODES[[0, 0, 1, 1]])
    labels = asked["controls"].argmax(-1).reshape(4, 3, 12)
    # C, A minor; nothing where an instrument is named.
    assert (labels[..., 0] == 0).all()
    assert labels[:, :, 1:].max(axis=(1, 2)).tolist() == [1, 22, 1, 22]
    assert labels[:, :, 1:].min(axis=(1, 2)).tolist() == [1, 22, 1, 22]


def test_chords_are_repeated_for_more_bars(monkeypatch, chord_band):
    scripted(monkeypatch, chord_band, [bar((0, 60), (33, 40))] * 3)
    (sequence,) = chord_band.decode(CODES[:1], chords="F G", bars=3)
    annotations = [(a.time, a.text) for a in sequence.text_annotations]
    assert annotations == [(0, "F"), (2, "G"), (4, "F")]
    # Fewer bars than chords: the first ones.
    scripted(monkeypatch, chord_band, [bar((0, 60), (33, 40))])
    (sequence,) = chord_band.decode(CODES[:1], chords="F G", bars=1)
    assert [(a.time, a.text) for a in sequence.text_annotations] == [(0, "F")]


@on_all_backends
def test_sections_are_decoded_with_their_own_chords(chord_band):
    """The model itself: each bar is what it makes of the code and the chord."""
    unit = chord_band.converter.steps
    controls = chord_band.converter.chord_controls(["C", "F#m"])
    found = chord_band.decode_to_tensors(CODES[[0, 0]], controls=controls, seed=1)
    assert found.shape == (2, unit, chord_band.converter.output_depth)
    assert (found.sum(-1) == 1).all()
    parts = chord_band.converter.decode(found, controls)
    expected = one_after_another(parts, BAR)
    same(chord_band.decode(CODES[:1], chords="C F#m", seed=1), [expected])
    # Another chord, other events, the same noise.
    other = chord_band.converter.chord_controls(["C", "Eb"])
    changed = chord_band.decode_to_tensors(CODES[[0, 0]], controls=other, seed=1)
    np.testing.assert_array_equal(changed[0], found[0])
    assert (changed[1] != found[1]).any()


def test_without_chords_there_are_none(chord_band):
    found = chord_band.sample(2, seed=1)
    nothing = chord_band.converter.default_controls(2, chord_band.converter.steps)
    same(chord_band.sample(2, controls=nothing, seed=1), found)
    for sequence in found:
        assert {a.text for a in sequence.text_annotations} <= {"N.C."}


def test_what_several_instruments_refuse(band, chord_band):
    with pytest.raises(UsageError, match="takes no chords"):
        band.sample(1, chords="C")
    with pytest.raises(UsageError, match="bars must be at least 1, got 0"):
        band.sample(1, bars=0)
    with pytest.raises(UsageError, match="Chord 1 of 1"):
        chord_band.sample(1, chords="X")
    controls = np.zeros((1, 36, 49))
    with pytest.raises(UsageError, match="controls or chords, not both"):
        chord_band.sample(1, chords="C", controls=controls)
    with pytest.raises(UsageError, match="steps must be a multiple of 12, got 40"):
        band.decode_to_tensors(CODES, steps=40)


def test_windows_of_two_bars_tile_by_two():
    model = made(
        "hier-multiperf_vel_1bar_med",
        **{
            **SHORT,
            "converter.bars": 2,
            "encoder.level_lengths": [12, 6],
            "decoder.level_lengths": [6, 12],
        },
    )
    with pytest.raises(UsageError, match=r"have 2 bars: .* a multiple, got 3"):
        model.sample(1, bars=3)
    _, count = plan(model.converter, 4, step_multiple=1, name="x")
    assert count == 2


@on_all_backends
def test_instruments_of_any_length_are_encoded(chord_band):
    """Padding inside the window does not count, in tensors and in bare arrays."""
    model = chord_band
    tensors = model.converter.encode(bar((0, 60), ("drums", 36), chord="C"))
    assert tensors.lengths.shape == (1, 3)
    assert tensors.lengths.max() < 12
    expected = model.encode(tensors).mean
    for array in (tensors.inputs, tensors.inputs[0]):
        found = model.encode(array, controls=tensors.controls).mean
        np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(UsageError, match="a multiple of 3 steps, got 35"):
        model.encode(tensors.inputs[:, :35], controls=tensors.controls[:, :35])


def test_music_of_several_instruments_is_reconstructed(chord_band):
    music = bar((0, 60), ("drums", 36), chord="Am")
    own = chord_band.reconstruct(music, 2, seed=1)
    assert len(own) == 2
    given = chord_band.reconstruct(music, 2, chords="Am", seed=1)
    # Controls of music end with its events: what follows may differ.
    assert [s.total_time for s in own + given] == [BAR] * 4
    ends = chord_band.interpolate(music, bar((5, 50), (6, 52)), 3, chords="C F", seed=1)
    assert [s.total_time for s in ends] == [2 * BAR] * 3


# Joining ----------------------------------------------------------------------------


def test_joining_leaves_the_parts_alone():
    parts = [bar((0, 60), chord="C"), bar(("drums", 36), (0, 62), chord="G")]
    before = [part.SerializeToString() for part in parts]
    joined = one_after_another(parts, BAR)
    assert [part.SerializeToString() for part in parts] == before
    assert players(joined) == {
        (0, 0, False): [(0, 60), (0.5, 60), (2, 62), (2.5, 62)],
        (9, 0, True): [(2, 36), (2.5, 36)],
    }
    assert [(a.time, a.text) for a in joined.text_annotations] == [(0, "C"), (2, "G")]
    assert joined.total_time == 2 * BAR
    same([one_after_another(parts[:1], BAR)], parts[:1])


def test_many_instruments_leave_channel_nine_to_drums():
    parts = [bar(*((program, 60) for program in range(12))), bar(("drums", 36))]
    numbers = {
        n.instrument for n in one_after_another(parts, BAR).notes if not n.is_drum
    }
    assert numbers == {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12}
    # A second set of drums is another instrument, though not on that channel.
    joined = one_after_another([bar(("drums", 36), ("drums", 42))] * 2, BAR)
    assert sorted(players(joined)) == [(0, 0, True), (9, 0, True)]
