"""Tests of the package's parts: what groovekit expects, and their own numbers."""

from __future__ import annotations

import numpy as np
import pytest
import swing_kit

import groovekit as gk
from groovekit.testing import check_config, check_converter

TINY = {"enc_rnn_size": [8], "dec_rnn_size": [8], "z_size": 4, "batch_size": 4}


def shuffle(qpm: float = 90.0, swing: float = 2 / 3) -> gk.NoteSequence:
    """Two bars: kick on each beat, a late and soft ride on each swung off-beat."""
    sequence = gk.NoteSequence()
    sequence.tempos.add(qpm=qpm)
    beat = 60.0 / qpm
    for i in range(8):
        for pitch, at, velocity in ((36, i, 100), (51, i + swing + 0.05, 60)):
            sequence.notes.add(
                pitch=pitch,
                velocity=velocity,
                start_time=at * beat,
                end_time=(at + 0.2) * beat,
                instrument=9,
                is_drum=True,
            )
    sequence.total_time = 8 * beat
    return sequence


# What groovekit expects ------------------------------------------------------------


@pytest.mark.parametrize("swing", [0.5, 0.6, 2 / 3])
def test_converter_does_what_groovekit_expects(swing):
    check_converter(swing_kit.SwingGroove(bars=1, swing=swing))
    check_converter(swing_kit.SwingGroove(swing=swing), [shuffle()])


SMALL = {
    "swing_kit.groove_2bar": TINY,
    "swing_kit.parallel_2bar": {
        **TINY,
        "latent.target_bits": 4,
        "latent.prior_codes": 8,
        "latent.prior_clusters": 2,
        "decoder.options.refinement": [6],
        "decoder.head_options.hidden": [6],
    },
    "swing_kit.timekeeper_8bar": {
        "network.channels": 8,
        "network.dilations": [1, 2],
        "batch_size": 4,
    },
}


@pytest.mark.parametrize("name", SMALL)
def test_config_does_what_groovekit_expects(name):
    # Models of the same kind, but small enough for a test.
    check_config(gk.get_config(name).with_overrides(SMALL[name]))


# The converter's own numbers -------------------------------------------------------


def test_off_beats_fall_on_the_grid():
    converter = swing_kit.SwingGroove()
    encoded = converter.encode(shuffle())
    assert isinstance(encoded, gk.Encoded)
    assert encoded.outputs.shape == (1, 24, 27)
    hits, velocities, offsets = np.split(encoded.outputs[0], 3, axis=-1)
    kick, ride = (converter.kit_map.class_of([p])[0] for p in (36, 51))
    assert hits.sum() == 16
    assert hits[0::3, kick].all()
    assert hits[2::3, ride].all()
    assert velocities[2, ride] == pytest.approx(60 / 127)
    # A twentieth of a beat late, of half a third that would be half-way.
    assert offsets[2, ride] == pytest.approx(-0.05 / (1 / 6), abs=1e-5)


def test_decoding_gives_the_times_back():
    converter = swing_kit.SwingGroove(swing=0.6)
    original = shuffle(qpm=140.0, swing=0.6)
    encoded = converter.encode(original)
    assert isinstance(encoded, gk.Encoded)
    (decoded,) = converter.decode(encoded.outputs, qpm=140.0)
    times, wanted = (
        sorted((n.start_time, n.pitch, n.velocity) for n in s.notes)
        for s in (decoded, original)
    )
    np.testing.assert_allclose(times, wanted, atol=1e-6)


def test_loudest_stroke_of_a_cell_stays():
    sequence = shuffle()
    sequence.notes.add(pitch=35, velocity=120, start_time=0.001, is_drum=True)
    sequence.notes.add(pitch=35, velocity=1, start_time=0.002, is_drum=True)
    sequence.notes.add(pitch=81, velocity=90, start_time=0.0, is_drum=True)
    sequence.notes.add(pitch=60, velocity=90, start_time=0.0)
    windows = swing_kit.SwingGroove().extract(sequence)
    assert isinstance(windows, gk.Windows)
    assert windows.arrays["velocities"][0, 0, 0] == 120
    assert windows.counts == gk.Counts(20, kept=16, merged=2, unmapped=1, ignored=1)


def test_reasons():
    def reason(sequence: gk.NoteSequence) -> gk.Reason:
        skipped = swing_kit.SwingGroove().encode(sequence)
        assert isinstance(skipped, gk.Skipped)
        return skipped.reason

    faster, waltz, short = shuffle(), shuffle(), shuffle()
    faster.tempos.add(time=2.0, qpm=120.0)
    waltz.time_signatures.add(numerator=3, denominator=4)
    del short.notes[2:]
    assert reason(gk.NoteSequence()) is gk.Reason.EMPTY
    assert reason(faster) is gk.Reason.TEMPO_CHANGE
    assert reason(waltz) is gk.Reason.TIME_SIGNATURE
    assert reason(short) is gk.Reason.TOO_SHORT


