"""Weights in files: loading with plain errors, and halving their size."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.errors import RunFolderError
from groovekit.io.files import write_file

# The group of a checkpoint that holds a model's variables.
MODEL = "model"
# What reading a file that is cut off or of something else raises.
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


def load_weights(model: Any, path: str | Path) -> None:
    """Loads a ``.weights.h5`` file into a model of the same sizes.

    Files in half precision (:func:`halve_weights`) are read as well: the model
    keeps the type of its own variables.

    Args:
      model: a built Keras model.
      path: of the file.

    Raises:
      RunFolderError: missing, damaged, or of another model.
    """
    path = Path(path)
    if not path.is_file():
        raise RunFolderError(f"There are no weights {path}.")
    with opened(path):
        pass
    try:
        model.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RunFolderError(
            f"The weights in {path} do not fit the config: they are damaged or of "
            f"another model. {lines[0]}"
        ) from error


def halve_weights(source: str | Path, target: str | Path) -> None:
    """Rewrites a ``.weights.h5`` file in half precision: half the size.

    Only float32 arrays change; whatever else the file holds stays as it is.

    Args:
      source: the file to read.
      target: the file to write, replaced if there is one.

    Raises:
      RunFolderError: damaged, or weights too large for float16.
      WriteError: the file cannot be written.
    """
    source = Path(source)

    def write(path: Path) -> None:
        import h5py

        with opened(source) as old, h5py.File(path, "w") as new:
            _copy_attributes(old, new)
            old.visititems(lambda name, item: _copy_half(source, name, item, new))

    write_file(Path(target), write, durable=True)


def opened(path: Path) -> Any:
    """Opens a ``.weights.h5`` file for reading.

    Raises:
      RunFolderError: damaged, or not such a file.
    """
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise RunFolderError(
            f"Cannot read the weights {path}: {error}. Restore the file from a copy."
        ) from error


@contextlib.contextmanager
def opened_checkpoint(path: Path) -> Iterator[Any]:
    """Opens a checkpoint ``step-...npz`` for reading.

    Raises:
      RunFolderError: damaged, or not such a file.
    """
    # Opened here: NumPy leaves a file that it cannot read open.
    try:
        with path.open("rb") as file:
            yield np.load(file)
    except _DAMAGE as error:
        raise RunFolderError(f"Cannot read the checkpoint {path}: {error}.") from error


def _copy_attributes(old: Any, new: Any) -> None:
    for name, value in old.attrs.items():
        new.attrs[name] = value


def _copy_half(source: Path, name: str, item: Any, new: Any) -> None:
    if hasattr(item, "keys"):
        copy = new.require_group(name)
    else:
        values = item[()]
        if item.dtype == np.float32:
            with np.errstate(over="ignore"):
                halved = values.astype(np.float16)
            if np.isfinite(values).all() and not np.isfinite(halved).all():
                raise RunFolderError(
                    f"{source}: {name} holds values up to {np.abs(values).max():g}, "
                    f"which half precision (up to {np.finfo(np.float16).max:g}) "
                    "cannot hold. Keep these weights in float32."
                )
            values = halved
        copy = new.create_dataset(name, data=values)
    _copy_attributes(item, copy)


def load_model(path: Path, model: Any) -> None:
    """Restores a model alone.

    Raises:
      RunFolderError: damaged, or of another model.
    """
    with opened_checkpoint(path) as arrays:
        assign(path, arrays, MODEL, model.variables)


def assign(path: Path, arrays: Any, group: str, variables: Sequence[Any]) -> None:
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
