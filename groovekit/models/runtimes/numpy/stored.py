"""Weights in files, layer by layer, without Keras."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.configs.presets import CHECKPOINT_SUFFIX
from groovekit.errors import RunFolderError
from groovekit.models.weights import opened, opened_checkpoint


class Stored(abc.ABC):
    """Arrays of a model's layers, taken one layer after the other.

    The order is that of Keras's variables, since checkpoints know no names.

    Args:
      path: the file, for messages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @abc.abstractmethod
    def _next(self, name: str) -> np.ndarray | None:
        """The array of this name or, without names, the next one."""

    def take(self, layer: str, *shapes: tuple[int, ...]) -> list[np.ndarray]:
        """The arrays of one layer, as float32.

        Args:
          layer: where Keras keeps it, e.g. ``"decoder/output_layer"``.
          *shapes: of its arrays, in their order.

        Raises:
          RunFolderError: missing, or of other shapes.
        """
        arrays = []
        for index, shape in enumerate(shapes):
            name = f"{layer}/vars/{index}"
            array = self._next(name)
            if array is None or array.shape != shape:
                found = "nothing" if array is None else f"shape {array.shape}"
                raise RunFolderError(
                    f"The weights in {self.path} do not fit the config: they are "
                    f"damaged or of another model. Expected shape {shape} for {name}, "
                    f"found {found}."
                )
            arrays.append(array.astype(np.float32))
        return arrays

    def dense(self, layer: str, inputs: int, outputs: int) -> list[np.ndarray]:
        """Kernel and bias of a dense layer."""
        return self.take(layer, (inputs, outputs), (outputs,))


class _WeightsFile(Stored):
    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path)
        self._file = file

    def _next(self, name: str) -> np.ndarray | None:
        if name not in self._file:
            return None
        array: np.ndarray = self._file[name][()]
        return array


class _Checkpoint(Stored):
    """A checkpoint of a run: numbered arrays."""

    def __init__(self, path: Path, arrays: Any) -> None:
        super().__init__(path)
        self._arrays = arrays
        count = sum(name.startswith("model/") for name in arrays.files)
        self._names = iter([f"model/{index}" for index in range(count)])

    def _next(self, name: str) -> np.ndarray | None:
        del name
        for numbered in self._names:
            array: np.ndarray = self._arrays[numbered]
            # Integers are the states of random generators.
            if array.dtype.kind == "f":
                return array
        return None

    def finish(self) -> None:
        if self._next("") is not None:
            raise RunFolderError(
                f"{self.path} holds more variables than the config's model has: it is "
                "a checkpoint of another model."
            )


@contextlib.contextmanager
def open_stored(path: Path) -> Iterator[Stored]:
    """Opens ``model.weights.h5`` or a checkpoint ``step-...npz``.

    Raises:
      RunFolderError: missing, damaged, or of another model.
    """
    if path.name.endswith(CHECKPOINT_SUFFIX):
        with opened_checkpoint(path) as arrays:
            checkpoint = _Checkpoint(path, arrays)
            yield checkpoint
            checkpoint.finish()
    else:
        if not path.is_file():
            raise RunFolderError(f"There are no weights {path}.")
        with opened(path) as file:
            yield _WeightsFile(path, file)


def numbered(name: str, index: int) -> str:
    """How Keras calls the parts of a list: ``lstm``, ``lstm_1``, ..."""
    return f"{name}_{index}" if index else name
