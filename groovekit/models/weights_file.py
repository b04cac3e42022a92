"""Weights in files, by name and without Keras.

A file of weights is a safetensors file. A weight's name is the path of attributes that
leads to it, the same in Keras and in NumPy and in every version of either:
``decoder.stack.lstms.0.cell.kernel``. Two older kinds are read as well: Keras's
``.weights.h5``, where h5py is installed, and the checkpoints ``step-...npz`` of a run,
which hold variables in their order.

Names, shapes and types are compared with what is expected before an array is read.
"""

from __future__ import annotations

import contextlib
import functools
import math
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from groovekit.errors import RunFolderError
from groovekit.io.files import write_file

Shape = tuple[int, ...]

# The group of a checkpoint that holds a model's variables.
MODEL = "model"
# What reading a file that is cut off or of something else raises.
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, SafetensorError)
# A network's header takes some 100 bytes a weight; the format allows a hundred MB.
_LONGEST_HEADER = 2**23
_SAFETENSORS_TYPES = {"F32": "float32", "F16": "float16"}


class _Entry(NamedTuple):
    """An array of a file: what it will be, and how it is read."""

    shape: Shape
    dtype: str
    read: Callable[[], np.ndarray]


class Weights(Mapping[str, np.ndarray]):
    """Arrays of an open file by name; each is read when it is asked for.

    Args:
      path: the file, for messages.
      entries: its arrays.
    """

    def __init__(self, path: Path, entries: Mapping[str, _Entry]) -> None:
        self._path = path
        self._entries = entries

    def __getitem__(self, name: str) -> np.ndarray:
        entry = self._entries[name]
        try:
            array = entry.read()
        except _DAMAGE as error:
            raise _unreadable(self._path, error) from error
        if not np.isfinite(array).all():
            raise RunFolderError(
                f"The weights in {self._path} are damaged: {name} is not finite. "
                "Restore the file from a copy, or train again."
            )
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@contextlib.contextmanager
def open_weights(path: Path, shapes: Mapping[str, Shape]) -> Iterator[Weights]:
    """Opens a file of weights, a ``.weights.h5`` or a checkpoint.

    Args:
      path: the file.
      shapes: of the weights that it should hold, in the order of Keras's variables.

    Yields:
      The arrays, float32 or float16.

    Raises:
      RunFolderError: missing, damaged, of another model, or h5py is missing.
    """
    if not path.is_file():
        raise RunFolderError(f"There are no weights {path}.")
    openers = {".npz": _open_checkpoint, ".h5": _open_h5}
    opener = openers.get(path.suffix, _open_safetensors)
    with opener(path, list(shapes)) as entries:
        _check(path, entries, shapes)
        yield Weights(path, entries)


