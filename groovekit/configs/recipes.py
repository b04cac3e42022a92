"""Recipes: trainings on public data, ready to be run again.

A recipe is a JSON file in ``groovekit/recipes``: a config, what of it is changed, the
data set, a seed and for how long. Each starts from random weights, so that none needs
another model. ``groovekit train --recipe NAME`` runs it.
"""

from __future__ import annotations

import dataclasses
import json
from importlib import resources
from typing import Any

from groovekit.configs.base import Config, get_config
from groovekit.errors import UnknownNameError, suggest


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One training, told in full.

    Attributes:
      name: of the recipe.
      description: one line for people.
      config: name of the config.
      overrides: what is changed, by dotted name.
      examples: the data set, as ``groovekit train --examples`` takes it.
      split: the part of it that is trained on; the validation split judges.
      seed: of everything random.
      steps: step to stop at.
      eval_every: steps between evaluations, each of which may find better weights.
      patience: stop after this many evaluations without a better one; None never.
    """

    name: str
    description: str
    config: str
    examples: str
    steps: int
    overrides: dict[str, Any] = dataclasses.field(default_factory=dict)
    split: str = "train"
    seed: int = 1
    eval_every: int = 250
    patience: int | None = None

    def model_config(self) -> Config:
        """The config with the recipe's changes."""
        return get_config(self.config).with_overrides(self.overrides)


def names() -> list[str]:
    """Names of all recipes, sorted."""
    folder = resources.files("groovekit").joinpath("recipes")
    suffix = ".json"
    found = (entry.name for entry in folder.iterdir())
    return sorted(name.removesuffix(suffix) for name in found if name.endswith(suffix))


def get_recipe(name: str) -> Recipe:
    """The recipe called ``name``.

    Raises:
      UnknownNameError: no such recipe; suggests close names.
    """
    if name not in names():
        raise UnknownNameError(suggest(name, names(), kind="recipe"))
    text = (
        resources.files("groovekit").joinpath("recipes") / f"{name}.json"
    ).read_text(encoding="utf-8")
    return Recipe(name=name, **json.loads(text))