def test_options_are_checked():
    with pytest.raises(gk.GroovekitError, match=r"between 0\.5 and 1"):
        swing_kit.SwingGroove(swing=1.0)
    with pytest.raises(gk.GroovekitError, match="at least 1"):
        swing_kit.SwingGroove(bars=0)


# Variations of groovekit's families ------------------------------------------------


def test_accents_weigh_the_steps_of_a_bar():
    config = gk.get_config("swing_kit.parallel_2bar")
    model = gk.build_model(config.with_overrides(SMALL[config.name]), seed=1)
    encoded = swing_kit.SwingGroove(bars=2).encode(shuffle())
    assert isinstance(encoded, gk.Encoded)
    before = np.asarray(model.encode(encoded.inputs).mean)
    # The second bar's steps are those of the first.
    model.encoder.accents.assign(np.zeros(12, np.float32))
    silent = np.asarray(model.encode(np.zeros_like(encoded.inputs)).mean)
    assert not np.allclose(before, silent, atol=1e-4)
    np.testing.assert_allclose(np.asarray(model.encode(encoded.inputs).mean), silent)


def test_timekeeping_is_hidden_more_often():
    from swing_kit import families

    from groovekit.models.masked.masking import Performances

    config = gk.get_config("swing_kit.timekeeper_8bar")
    hits = np.ones((2, 128, 9), bool)
    performances = Performances(
        hits, hits * 0.5, hits * 0.0, np.full(2, 120.0), np.zeros(2, int)
    )
    hiding = families.TimekeeperHiding(config)
    names = config.converter.kit_map.class_names
    kick, ride = names.index("kick"), names.index("ride")
    hidden = [
        np.isnan(hiding.hide(performances, np.random.default_rng(seed)).hits)
        for seed in range(60)
    ]
    of_drum = np.mean(hidden, axis=(0, 1, 2))
    assert of_drum[ride] > of_drum[kick] + 0.2


# The head's own numbers ------------------------------------------------------------


def test_loss_is_that_of_the_distributions():
    from swing_kit import heads

    head = heads.FeelHead(swing_kit.SwingGroove().layout)
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(2, 3, head.logits_depth)).astype(np.float32)
    hits = (rng.random((2, 3, head.drums)) < 0.5).astype(np.float32)
    velocities = hits * rng.integers(1, 128, hits.shape) / 127
    offsets = hits * rng.uniform(-1, 1, hits.shape)
    targets = np.concatenate([hits, velocities, offsets], axis=-1).astype(np.float32)

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def nats(x, mean, raw_spread, width):
        spread = heads.MIN_SPREAD + heads.SPREAD_SCALE * np.log1p(np.exp(raw_spread))
        upper, lower = (x - mean + width / 2), (x - mean - width / 2)
        return -np.log(sigmoid(upper / spread) - sigmoid(lower / spread))

    hit, velocity, v_spread, offset, o_spread = np.split(
        logits.astype(np.float64), 5, axis=-1
    )
    expected = -hits * np.log(sigmoid(hit)) - (1 - hits) * np.log(sigmoid(-hit))
    expected += hits * nats(velocities, sigmoid(velocity), v_spread, 1 / 127)
    expected += hits * nats(offsets, np.tanh(offset), o_spread, 1 / 32)
    found = np.asarray(head.loss(targets, logits))
    np.testing.assert_allclose(found, expected.sum(axis=-1), rtol=1e-4)


def test_samples_follow_the_distributions():
    from swing_kit import heads

    head = heads.FeelHead(swing_kit.SwingGroove().layout)
    logits = np.zeros((4000, head.logits_depth), np.float32)
    uniforms = np.random.default_rng(1).random((4000, head.noise_depth), np.float32)
    drawn = np.asarray(head.sample(logits, uniforms, 1.0))
    hits, velocities, offsets = np.split(drawn, 3, axis=-1)
    assert hits.mean() == pytest.approx(0.5, abs=0.01)
    assert velocities[hits > 0].mean() == pytest.approx(0.5, abs=0.01)
    assert offsets[hits > 0].mean() == pytest.approx(0.0, abs=0.01)
    assert offsets[hits > 0].std() > 0.2
    assert not velocities[hits == 0].any()
    # Colder is closer to the mean; greedy is the mean.
    cold = np.split(np.asarray(head.sample(logits, uniforms, 0.1)), 3, axis=-1)[2]
    assert cold[cold != 0].std() < 0.05
    greedy = np.asarray(head.sample(logits + 1, None, 1.0))
    np.testing.assert_allclose(greedy[0, :9], 1.0)
    # Hits that are forced, as humanize does.
    uniforms[:, :9] = np.where(np.arange(9) < 4, -1.0, 2.0)
    forced = np.asarray(head.sample(logits, uniforms, 1.0))[:, :9]
    assert head.forceable
    np.testing.assert_array_equal(forced, np.tile(np.arange(9) < 4, (4000, 1)))


def test_head_needs_its_layout():
    from swing_kit import heads

    with pytest.raises(gk.GroovekitError, match="of equal size"):
        heads.FeelHead(gk.DrumsConverter().layout)
