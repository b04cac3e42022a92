"""Checkpoints: everything that resuming a run needs, in one file.

A checkpoint is ``checkpoints/step-00000300.npz``: the model's variables and the
optimiser's in their order, the states of random generators among them, and a
table of plain values. Where the optimiser averages the weights, the model's are
the averages, and those being trained lie beside them. It does not depend on the
backend.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.errors import RunFolderError, TrainingError
from groovekit.io.files import write_file
from groovekit.models import backend
from groovekit.models.optimizer import averaged, averages
from groovekit.models.protocols import Optimizer, Variable, Variables
from groovekit.models.weights import assign
from groovekit.models.weights_file import MODEL, opened_checkpoint

_LOG = logging.getLogger("groovekit")
_NAME = re.compile(r"step-(\d+)\.npz")
_OPTIMIZER, _STATE = "optimizer", "state"
_TRAINED = "trained"


def path_of(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return folder / f"step-{step:08d}.npz"


def listing(folder: Path) -> list[Path]:
    """The checkpoints of a folder, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if _NAME.fullmatch(p.name))


def step_of(path: Path) -> int:
    """The step of a checkpoint, from its name."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise ValueError(f"{path.name} is not the name of a checkpoint")
    return int(match[1])


def save(
    folder: Path,
    step: int,
    model: Variables,
    optimizer: Optimizer,
    state: Mapping[str, Any],
    *,
    keep: int,
) -> Path:
    """Writes a checkpoint atomically and removes older ones, all but ``keep``.

    Args:
      folder: of the checkpoints.
      step: steps done.
      model: a Keras model.
      optimizer: its optimiser.
      state: further plain values.
      keep: how many; 0 for all.

    Raises:
      WriteError: the file cannot be written.
      TrainingError: a variable is not finite; nothing is written.
    """
    arrays = {
        **_numbered(_OPTIMIZER, optimizer.variables),
        _STATE: np.frombuffer(json.dumps(dict(state)).encode(), np.uint8),
    }
    if averages(optimizer):
        arrays |= _numbered(_TRAINED, model.variables)
    with averaged(model, optimizer):
        arrays |= _numbered(MODEL, model.variables)
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise TrainingError(
            f"Weights or optimiser are not finite after step {step}: not saved."
        )

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # allow_pickle is no key

    path = path_of(folder, step)
    write_file(path, write, durable=True)
    files = listing(folder)
    # Later ones were passed over; sound ones are not ours to remove.
    later = [p for p in files if step_of(p) > step and _damage(p)]
    old = [p for p in files if step_of(p) <= step][:-keep] if keep else []
    for file in (*later, *old):
        file.unlink(missing_ok=True)
    return path


def newest(folder: Path) -> Path | None:
    """The newest checkpoint that can be read; damaged ones are named and passed."""
    for path in reversed(listing(folder)):
        damage = _damage(path)
        if not damage:
            return path
        _LOG.warning("Passing over a damaged checkpoint: %s: %s.", path, damage)
    return None


def _damage(path: Path) -> str:
    """What is wrong with a checkpoint; empty for a sound one."""
    try:
        with opened_checkpoint(path) as arrays:
            json.loads(arrays[_STATE].tobytes())
            if not any(name.startswith(f"{MODEL}/") for name in arrays.files):
                return "it holds no model"
            for name in arrays.files:
                # Reading checks the checksum.
                if not np.isfinite(arrays[name]).all():
                    return f"{name} is not finite"
    except RunFolderError as error:
        return str(error.__cause__ or error)
    # Bytes that changed lead NumPy, zipfile and zlib to any exception.
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def load(path: Path, model: Variables, optimizer: Optimizer) -> dict[str, Any]:
    """Restores model and optimiser.

    Returns:
      The plain values given to :func:`save`.

    Raises:
      RunFolderError: damaged, or of another model.
    """
    with opened_checkpoint(path) as arrays:
        group = _TRAINED if averages(optimizer) else MODEL
        assign(path, arrays, group, model.variables)
        assign(path, arrays, _OPTIMIZER, optimizer.variables)
        state: dict[str, Any] = json.loads(arrays[_STATE].tobytes())
    return state


def _numbered(group: str, variables: Sequence[Variable]) -> dict[str, np.ndarray]:
    # Copied: what a backend gives out may be the variable's own memory.
    return {
        f"{group}/{i}": np.array(backend.to_numpy(v.value))
        for i, v in enumerate(variables)
    }
