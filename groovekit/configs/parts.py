"""The parts of a model config: networks, latent space, training."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from groovekit import fields as values
from groovekit.errors import ConfigError
from groovekit.fields import Above, AtLeast, Options, Within, require

#: Probability of feeding the decoder its own samples, by step.
Schedule = Literal["constant", "exponential", "inverse_sigmoid"]
#: How the learning rate depends on the step.
RateSchedule = Literal["exponential", "cosine"]
#: How the posterior comes about.
PosteriorKind = Literal["dense", "direct"]
#: What latent vectors of new music are drawn from.
PriorKind = Literal["normal", "stored"]
ClipMode = Literal["global_norm", "value"]


_SIZES = "one or more sizes of at least 1"
Sizes = Annotated[tuple[int, ...], AtLeast(1, _SIZES)]
NotNegative = Annotated[float, AtLeast(0, "a number of at least 0")]
Positive = Annotated[float, Above(0, "a number above 0")]


def _check_levels(part: str, kind: str, lengths: tuple[int, ...]) -> None:
    if kind == "hierarchical_lstm" and not lengths:
        raise ConfigError(
            f"{part}.kind=hierarchical_lstm needs {part}.level_lengths, whose product "
            "is the steps of a window, e.g. [4,16] for four bars of sixteenths."
        )


@dataclasses.dataclass(frozen=True)
class EncoderConfig:
    """The network that turns a window into the posterior's parameters.

    Attributes:
      rnn_size: units of each layer (of each direction, where there are two).
      kind: registered name of the encoder.
      residual: add each layer's input to its output where sizes allow.
      level_lengths: of a hierarchical encoder, from the bottom up: steps of a
        segment, segments of a group, ...; empty for others.
      core: registered name of the encoder of each level of a hierarchical one.
      options: further options of encoders from plug-ins, by name.
    """

    rnn_size: Sizes
    kind: str = "bidirectional_lstm"
    residual: bool = False
    level_lengths: Sizes = ()
    core: str = "bidirectional_lstm"
    options: Options = ()

    def __post_init__(self) -> None:
        values.check_fields(self, "encoder")
        require(len(self.rnn_size) > 0, "encoder.rnn_size", _SIZES, [])
        _check_levels("encoder", self.kind, self.level_lengths)


@dataclasses.dataclass(frozen=True)
class DecoderConfig:
    """The network that turns a latent vector into a window.

    Attributes:
      rnn_size: units of each layer.
      kind: registered name of the decoder.
      residual: add each layer's input to its output where sizes allow.
      head: registered name of the output head: loss and sampling.
      level_lengths: of a hierarchical decoder, from the top down: segments (of
        each group), ..., steps of a segment; empty for others.
      core: registered name of the decoder of a hierarchical one's segments.
      conductor_size: units of each layer of its conductors; empty for ``rnn_size``.
      conductor_projection: width of a tanh layer behind the lowest conductor; 0 for
        none.
      autoregressive: its levels (0 is the top) whose conductor sees what came
        before it.
      reencode: whether what they see is the (hierarchical) encoder's view of it,
        not the final state of the level below.
      control_rnn_size: units of a bidirectional LSTM that controls go through on
        their way to the decoder; empty for none.
      options: further options of decoders from plug-ins, by name.
      head_options: options of the head, by name.
      temperature: at which music is made, unless told otherwise.
    """

    rnn_size: Sizes
    kind: str = "lstm"
    residual: bool = False
    head: str = "categorical"
    level_lengths: Sizes = ()
    core: str = "lstm"
    conductor_size: Sizes = ()
    conductor_projection: Annotated[int, AtLeast(0, "a size, or 0 for none")] = 0
    autoregressive: tuple[int, ...] = ()
    reencode: bool = False
    control_rnn_size: Sizes = ()
    options: Options = ()
    head_options: Options = ()
    temperature: NotNegative = 0.5

    def __post_init__(self) -> None:
        values.check_fields(self, "decoder")
        require(len(self.rnn_size) > 0, "decoder.rnn_size", _SIZES, [])
        _check_levels("decoder", self.kind, self.level_lengths)
        for name in (
            "autoregressive",
            "reencode",
            "conductor_size",
            "conductor_projection",
        ):
            if getattr(self, name) and not self.level_lengths:
                raise ConfigError(
                    f"decoder.{name} is for hierarchical decoders: give "
                    "decoder.kind=hierarchical_lstm and decoder.level_lengths, too, or "
                    "leave it out."
                )


@dataclasses.dataclass(frozen=True)
class LatentConfig:
    """The latent space and the price of using it.

    Attributes:
      z_size: dimensions of the latent vector.
      free_bits: KL divergence, in bits a sequence, that costs nothing.
      max_beta: weight of the KL cost in the end, at least 0.
      beta_rate: 0 for ``max_beta`` from the first step, else below 1: the weight
        is ``(1 - beta_rate ** step) * max_beta``.
      target_bits: KL divergence, in bits a window, that a controller holds by the
        weight of its cost, whatever ``max_beta`` says; 0 for none.
      posterior: ``dense``: layers make mean and standard deviation of the encoder's
        embedding. ``direct``: the encoder gives means and what is added to logarithms
        of standard deviations.
      prior: ``normal``: new music comes from N(0, I). ``stored``: from latent vectors
        of training windows, turned towards others of their kind
        (:mod:`groovekit.models.runtimes.prior`), which is fitted when training ends.
      prior_codes: how many are stored.
      prior_clusters: in how many kinds.
    """

    z_size: Annotated[int, AtLeast(1, "a size of at least 1")]
    free_bits: NotNegative = 48.0
    max_beta: NotNegative = 0.2
    beta_rate: Annotated[float, Within(0, 1, "a number from 0 to 1")] = 0.0
    target_bits: NotNegative = 0.0
    posterior: PosteriorKind = "dense"
    prior: PriorKind = "normal"
    prior_codes: Annotated[int, AtLeast(1, "a number of at least 1")] = 2048
    prior_clusters: Annotated[int, AtLeast(1, "a number of at least 1")] = 150

    def __post_init__(self) -> None:
        values.check_fields(self, "latent")


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained.

    Attributes:
      batch_size: windows a step.
      steps: step to stop at, unless told otherwise.
      learning_rate: Adam's rate at the start, after the warm-up.
      min_learning_rate: what the rate decays towards.
      rate_schedule: ``exponential``: by ``decay_rate``. ``cosine``: along half a
        cosine that ends at the step to stop at.
      decay_rate: factor a step on what is above the minimum, in (0, 1].
      warmup_steps: steps in which the rate rises evenly from 0, at most a quarter of
        ``steps``.
      beta_2: Adam's decay of the squared gradients' average, in [0, 1).
      weight_decay: share of the learning rate by which kernels (but those of linear
        starts) shrink a step (AdamW); 0 for none.
      average: weights are judged, kept and played as a running average over the
        steps done with this decay (Polyak averaging), in [0, 1): 0 for the last ones
        as they are, 0.999 for an average over about the last thousand steps.
      dropout_keep_prob: share of a recurrent layer's inputs that is kept, in (0, 1].
      sampling_schedule: how the probability of feeding the decoder its own samples
        depends on the step.
      sampling_rate: the schedule's constant ``k``: with ``constant`` the probability
        itself, in [0, 1]; with ``exponential`` in (0, 1), for ``1 - k ** step``;
        with ``inverse_sigmoid`` at least 1, for ``1 - k / (k + exp(step / k))``.
      clip_mode: clip gradients by ``global_norm`` or by ``value``.
      grad_clip: the clipping limit.
      grad_norm_clip_to_zero: a gradient with a larger norm than this is dropped
        (``global_norm`` only).
    """

    batch_size: Annotated[int, AtLeast(1, "an integer of at least 1")] = 512
    steps: Annotated[int, AtLeast(0, "an integer of at least 0")] = 200_000
    learning_rate: Positive = 1e-3
    min_learning_rate: float = 1e-5
    rate_schedule: RateSchedule = "exponential"
    decay_rate: Annotated[float, Within(0, 1, "a number in (0, 1]", "low")] = 0.9999
    warmup_steps: Annotated[int, AtLeast(0, "an integer of at least 0")] = 0
    beta_2: Annotated[float, Within(0, 1, "a number in [0, 1)", "high")] = 0.999
    weight_decay: NotNegative = 0.0
    average: Annotated[float, Within(0, 1, "a number in [0, 1)", "high")] = 0.0
    dropout_keep_prob: Annotated[
        float, Within(0, 1, "a probability in (0, 1]", "low")
    ] = 1.0
    sampling_schedule: Schedule = "constant"
    sampling_rate: float = 0.0
    clip_mode: ClipMode = "global_norm"
    grad_clip: Positive = 1.0
    grad_norm_clip_to_zero: Positive = 10000.0

    def __post_init__(self) -> None:
        values.check_fields(self, "training")
        require(
            0 <= self.min_learning_rate <= self.learning_rate,
            "training.min_learning_rate",
            f"a number from 0 to the learning rate ({self.learning_rate})",
            self.min_learning_rate,
        )
        if self.warmup_steps and self.rate_schedule != "cosine":
            raise ConfigError(
                "training.warmup_steps goes with training.rate_schedule=cosine; "
                f"received {self.warmup_steps} with {self.rate_schedule!r}."
            )
        self._check_sampling()

    def _check_sampling(self) -> None:
        rate = self.sampling_rate
        ok, expected = {
            "constant": (0 <= rate <= 1, "a probability from 0 to 1"),
            "exponential": (0 < rate < 1, "a number between 0 and 1"),
            "inverse_sigmoid": (rate >= 1, "a number of at least 1"),
        }[self.sampling_schedule]
        expected += f" with the schedule {self.sampling_schedule!r}"
        require(ok, "training.sampling_rate", expected, rate)
