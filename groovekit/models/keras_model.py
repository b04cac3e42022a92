"""What the models of all families have in common as models of Keras's.

With it they are compiled, fitted, evaluated, saved and loaded like any other
``keras.Model``, and minimise the same loss as under groovekit's own trainer.
"""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from groovekit.errors import UsageError
from groovekit.models.protocols import Batch
from groovekit.plugins import catalogue

Tensor = Any

#: What compiles with the config's optimiser and the model's own loss.
AUTO = "auto"


class Window(NamedTuple):
    """A batch of windows as models take it from ``fit`` and ``predict``.

    Attributes:
      inputs: ``(batch, steps, input_depth)``.
      controls: ``(batch, steps, control_depth)``; None for none.
      lengths: steps in use, ``(batch,)`` or ``(batch, segments)``; None where all
        windows fill their steps.
    """

    inputs: Tensor
    controls: Tensor | None = None
    lengths: Tensor | None = None

    @classmethod
    def of(cls, x: Any) -> Window:
        """The window of what a model was called with: a tensor or a dictionary.

        Raises:
          UsageError: a dictionary without ``inputs``, or with other names.
        """
        if not isinstance(x, Mapping):
            return cls(x)
        if "inputs" not in x or set(x) - set(cls._fields):
            raise UsageError(
                "A model takes a tensor of inputs, or a dictionary of `inputs` with "
                "`controls` and `lengths` where its config has them; received "
                f"{', '.join(map(repr, sorted(x))) or 'an empty one'}."
            )
        return cls(**x)


class TrainingStep(keras.metrics.Metric):
    """The number of the training step, which schedules of the loss go by.

    A metric, because it is a state of training: no file of weights knows of it. Each
    epoch sets it to the steps that the optimiser has done, so that training goes on
    where a loaded model stopped.

    Args:
      model: compiled.
      **kwargs: of ``keras.metrics.Metric``.
    """

    def __init__(self, model: keras.Model, **kwargs: Any) -> None:
        super().__init__(name="step", dtype="float32", **kwargs)
        # In a function: Keras would count the model as a part of the metric.
        self._done: Callable[[], Tensor] = lambda: model.optimizer.iterations
        self.value = self.add_variable((), "zeros", name="value")

    def update_state(self) -> None:
        """The next step."""
        self.value.assign_add(1.0)

    def result(self) -> Tensor:
        """The number, float32."""
        return ops.convert_to_tensor(self.value)

    def reset_state(self) -> None:
        """Takes the optimiser's number."""
        self.value.assign(ops.cast(self._done(), "float32"))


