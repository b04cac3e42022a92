from __future__ import annotations

import numpy as np
import pytest
import swing_kit
from swing_kit.converter import bend

import groovekit as gk


def shuffle(qpm: float = 90.0) -> gk.NoteSequence:
    """Two bars: kick on each beat, closed hi-hat on each swung off-beat."""
    sequence = gk.NoteSequence()
    sequence.tempos.add(qpm=qpm)
    beat = 60.0 / qpm
    for i in range(8):
        for pitch, at in ((36, i), (42, i + 2 / 3)):
            sequence.notes.add(
                pitch=pitch,
                velocity=90,
                start_time=at * beat,
                end_time=(at + 0.2) * beat,
                instrument=9,
                is_drum=True,
            )
    sequence.total_time = 8 * beat
    return sequence


def test_bending_there_and_back():
    for seconds in np.linspace(0.0, 5.0, 40):
        there = bend(seconds, 97.0, source=0.5, target=0.66)
        assert bend(there, 97.0, source=0.66, target=0.5) == pytest.approx(seconds)
    assert bend(0.25, 120.0, source=0.5, target=2 / 3) == pytest.approx(1 / 3)


def test_off_beats_fall_on_the_grid():
    encoded = swing_kit.SwingDrums().encode(shuffle())
    assert isinstance(encoded, gk.Encoded)
    labels = encoded.outputs[0].argmax(axis=-1)
    assert encoded.outputs.shape == (1, 32, 512)
    assert (labels[0::4] == 1).all()
    assert (labels[2::4] == 4).all()
    assert (labels[1::2] == 0).all()
    # The straight converter hears the off-beats a sixteenth late.
    straight = gk.DrumsConverter().encode(shuffle())
    assert (straight.outputs[0].argmax(axis=-1)[3::4] == 4).all()


def test_decoding_swings():
    converter = swing_kit.SwingDrums()
    encoded = converter.encode(shuffle())
    (decoded,) = converter.decode(encoded.outputs, qpm=90.0)
    hats = sorted(note.start_time for note in decoded.notes if note.pitch == 42)
    assert hats == pytest.approx([(i + 2 / 3) * 60 / 90 for i in range(8)])
    again = converter.encode(decoded)
    np.testing.assert_array_equal(again.outputs, encoded.outputs)


def test_changing_tempo_is_skipped():
    sequence = shuffle()
    sequence.tempos.add(time=2.0, qpm=120.0)
    skipped = swing_kit.SwingDrums().encode(sequence)
    assert isinstance(skipped, gk.Skipped)
    assert skipped.reason is gk.Reason.TEMPO_CHANGE


def test_options_are_checked():
    with pytest.raises(gk.GroovekitError, match="between 0 and 1"):
        swing_kit.SwingDrums(swing=1.0)


def test_config_survives_json():
    config = gk.get_config("swing.drums_2bar")
    assert config.converter == swing_kit.SwingDrums()
    assert gk.ModelConfig.from_dict(config.to_dict()) == config
