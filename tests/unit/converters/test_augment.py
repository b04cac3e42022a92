from __future__ import annotations

import re

import numpy as np
import pytest
from helpers import parity
from helpers.augmentation import augment_once, augment_sequence, transpose_chord

from groovekit.converters.augment import draw_transpositions, vary_kit
from groovekit.converters.base import AugmentationConfig, Windows
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import UsageError
from groovekit.io.notes import NoteSequence

ARRAYS = np.load(parity.GOLDEN / "augment.npz")
CASES = sorted({key.rsplit("/", 1)[0] for key in ARRAYS.files})


@pytest.mark.parametrize("case", CASES)
def test_sequences_are_the_original_s(case):
    name, amounts = case.split("/")
    match = re.fullmatch(r"transpose(-?\d+)_stretch(.*)", amounts)
    sequence = parity.read_sequence(name)
    before = sequence.SerializeToString()
    ours = augment_sequence(sequence, transpose=int(match[1]), stretch=float(match[2]))
    (theirs,) = parity.read_sequences(ARRAYS, case)
    assert ours == theirs
    assert sequence.SerializeToString() == before


def make_sequence() -> NoteSequence:
    sequence = NoteSequence(total_time=2.0)
    sequence.tempos.add(qpm=100)
    sequence.key_signatures.add(key=10, time=1)
    for pitch, drum in [(1, False), (1, True), (60, False), (126, False)]:
        sequence.notes.add(pitch=pitch, is_drum=drum, start_time=1, end_time=2)
    sequence.text_annotations.add(text="Bbm7", time=1, annotation_type=1)
    sequence.text_annotations.add(text="Bb", time=1)
    return sequence


def test_notes_that_leave_the_range_go_and_drums_stay():
    sequence = make_sequence()
    moved = augment_sequence(sequence, transpose=3)
    assert [n.pitch for n in moved.notes] == [4, 1, 63]
    assert [n.is_drum for n in moved.notes] == [False, True, False]
    assert moved.key_signatures[0].key == 1
    assert [a.text for a in moved.text_annotations] == ["Dbm7", "Bb"]
    assert [n.pitch for n in augment_sequence(sequence, transpose=-2).notes] == [
        1,
        58,
        124,
    ]


def test_a_stretch_keeps_the_beats():
    slower = augment_sequence(make_sequence(), stretch=1.25)
    assert (slower.notes[0].start_time, slower.notes[0].end_time) == (1.25, 2.5)
    assert slower.total_time == 2.5
    assert slower.tempos[0].qpm == 80
    assert slower.key_signatures[0].time == slower.text_annotations[0].time == 1.25


def test_what_cannot_be_stretched():
    sequence = make_sequence()
    with pytest.raises(UsageError, match="factor above 0, got 0"):
        augment_sequence(sequence, stretch=0)
    sequence.quantization_info.steps_per_quarter = 4
    assert augment_sequence(sequence, transpose=1).notes[0].pitch == 2
    with pytest.raises(UsageError, match="quantised sequence has no times"):
        augment_sequence(sequence, stretch=1.1)


def test_chords_that_cannot_be_read_are_none(caplog):
    assert transpose_chord("N.C.", 4) == "N.C."
    assert transpose_chord("C", 4) == "E"
    assert transpose_chord("Foo!", 4) == "N.C."
    assert "'Foo!'" in caplog.text


def test_one_draw_of_everything():
    sequence = make_sequence()
    augmentation = AugmentationConfig((-1, 1), (0.5, 2.0))
    ends, pitches = set(), set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        moved = augment_once(sequence, augmentation, rng)
        ends.add(moved.total_time)
        pitches.add(moved.notes[2].pitch)
        assert moved == augment_once(
            sequence, augmentation, np.random.default_rng(seed)
        )
    assert pitches == {59, 60, 61}
    assert len(ends) == 40
    assert min(ends) >= 1.0
    assert max(ends) <= 4.0


