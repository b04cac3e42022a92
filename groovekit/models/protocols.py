"""What other rooms may ask of a Keras model and its optimiser.

Keras's own classes are untyped: these say, without importing Keras, what they have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from groovekit.models.feed import Feed

Tensor = Any


class Variable(Protocol):
    """A variable of Keras's."""

    @property
    def name(self) -> str:
        """In its layer: ``kernel``."""

    @property
    def path(self) -> str:
        """Keras's own, for messages."""

    @property
    def shape(self) -> Sequence[int]:
        """Of its value."""

    @property
    def value(self) -> Tensor:
        """The backend's tensor."""

    def assign(self, value: Any, /) -> Any:
        """Gives it another value of the same shape."""


class Variables(Protocol):
    """A layer or model of Keras's, as the owner of variables."""

    @property
    def variables(self) -> Sequence[Variable]:
        """All, states of random generators included."""

    @property
    def weights(self) -> Sequence[Variable]:
        """Those that are saved."""

    @property
    def trainable_variables(self) -> Sequence[Variable]:
        """Those that have gradients."""

    @property
    def non_trainable_variables(self) -> Sequence[Variable]:
        """The others."""

    def load_weights(self, path: Any, /) -> Any:
        """Loads a file of Keras's own format."""


class Head(Protocol):
    """What decoded numbers mean; see :class:`groovekit.models.heads.base.Head`."""

    @property
    def output_depth(self) -> int:
        """Size of targets and samples."""

    @property
    def noise_depth(self) -> int:
        """How many uniform numbers one step's sample takes."""

    @property
    def forceable(self) -> bool:
        """Whether hits can be forced."""

    def sample(
        self, logits: Tensor, uniforms: Tensor | None, temperature: Tensor
    ) -> Tensor:
        """Draws one step's outputs."""


class Posterior(Protocol):
    """A diagonal normal distribution of latent vectors."""

    @property
    def mean(self) -> Tensor:
        """``(batch, z_size)``."""

    @property
    def stddev(self) -> Tensor:
        """``(batch, z_size)``."""


class Batch(Protocol):
    """A batch of windows: ``groovekit.converters.base.Tensors``."""

    @property
    def inputs(self) -> np.ndarray:
        """``(batch, steps, input_depth)``."""

    @property
    def outputs(self) -> np.ndarray:
        """``(batch, steps, output_depth)``, or labels ``(batch, steps)``."""

    @property
    def controls(self) -> np.ndarray | None:
        """``(batch, steps, control_depth)``."""

    @property
    def lengths(self) -> np.ndarray:
        """Steps in use."""

    def __len__(self) -> int:
        """Windows."""


class TrainableModel(Variables, Protocol):
    """A model of any family, as training knows it."""

    def count_params(self) -> int:
        """How many numbers the weights hold."""

    def training_loss(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
        step: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss to minimise at a step, and scalars: ``loss`` and others.

        Names that begin with ``sum/`` are sums for :meth:`metrics_of`.
        """

    def validation_noise(
        self, rng: np.random.Generator, tensors: Batch
    ) -> tuple[np.ndarray | None, ...]:
        """What :meth:`validation_losses` is given beside a batch, drawn on the host."""

    def validation_losses(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
        *noise: Tensor | None,
    ) -> dict[str, Tensor]:
        """Figures of each window, windows first, and ``sum/...`` over the batch."""

    def scores(
        self, sums: Mapping[str, np.ndarray], windows: int, step: int
    ) -> dict[str, float]:
        """Scores of a whole set, ``loss`` and others by the names of the curves.

        Args:
          sums: results of :meth:`validation_losses`, added over all windows.
          windows: how many.
          step: training step, for weights that depend on it.
        """

    def objective_of(self, scores: Mapping[str, float]) -> float:
        """What the best weights have least of."""

    def metrics_of(
        self, sums: Mapping[str, np.ndarray], *, by_segment: bool
    ) -> dict[str, float]:
        """Metrics from added ``sum/...`` values."""


class Model(TrainableModel, Protocol):
    """A model that plays, too: :class:`groovekit.models.music_vae.MusicVAE`."""

    @property
    def z_size(self) -> int:
        """Dimensions of the latent space."""

    @property
    def step_multiple(self) -> int:
        """Sequences of a multiple of so many steps can be decoded."""

    @property
    def head(self) -> Head:
        """What decoded numbers mean."""

    @property
    def decoder(self) -> Any:
        """The decoder's layer."""

    @property
    def prior(self) -> Any:
        """What latent vectors of new music are drawn from; None for N(0, I)."""

    def encode(
        self,
        inputs: Tensor,
        controls: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Posterior:
        """Posterior of the latent vector given a batch of windows."""

    def decode(self, z: Tensor, steps: int, feed: Feed) -> Tensor:
        """Logits or samples."""

    def losses_of(
        self,
        inputs: Tensor,
        outputs: Tensor,
        controls: Tensor | None,
        lengths: Tensor | None,
        *,
        step: Tensor | None,
        epsilon: Tensor | None = None,
        uniforms: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Losses a window, and sums for the head's metrics."""


class Twin(Protocol):
    """A model in NumPy: :class:`groovekit.models.runtimes.numpy.layer.Layer`."""

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of all weights by name, in the order of Keras's variables."""

    def cost(self, steps: int) -> Any:
        """What a window of so many steps costs."""


class WindowSource(Protocol):
    """Examples, as models are fitted to them: ``groovekit.data.examples.Examples``."""

    @property
    def groups(self) -> np.ndarray:
        """``(sequences + 1,)`` number of each sequence's first window, and of all."""

    def __len__(self) -> int:
        """How many windows there are."""

    def tensors(self, numbers: np.ndarray) -> Batch:
        """Windows by their numbers."""


class Optimizer(Protocol):
    """An optimiser of Keras's, built for a model's variables."""

    @property
    def variables(self) -> Sequence[Variable]:
        """Its state."""

    @property
    def learning_rate(self) -> Tensor:
        """The rate of the next step."""

    def scale_loss(self, loss: Tensor, /) -> Tensor:
        """The loss whose gradients :meth:`apply` takes."""

    def apply(
        self, grads: list[Tensor], trainable_variables: Sequence[Variable], /
    ) -> Any:
        """Updates the variables."""

    def stateless_apply(
        self, variables: Any, grads: Any, trainable_variables: Any, /
    ) -> Any:
        """The same without side effects, for JAX."""
