"""Attributes of drumming as directions in latent space.

An attribute is a function of :class:`~groovekit.evaluation.metrics.Drums` that gives a
number for each window, such as :func:`groovekit.evaluation.metrics.density`. Its
direction is what to add to a latent vector so that the model plays more of it:
:mod:`groovekit.evaluation.attribute_fitting` finds it, a file beside the model keeps
it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from groovekit.configs.run_folder import RunFolder
from groovekit.converters.grid.drums import Drums
from groovekit.errors import (
    PluginLoadError,
    RunFolderError,
    UnknownNameError,
    UsageError,
    suggest,
)
from groovekit.io.files import write_json
from groovekit.plugins import catalogue
from groovekit.plugins.registry import import_target

#: A number for each window, NaN where there is nothing to measure.
AttributeFunction = Callable[[Drums], np.ndarray]

ATTRIBUTES_FILE = "attributes.json"
#: 1 named functions by the module that they were in.
SCHEMA_VERSION = 2
# Where groovekit's own functions were, by which files of schema 1 call them.
_FORMER_MODULES = (
    "groovekit.metrics.features:",
    "groovekit.evaluation.metrics.features:",
)


@dataclasses.dataclass(frozen=True, eq=False)
class Direction:
    """A direction of one attribute.

    Attributes:
      name: of the attribute.
      function: the registered name of the function, or for one of the user's own
        ``"module:function"``, which says where it was when the direction was fitted:
        what a file names is not imported.
      mean: over the windows that it was fitted to, in the attribute's unit.
      sd: standard deviation over them: the attribute's share of one unit of
        strength.
      r2: share of the variance of what the model plays that the best linear
        combination of the latent vector explains (0..1).
      vector: ``(z_size,)`` float32: what a strength of +1 adds to a latent vector.
    """

    name: str
    function: str
    mean: float
    sd: float
    r2: float
    vector: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Directions:
    """Directions of some attributes of one model.

    Attributes:
      config: name of the model's config.
      windows: how many windows they were fitted to.
      weights: SHA-256 of the model's weights; empty where they lay in no folder.
      attributes: one each, in the order of fitting.
    """

    config: str
    windows: int
    weights: str
    attributes: tuple[Direction, ...]

    @property
    def names(self) -> list[str]:
        """The attributes' names."""
        return [attribute.name for attribute in self.attributes]

    def shift(self, strengths: Mapping[str, float], *, z_size: int) -> np.ndarray:
        """What to add to a latent vector.

        Args:
          strengths: by name, in standard deviations.
          z_size: of the model.

        Returns:
          ``(z_size,)`` float32.

        Raises:
          UnknownNameError: an attribute that is not there.
          UsageError: strengths that are not finite, or another model.
        """
        known = {attribute.name: attribute for attribute in self.attributes}
        total = np.zeros(z_size, np.float32)
        for name, strength in strengths.items():
            if name not in known:
                raise UnknownNameError(suggest(name, known, kind="attribute"))
            if not np.isfinite(strength):
                raise UsageError(f"{name} takes a finite strength, got {strength}.")
            vector = known[name].vector
            if vector.shape != total.shape:
                raise UsageError(
                    "The attributes were fitted to latent vectors of size "
                    f"{len(vector)} ({self.config}), the model has {z_size}: fit them "
                    "anew (groovekit attributes fit)."
                )
            total += np.float32(strength) * vector
        return total

    def save(self, path: str | Path) -> None:
        """Writes a JSON file, replacing an existing one."""
        rows = {}
        for attribute in self.attributes:
            rows[attribute.name] = {
                "function": attribute.function,
                "mean": _short(attribute.mean),
                "sd": _short(attribute.sd),
                "r2": _short(attribute.r2),
                "direction": [_short(x) for x in attribute.vector],
            }
        content = {
            "schema_version": SCHEMA_VERSION,
            "config": self.config,
            "windows": self.windows,
            "weights": self.weights,
            "unit": "standard deviations of the attribute over the windows",
            # A list of names, as JSON files are written with sorted keys.
            "names": self.names,
            "attributes": rows,
        }
        write_json(Path(path), content)

    @classmethod
    def load(cls, path: str | Path) -> Directions:
        """Reads what :meth:`save` has written.

        Raises:
          RunFolderError: no such file, or another kind of file.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            version = content["schema_version"]
            if version not in (1, SCHEMA_VERSION):
                raise RunFolderError(
                    f"{path} has schema version {version}, this groovekit reads 1 to "
                    f"{SCHEMA_VERSION}: fit the attributes anew."
                )
            directions = []
            for name in content["names"]:
                row = dict(content["attributes"][name])
                vector = np.array(row.pop("direction"), np.float32)
                if not isinstance(row["function"], str):
                    raise TypeError("a function is named by a text")
                if version == 1:
                    row["function"] = _registered(row["function"])
                directions.append(Direction(name=name, vector=vector, **row))
            return cls(
                content["config"],
                content["windows"],
                content["weights"],
                tuple(directions),
            )
        except OSError as error:
            raise RunFolderError(
                f"Cannot read {path}: {error.strerror or error}. Fit attributes first "
                "(groovekit attributes fit)."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise RunFolderError(
                f"{path} is not a file of attributes ({type(error).__name__}: "
                f"{error}): fit them anew (groovekit attributes fit)."
            ) from error


def _registered(function: str) -> str:
    """The registered name of a function of groovekit's that schema 1 names."""
    for module in _FORMER_MODULES:
        function = function.removeprefix(module)
    return function


