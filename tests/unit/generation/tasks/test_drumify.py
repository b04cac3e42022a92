from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny
from helpers.performances import EVENTS, column, rich
from helpers.playing import made

from groovekit.errors import UsageError
from groovekit.io.notes import NoteSequence

CLASSES = (36, 38, 42, 46, 45, 48, 50, 49, 51)


@pytest.fixture(scope="module")
def model():
    return made("groovae_2bar_tap_fixed_velocity")


def taps(*onsets, pitch=60, is_drum=False, qpm=120.0):
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    for number, quarter in enumerate(onsets):
        start = quarter * 60.0 / qpm
        sequence.notes.add(
            pitch=pitch + number % 3,
            velocity=70 + number,
            start_time=start,
            end_time=start + 0.1,
            is_drum=is_drum,
            program=5,
        )
    return sequence


RHYTHM = taps(0, 1, 1.52, 2, 2.98, 4, 5.03, 6, 7)


def test_any_pitch_and_instrument(model):
    (kit,) = model.drumify(RHYTHM, seed=1)
    assert all(note.is_drum and note.instrument == 9 for note in kit.notes)
    assert set(column(kit, "pitch").tolist()) <= set(CLASSES)
    # The same taps on a drum pad, on other pitches.
    pad = taps(0, 1, 1.52, 2, 2.98, 4, 5.03, 6, 7, pitch=90, is_drum=True)
    assert model.drumify(pad, seed=1) == [kit]
    # Their timing matters, velocities do not to this model.
    for note in pad.notes:
        note.velocity = 30
    assert model.drumify(pad, seed=1) == [kit]
    pad.notes[2].start_time += 0.04
    assert model.drumify(pad, seed=1) != [kit]


def test_it_is_the_reconstruction_of_the_taps(model):
    (kit,) = model.drumify(RHYTHM, temperature=0, seed=1)
    tap = NoteSequence()
    tap.CopyFrom(RHYTHM)
    for note in tap.notes:
        note.pitch, note.is_drum = 38, True
    (known,) = model.reconstruct(tap, temperature=0, seed=1)
    for field in ("pitch", "velocity"):
        np.testing.assert_array_equal(column(kit, field), column(known, field))
    np.testing.assert_allclose(
        column(kit, "start_time"), column(known, "start_time"), atol=1e-6
    )


def test_what_is_not_tapped_survives(model):
    sequence = rich()
    (kit,) = model.drumify(sequence, seed=1)
    (bass,) = [note for note in kit.notes if not note.is_drum]
    assert bass == sequence.notes[-1]
    for field in EVENTS:
        assert getattr(kit, field) == getattr(sequence, field)
    # A bass on the drums' track number.
    sequence.notes[-1].instrument = 9
    (kit,) = model.drumify(sequence, seed=1)
    assert {n.instrument for n in kit.notes if n.is_drum} == {0}


def test_leading_silence_stays(model):
    late = taps(*(16 + q for q in (1.5, 2, 3, 4, 5, 6, 7)))
    (kit,) = model.drumify(late, temperature=1, seed=1)
    assert len(kit.notes)
    # Half a step before the first tap at the earliest.
    assert column(kit, "start_time").min() > (17.5 - 0.125) / 2 - 1e-6


def test_keeping_onsets(model):
    late = taps(*(8 + q for q in (0, 1, 1.52, 2, 2.98, 4, 5.03, 6, 7)))
    for temperature in (0.0, 0.5, 1.0):
        (kit,) = model.drumify(late, keep_onsets=True, temperature=temperature, seed=1)
        tapped = column(late, "start_time")
        sounding = np.unique(np.round(column(kit, "start_time"), 6))
        np.testing.assert_allclose(sounding, tapped, atol=1e-6)


def test_versions_and_lengths(model):
    groove = tiny.groove(3, bars=40)
    first = model.drumify(groove, 2, seed=4)
    assert model.drumify(groove, 2, seed=4) == first
    assert first[0] != first[1]
    for kit in first:
        steps = np.trunc(column(kit, "start_time") / 0.125 + 0.5).astype(int)
        assert set((steps // 16).tolist()) == set(range(40))
        # No hit twice, in however many windows it lies.
        pairs = set(zip(column(kit, "pitch").tolist(), steps.tolist(), strict=True))
        assert len(pairs) == len(kit.notes)


def test_other_models_are_refused():
    with pytest.raises(UsageError, match="groovae_2bar_tap_fixed_velocity"):
        made().drumify(RHYTHM)
