"""Reconstruction figures of tiny models, and drums out of every kind of tensor."""

from __future__ import annotations

import numpy as np
import pytest

from groovekit.config import get_config
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.datasets import load_examples
from groovekit.errors import ConfigError
from groovekit.evaluation import drums_of, reconstruction_metrics
from groovekit.io.midi import write_midi
from groovekit.metrics import Drums, cell_accuracy, hit_scores
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.notes import NoteSequence

pytestmark = pytest.mark.backends


def sequence(bars=2):
    """Kick, snare and hi-hat with different velocities and microtiming."""
    made = NoteSequence(ticks_per_quarter=480)
    made.tempos.add(qpm=120)
    for step in range(0, 16 * bars, 2):
        pitches = [42] + [36] * (step % 8 == 0) + [38] * (step % 8 == 4)
        for pitch in pitches:
            start = max(0.0, step / 8 + (step % 5 - 2) / 100)
            made.notes.add(
                pitch=pitch,
                velocity=40 + step + pitch,
                start_time=start,
                end_time=start + 0.1,
                instrument=9,
                is_drum=True,
            )
    made.total_time = bars * 2.0
    return made


def folder(tmp_path, files=3):
    for number in range(files):
        write_midi(sequence(bars=2 + 2 * number), tmp_path / f"{number}.mid")
    return tmp_path


def tiny(name):
    return get_config(name).with_overrides(
        "enc_rnn_size=[8],dec_rnn_size=[8],z_size=4,batch_size=4"
    )


@pytest.mark.parametrize("name", ["groovae_2bar_humanize", "cat-drums_2bar_small"])
def test_figures_are_those_of_the_model(tmp_path, name):
    config = tiny(name)
    examples = load_examples(folder(tmp_path), config.converter, cache=False)
    model = build_model(config, seed=1)
    found = reconstruction_metrics(model, config.converter, examples, batch_size=2)

    (batch,) = examples.batches(len(examples))
    mean = model.encode(batch.inputs, batch.controls).mean
    outputs = model.decoder.generate(mean, config.converter.steps)
    prediction = drums_of(backend.to_numpy(outputs), config.converter)
    truth = drums_of(batch.outputs, config.converter)
    assert found.windows == len(batch) > 2
    assert found.hits == hit_scores(truth, prediction)
    assert found.cell_accuracy == cell_accuracy(truth, prediction)
    posterior = model.encode(batch.inputs, batch.controls)
    mu, sigma = (backend.to_numpy(part) for part in posterior)
    nats = 0.5 * (sigma**2 + mu**2 - 1 - 2 * np.log(sigma)).sum(axis=1)
    kl_bits = nats.mean() / np.log(2)
    assert found.losses["losses/kl_bits"] == pytest.approx(kl_bits, rel=1e-4)

    table = found.to_dict()
    assert table["windows"] == len(batch)
    assert ("velocity_error" in table) == name.startswith("groovae")


def test_batch_size_does_not_matter(tmp_path):
    config = tiny("groovae_2bar_humanize")
    examples = load_examples(folder(tmp_path), config.converter, cache=False)
    model = build_model(config, seed=1)
    one, other = (
        reconstruction_metrics(model, config.converter, examples, batch_size=size)
        for size in (2, 100)
    )
    assert one.hits == other.hits
    assert one.losses["losses/kl_bits"] == pytest.approx(
        other.losses["losses/kl_bits"], rel=1e-5
    )


@pytest.mark.parametrize(
    "converter",
    [
        GrooveConverter(bars=2),
        GrooveConverter(bars=2, split_instruments=True),
        DrumsConverter(bars=2),
        DrumsConverter(bars=2, roll_output=True),
    ],
    ids=["groove", "split", "labels", "roll"],
)
def test_drums_of_tensors(converter):
    encoded = converter.encode(sequence())
    drums = drums_of(encoded.outputs, converter)
    hits = GrooveConverter(bars=2).encode(sequence()).outputs[..., :9] > 0.5
    assert drums.hits.shape == (1, 32, 9)
    np.testing.assert_array_equal(drums.hits, hits)
    if isinstance(converter, GrooveConverter):
        whole = Drums.from_tensor(GrooveConverter(bars=2).encode(sequence()).outputs)
        np.testing.assert_allclose(drums.velocities, whole.velocities)
        np.testing.assert_allclose(drums.offsets, whole.offsets)


def test_labels_without_one_hot():
    converter = DrumsConverter(bars=2)
    encoded = converter.encode(sequence())
    labels = np.argmax(encoded.outputs, axis=-1)
    np.testing.assert_array_equal(
        drums_of(labels, converter).hits, drums_of(encoded.outputs, converter).hits
    )


def test_refuses_other_layouts():
    converter = GrooveConverter(bars=2, velocity_bins=8, offset_bins=8)
    with pytest.raises(ConfigError, match="Expected a converter of drums"):
        drums_of(np.zeros((1, 32, converter.output_depth)), converter)