def write_weights(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a safetensors file atomically; the same arrays give the same bytes.

    Raises:
      WriteError: the file cannot be written.
    """
    # The format's own writer sorts them.
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_file(path, save(whole), durable=True)


def halve_weights(source: Path, target: Path, shapes: Mapping[str, Shape]) -> None:
    """Rewrites a file of weights in half precision: half the size.

    Args:
      source: the file to read.
      target: the safetensors file to write, replaced if there is one.
      shapes: see :func:`open_weights`.

    Raises:
      RunFolderError: damaged, or weights too large for float16.
      WriteError: the file cannot be written.
    """
    with open_weights(source, shapes) as weights:
        halved = {name: _half(source, name, weights[name]) for name in weights}
    write_weights(target, halved)


def _half(source: Path, name: str, values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        halved = values.astype(np.float16)
    if np.isfinite(values).all() and not np.isfinite(halved).all():
        raise RunFolderError(
            f"{source}: {name} holds values up to {np.abs(values).max():g}, "
            f"which half precision (up to {np.finfo(np.float16).max:g}) "
            "cannot hold. Keep these weights in float32."
        )
    return halved


def _check(
    path: Path, entries: Mapping[str, _Entry], shapes: Mapping[str, Shape]
) -> None:
    problem = None
    for name, shape in shapes.items():
        found = entries.get(name)
        if found is None:
            problem = f"Expected shape {shape} for {name}, found nothing."
        elif found.shape != shape:
            problem = f"Expected shape {shape} for {name}, found shape {found.shape}."
        elif found.dtype not in _SAFETENSORS_TYPES.values():
            problem = f"Expected float32 or float16 for {name}, found {found.dtype}."
        if problem is not None:
            break
    unknown = sorted(entries.keys() - shapes.keys())
    if problem is None and unknown:
        problem = f"The config's model has no {unknown[0]}."
    if problem is not None:
        raise RunFolderError(
            f"The weights in {path} do not fit the config: they are damaged or of "
            f"another model. {problem}"
        )


def _unreadable(path: Path, error: Exception) -> RunFolderError:
    return RunFolderError(
        f"Cannot read the weights {path}: they are damaged ({error}). Restore the "
        "file from a copy."
    )


# Safetensors ---------------------------------------------------------------------


@contextlib.contextmanager
def _open_safetensors(path: Path, names: list[str]) -> Iterator[dict[str, _Entry]]:
    del names  # the file has its own
    with contextlib.ExitStack() as stack:
        try:
            with path.open("rb") as start:
                length = int.from_bytes(start.read(8), "little")
            if length > _LONGEST_HEADER:
                raise ValueError(f"a header of {length:,} bytes")
            file = stack.enter_context(safe_open(path, framework="np"))
            entries = {name: _in_safetensors(file, name) for name in file.keys()}  # noqa: SIM118 - no table
        except _DAMAGE as error:
            raise _unreadable(path, error) from error
        yield entries


def _in_safetensors(file: Any, name: str) -> _Entry:
    part = file.get_slice(name)
    dtype = part.get_dtype()
    return _Entry(
        tuple(part.get_shape()),
        _SAFETENSORS_TYPES.get(dtype, dtype),
        lambda: file.get_tensor(name),
    )


# Keras's files -------------------------------------------------------------------


@contextlib.contextmanager
def _open_h5(path: Path, names: list[str]) -> Iterator[dict[str, _Entry]]:
    with opened_h5(path) as file:
        entries = {}
        for name, place in _places(names).items():
            array = _at(file, place)
            if array is not None:
                read = functools.partial(array.__getitem__, ())
                entries[name] = _Entry(array.shape, str(array.dtype), read)
        yield entries


def opened_h5(path: Path) -> Any:
    """Opens a ``.weights.h5`` file for reading.

    Raises:
      RunFolderError: damaged, not such a file, or h5py is missing.
    """
    try:
        import h5py
    except ImportError as error:
        raise RunFolderError(
            f"{path} is in Keras's format, in which groovekit wrote weights before "
            "safetensors: reading it takes h5py (pip install h5py)."
        ) from error

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        _check_h5(file, path.stat().st_size)
    except (*_DAMAGE, RuntimeError) as error:
        file.close()
        raise _unreadable(path, error) from error
    return file


def _check_h5(file: Any, size: int) -> None:
    """Refuses what Keras never writes: links to other places, arrays elsewhere.

    Args:
      file: an open one.
      size: of it, in bytes; its arrays are not compressed.

    Raises:
      ValueError: there is such a thing, or more is said to be in it than fits.
    """
    import h5py

    groups, seen, held = [file], set(), 0
    while groups:
        group = groups.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{group.name}/{name} is a link")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                raise ValueError(f"{group.name}/{name} is there twice")
            seen.add(address)
            if isinstance(item, h5py.Group):
                groups.append(item)
                continue
            if item.external or item.is_virtual:
                raise ValueError(f"{item.name} lies in another file")
            held += item.nbytes
            if held > size:
                raise ValueError(f"{item.name} is larger than the file")


def _places(names: Iterable[str]) -> dict[str, list[str | int]]:
    """Where Keras keeps weights, with a place in a list instead of each number.

    Keras numbers what there is in a list, and a layer's own weights.
    """
    siblings: dict[str, list[str]] = {}
    places: dict[str, list[str | int]] = {}
    for name in names:
        parent, steps = "", name.split(".")
        place: list[str | int] = []
        for step in steps:
            known = siblings.setdefault(parent, [])
            if step not in known:
                known.append(step)
            numbered = step.isdecimal() or step is steps[-1]
            place.append(known.index(step) if numbered else step)
            parent = f"{parent}.{step}"
        places[name] = place
    return places


def _at(group: Any, place: list[str | int]) -> Any:
    """The array at a place; None if there is none."""
    import h5py

    *path, own = place
    for step in path:
        if isinstance(step, int):
            children = sorted(group, key=_number)
            if step >= len(children):
                return None
            step = children[step]
        group = group.get(step)
        if not isinstance(group, h5py.Group):
            return None
    found = group.get(f"vars/{own}")
    return found if isinstance(found, h5py.Dataset) else None


def _number(name: str) -> int:
    """Keras calls the parts of a list ``lstm``, ``lstm_1``, ..."""
    match = re.search(r"_(\d+)$", name)
    return int(match[1]) if match else 0


# Checkpoints ---------------------------------------------------------------------


@contextlib.contextmanager
def opened_checkpoint(path: Path) -> Iterator[Any]:
    """Opens a checkpoint ``step-...npz`` for reading.

    Raises:
      RunFolderError: damaged, or not such a file.
    """
    # Opened here: NumPy leaves a file that it cannot read open.
    try:
        with path.open("rb") as file:
            arrays = np.load(file)
            for name in arrays.files:
                _check_size(arrays, name, path.stat().st_size)
            yield arrays
    except _DAMAGE as error:
        raise RunFolderError(f"Cannot read the checkpoint {path}: {error}.") from error


def _check_size(arrays: Any, name: str, size: int) -> None:
    """Refuses an array that says it is larger than its file, before it is read."""
    member = f"{name}.npy"
    held = arrays.zip.getinfo(member).file_size
    shape, dtype = _npy_header(arrays, member)
    if max(held, math.prod(shape) * dtype.itemsize) > size:
        raise ValueError(f"{name} is larger than the file")


def _npy_header(arrays: Any, member: str) -> tuple[Shape, np.dtype[Any]]:
    with arrays.zip.open(member) as file:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return shape, dtype


@contextlib.contextmanager
def _open_checkpoint(path: Path, names: list[str]) -> Iterator[dict[str, _Entry]]:
    with opened_checkpoint(path) as arrays:
        count = sum(name.startswith(f"{MODEL}/") for name in arrays.files)
        found = [_in_checkpoint(arrays, f"{MODEL}/{i}") for i in range(count)]
        # Integers are the states of random generators.
        found = [entry for entry in found if entry.dtype.startswith("float")]
        known = [*names, *map("variable {}".format, range(len(names), len(found)))]
        yield dict(zip(known, found, strict=False))


def _in_checkpoint(arrays: Any, name: str) -> _Entry:
    shape, dtype = _npy_header(arrays, f"{name}.npy")
    return _Entry(shape, str(dtype), lambda: arrays[name])
