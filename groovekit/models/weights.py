"""Weights of Keras models: names, files, and checkpoints of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from groovekit.errors import RunFolderError, TrainingError
from groovekit.models import backend
from groovekit.models.protocols import Variable, Variables
from groovekit.models.weights_file import (
    MODEL,
    open_weights,
    opened_checkpoint,
    opened_h5,
    write_weights,
)


def named_weights(model: Variables) -> dict[str, Variable]:
    """A model's weights by name, in Keras's order.

    A name is the path of attributes to the layer that holds the weight, and what the
    layer calls it, joined by dots. Of several paths the first counts.

    Args:
      model: a built Keras model or layer.
    """
    names: dict[int, str] = {}
    _name_weights(model, (), names, set())
    return {names[id(weight)]: weight for weight in model.weights}


def _name_weights(
    layer: Any, path: tuple[str, ...], names: dict[int, str], seen: set[int]
) -> None:
    seen.add(id(layer))
    children = [
        (step, child) for step, child in _sublayers(layer) if id(child) not in seen
    ]
    inherited = {id(w) for _, child in _sublayers(layer) for w in child.weights}
    for weight in layer.weights:
        if id(weight) not in inherited:
            names.setdefault(id(weight), ".".join((*path, weight.name)))
    for step, child in children:
        if id(child) not in seen:
            _name_weights(child, (*path, *step), names, seen)


def _sublayers(layer: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The layers that a layer's attributes hold, with their paths."""
    # What every layer has leads to the same ones again.
    for name in sorted(set(dir(layer)) - set(dir(keras.Model()))):
        if not name.startswith("_self_"):
            try:
                value = getattr(layer, name)
            # A property may do anything.
            except Exception:  # noqa: S112
                continue
            yield from _layers_in(value, (name.lstrip("_"),))


def _layers_in(
    value: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, keras.layers.Layer):
        yield path, value
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _layers_in(item, (*path, str(index)))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _layers_in(item, (*path, str(key)))


def save_weights(model: Variables, path: str | Path) -> None:
    """Writes a model's weights to a safetensors file, atomically.

    Raises:
      TrainingError: a weight is not finite; nothing is written.
      WriteError: the file cannot be written.
    """
    arrays = {
        name: np.array(backend.to_numpy(weight))
        for name, weight in named_weights(model).items()
    }
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise TrainingError(f"{name} is not finite: the weights are not saved.")
    write_weights(Path(path), arrays)


def load_weights(model: Variables, path: str | Path) -> None:
    """Loads a file of weights into a model of the same sizes.

    Files in half precision are read as well: the model keeps the type of its own
    variables.

    Args:
      model: a built Keras model.
      path: of the file, or of a ``.weights.h5`` of earlier versions.

    Raises:
      RunFolderError: missing, damaged, or of another model.
    """
    path = Path(path)
    if path.suffix == ".h5" and path.is_file():
        _load_h5(model, path)
        return
    weights = named_weights(model)
    shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
    with open_weights(path, shapes) as arrays:
        for name, weight in weights.items():
            weight.assign(arrays[name])


def _load_h5(model: Variables, path: Path) -> None:
    with opened_h5(path):
        pass
    try:
        model.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RunFolderError(
            f"The weights in {path} do not fit the config: they are damaged or of "
            f"another model. {lines[0]}"
        ) from error


def load_model(path: Path, model: Variables) -> None:
    """Restores a model alone.

    Raises:
      RunFolderError: damaged, or of another model.
    """
    with opened_checkpoint(path) as arrays:
        assign(path, arrays, MODEL, model.variables)


def assign(path: Path, arrays: Any, group: str, variables: Sequence[Variable]) -> None:
    """Gives variables the values of a checkpoint's group; all of them or none.

    Raises:
      RunFolderError: the group is of another model; ``path`` is named.
    """
    count = sum(name.startswith(f"{group}/") for name in arrays.files)
    if count != len(variables):
        raise RunFolderError(
            f"{path} holds {count} {group} variables, but the config's has "
            f"{len(variables)}: it is a checkpoint of another model."
        )
    values = [arrays[f"{group}/{i}"] for i in range(count)]
    for variable, value in zip(variables, values, strict=True):
        if tuple(variable.shape) != value.shape:
            raise RunFolderError(
                f"{path} holds {variable.path} of shape {value.shape}, but the "
                f"config's has shape {tuple(variable.shape)}."
            )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