def _short(number: float) -> float:
    """Six digits, more than half precision of weights has."""
    return float(f"{number:.6g}")


def load_directions(folder: Path | None, path: str | Path | None = None) -> Directions:
    """The directions that are stored with a model.

    Args:
      folder: of the model; None if it lies in none.
      path: the file, where it is not ``attributes.json`` in that folder.

    Raises:
      RunFolderError: there are none, or they belong to other weights.
    """
    if path is None and (folder is None or not (folder / ATTRIBUTES_FILE).is_file()):
        raise RunFolderError(
            f"The model has no attributes yet ({folder or 'it lies in no folder'}): "
            "groovekit attributes fit with `examples=...` computes them."
        )
    file = Path(folder or "", ATTRIBUTES_FILE) if path is None else Path(path)
    directions = Directions.load(file)
    if directions.weights != weights_digest(folder):
        raise RunFolderError(
            f"The attributes in {file} were fitted to other weights "
            f"({directions.config}) than those in {folder}: name the model that they "
            "were fitted to, or fit them anew (groovekit attributes fit with "
            "`overwrite=True`)."
        )
    return directions


def weights_digest(folder: Path | None) -> str:
    """SHA-256 of the weights in a model's folder; empty without one."""
    if folder is None:
        return ""
    with RunFolder(folder).require_weights().open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Functions -------------------------------------------------------------------------


def find_functions(
    names: Iterable[str] = (), targets: Iterable[str] = ()
) -> dict[str, AttributeFunction]:
    """Attribute functions by name.

    Args:
      names: registered attributes.
      targets: further functions, ``"module:function"``, called by the function's
        name.

    Raises:
      UnknownNameError: no such attribute.
      PluginLoadError: a function that cannot be imported or called.
      UsageError: a name twice.
    """
    found: dict[str, AttributeFunction] = {
        name: catalogue.attributes.get(name) for name in dict.fromkeys(names)
    }
    for target in targets:
        try:
            function = import_target(target)
        except (ImportError, AttributeError, ValueError) as error:
            raise PluginLoadError(
                f"The function {target!r} cannot be imported: {error}. Give "
                "module:function, the module on Python's path."
            ) from error
        if ":" not in target or not callable(function):
            raise PluginLoadError(
                f"Expected module:function that takes Drums, got {target!r}."
            )
        name = target.rpartition(":")[2].rpartition(".")[2]
        if name in found:
            raise UsageError(f"There are two attributes called {name!r}.")
        found[name] = function
    return found


def functions_of(
    directions: Directions, given: Mapping[str, AttributeFunction] | None = None
) -> dict[str, AttributeFunction]:
    """The functions that the directions were fitted with.

    Registered ones are found by their names. Others are not: importing what a file
    names would run whatever its author likes.

    Args:
      directions: of some attributes.
      given: functions that are not registered, by the attribute's name.

    Raises:
      UsageError: a function that is neither registered nor given.
      PluginLoadError: a plug-in's function cannot be imported any more.
    """
    registered = set(catalogue.attributes.names())
    found = {}
    for attribute in directions.attributes:
        if attribute.name in (given or {}):
            found[attribute.name] = (given or {})[attribute.name]
        elif attribute.function in registered:
            found[attribute.name] = catalogue.attributes.get(attribute.function)
        else:
            raise UsageError(
                f"The attribute {attribute.name} was fitted with the function "
                f"{attribute.function!r}, which is not registered, and a function is "
                "not imported because a file names it. Give it again "
                "(`functions=...`), or register it (groovekit.register_attribute)."
            )
    return found


def stored_name(function: AttributeFunction) -> str:
    """What a file calls a function: its registered name, or ``"module:function"``."""
    try:
        return catalogue.attributes.name_of(function)
    except UnknownNameError:
        name = getattr(function, "__qualname__", type(function).__qualname__)
        return f"{getattr(function, '__module__', '?')}:{name}"
