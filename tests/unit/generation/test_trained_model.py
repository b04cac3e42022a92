from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers import original, tiny
from helpers.playing import made, same

from groovekit.cli.generate.outputs import output_names
from groovekit.configs.base import get_config
from groovekit.configs.run_folder import RunFolder
from groovekit.converters.kits import general_midi, roland_td11
from groovekit.errors import ConfigError, DataError, RunFolderError, UsageError
from groovekit.generation.inputs import excerpt
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import tempo_of
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.models.feed import Feed
from groovekit.models.weights import save_weights
from groovekit.training import checkpoints

on_all_backends = pytest.mark.backends

A, B = tiny.groove(1, qpm=90.0), tiny.groove(2, qpm=120.0)


@pytest.fixture(scope="module")
def model():
    return made()


@pytest.fixture(scope="module")
def split_model():
    config = tiny.config()
    converter = dataclasses.replace(config.converter, split_instruments=True, bars=1)
    config = config.replace(converter=converter)
    return TrainedModel(config, build_model(config, seed=1))


@pytest.fixture(scope="module")
def hits_model():
    return made("groovae_2bar_hits_control_tfds")


@pytest.fixture(scope="module")
def run(model, tmp_path_factory):
    folder = RunFolder.create(tmp_path_factory.mktemp("runs") / "r", model.config, {})
    save_weights(model.model, folder.weights_path)
    return folder


# Sampling ---------------------------------------------------------------------------


def test_a_seed_gives_the_same_music(model):
    first = model.sample(3, seed=7)
    assert model.sample(3, seed=7) == first
    assert model.sample(3, seed=8) != first
    rngs = [np.random.default_rng(1) for _ in range(2)]
    again = [model.sample(3, rng=rng) for rng in rngs]
    assert again[0] == again[1] != model.sample(3, rng=rngs[0])
    with pytest.raises(UsageError, match="not both"):
        model.sample(seed=1, rng=np.random.default_rng(1))


def test_more_windows_change_none(model):
    same(model.sample(7, seed=7)[:3], model.sample(3, seed=7))


def test_the_size_of_parts_changes_nothing(model):
    z = np.random.default_rng(0).normal(size=(7, 4))
    whole = model.decode_to_tensors(z, seed=1)
    for size in (1, 3, 7):
        parts = TrainedModel(model.config, model.model, max_batch_size=size)
        np.testing.assert_allclose(
            parts.decode_to_tensors(z, seed=1), whole, rtol=0, atol=1e-5
        )
        np.testing.assert_allclose(
            parts.encode([A, B] * 2, seed=1).sample,
            model.encode([A, B] * 2, seed=1).sample,
            rtol=0,
            atol=1e-5,
        )
    assert model.decode_to_tensors(z[:0]).shape == (0, 32, 27)
    assert model.decode(z[:0]) == []


def test_progress_is_told(model):
    told = []
    parts = TrainedModel(model.config, model.model, max_batch_size=3)
    parts.progress = lambda done, total: told.append((done, total))
    parts.decode_to_tensors(np.zeros((7, 4)))
    assert told == [(3, 7), (6, 7), (7, 7)]


def test_any_finite_temperature_will_do(model):
    z = np.zeros((1, model.config.latent.z_size), np.float32)
    hot = [model.decode_to_tensors(z, temperature=t, seed=1) for t in (1e30, 1e300)]
    np.testing.assert_array_equal(*hot)


def test_temperature_zero_takes_the_most_probable(model):
    z = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    greedy = model.decode_to_tensors(z, temperature=0, seed=1)
    np.testing.assert_array_equal(
        model.decode_to_tensors(z, temperature=1e-9, seed=2), greedy
    )
    np.testing.assert_allclose(
        backend.to_numpy(model.model.decode(z, 32, Feed())), greedy, atol=1e-5
    )
    # The colder, the more like it.
    hits = [
        model.decode_to_tensors(z, temperature=t, seed=1)[:, :, :9] for t in (0.05, 1.0)
    ]
    wrong = [np.mean(h != greedy[..., :9]) for h in hits]
    assert wrong[0] < wrong[1]


@on_all_backends
def test_hits_are_drawn_from_numpys_numbers(model):
    """An independent loop over steps with the same uniform numbers."""
    from groovekit.seeding import generator

    z = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    ours = model.decode_to_tensors(z, temperature=0.7, steps=5, seed=3)
    uniforms = generator(3, "decoder").random((2, 5, 9), np.float32)
    decoder = model.model.decoder
    # Teacher-forced logits given what was drawn say what should be drawn next.
    logits = backend.to_numpy(decoder.decode(z, 5, Feed(targets=ours)).outputs)
    hits = uniforms < 1 / (1 + np.exp(-logits[..., :9] / 0.7))
    np.testing.assert_array_equal(ours[..., :9], hits)
    velocities = 1 / (1 + np.exp(-logits[..., 9:18]))
    np.testing.assert_allclose(ours[..., 9:18], velocities, atol=1e-5)
    np.testing.assert_allclose(ours[..., 18:], np.tanh(logits[..., 18:]), atol=1e-5)


