"""Keras's callbacks, called by a loop of training that is not Keras's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from groovekit.models import backend
from groovekit.models.optimizer import averaged
from groovekit.models.protocols import Optimizer

Tensor = Any


class Callbacks:
    """Calls callbacks as ``fit`` does; what lies between two evaluations is an epoch.

    Without any it does nothing, and costs nothing.

    Args:
      callbacks: of Keras's.
      model: a Keras model, which is compiled with the optimiser.
      optimizer: that trains it.
      steps: of an epoch.
      epochs: how many are planned.
    """

    def __init__(
        self,
        callbacks: Sequence[Any],
        model: Any,
        optimizer: Optimizer,
        *,
        steps: int,
        epochs: int,
    ) -> None:
        self._model = model
        self._optimizer = optimizer
        self._steps = steps
        self._rows: list[dict[str, float]] = []
        self._list: Any = None
        if callbacks:
            # Callbacks change its learning rate, and save it with the model.
            model.compile(optimizer=optimizer)
            self._list = keras.callbacks.CallbackList(
                list(callbacks), model=model, steps=steps, epochs=epochs, verbose=0
            )

    @property
    def stopped(self) -> bool:
        """Whether a callback asked for the end of training."""
        return self._list is not None and bool(self._model.stop_training)

    def train_begin(self) -> None:
        """Before the first step."""
        if self._list is not None:
            self._model.stop_training = False
            self._list.on_train_begin()

    def batch_begin(self, step: int) -> None:
        """Before each step.

        Args:
          step: steps done before it.
        """
        if self._list is not None:
            if not self._rows:
                self._list.on_epoch_begin(step // self._steps)
            self._list.on_train_batch_begin(step % self._steps)

    def batch_end(self, step: int, scalars: Mapping[str, Tensor]) -> None:
        """After each step.

        Args:
          step: steps done before it.
          scalars: of the step.
        """
        if self._list is not None:
            row = {
                name: float(backend.to_numpy(value))
                for name, value in scalars.items()
                if not name.startswith("sum/")
            }
            self._rows.append(row)
            self._list.on_train_batch_end(step % self._steps, row)

    def epoch_end(self, step: int, scores: Mapping[str, float]) -> None:
        """After an evaluation; the model has the weights that were evaluated.

        Args:
          step: steps done.
          scores: of the evaluation; empty without one.
        """
        if self._list is None:
            return
        logs = {
            name: float(np.mean([row[name] for row in self._rows]))
            for name in self._rows[0]
        }
        if scores:
            logs |= {f"val_{name}": value for name, value in scores.items()}
            # What decides about the best weights, as in `fit`.
            logs["val_loss"] = self._model.objective_of(scores)
        self._rows.clear()
        with averaged(self._model, self._optimizer):
            self._list.on_epoch_end((step - 1) // self._steps, logs)

    def train_end(self) -> None:
        """After the last step."""
        if self._list is not None:
            self._list.on_train_end()
