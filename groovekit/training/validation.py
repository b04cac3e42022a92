"""Losses and the original's metrics of a model, or a run, over a set of examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from groovekit.configs.run_folder import RunFolder
from groovekit.converters.base import Tensors
from groovekit.data.examples import Examples
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.models.family import Preparation, family_of
from groovekit.models.protocols import TrainableModel
from groovekit.models.weights import load_model, load_weights
from groovekit.seeding import generator
from groovekit.training import checkpoints
from groovekit.training.estimate import too_large
from groovekit.training.summaries import EventWriter

# A step at which every schedule of beta has come to its end.
_LATE_STEP = 2**31 - 1


class StoppedError(Exception):
    """An evaluation that was stopped before its end."""


def arguments(tensors: Tensors, *, fixed_length: bool) -> tuple[Any, Any, Any, Any]:
    """A batch as the model's losses take it: lengths only where they vary."""
    lengths = None if fixed_length else tensors.lengths
    return tensors.inputs, tensors.outputs, tensors.controls, lengths


class Validator:
    """Evaluates a model, compiled once.

    Noise is drawn by NumPy from the seed, the same in each evaluation, so that
    curves show the model and not the draw.

    Args:
      model: of any family.
      examples: what to evaluate on.
      batch_size: windows a batch; the last one may be smaller.
      seed: of the noise.
      max_batches: evaluate on the first batches only; None for all.
      preparation: what each batch goes through first, see
        :meth:`groovekit.models.family.Family.preparation`.
    """

    def __init__(
        self,
        model: TrainableModel,
        examples: Examples,
        *,
        batch_size: int,
        seed: int,
        max_batches: int | None = None,
        preparation: Preparation | None = None,
    ) -> None:
        self._model = model
        self._examples = examples
        self._batch_size = min(batch_size, examples.windows_per_epoch)
        self._seed = seed
        self._max_batches = max_batches
        self._preparation = preparation
        self._compute = backend.inference(model, model.validation_losses)
        #: Windows that the last evaluation took in.
        self.windows = 0

    def __call__(
        self, step: int, *, stopping: Callable[[], bool] | None = None
    ) -> dict[str, float]:
        """Means over all windows, under the original's names.

        Args:
          step: training step, for weights that depend on it.
          stopping: asked after each batch whether to stop.

        Raises:
          StoppedError: it was stopped.
        """
        rng = generator(self._seed, "evaluation")
        prepared = generator(self._seed, "evaluation", "preparation")
        model, size = self._model, self._batch_size
        sums: dict[str, Any] = {}
        windows = 0
        batches = self._examples.batches(size, labels=True)
        for number, batch in enumerate(batches):
            if self._max_batches is not None and number >= self._max_batches:
                break
            if self._preparation is not None:
                batch = self._preparation(batch, prepared)
            noise = model.validation_noise(rng, batch)
            tensors = arguments(
                batch, fixed_length=self._examples.converter.fixed_length
            )
            parts = self._compute(*tensors, *noise)
            for name, value in parts.items():
                array = backend.to_numpy(value).astype(np.float64)
                if not name.startswith("sum/"):
                    array = array.sum(axis=0)
                sums[name] = sums.get(name, 0.0) + array
            windows += len(batch)
            if stopping is not None and stopping():
                raise StoppedError
        self.windows = windows
        return model.scores(sums, windows, step)


def evaluate_run(
    run: RunFolder,
    examples: Examples,
    *,
    batch_size: int | None = None,
    max_batches: int | None = None,
) -> tuple[int, int, dict[str, float]]:
    """Scores a run's newest checkpoint and logs the scores with the run.

    Args:
      run: with a checkpoint or weights.
      examples: what to evaluate on.
      batch_size: windows a batch; the config's by default.
      max_batches: evaluate on the first batches only; None for all.

    Returns:
      The checkpoint's step, the number of windows evaluated, and scores under the
      original's names.

    Raises:
      RunFolderError: there is nothing to evaluate yet.
    """
    config = run.read_config()
    seed = int(run.read_metadata().get("seed", 0))
    model = build_model(config, seed=seed)
    path = checkpoints.newest(run.checkpoints)
    if path is None:
        load_weights(model, run.require_weights())
        step = 0
    else:
        load_model(path, model)
        step = checkpoints.step_of(path)
    batch_size = batch_size or config.training.batch_size
    validator = Validator(
        model,
        examples,
        batch_size=batch_size,
        seed=seed,
        max_batches=max_batches,
        preparation=family_of(config).preparation(config),
    )
    with backend.explaining_memory(too_large(batch_size)):
        scores = validator(step or _LATE_STEP)
    with EventWriter(run.logs / "eval") as log:
        log.scalars(scores, step)
    return step, validator.windows, scores