@on_all_backends
def test_greedy_decoding_is_the_originals():
    built, config, arrays, _ = original.build("groovae_2bar_humanize")
    config = get_config("groovae_2bar_humanize").replace(
        encoder=config.encoder, decoder=config.decoder, latent=config.latent
    )
    trained = TrainedModel(config, built, max_batch_size=2)
    theirs = arrays["greedy/samples"].astype(np.float32)
    ours = trained.decode_to_tensors(
        arrays["z_mu/decode_z"], temperature=0, steps=theirs.shape[1]
    )
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_length_and_tempo(model):
    (sequence,) = model.sample(1, bars=3, qpm=90, seed=1)
    assert sequence.tempos[0].qpm == 90
    assert 3 * 4 * 60 / 90 <= sequence.total_time < 3 * 4 * 60 / 90 + 0.2
    assert {note.is_drum for note in sequence.notes} == {True}
    assert sequence.time_signatures[0].numerator == 4
    found = model.decode(np.zeros((2, 4)), qpm=[80, 90])
    assert [s.tempos[0].qpm for s in found] == [80, 90]


def test_categories():
    drums = made("cat-drums_2bar_small")
    tensors = drums.decode_to_tensors(np.zeros((3, 4)), seed=1)
    assert tensors.shape == (3, 32, 512)
    assert (tensors.sum(-1) == 1).all()
    same(drums.converter.decode(tensors), drums.decode(np.zeros((3, 4)), seed=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "temperature must be at least 0"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"bars": 0}, "bars must be at least 1"),
        ({"qpm": 0}, "positive"),
        ({"controls": np.zeros((1, 32, 9))}, "has no controls"),
        ({"controls": A}, "has no controls"),
        ({"count": 0}, "at least 1"),
    ],
)
def test_what_sampling_refuses(model, options, message):
    with pytest.raises(UsageError, match=message):
        model.sample(**{"count": 1, **options})


@pytest.mark.parametrize("z", [np.zeros(4), np.zeros((2, 5)), np.full((1, 4), np.nan)])
def test_what_is_no_code(model, z):
    with pytest.raises(UsageError, match=r"shape \(batch, 4\)"):
        model.decode(z)
    with pytest.raises(UsageError, match="one each"):
        model.decode(np.zeros((2, 4)), qpm=[1.0])


# Encoding ---------------------------------------------------------------------------


@on_all_backends
def test_encoding_is_a_named_result(model):
    encoding = model.encode([A, B], seed=1)
    assert encoding.mean.shape == encoding.stddev.shape == (2, 4)
    tensors = model.converter.encode(A)
    expected = model.model.encode(tensors.inputs[:1])
    for ours, theirs in zip(encoding, expected, strict=False):
        np.testing.assert_allclose(ours[:1], backend.to_numpy(theirs), atol=1e-5)
    np.testing.assert_array_equal(encoding.sample, model.encode([A, B], seed=1).sample)
    deviation = (encoding.sample - encoding.mean) / encoding.stddev
    other = model.encode([A, B], seed=2)
    assert (deviation != (other.sample - other.mean) / other.stddev).all()


def test_tensors_instead_of_sequences(model):
    tensors = model.converter.encode(A)
    expected = model.encode(A).mean
    for music in (tensors.inputs[:1], tensors.inputs[0], A, [A]):
        np.testing.assert_allclose(model.encode(music).mean, expected, atol=1e-6)
    assert model.encode(tensors).mean.shape == (2, 4)
    for wrong in (np.zeros((1, 32, 5)), np.zeros(27)):
        with pytest.raises(UsageError, match=r"\(batch, steps, 27\)"):
            model.encode(wrong)
    with pytest.raises(UsageError, match="got none"):
        model.encode([])


def test_windows(model):
    second = model.encode(A, window=2).mean
    np.testing.assert_allclose(
        model.encode(model.converter.encode(A)).mean[1:], second, atol=1e-6
    )
    with pytest.raises(DataError, match="has 2 windows, but no window 3"):
        model.encode(A, window=3)
    # A loop is repeated.
    once, twice = tiny.groove(1, bars=1), tiny.groove(1, bars=1)
    for note in once.notes:
        copy = twice.notes.add()
        copy.CopyFrom(note)
        copy.start_time += 2.0
        copy.end_time += 2.0
    np.testing.assert_array_equal(model.encode(once).mean, model.encode(twice).mean)
    with pytest.raises(DataError, match="has no notes"):
        model.encode(NoteSequence())


# Interpolating and reconstructing ---------------------------------------------------


@on_all_backends
def test_interpolation_goes_from_mean_to_mean(model):
    found = model.interpolate(A, B, 3, seed=1, temperature=0)
    same(found[:1], model.reconstruct(A, temperature=0))
    same(found[2:], model.reconstruct(B, temperature=0))
    assert [s.tempos[0].qpm for s in found] == [90, 105, 120]
    found = model.interpolate(A, B, 2, qpm=100)
    assert [s.tempos[0].qpm for s in found] == [100, 100]


