"""What a family of models is: the one place that knows how its models come about.

Trainer, run folders, evaluation, runtimes and modes know a model through its family
(``groovekit.plugins.catalogue.families``). Importing one imports no Keras: its methods
do.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from groovekit.configs.base import Config
from groovekit.models.protocols import Optimizer, TrainableModel, Twin, WindowSource
from groovekit.plugins import catalogue

#: ``sample`` makes music of nothing; ``encode`` turns music into latent vectors and
#: these into music; ``fill`` completes music of which a part is given, without any.
Ability: TypeAlias = Literal["sample", "encode", "fill"]

#: What a batch (``groovekit.converters.base.Tensors``) goes through on its way to the
#: model; see :meth:`Family.preparation`.
Preparation: TypeAlias = Callable[[Any, np.random.Generator], Any]


class Family(abc.ABC):
    """A family of models.

    Attributes:
      name: under which it is registered.
      config_class: of its configs.
      abilities: what its players can do.
      player: ``"module:class"`` of what plays its models, with a class method ``load``
        like :meth:`groovekit.generation.trained_model.TrainedModel.load`.
      plays_with_keras: whether players may compute with Keras; where not, NumPy does
        it, however large the job, and whatever ``KERAS_BACKEND`` says.
    """

    name: ClassVar[str]
    config_class: ClassVar[type[Config]]
    abilities: ClassVar[frozenset[Ability]]
    player: ClassVar[str]
    plays_with_keras: ClassVar[bool] = True

    @abc.abstractmethod
    def build(self, config: Any, *, seed: int, dtype: str) -> TrainableModel:
        """Builds the Keras model of a config, with fresh weights.

        Args:
          config: of the family.
          seed: of initial weights and of the noise drawn in training.
          dtype: Keras dtype policy, e.g. ``float32`` or ``mixed_bfloat16``.

        Raises:
          UnknownNameError: a part that nobody registered.
          ConfigError: parts that do not fit together.
        """

    @abc.abstractmethod
    def optimizer(self, config: Any, model: TrainableModel) -> Optimizer:
        """The config's optimiser, built for the model's variables.

        :func:`groovekit.models.builder.build_optimizer` makes that of ``training``.
        """

    @abc.abstractmethod
    def network(self, config: Any) -> Twin:
        """The model's twin in NumPy, which also tells shapes and sizes.

        Raises:
          groovekit.models.runtimes.numpy.layer.NoTwinError: there is none.
        """

    def preparation(self, config: Any) -> Preparation | None:  # noqa: ARG002
        """What each batch goes through before it reaches the model; None for nothing.

        The function is given random numbers of the batch's own: in training of seed
        and step, in evaluation always the same.
        """
        return None

    def start(
        self,
        model: TrainableModel,  # noqa: ARG002 - most models start from nothing
        config: Any,  # noqa: ARG002
        examples: WindowSource,  # noqa: ARG002
        *,
        seed: int,  # noqa: ARG002
    ) -> bool:
        """Gives a new model's weights what can be told from the data at once.

        Args:
          model: with fresh weights.
          config: of the model.
          examples: to be trained on.
          seed: of everything random.

        Returns:
          Whether that makes a model of use, without any training.
        """
        return False

    def temperature(self, config: Any) -> float | None:  # noqa: ARG002
        """At which models of a config sample, unless told otherwise; None for 0.5."""
        return None

    def has_rest(self, model: Any) -> bool:  # noqa: ARG002
        """Whether there is something for :meth:`finish` to fit."""
        return False

    def finish(  # noqa: B027 - most models are finished
        self,
        model: TrainableModel,
        config: Any,
        examples: WindowSource,
        evaluation: WindowSource | None,
        *,
        seed: int,
    ) -> None:
        """Fits what depends on a trained model: thresholds, the prior.

        Args:
          model: with its best weights.
          config: of the model.
          examples: that it was trained on.
          evaluation: held-out examples; None where there are none.
          seed: of everything random.
        """


def family_of(config: Config) -> Family:
    """The family of a config.

    Raises:
      PluginLoadError: a plug-in's family cannot be used.
    """
    family: Family = catalogue.produce(catalogue.families, config.FAMILY)
    return family
