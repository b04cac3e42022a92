"""Loading what plays a model, whatever its family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from groovekit.configs.presets import ModelFiles, locate
from groovekit.generation.player import Player
from groovekit.models.family import family_of
from groovekit.plugins.registry import import_target


def load_player(source: str | Path | ModelFiles, **options: Any) -> Player:
    """Loads a preset, a run folder or a checkpoint of one.

    Args:
      source: a preset's name, or the path of a run folder, of weights
        (``model.safetensors``) or of a checkpoint (``step-...npz``).
      **options: of the family's player, as
        :meth:`groovekit.generation.trained_model.TrainedModel.load` has them.

    Raises:
      UnknownNameError: no such preset or kit map.
      RunFolderError: nothing usable there, or damaged weights.
      UsageError: options out of range, or without effect.
    """
    files = source if isinstance(source, ModelFiles) else locate(source)
    cls = import_target(family_of(files.config).player)
    player: Player = cls.load(files, **options)
    return player