def test_transpositions_keep_the_range():
    lowest = np.repeat([60, 21, 107, 20, 128], 400)
    highest = np.repeat([60, 60, 108, 120, -1], 400)
    rng = np.random.default_rng(0)
    options = {"min_pitch": 21, "max_pitch": 108}
    drawn = draw_transpositions((-5, 5), lowest, highest, rng, **options)
    found = [set(part.tolist()) for part in drawn.reshape(5, 400)]
    every = set(range(-5, 6))
    assert found == [every, {*range(6)}, {*range(-5, 1)}, {0}, every]
    # Ranges without zero: what does not fit stays as it is.
    drawn = draw_transpositions((2, 3), lowest, highest, rng, **options)
    found = [set(part.tolist()) for part in drawn.reshape(5, 400)]
    assert found == [{2, 3}, {2, 3}, {0}, {0}, {2, 3}]


def test_a_draw_does_not_depend_on_other_windows():
    draw = draw_transpositions
    one = draw((-9, 9), np.r_[60, 60], np.r_[70, 70], np.random.default_rng(1))
    two = draw((-9, 9), np.r_[0, 60], np.r_[127, 70], np.random.default_rng(1))
    assert one[1] == two[1]


def test_performances_are_played_louder_and_looser():
    cells = np.zeros((2, 32, 9))
    velocities, offsets = cells.astype(np.uint8), cells.astype(np.float32)
    velocities[:, 0, :3] = 1, 60, 120
    offsets[:, 0, :3] = -0.8, 0.25, 0.8
    hits = np.packbits(velocities > 0, axis=-1)
    windows = Windows({"hits": hits, "velocities": velocities, "offsets": offsets})
    converter = GrooveConverter(bars=2)

    def vary(**ranges):
        rng = np.random.default_rng(0)
        varied = converter.augment(windows, AugmentationConfig(**ranges), rng).arrays
        np.testing.assert_array_equal(varied["hits"], hits)
        assert not varied["velocities"][:, 1:].any()
        assert not varied["offsets"][:, 1:].any()
        return varied["velocities"][:, 0, :3], varied["offsets"][:, 0, :3]

    loud, tight = vary(velocity=(1.5, 1.5), microtiming=(0.5, 0.5))
    np.testing.assert_array_equal(loud, [[2, 90, 127]] * 2)
    np.testing.assert_allclose(tight, [[-0.4, 0.125, 0.4]] * 2, rtol=1e-6)
    soft, loose = vary(velocity=(0.1, 0.1), microtiming=(2, 2))
    np.testing.assert_array_equal(soft, [[1, 6, 12]] * 2)
    assert loose.min() > -1
    np.testing.assert_allclose(loose, [[-1, 0.5, 1]] * 2, rtol=1e-6)
    # One draw a window.
    drawn, _ = vary(velocity=(0.5, 1.0))
    assert drawn[0, 1] != drawn[1, 1]
    np.testing.assert_allclose(drawn[:, 2], 2 * drawn[:, 1], atol=1)


def test_bars_of_no_window_are_shuffled():
    arrays = {"hits": np.ones((2, 64, 9), np.float32)}
    rare = AugmentationConfig(shuffle_bars=1e-9)
    rng = np.random.default_rng(1)
    varied = vary_kit(arrays, rare, rng, bars=4, groups=[[0]])
    np.testing.assert_array_equal(varied["hits"], arrays["hits"])


def test_drum_patterns_are_not_augmented():
    windows = Windows({"hits": np.ones((2, 3))})
    converter = DrumsConverter(bars=2)
    rng = np.random.default_rng(0)
    assert converter.augment(windows, AugmentationConfig((-5, 5)), rng) is windows


def test_converters_without_chords_say_so():
    with pytest.raises(UsageError, match="GrooveConverter takes no chords"):
        GrooveConverter(bars=2).chord_controls(["C", "G"])
