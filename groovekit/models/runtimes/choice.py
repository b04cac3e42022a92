"""What computes with a trained model: NumPy for small jobs, Keras for others.

Loading Keras and its backend takes seconds, in which the NumPy runtime has made some
thousand windows; on the same cores both are equally fast afterwards. Large jobs are for
Keras, since it may find a GPU. Both give the same music but for rounding.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
from pathlib import Path
from typing import Literal, get_args

from groovekit.configs.base import Config, ModelConfig
from groovekit.configs.presets import CHECKPOINT_SUFFIX, ModelFiles
from groovekit.errors import UsageError
from groovekit.models.family import family_of
from groovekit.models.installed import first_installed, prepare_keras
from groovekit.models.protocols import Model
from groovekit.models.runtimes.base import WindowModel
from groovekit.models.runtimes.numpy.layer import NoTwinError
from groovekit.models.runtimes.numpy.model import NumpyModel
from groovekit.models.weights_file import open_weights

_LOG = logging.getLogger("groovekit")

#: ``auto`` takes NumPy where even on a GPU Keras would not be done much earlier.
Runtime = Literal["auto", "numpy", "keras"]

# Of weights with activations, four seconds' work for two cores: some 900 windows of
# groovae_4bar, encoded and decoded.
_SMALL_JOB = 200e9
# What goes through at once, and what a step of it costs however small the model is.
_AT_ONCE = 256
_STEP = 2.5e6


def choose(
    config: Config, windows: int, *, steps: int | None = None
) -> Literal["numpy", "keras"]:
    """What should compute a job in float32, when nobody asked for a backend.

    Args:
      config: of the model.
      windows: how many are encoded and decoded.
      steps: of each; the model's by default.
    """
    family = family_of(config)
    if not family.plays_with_keras:
        return "numpy"
    try:
        network = family.network(config)
    except NoTwinError as error:
        _LOG.debug("Computing with Keras: the NumPy runtime does not know %s.", error)
        return "keras"
    own_steps = config.converter.steps
    steps = own_steps if steps is None else steps
    work = windows * steps / own_steps * network.cost(own_steps).multiplications
    work += math.ceil(windows / _AT_ONCE) * steps * _STEP
    if work > _SMALL_JOB and first_installed():
        _LOG.debug("Computing with Keras: %d windows are many for NumPy.", windows)
        return "keras"
    return "numpy"


class Runtimes:
    """The runtimes of one trained model: one, and the other when it is needed.

    Args:
      config: of the model.
      files: where its weights lie; None if there is nothing but ``keras``.
      runtime: which one may be used.
      precision: ``float32``, ``bfloat16`` or ``float16``, of the computation.
      max_batch_size: windows that go through the model at once.
      model: the Keras model, where there is one already.

    Raises:
      UsageError: options out of range, or that do not go together.
    """

    def __init__(
        self,
        config: Config,
        files: ModelFiles | None,
        *,
        runtime: str,
        precision: str = "float32",
        max_batch_size: int,
        model: Model | None = None,
    ) -> None:
        if precision not in ("float32", "bfloat16", "float16"):
            raise UsageError(
                f"precision must be float32, bfloat16 or float16, got {precision!r}."
            )
        if runtime not in get_args(Runtime):
            raise UsageError(
                f"runtime must be one of {', '.join(get_args(Runtime))}, got "
                f"{runtime!r}."
            )
        if runtime == "numpy":
            reason = f"the precision {precision}" if precision != "float32" else None
            try:
                family_of(config).network(config)
            except NoTwinError as error:
                reason = reason or str(error)
            if reason is not None:
                raise UsageError(
                    f"The NumPy runtime does not know {reason}: leave runtime='numpy' "
                    "out."
                )
        elif precision != "float32" or os.environ.get("KERAS_BACKEND"):
            runtime = "keras"
        self._config, self._family = config, family_of(config)
        self._files = files
        self._runtime = runtime
        self._precision = precision
        self._max_batch_size = max_batch_size
        self._loaded: dict[str, WindowModel] = {}
        #: The Keras model, once there is one.
        self._model = model
        # One at once, for its errors: about the weights, the batch size, ...
        self.for_job(1)

    @property
    def folder(self) -> Path | None:
        """The run or preset folder that the weights lie in; None if in none."""
        return None if self._files is None else self._files.folder

    def for_job(self, windows: int, *, steps: int | None = None) -> WindowModel:
        """The runtime for a job, see :func:`choose`."""
        name = self._runtime
        if name == "auto":
            name = choose(self._config, windows, steps=steps)
        return self._get(name)

    def any(self) -> WindowModel:
        """One that is loaded already."""
        return next(iter(self._loaded.values()))

    @property
    def model(self) -> Model:
        """The Keras model; loads it where NumPy has computed so far."""
        if self._model is None:
            self._model = self._keras_model()
        return self._model

    def _get(self, name: str) -> WindowModel:
        if name not in self._loaded:
            self._loaded[name] = self._numpy() if name == "numpy" else self._keras()
        return self._loaded[name]

    def _numpy(self) -> WindowModel:
        assert self._files is not None
        assert isinstance(self._config, ModelConfig)
        return NumpyModel.load(
            self._config, self._files.weights, max_batch_size=self._max_batch_size
        )

    def _keras(self) -> WindowModel:
        model = self.model
        from groovekit.models.runtimes.keras import BatchedModel

        return BatchedModel(model, max_batch_size=self._max_batch_size)

    def _keras_model(self) -> Model:
        prepare_keras(what=f"the model {self._config.name}")
        from groovekit.models.builder import build_model
        from groovekit.models.weights import load_model, load_weights

        assert self._files is not None
        weights = self._files.weights
        # Before memory is taken for a model that they are not of.
        with (
            contextlib.suppress(NoTwinError),
            open_weights(weights, self._family.network(self._config).shapes()),
        ):
            pass
        own = self._precision
        dtype = own if own == "float32" else f"mixed_{own}"
        model: Model = build_model(self._config, dtype=dtype)
        if weights.name.endswith(CHECKPOINT_SUFFIX):
            load_model(weights, model)
        else:
            load_weights(model, weights)
        return model
