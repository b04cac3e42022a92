from __future__ import annotations

import numpy as np
import pytest
from helpers import tiny

from groovekit.errors import RunFolderError, UsageError
from groovekit.generation.trained_model import TrainedModel
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.models.feed import Feed
from groovekit.models.music_vae import MusicVAE
from groovekit.training.keras_run import save_run

pytestmark = pytest.mark.backends


def test_a_run_folder_plays_what_keras_has(tmp_path):
    config = tiny.config("groovae_4bar")
    data = tiny.prepared(config)
    model = build_model(config, seed=3)
    folder = save_run(model, tmp_path / "run", data=data)
    played = TrainedModel.load(folder)
    assert played.config == config
    z = np.random.default_rng(1).normal(size=(2, model.z_size)).astype(np.float32)
    made = model.decode(z, config.converter.steps, Feed())
    np.testing.assert_allclose(
        played.decode_to_tensors(z, temperature=0.0), backend.to_numpy(made), atol=1e-5
    )
    with pytest.raises(RunFolderError, match="already holds a run"):
        save_run(model, folder)


def test_a_model_made_of_layers_has_no_run():
    built = build_model(tiny.config())
    parts = (built.encoder, built.latent_layer, built.decoder, built.objective)
    with pytest.raises(UsageError, match="made of layers"):
        save_run(MusicVAE(*parts), "run")