class KerasModel(keras.Model, abc.ABC):
    """A model of some family, as Keras knows it.

    ``call`` takes windows and gives their reconstruction, which is what ``predict``
    returns and what metrics of ``compile`` compare with the targets. The loss needs
    more than that (latent vectors that are drawn, outputs that are fed back), so
    training takes it from :meth:`training_loss`, and ``call`` runs in training and in
    evaluation only where there are such metrics.

    Args:
      **kwargs: of ``keras.Model``.

    Attributes:
      config: what the model was built of, a :class:`groovekit.configs.base.Config`;
        None for one made by hand.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config: Any = None
        self._seed = 0
        self._for_loss = False
        self._has_metrics = False
        self._step: Any = None
        self._means: dict[str, Any] = {}

    @abc.abstractmethod
    def training_loss(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
        step: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss to minimise at a step, and scalars for the curves."""

    @abc.abstractmethod
    def validation_losses(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
        *noise: Tensor | None,
    ) -> dict[str, Tensor]:
        """Figures of each window, ``loss`` and others: :class:`.TrainableModel`."""

    # What models have that judge a window by its losses alone. -----------------------

    @property
    def curves(self) -> tuple[str, ...]:
        """Names of the scalars that both losses give and ``fit`` shows."""
        return ("loss",)

    def evaluation_loss(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """What the best weights have least of, and scalars; each time the same."""
        found = self.validation_losses(inputs, outputs, controls, lengths)
        scalars = {name: ops.mean(found[name]) for name in self.curves}
        return scalars["loss"], scalars

    def validation_noise(
        self,
        rng: np.random.Generator,  # noqa: ARG002 - nothing is drawn
        tensors: Batch,  # noqa: ARG002
    ) -> tuple[np.ndarray | None, ...]:
        """What :meth:`validation_losses` draws with: nothing."""
        return ()

    def scores(
        self,
        sums: Mapping[str, np.ndarray],
        windows: int,
        step: int,  # noqa: ARG002 - nothing is scheduled
    ) -> dict[str, float]:
        """Means over all windows; see :class:`.TrainableModel`."""
        return {name: float(sums[name] / windows) for name in self.curves}

    def objective_of(self, scores: Mapping[str, float]) -> float:
        """What the best weights have least of: the loss."""
        return scores["loss"]

    def metrics_of(
        self,
        sums: Mapping[str, np.ndarray],  # noqa: ARG002 - there are none
        *,
        by_segment: bool,  # noqa: ARG002
    ) -> dict[str, float]:
        """Metrics from added ``sum/...`` values: none."""
        return {}

    # What `call` gives. --------------------------------------------------------------

    @abc.abstractmethod
    def reconstruction(self, window: Window, *, training: bool) -> Tensor:
        """What ``call`` gives, ``(batch, steps, output_depth)`` float32.

        Args:
          window: a batch.
          training: whether to drop inputs.
        """

    @property
    @abc.abstractmethod
    def output_depth(self) -> int:
        """Size of the last axis of reconstructions."""

    def call(self, inputs: Any, training: bool | None = None) -> Tensor:
        """The reconstruction of windows, ``(batch, steps, output_depth)``.

        Args:
          inputs: a tensor or dictionary, see :class:`Window`.
          training: whether to drop inputs.
        """
        window = Window.of(inputs)
        if self._for_loss:
            return ()
        return self.reconstruction(window, training=bool(training))

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> Any:
        """The shape of :meth:`call`'s result, without running its loops."""
        del kwargs
        batch, steps, *_ = Window.of(inputs).inputs.shape
        return keras.KerasTensor((batch, steps, self.output_depth), "float32")

    # Files -----------------------------------------------------------------------

    def remember(self, config: Any, seed: int) -> None:
        """Keeps what the model was built of, for :meth:`get_config`."""
        self.config, self._seed = config, seed

    def get_config(self) -> dict[str, Any]:
        """The config as its JSON table, seed and type.

        Raises:
          UsageError: the model was made by hand, of layers.
        """
        if self.config is None:
            raise UsageError(
                "This model was made of layers, so there is no config to save. Build "
                "it with groovekit.build_model(config), or save its weights alone."
            )
        return {
            "config": self.config.to_dict(),
            "seed": self._seed,
            "dtype": self.dtype_policy.name,
            "name": self.name,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> KerasModel:
        """The model of :meth:`get_config`, with fresh weights.

        Raises:
          ConfigError: a config that this groovekit cannot read, or whose plug-in is
            not installed.
        """
        del custom_objects  # Parts are found by their registered names.
        table, seed = config["config"], config.get("seed", 0)
        family = _family(table["family"])
        read = family.config_class.from_dict(table)
        dtype = config.get("dtype", "float32")
        model: KerasModel = family.build(read, seed=seed, dtype=dtype)
        model.remember(read, seed)
        model.name = config.get("name", model.name)
        return model

    # Before and after training ---------------------------------------------------

    def start(self, examples: Any) -> bool:
        """Gives fresh weights what can be told from data at once.

        Args:
          examples: ``train`` of what :func:`groovekit.prepare` gives.

        Returns:
          Whether that makes a model of use, without any training.
        """
        family = _family(self._config().FAMILY)
        return bool(family.start(self, self.config, examples, seed=self._seed))

    def finish(self, examples: Any, evaluation: Any = None) -> None:
        """Fits what depends on trained weights: thresholds, the prior.

        Args:
          examples: that the model was trained on.
          evaluation: held-out examples; None where there are none.
        """
        family = _family(self._config().FAMILY)
        family.finish(self, self.config, examples, evaluation, seed=self._seed)

    def _config(self) -> Any:
        if self.config is None:
            raise UsageError(
                "This model was made of layers, not of a config. Build it with "
                "groovekit.build_model(config)."
            )
        return self.config

    # Training --------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = AUTO,
        loss: Any = None,
        *,
        metrics: Any = None,
        weighted_metrics: Any = None,
        **kwargs: Any,
    ) -> None:
        """Makes the model ready for ``fit`` and ``evaluate``.

        Args:
          optimizer: ``"auto"`` for the config's, or one of Keras's.
          loss: None: models bring their loss.
          metrics: of targets and reconstruction. They cost a reconstruction in each
            step.
          weighted_metrics: likewise.
          **kwargs: see ``keras.Model.compile``.

        Raises:
          UsageError: another loss, or no config to take the optimiser from.
        """
        if loss is not None:
            raise UsageError(
                "A model of groovekit minimises its own loss: leave `loss` out. To "
                "minimise another, use its encoder and decoder as layers of a model "
                "of your own."
            )
        if optimizer == AUTO:
            if self.config is None:
                raise UsageError(
                    "This model was made of layers, so there is no config to take an "
                    "optimiser from. Give one: compile(optimizer=...)."
                )
            optimizer = _family(self.config.FAMILY).optimizer(self.config, self)
        super().compile(
            optimizer=optimizer,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            **kwargs,
        )
        self._has_metrics = not (metrics is None and weighted_metrics is None)
        if self._step is None:
            self._step = TrainingStep(self)
            self._means = {name: keras.metrics.Mean(name) for name in self.curves}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as :meth:`get_compile_config` says."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    @contextlib.contextmanager
    def _only_loss(self) -> Iterator[None]:
        """Inside, ``call`` does nothing where its result would go unused."""
        self._for_loss = not self._has_metrics
        try:
            yield
        finally:
            self._for_loss = False

    def train_step(self, *args: Any) -> Any:
        """See ``keras.Model``."""
        with self._only_loss():
            return super().train_step(*args)

    def test_step(self, *args: Any) -> Any:
        """See ``keras.Model``."""
        with self._only_loss():
            return super().test_step(*args)

    def make_train_function(self, force: bool = False) -> Any:
        """See ``keras.Model``."""
        # Also for `train_on_batch`, which starts no epoch.
        self._step.reset_state()
        return super().make_train_function(force=force)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets all gradients (PyTorch).

        ``torch.nn.Module``'s own leaves some out: Keras tells it of the variables by
        their paths, which layers of the same names share.
        """
        for variable in self.trainable_variables:
            gradient = variable.value.grad
            if set_to_none or gradient is None:
                variable.value.grad = None
            else:
                gradient.zero_()

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The model's own loss; see ``keras.Model``."""
        del y_pred
        if sample_weight is not None:
            raise UsageError("Models of groovekit take no `sample_weight`.")
        if y is None:
            raise UsageError(
                "Models are trained on pairs of windows and outputs, `fit(x, y)`; "
                "groovekit.WindowDataset makes them of examples."
            )
        window = Window.of(x)
        tensors = (window.inputs, y, window.controls, window.lengths)
        if training:
            loss, scalars = self.training_loss(*tensors, self._step.result())
            self._step.update_state()
        else:
            loss, scalars = self.evaluation_loss(*tensors)
        for name, mean in self._means.items():
            mean.update_state(scalars[name], ops.shape(window.inputs)[0])
        return loss

    def get_metrics_result(self) -> dict[str, Any]:
        """All metrics but the number of the step."""
        results: dict[str, Any] = super().get_metrics_result()
        results.pop("step", None)
        return results


def _family(name: str) -> Any:
    """The :class:`groovekit.models.family.Family` of a name."""
    return catalogue.produce(catalogue.families, name)