def test_interpolation_between_equal_inputs(model):
    found = model.interpolate(A, A, 4, seed=1, temperature=0)
    same(found, [found[0]] * 4)


def test_what_interpolation_refuses(model):
    with pytest.raises(UsageError, match="at least 2 outputs"):
        model.interpolate(A, B, 1)
    with pytest.raises(UsageError, match="got 2 and 1"):
        model.interpolate([A, B], B)


def test_reconstruction_keeps_the_tempo(model):
    found = model.reconstruct([A, B], 2, seed=1)
    assert [s.tempos[0].qpm for s in found] == [90, 90, 120, 120]
    assert found[0] != found[1]
    same(model.reconstruct([A, B], 2, seed=1), found)
    with pytest.raises(UsageError, match="at least 1"):
        model.reconstruct(A, 0)


# Controls ---------------------------------------------------------------------------


@on_all_backends
def test_turns_need_no_input(split_model):
    (sequence,) = split_model.sample(1, seed=1, temperature=1)
    assert sequence.notes
    tensors = split_model.decode_to_tensors(np.zeros((1, 4)), seed=1)
    assert tensors.shape == (1, 16 * 9, 3)
    assert split_model.sample(1, seed=1, bars=2)[0].total_time >= 4
    given = split_model.converter.encode(A).controls
    np.testing.assert_array_equal(
        split_model.converter.default_controls(len(given), 16 * 9), given
    )
    inputs = split_model.converter.encode(A).inputs
    assert split_model.encode(inputs).mean.shape == (len(inputs), 4)


def test_hits_come_from_an_input(hits_model):
    with pytest.raises(UsageError, match="plays hits that it is given"):
        hits_model.sample(2)
    found = hits_model.sample(2, controls=A, seed=1)
    assert [s.tempos[0].qpm for s in found] == [90, 90]
    controls = hits_model.converter.encode(A).controls[:1]
    same(hits_model.sample(2, controls=controls[0], seed=1, qpm=90), found)
    same(hits_model.sample(2, controls=[A, A], seed=1), found)
    other = hits_model.sample(2, controls=B, seed=1, qpm=90)
    assert other[0] != found[0]
    assert len(hits_model.reconstruct([A, B])) == 2
    assert len(hits_model.interpolate(A, B, 4)) == 4
    with pytest.raises(UsageError, match="Controls for 2 windows of 64 steps"):
        hits_model.sample(2, controls=A, bars=4)
    with pytest.raises(UsageError, match="Controls for 2 windows"):
        hits_model.sample(2, controls=controls[..., :5])


# Loading ----------------------------------------------------------------------------


def test_loading_what_was_saved(model, run):
    expected = model.sample(2, seed=1)
    for source in (run.path, str(run.path), run.weights_path):
        same(TrainedModel.load(source).sample(2, seed=1), expected)


def test_loading_a_checkpoint(model, run):
    from groovekit.models.builder import build_optimizer

    optimizer = build_optimizer(model.config, model.model)
    path = checkpoints.save(
        run.checkpoints, 3, model.model, optimizer, {"step": 3}, keep=1
    )
    same(TrainedModel.load(path).sample(2, seed=1), model.sample(2, seed=1))
    path.write_bytes(b"damaged")
    with pytest.raises(RunFolderError, match="checkpoint"):
        TrainedModel.load(path)


def test_options_of_loading(run):
    loaded = TrainedModel.load(run.path, kit="general_midi", output_kit="roland_td11")
    assert loaded.converter.kit == general_midi()
    assert loaded.converter.output_kit == roland_td11()
    with pytest.raises(ConfigError, match="61"):
        TrainedModel.load(run.path, kit="full_61")
    with pytest.raises(UsageError, match="precision"):
        TrainedModel.load(run.path, precision="float8")
    with pytest.raises(UsageError, match="max_batch_size"):
        TrainedModel.load(run.path, max_batch_size=0)


def test_half_precision_computes_too(run):
    loaded = TrainedModel.load(run.path, precision="bfloat16")
    assert len(loaded.interpolate(A, B, 2, seed=1)) == 2


# Files ------------------------------------------------------------------------------


def test_names():
    assert output_names("groovae_4bar", "sample", "2026-11-21_010203", 2) == [
        "groovae_4bar_sample_2026-11-21_010203-000-of-002.mid",
        "groovae_4bar_sample_2026-11-21_010203-001-of-002.mid",
    ]
    assert output_names("../x", "sample", "now", 1) == [
        ".._x_sample_now-000-of-001.mid"
    ]


def test_tempo_of_a_sequence():
    sequence = NoteSequence()
    assert tempo_of(sequence) == 120
    sequence.tempos.add(qpm=80, time=4)
    sequence.tempos.add(qpm=90, time=0)
    assert tempo_of(sequence) == 90


def test_an_excerpt_is_music_too(model):
    taken = excerpt(A, model.converter, window=2)
    assert (taken.window, taken.windows, taken.qpm) == (2, 2, 90)
    np.testing.assert_array_equal(
        model.encode(taken).mean, model.encode(A, window=2).mean
    )
