"""From a model that was fitted by Keras to a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from groovekit.configs.metadata import make_metadata
from groovekit.configs.run_folder import RunFolder
from groovekit.data.prepared import Prepared
from groovekit.errors import UsageError
from groovekit.models import backend
from groovekit.models.weights import save_weights
from groovekit.training import runs


def save_run(model: Any, run_dir: str | Path, *, data: Prepared | None = None) -> Path:
    """Writes a run folder of a Keras model, as ``groovekit generate`` plays it.

    Args:
      model: from :func:`groovekit.build_model`, or opened by Keras.
      run_dir: a folder without a run.
      data: that it was trained on, for the run to say so.

    Returns:
      The folder.

    Raises:
      UsageError: the model was made of layers.
      RunFolderError: there is a run already.
    """
    if getattr(model, "config", None) is None:
        raise UsageError(
            "A run folder needs a model's config, and this model was made of layers. "
            "Build it with groovekit.build_model(config)."
        )
    metadata = make_metadata(
        model.config,
        backend=backend.name(),
        seed=model.get_config()["seed"],
        parameters=model.count_params(),
        data=None if data is None else runs.describe_data(data),
    )
    run = RunFolder.create(run_dir, model.config, metadata)
    save_weights(model, run.weights_path)
    return run.path
