"""Starting a model from the weights of another run."""

from __future__ import annotations

import dataclasses
import operator
from pathlib import Path
from typing import Any

from groovekit.configs.base import Config
from groovekit.configs.parts import DecoderConfig
from groovekit.configs.presets import resolve_preset
from groovekit.configs.run_folder import RunFolder
from groovekit.errors import RunFolderError
from groovekit.models.protocols import Variables
from groovekit.models.weights import load_weights


def load_initial_weights(model: Variables, config: Config, source: str | Path) -> None:
    """Loads the best weights of a run or preset of the same sizes.

    Args:
      model: built from ``config``.
      config: of the model.
      source: run folder, or name or folder of a preset.

    Raises:
      RunFolderError: there is none, or its sizes are others.
    """
    other = RunFolder.open(resolve_preset(str(source)))
    weights, theirs = other.require_weights(), other.read_config()
    # What differs is better named as a part than as a weight.
    for part in ("encoder", "decoder", "latent.z_size"):
        a, b = (operator.attrgetter(part)(c) for c in (theirs, config))
        if _sized(a) != _sized(b):
            raise RunFolderError(
                f"Cannot start {config.name} from {source}, whose {part} is "
                f"{a}, not {b}: sizes must be equal (groovekit configs show)."
            )
    try:
        load_weights(model, weights)
    except RunFolderError as error:
        raise RunFolderError(
            f"Cannot start {config.name} from {source}, which takes a model "
            f"of the same sizes (groovekit configs show): {error}"
        ) from error


def _sized(part: Any) -> Any:
    """A part of a config without what leaves its weights' shapes as they are."""
    if isinstance(part, DecoderConfig):
        # Weights of the losses; other outputs do not load.
        return dataclasses.replace(part, head_options=(), temperature=0.0)
    return part
